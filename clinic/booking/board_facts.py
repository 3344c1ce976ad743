"""What the database knows for the board: hours, closures, rooms, skills, sessions, diary; one statement each.

All times are whole epoch minutes; the number of statements does not grow with therapists or days.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.queries import GONE, span_of
from clinic.catalog.models import Offering, OfferingOption
from clinic.kernel import walltime
from clinic.kernel.spans import Span
from clinic.kernel.ticks import TICK_MINUTES, tick_of
from clinic.roster.availability import WorkingPattern
from clinic.roster.models import (
    Closure,
    DiaryEntry,
    DiarySpan,
    OwnerKind,
    Room,
    Site,
    Therapist,
    TimeOff,
    WorkingBreak,
    WorkingHours,
    offering_room,
    therapist_skill,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A site as the board needs it; one that is not open any more may still have appointments."""

    id: int
    name: str
    slug: str
    tz: str
    grid_minutes: int
    talk_minutes: int
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Need:
    """What several options have in common as far as time goes (minutes), and the rooms that suit."""

    length: int
    before: int
    after: int
    turnover: int
    rooms: frozenset[int]


_PLACE = (
    Site.id, Site.name, Site.slug, Site.tz, Site.grid_minutes, Site.talk_minutes, Site.is_active,
)  # fmt: skip


def places(session: Session) -> list[Place]:
    """The active sites by number. One statement."""
    wanted = sa.select(*_PLACE).where(Site.is_active)
    return [Place(*row) for row in session.execute(wanted.order_by(Site.id))]


def places_in_use(session: Session, first_day: date, days: int) -> list[Place]:
    """The active sites, and those switched off that have appointments on these days. One statement."""
    first, until = span_of(first_day, days)
    booked = sa.exists().where(
        Appointment.site_id == Site.id,
        Appointment.status.not_in(GONE),
        Appointment.starts_at >= first,
        Appointment.starts_at < until,
    )
    wanted = sa.select(*_PLACE).where(sa.or_(Site.is_active, booked))
    return [Place(*row) for row in session.execute(wanted.order_by(Site.id))]


@dataclass(frozen=True, slots=True)
class Worker:
    """A therapist with hours at a site."""

    id: int
    name: str
    hue: int
    patterns: tuple[WorkingPattern, ...]


def workers(
    session: Session, site_ids: Collection[int], first_day: date, days: int
) -> dict[tuple[int, int], Worker]:
    """Those with hours at the sites that count on one of the days: one statement."""
    last_day = first_day + timedelta(days=days - 1)
    rows = session.execute(
        sa.select(
            Therapist.id.label("therapist_id"), Therapist.name, Therapist.hue,
            WorkingHours.id.label("hours_id"), WorkingHours.site_id, WorkingHours.weekday,
            WorkingHours.opens, WorkingHours.closes, WorkingHours.valid_from_on,
            WorkingHours.valid_until_on, WorkingBreak.starts, WorkingBreak.ends,
        )
        .join(WorkingHours, WorkingHours.therapist_id == Therapist.id)
        .outerjoin(WorkingBreak, WorkingBreak.working_hours_id == WorkingHours.id)
        .where(
            Therapist.is_active,
            WorkingHours.site_id.in_(site_ids),
            WorkingHours.valid_from_on <= last_day,
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= first_day),
        )
        .order_by(Therapist.name, Therapist.id, WorkingHours.id, WorkingBreak.starts)
    )  # fmt: skip
    heads: dict[tuple[int, int], tuple[str, int]] = {}
    patterns: dict[tuple[int, int], dict[int, WorkingPattern]] = {}
    for row in rows:
        key = (row.therapist_id, row.site_id)
        heads[key] = (row.name, row.hue)
        mine = patterns.setdefault(key, {})
        pattern = mine.get(row.hours_id) or WorkingPattern(
            row.weekday, row.opens, row.closes, (), row.valid_from_on, row.valid_until_on
        )
        if row.starts is not None:
            pattern = replace(pattern, breaks=(*pattern.breaks, (row.starts, row.ends)))
        mine[row.hours_id] = pattern
    return {
        key: Worker(key[0], name, hue, tuple(patterns[key].values())) for key, (name, hue) in heads.items()
    }


def closures(
    session: Session, site_ids: Collection[int], first_day: date, days: int
) -> list[tuple[int, date, str]]:
    """Site, day and name of each closed day."""
    last_day = first_day + timedelta(days=days - 1)
    rows = session.execute(
        sa.select(Closure.site_id, Closure.name, Closure.starts_on, Closure.ends_on)
        .where(Closure.site_id.in_(site_ids), Closure.starts_on <= last_day, Closure.ends_on >= first_day)
        .order_by(Closure.starts_on, Closure.id)
    )
    return [
        (row.site_id, day, row.name)
        for row in rows
        for day in (first_day + timedelta(days=step) for step in range(days))
        if row.starts_on <= day <= row.ends_on
    ]


def rooms(session: Session, site_ids: Collection[int]) -> list[tuple[int, int]]:
    """Room and site of each active room, step-free ones last as in every search."""
    rows = session.execute(
        sa.select(Room.id, Room.site_id)
        .where(Room.site_id.in_(site_ids), Room.is_active)
        .order_by(Room.is_step_free, Room.name, Room.id)
    )
    return [(row.id, row.site_id) for row in rows]


def skills(session: Session) -> dict[int, set[int]]:
    """Skill → the therapists who have it."""
    found: dict[int, set[int]] = {}
    for therapist_id, skill_id in session.execute(
        sa.select(therapist_skill.c.therapist_id, therapist_skill.c.skill_id)
    ):
        found.setdefault(skill_id, set()).add(therapist_id)
    return found


def needs(
    session: Session, sites: Sequence[Place], rooms: Sequence[tuple[int, int]]
) -> dict[int, dict[Need, set[int]]]:
    """For each site, what its sessions take in time and the skills for it; alike ones count once."""
    given_in: dict[int, set[int]] = {}
    for offering_id, room_id in session.execute(
        sa.select(offering_room.c.offering_id, offering_room.c.room_id)
    ):
        given_in.setdefault(offering_id, set()).add(room_id)
    options = session.execute(
        sa.select(
            OfferingOption.offering_id, OfferingOption.minutes, OfferingOption.buffer_before_minutes,
            OfferingOption.buffer_after_minutes, OfferingOption.turnover_minutes, Offering.skill_id,
        )
        .join(Offering, Offering.id == OfferingOption.offering_id)
        .where(OfferingOption.is_active, Offering.is_active)
    ).all()  # fmt: skip
    found: dict[int, dict[Need, set[int]]] = {site.id: {} for site in sites}
    for site in sites:
        here = {room_id for room_id, site_id in rooms if site_id == site.id}
        for offering_id, minutes, before, after, turnover, skill_id in options:
            suits = frozenset(here & given_in[offering_id] if offering_id in given_in else here)
            for length in {minutes, minutes + site.talk_minutes}:
                need = Need(length, before, after, turnover, suits)
                found[site.id].setdefault(need, set()).add(skill_id)
    return found


def busy(session: Session, now: datetime, first_day: date, days: int) -> dict[tuple[str, int], list[Span]]:
    """The spans in which therapists and rooms are taken, in epoch minutes, from the diary alone."""
    utc = walltime.zone("UTC")
    low = tick_of(walltime.instant(first_day, 0, utc, 0))
    high = tick_of(walltime.instant(first_day + timedelta(days=days), 0, utc, 0))
    rows = session.execute(
        sa.select(
            sa.type_coerce(DiarySpan.kind, sa.String), DiarySpan.owner_id,
            DiarySpan.from_tick, DiarySpan.to_tick,
        )
        .join(DiaryEntry, DiaryEntry.id == DiarySpan.entry_id)
        .where(
            DiarySpan.kind.in_([OwnerKind.THERAPIST, OwnerKind.ROOM]),
            DiarySpan.touches(low, high),
            sa.or_(DiaryEntry.expires_at.is_(None), DiaryEntry.expires_at > now),
        )
    )  # fmt: skip
    found: dict[tuple[str, int], list[Span]] = {}
    for kind, owner_id, from_tick, to_tick in rows:
        found.setdefault((kind, owner_id), []).append((from_tick * TICK_MINUTES, to_tick * TICK_MINUTES))
    return found


def time_off(session: Session, first_day: date, days: int) -> dict[int, list[Span]]:
    """Therapist → when they are away, in epoch minutes. The reason is nobody's business at the desk."""
    utc = walltime.zone("UTC")
    rows = session.execute(
        sa.select(TimeOff.therapist_id, TimeOff.starts_at, TimeOff.ends_at).where(
            TimeOff.cancelled_at.is_(None),
            TimeOff.ends_at > walltime.instant(first_day, 0, utc, 0),
            TimeOff.starts_at < walltime.instant(first_day + timedelta(days=days), 0, utc, 0),
        )
    )
    found: dict[int, list[Span]] = {}
    for therapist_id, starts_at, ends_at in rows:
        span = (walltime.epoch_minute(starts_at), walltime.epoch_minute(ends_at))
        found.setdefault(therapist_id, []).append(span)
    return found
