"""Reading the roster for the owner: who works when, which rooms there are. A few statements each, always."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from clinic.roster.availability import WorkingPattern
from clinic.roster.hours import Hours
from clinic.roster.models import (
    Closure,
    Maintenance,
    Room,
    Site,
    Therapist,
    TimeOff,
    WorkingHours,
    offering_room,
)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days on which a therapist's week stays the same; `until_on` None: no end."""

    from_on: date
    until_on: date | None

    def holds(self, day: date) -> bool:
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


def therapists(session: Session) -> list[Therapist]:
    """Everybody, those who work first, by name; skills loaded."""
    wanted = (
        sa.select(Therapist)
        .options(selectinload(Therapist.skills))
        .order_by(Therapist.is_active.desc(), Therapist.name, Therapist.id)
    )
    return list(session.scalars(wanted))


def sites(session: Session) -> list[Site]:
    """Every site, those in use first."""
    return list(session.scalars(sa.select(Site).order_by(Site.is_active.desc(), Site.id)))


def rooms(session: Session) -> list[Room]:
    """Every room by site, those in use first."""
    return list(
        session.scalars(sa.select(Room).order_by(Room.site_id, Room.is_active.desc(), Room.name, Room.id))
    )


def rooms_of_offering(session: Session, offering_id: int) -> set[int]:
    """The rooms an offering can be given in; empty where it can be given in any."""
    return set(
        session.scalars(sa.select(offering_room.c.room_id).where(offering_room.c.offering_id == offering_id))
    )


def hours_of(session: Session, therapist_id: int, since: date) -> list[WorkingHours]:
    """The weekly hours of a therapist that count on `since` or later, by day and time."""
    return list(
        session.scalars(
            sa.select(WorkingHours)
            .where(
                WorkingHours.therapist_id == therapist_id,
                sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= since),
            )
            .order_by(WorkingHours.weekday, WorkingHours.opens, WorkingHours.id)
        )
    )


def weekly_minutes(session: Session, on: date) -> dict[int, int]:
    """The minutes a week that each therapist works on the hours of that day, breaks taken out."""
    rows = session.scalars(
        sa.select(WorkingHours).where(
            WorkingHours.valid_from_on <= on,
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= on),
        )
    )
    found: dict[int, int] = {}
    for row in rows:
        found[row.therapist_id] = found.get(row.therapist_id, 0) + open_minutes(row)
    return found


def open_minutes(row: WorkingHours | Hours) -> int:
    """The minutes of one day's hours, breaks taken out."""
    if isinstance(row, Hours):
        return row.closes - row.opens - sum(ends - starts for starts, ends in row.breaks)
    return row.closes - row.opens - sum(pause.ends - pause.starts for pause in row.breaks)


def periods(rows: Sequence[WorkingHours], since: date) -> list[Period]:
    """The stretches from `since` on over which the week stays the same; those without hours are left out."""
    starts = {max(row.valid_from_on, since) for row in rows}
    starts |= {row.valid_until_on + _DAY for row in rows if row.valid_until_on}
    cuts = sorted(starts)
    found = []
    for number, from_on in enumerate(cuts):
        until_on = cuts[number + 1] - _DAY if number + 1 < len(cuts) else None
        if any(_counts(row, from_on) for row in rows):
            found.append(Period(from_on, until_on))
    return found


def week_on(rows: Sequence[WorkingHours], day: date) -> dict[int, list[Hours]]:
    """The week that holds on a day, by site."""
    found: dict[int, list[Hours]] = {}
    for row in rows:
        if _counts(row, day):
            pauses = tuple((pause.starts, pause.ends) for pause in row.breaks)
            found.setdefault(row.site_id, []).append(Hours(row.weekday, row.opens, row.closes, pauses))
    return found


def _counts(row: WorkingHours, day: date) -> bool:
    return row.valid_from_on <= day and (row.valid_until_on is None or day <= row.valid_until_on)


def as_patterns(week: dict[int, list[Hours]]) -> dict[int, list[WorkingPattern]]:
    """A week as the arithmetic takes it."""
    return {
        site_id: [WorkingPattern(each.weekday, each.opens, each.closes, each.breaks) for each in hours]
        for site_id, hours in week.items()
    }


def time_off(session: Session, since: datetime) -> list[tuple[TimeOff, Therapist]]:
    """All time off that is not over at `since`, soonest first, with whose it is."""
    rows = session.execute(
        sa.select(TimeOff, Therapist)
        .join(Therapist, Therapist.id == TimeOff.therapist_id)
        .where(TimeOff.cancelled_at.is_(None), TimeOff.ends_at > since)
        .order_by(TimeOff.starts_at, Therapist.name)
    )
    return [(row[0], row[1]) for row in rows]


def closures(session: Session, since: date) -> list[tuple[Closure, Site]]:
    """The closures that are not over on `since`, soonest first, with their sites."""
    rows = session.execute(
        sa.select(Closure, Site)
        .join(Site, Site.id == Closure.site_id)
        .where(Closure.ends_on >= since)
        .order_by(Closure.starts_on, Closure.id)
    )
    return [(row[0], row[1]) for row in rows]


def maintenance(session: Session, room_id: int, since: datetime) -> list[Maintenance]:
    """When a room is out of use, what is over left out."""
    return list(
        session.scalars(
            sa.select(Maintenance)
            .where(
                Maintenance.room_id == room_id,
                Maintenance.cancelled_at.is_(None),
                Maintenance.ends_at > since,
            )
            .order_by(Maintenance.starts_at)
        )
    )
