"""Series: appointments agreed together, booked, moved and called off together or one by one.

All take `session` and `now` and leave the commit to whoever called. Each is all or nothing: within a
savepoint of its own, so that a refusal leaves nothing behind. One mail tells of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import companions, lifecycle, messages, series_mail, services
from clinic.booking.models import Appointment, Series, SeriesPart
from clinic.booking.queries import Listed, listed
from clinic.booking.series_dates import MOST, Every, check_count, shifted
from clinic.booking.series_preview import FURTHEST_AHEAD
from clinic.booking.slots import Wish, check_reach
from clinic.booking.statuses import Status
from clinic.intake import services as intakes
from clinic.kernel import walltime
from clinic.kernel.errors import (
    BadInput,
    Excluded,
    NotCleared,
    NotFound,
    NotOffered,
    Refusal,
    SlotTaken,
    TooLate,
    WrongState,
)

STARTS_FROM = frozenset({Status.BOOKED, Status.CHECKED_IN, Status.FULFILLED})
_SAID = (SlotTaken, NotOffered, NotCleared, Excluded, TooLate)


class Reach(StrEnum):
    """How much of a series a change is meant for."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A time somebody chose for one date, with the therapist it was shown with."""

    starts_at: datetime
    therapist_id: int


@dataclass(frozen=True, slots=True)
class Part:
    """One appointment of a series, and its place in it from 1."""

    position: int
    listed: Listed


@dataclass(frozen=True, slots=True)
class Whole:
    """A series as pages show it, its parts in order of time."""

    id: int
    every: Every
    parts: tuple[Part, ...]


def of(session: Session, appointment_id: int) -> Whole | None:
    """The series that an appointment belongs to, with all its siblings; None for a single one."""
    mine = session.get(SeriesPart, appointment_id)
    if mine is None:
        return None
    rows = session.execute(
        listed()
        .add_columns(SeriesPart.position)
        .join(SeriesPart, SeriesPart.appointment_id == Appointment.id)
        .where(SeriesPart.series_id == mine.series_id)
    )
    parts = []
    for row in rows:
        values = dict(row._mapping)
        parts.append(Part(values.pop("position"), Listed(**values)))
    return Whole(mine.series_id, mine.series.every, tuple(parts))


def wish_after(appointment: Appointment, *, is_desk: bool) -> Wish:
    """What the next sessions after an appointment want: the same, with the same therapist, talk left out."""
    extra = 0
    if appointment.intake is not None and appointment.intake.restrictions is not None:
        extra = intakes.restrictions_of(appointment.intake).extra_minutes
    return Wish(
        site_id=appointment.site_id,
        option_id=appointment.option_id,
        talk_minutes=extra,
        therapist_id=appointment.therapist_id,
        client_id=appointment.client_id,
        is_desk=is_desk,
    )


def book(
    session: Session,
    now: datetime,
    first_id: int,
    chosen: Sequence[Chosen],
    every: Every,
    *,
    actor: str,
    via: str = "web",
    is_desk: bool = False,
    at_most: int = MOST,
) -> Series:
    """Books the chosen times as a series with the appointment they follow: all of them, or none.

    Asked again with the same times it gives the same series: the first appointment, locked, is what makes
    doing it twice impossible. `at_most` counts all parts. SlotTaken, NotOffered and NotCleared name the
    date; BadInput for none or too many; WrongState where the first is not to be held.
    """
    first = _locked_first(session, first_id)
    _check_chosen(chosen, now)
    with _all_or_nothing(session):
        series = _series_of(session, now, first, every, actor)
        standing = [each for each in _appointments(session, series.id) if each.status in lifecycle.LIVE]
        new = _new(chosen, standing)
        if not new:
            return series
        if len(standing) + len(new) > at_most:
            raise BadInput(f"Plan at most {at_most} sessions, then see how it goes.", "count")
        wish = wish_after(first, is_desk=is_desk)
        made = [_book_one(session, now, first, wish, each, actor, via) for each in new]
        _join(session, series, made)
        shown = [first, *made] if len(standing) == 1 else made
        series_mail.tell(session, now, series, "booked", made, shown)
    return series


def move(
    session: Session,
    now: datetime,
    appointment_id: int,
    starts_at: datetime,
    reach: Reach,
    *,
    actor: str,
    therapist_id: int | None = None,
    version: int | None = None,
    is_client: bool = False,
) -> list[Appointment]:
    """Gives an appointment another time, and those that follow it, or all, the same shift on the wall clock.

    What is past or was given stays. The refusals of `services.move`, naming the date; then all stay as they
    were. Each new time is entered before the old one is struck.
    """
    if reach is Reach.THIS:
        moved = companions.move(
            session, now, appointment_id, starts_at, actor=actor, therapist_id=therapist_id,
            version=version, is_client=is_client,
        )  # fmt: skip
        return [moved]
    check_reach(starts_at)
    series, this, meant = _meant(session, now, appointment_id, reach)
    zone = walltime.zone(this.site.tz)
    was, wanted = walltime.local(this.starts_at, zone), walltime.local(starts_at, zone)
    days, minute = (wanted.date() - was.date()).days, wanted.hour * 60 + wanted.minute
    # Each goes where its neighbour may still be: the last goes first when all go later.
    ordered = sorted(meant, key=lambda each: each.starts_at, reverse=starts_at > this.starts_at)
    moved_all = []
    with _all_or_nothing(session):
        for each in ordered:
            is_this = each.id == this.id
            to = starts_at if is_this else shifted(each.starts_at, days, minute, zone).starts_at
            with _naming(to, this.site.tz):
                moved_all.append(
                    companions.move(
                        session,
                        now,
                        each.id,
                        to,
                        actor=actor,
                        therapist_id=therapist_id or each.therapist_id,
                        version=version if is_this else None,
                        is_client=is_client,
                    )
                )
        moved_all.sort(key=lambda each: each.starts_at)
        series_mail.tell(session, now, series, "moved", moved_all, moved_all)
    return moved_all


def cancel(
    session: Session,
    now: datetime,
    appointment_id: int,
    reach: Reach,
    *,
    actor: str,
    reason: str = "",
    version: int | None = None,
    is_client: bool = False,
) -> list[Appointment]:
    """Calls an appointment off, and those that follow it, or all. What is past or was given stays."""
    if reach is Reach.THIS:
        off = companions.cancel(
            session, now, appointment_id, actor=actor, reason=reason, version=version, is_client=is_client
        )
        return [off]
    series, this, meant = _meant(session, now, appointment_id, reach)
    with _all_or_nothing(session):
        gone = []
        for each in meant:
            with _naming(each.starts_at, this.site.tz):
                gone.append(
                    companions.cancel(
                        session,
                        now,
                        each.id,
                        actor=actor,
                        reason=reason,
                        version=version if each.id == this.id else None,
                        is_client=is_client,
                    )
                )
        series_mail.tell(session, now, series, "cancelled", gone, gone)
    return gone


# --- small parts -------------------------------------------------------------------------------------


def _locked_first(session: Session, appointment_id: int) -> Appointment:
    """What a series follows; of one that is in a series already, all are locked as everybody locks them."""
    part = session.get(SeriesPart, appointment_id, populate_existing=True)
    if part is not None:
        session.get_one(Series, part.series_id, with_for_update=True, populate_existing=True)
        _appointments(session, part.series_id)
    first = session.get(Appointment, appointment_id, with_for_update=True, populate_existing=True)
    if first is None:
        raise NotFound()
    if first.status is Status.PROVISIONAL:
        raise NotCleared("This time waits for a decision. Plan the next ones once it is booked.")
    if first.status not in STARTS_FROM:
        raise WrongState("Nothing can follow an appointment that is not to be held.")
    return first


def _check_chosen(chosen: Sequence[Chosen], now: datetime) -> None:
    if not chosen:
        raise BadInput("Choose at least one date.", "date")
    check_count(len(chosen) + 1)
    for each in chosen:
        if each.starts_at.tzinfo is None or each.starts_at > now + FURTHEST_AHEAD:
            raise BadInput("That is too far ahead. Choose an earlier date.", "date")
        check_reach(each.starts_at)


def _new(chosen: Sequence[Chosen], standing: Sequence[Appointment]) -> list[Chosen]:
    """The chosen times that are not in the series yet, each once, by time: the order keeps races short."""
    there = {each.starts_at for each in standing}
    by_start = {each.starts_at: each for each in chosen if each.starts_at not in there}
    return [by_start[at] for at in sorted(by_start)]


def _series_of(session: Session, now: datetime, first: Appointment, every: Every, actor: str) -> Series:
    part = session.get(SeriesPart, first.id, populate_existing=True)
    if part is not None:
        return session.get_one(Series, part.series_id, with_for_update=True, populate_existing=True)
    series = Series(client_id=first.client_id, every=every, created_at=now, actor=actor)
    session.add(series)
    session.flush()
    session.add(SeriesPart(appointment_id=first.id, series_id=series.id, position=1))
    session.flush()
    return series


def _book_one(
    session: Session,
    now: datetime,
    first: Appointment,
    wish: Wish,
    chosen: Chosen,
    actor: str,
    via: str,
) -> Appointment:
    same = replace(wish, therapist_id=chosen.therapist_id)
    with _naming(chosen.starts_at, first.site.tz):
        return services.book(
            session, now, same, chosen.starts_at, first.client, first.intake, actor=actor, via=via
        )


def _join(session: Session, series: Series, made: Sequence[Appointment]) -> None:
    last = session.scalar(
        sa.select(sa.func.max(SeriesPart.position)).where(SeriesPart.series_id == series.id)
    )
    for number, each in enumerate(made, start=(last or 0) + 1):
        session.add(SeriesPart(appointment_id=each.id, series_id=series.id, position=number))
    session.flush()


def _appointments(session: Session, series_id: int) -> list[Appointment]:
    """The appointments of a series, locked in the order of their numbers, given in order of time."""
    found = session.scalars(
        sa.select(Appointment)
        .join(SeriesPart, SeriesPart.appointment_id == Appointment.id)
        .where(SeriesPart.series_id == series_id)
        .order_by(Appointment.id)
        .with_for_update(of=Appointment)
        .execution_options(populate_existing=True)
    )
    return sorted(found, key=lambda each: each.starts_at)


def _meant(
    session: Session, now: datetime, appointment_id: int, reach: Reach
) -> tuple[Series, Appointment, list[Appointment]]:
    """The series, the appointment that was looked at, and those a change is meant for, in order of time."""
    part = session.get(SeriesPart, appointment_id)
    if part is None:
        raise WrongState("This appointment belongs to no series.")
    series = session.get_one(Series, part.series_id, with_for_update=True, populate_existing=True)
    every_one = _appointments(session, series.id)
    this = next(each for each in every_one if each.id == appointment_id)
    meant = [
        each
        for each in every_one
        if each.id == this.id
        or (
            each.status in lifecycle.MOVABLE
            and each.starts_at > now
            and (reach is Reach.ALL or each.starts_at > this.starts_at)
        )
    ]
    return series, this, meant


@contextmanager
def _all_or_nothing(session: Session) -> Iterator[None]:
    """A savepoint."""
    with session.begin_nested():
        yield


@contextmanager
def _naming(at: datetime, tz: str) -> Iterator[None]:
    """Says of a refusal which date it is about."""
    try:
        yield
    except _SAID as refused:
        raise _about(refused, messages.long_when(at, tz)) from None


def _about(refused: Refusal, when: str) -> Refusal:
    if isinstance(refused, SlotTaken):
        return SlotTaken(f"{when} has just been taken. Nothing was changed.", refused.who)
    return type(refused)(f"{when}: {refused.sentence} Nothing was changed.")
