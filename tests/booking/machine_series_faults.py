"""Faults that are planted in series, for `test_machine_notices.py`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from clinic.booking import series, series_dates, series_preview, services
from clinic.booking.models import Appointment, Series, SeriesPart
from clinic.booking.series import Chosen, Reach
from clinic.booking.series_dates import Date, Every
from clinic.kernel.errors import SlotTaken
from tests.booking.planting import FAULTS, fault

_BEFORE = set(FAULTS)


@fault
def a_date_that_is_taken_is_left_out(patch: pytest.MonkeyPatch) -> None:
    book = series.book

    def whatever_is_free(
        session: Session, now: datetime, first_id: int, chosen: Sequence[Chosen], every: Every, **more: Any
    ) -> Series:
        found = []
        for each in chosen:
            with suppress(SlotTaken), session.begin_nested():
                found.append(book(session, now, first_id, [each], every, **more))
        return found[-1] if found else book(session, now, first_id, chosen, every, **more)

    patch.setattr(series, "book", whatever_is_free)


@fault
def what_stands_already_is_booked_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(series, "_new", lambda chosen, _standing: list(chosen))


@fault
def every_place_is_the_second(patch: pytest.MonkeyPatch) -> None:
    def join(session: Session, found: Series, made: Sequence[Appointment]) -> None:
        session.add_all(SeriesPart(appointment_id=each.id, series_id=found.id, position=2) for each in made)
        session.flush()

    patch.setattr(series, "_join", join)


@fault
def a_month_is_four_weeks(patch: pytest.MonkeyPatch) -> None:
    nth = series_dates._nth

    def by_weeks(first: date, every: Every, number: int) -> date:
        return first + timedelta(weeks=4 * number) if every is Every.MONTH else nth(first, every, number)

    patch.setattr(series_dates, "_nth", by_weeks)


@fault
def a_date_is_shown_free_with_another_therapist(patch: pytest.MonkeyPatch) -> None:
    def slot(finder: Any, each: Date) -> Any:
        here = finder.by_day.get(each.day, ())
        return next((found for found in here if found.starts_at == each.starts_at), None)

    patch.setattr(series_preview._Finder, "_slot", slot)


@fault
def this_and_following_are_all(patch: pytest.MonkeyPatch) -> None:
    meant = series._meant
    patch.setattr(
        series, "_meant", lambda session, now, number, _reach: meant(session, now, number, Reach.ALL)
    )


@fault
def the_last_that_follows_is_left_out(patch: pytest.MonkeyPatch) -> None:
    meant = series._meant

    def without_last(*args: Any) -> Any:
        found, this, many = meant(*args)
        return found, this, many[:-1] if many[-1].id != this.id else many

    patch.setattr(series, "_meant", without_last)


@fault
def what_was_called_off_is_meant_too(patch: pytest.MonkeyPatch) -> None:
    meant = series._meant

    def with_those_that_are_gone(session: Session, now: datetime, number: int, reach: Reach) -> Any:
        found, this, many = meant(session, now, number, reach)
        every_one = series._appointments(session, found.id)
        return found, this, many if reach is not Reach.ALL else every_one

    patch.setattr(series, "_meant", with_those_that_are_gone)


@fault
def each_keeps_its_own_time_of_day(patch: pytest.MonkeyPatch) -> None:
    def by_days(starts_at: datetime, days: int, _minute: int, _zone: ZoneInfo) -> Date:
        to = starts_at + timedelta(days=days)
        return Date(to.date(), to)

    patch.setattr(series, "shifted", by_days)


@fault
def whoever_is_free_takes_the_rest_of_a_series(patch: pytest.MonkeyPatch) -> None:
    move = series.companions.move

    def with_anybody(*args: Any, **more: Any) -> Appointment:
        return move(*args, **{**more, "therapist_id": None})

    patch.setattr(series.companions, "move", with_anybody)


@fault
def a_series_that_cannot_be_moved_is_moved_in_part(patch: pytest.MonkeyPatch) -> None:
    move = series.move

    def as_far_as_it_goes(
        session: Session, now: datetime, number: int, starts_at: datetime, reach: Reach, **more: Any
    ) -> list[Appointment]:
        try:
            with session.begin_nested():
                return move(session, now, number, starts_at, reach, **more)
        except SlotTaken:
            return [services.move(session, now, number, starts_at, actor=more["actor"])]

    patch.setattr(series, "move", as_far_as_it_goes)


PLANTED = set(FAULTS) - _BEFORE
