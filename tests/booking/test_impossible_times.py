"""Instants and days beyond every calendar, given to the services: refused, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import series, series_preview, services, slots
from clinic.booking.models import Appointment
from clinic.booking.series import Chosen, Reach
from clinic.booking.series_dates import Every
from clinic.db import Base
from clinic.kernel.errors import BadInput, NotOffered, Refusal, SlotTaken
from tests import makers
from tests.conftest import NOW

pytestmark = pytest.mark.database

OVER, TOO_FAR = "That time is over.", "That is further ahead than we book."
BEYOND = [
    (datetime(1, 1, 1, tzinfo=UTC), OVER),
    (datetime(1, 1, 2, 10, tzinfo=UTC), OVER),
    (datetime(9999, 12, 31, 23, 55, tzinfo=UTC), TOO_FAR),
    (datetime(9999, 12, 30, 10, tzinfo=UTC), TOO_FAR),
]
TOMORROW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


@pytest.fixture
def booked(session: Session, clinic: makers.Clinic) -> Appointment:
    client, intake = makers.client(session, NOW), makers.intake(session, NOW)
    return services.book(session, NOW, clinic.wish(), TOMORROW, client, intake, actor="test")


def rows(session: Session) -> dict[str, int]:
    """How many rows each table has, with whatever has not been written yet."""
    session.flush()
    tables = Base.metadata.tables.items()
    return {
        name: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for name, table in tables
    }


def refused(session: Session, act: Callable[[], object], kind: type[Refusal], sentence: str = "") -> None:
    before = rows(session)
    with pytest.raises(kind) as refusal:
        act()
    assert sentence in refusal.value.sentence
    assert rows(session) == before


@pytest.mark.parametrize("is_desk", [False, True], ids=["client", "desk"])
@pytest.mark.parametrize(("at", "sentence"), BEYOND)
def test_nothing_is_held_booked_or_moved_beyond_the_calendar(
    session: Session,
    clinic: makers.Clinic,
    booked: Appointment,
    at: datetime,
    sentence: str,
    is_desk: bool,
) -> None:
    wish, intake = clinic.wish(is_desk=is_desk), makers.intake(session, NOW)
    client = makers.client(session, NOW, "Ruth Carver")
    for act in (
        lambda: services.hold(session, NOW, wish, at, intake),
        lambda: services.book(session, NOW, wish, at, client, intake, actor="test"),
        lambda: services.move(session, NOW, booked.id, at, actor="test", is_client=not is_desk),
    ):
        refused(session, act, NotOffered, sentence)
    assert (booked.starts_at, booked.version) == (TOMORROW, 1)


@pytest.mark.parametrize(("at", "sentence"), BEYOND)
def test_no_times_are_looked_for_beyond_the_calendar(
    session: Session, clinic: makers.Clinic, at: datetime, sentence: str
) -> None:
    wish = clinic.wish()
    for look in (
        lambda: slots.openings(session, wish, at.date(), 7, NOW),
        lambda: slots.slots_at(session, wish, at, NOW),
        lambda: slots.nearest_slots(session, wish, at, NOW),
        lambda: slots.why_nothing(session, wish, at.date(), 7, NOW),
    ):
        refused(session, look, NotOffered, sentence)


@pytest.mark.parametrize("at", [at for at, _sentence in BEYOND])
def test_no_series_goes_beyond_the_calendar(
    session: Session, clinic: makers.Clinic, booked: Appointment, at: datetime
) -> None:
    def preview() -> object:
        return series_preview.preview(session, NOW, clinic.wish(), at, Every.MONTH, 4, booked.intake)

    def book() -> object:
        chosen = [Chosen(at, clinic.therapists[0].id)]
        return series.book(session, NOW, booked.id, chosen, Every.WEEK, actor="test", is_desk=True)

    refused(session, preview, BadInput, "That is too far ahead. Choose an earlier first date.")
    refused(session, book, Refusal)


@pytest.mark.parametrize("count", [-1, 0, 27, 1000, 10**9])
def test_a_series_of_too_many_dates_or_none_is_refused(
    session: Session, clinic: makers.Clinic, booked: Appointment, count: int
) -> None:
    def preview() -> object:
        return series_preview.preview(session, NOW, clinic.wish(), TOMORROW, Every.WEEK, count, booked.intake)

    def book() -> object:
        who = clinic.therapists[0].id
        chosen = [Chosen(TOMORROW + timedelta(weeks=n), who) for n in range(1, min(count, 1000) + 1)]
        return series.book(session, NOW, booked.id, chosen, Every.WEEK, actor="test", is_desk=True)

    refused(session, preview, BadInput, "A series has at most 26 dates.")
    refused(session, book, BadInput)


@pytest.mark.parametrize("at", [at for at, _sentence in BEYOND])
@pytest.mark.parametrize("reach", list(Reach))
def test_a_series_is_not_moved_beyond_the_calendar(
    session: Session, clinic: makers.Clinic, booked: Appointment, at: datetime, reach: Reach
) -> None:
    later = [Chosen(TOMORROW + timedelta(weeks=n), booked.therapist_id) for n in (1, 2)]
    series.book(session, NOW, booked.id, later, Every.WEEK, actor="test", is_desk=True)

    def move() -> object:
        return series.move(session, NOW, booked.id, at, reach, actor="test")

    refused(session, move, Refusal)
    assert booked.starts_at == TOMORROW


def test_a_time_that_lies_in_no_working_hours_is_taken_for_the_desk_too(
    session: Session, clinic: makers.Clinic
) -> None:
    client, intake = makers.client(session, NOW), makers.intake(session, NOW)
    for at in (datetime(1969, 12, 31, 10, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)):
        refused(
            session,
            lambda at=at: services.book(  # type: ignore[misc]
                session, NOW, clinic.wish(is_desk=True), at, client, intake, actor="test"
            ),
            SlotTaken,
        )
