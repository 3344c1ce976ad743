"""The timetable: what the database knows about hours, closures and the diary, asked for free times.

A search costs the same five statements whatever the number of therapists or days, and reads plain tuples.
All busy time (appointments, holds, time off, maintenance) comes from the diary and nowhere else, and a
lapsed hold is air here as it is there; so every opening given can be entered, until someone else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.kernel import walltime
from clinic.kernel.errors import NotFound
from clinic.kernel.spans import Span
from clinic.kernel.ticks import TICK_MINUTES
from clinic.roster import availability, choosing, soonest
from clinic.roster.availability import Demand, Opening, RoomTime, TherapistTime, WorkingPattern
from clinic.roster.models import (
    Closure,
    DiaryEntry,
    DiarySpan,
    Gender,
    OwnerKind,
    Room,
    Site,
    Therapist,
    WorkingBreak,
    WorkingHours,
    offering_room,
    therapist_skill,
)

# How long someone may look at the times shown before the site's notice shuts the first of them.
GRACE_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Lengths in minutes; days are the site's own, `days` of them from `first_day` on.

    `minutes` is the client's whole time, talk included. The therapist needs `skill_id`; the room must be
    one in which `offering_id` can be given. `therapist_id`, `gender`, `room_id` and `step_free` narrow the
    choice.
    `client_id` leaves out times at which that client is busy. `ignore_entry_id` is the diary entry of the
    appointment to be moved, or of the searcher's own hold. The desk (`by_desk`) is bound by neither the
    site's notice nor its horizon; nobody is offered a time that has begun.
    """

    site_id: int
    offering_id: int
    skill_id: int
    minutes: int
    first_day: date
    days: int
    now: datetime
    buffer_before: int = 0
    buffer_after: int = 0
    turnover: int = 0
    therapist_id: int | None = None
    gender: Gender | None = None
    room_id: int | None = None
    step_free: bool = False
    client_id: int | None = None
    ignore_entry_id: int | None = None
    by_desk: bool = False


def find_openings(session: Session, search: Search) -> list[Opening]:
    """Give every opening by start: each therapist who can, with the first room free. NotFound if no site."""
    table = _load(session, search)
    return availability.openings(table.demand, table.therapists, table.rooms, table.client_busy)


def first_openings(session: Session, search: Search, limit: int) -> list[Opening]:
    """Give the first `limit` openings, by start. NotFound if there is no such site."""
    table = _load(session, search)
    return soonest.first_openings(table.demand, table.therapists, table.rooms, table.client_busy, limit=limit)


def nearest_openings(session: Session, search: Search, wanted_at: datetime, count: int = 3) -> list[Opening]:
    """Give the openings of the search closest to the wanted start, one for each start, closest first."""
    return choosing.nearest(find_openings(session, search), walltime.epoch_minute(wanted_at), count)


def opening_at(session: Session, search: Search, starts_at: datetime) -> Opening | None:
    """Give the opening at exactly that start, with the first therapist and room that suit, or None.

    The days of the search do not matter here. A start off the site's grid is no opening. The site's notice
    is stretched by `GRACE_MINUTES`, so that a time which was shown can still be taken.
    """
    found = openings_at(session, search, starts_at)
    return found[0] if found else None


def openings_at(session: Session, search: Search, starts_at: datetime) -> list[Opening]:
    """Give each therapist who suits and is free at exactly that start, with the first room free."""
    table = _load(session, search, only_at=starts_at)
    return availability.openings(table.demand, table.therapists, table.rooms, table.client_busy)


@dataclass(frozen=True, slots=True)
class _Timetable:
    demand: Demand
    therapists: list[TherapistTime]
    rooms: list[RoomTime]
    client_busy: Sequence[Span]


@dataclass(frozen=True, slots=True)
class _SiteRules:
    zone: ZoneInfo
    grid_minutes: int
    min_notice_minutes: int
    horizon_days: int


def _load(session: Session, search: Search, only_at: datetime | None = None) -> _Timetable:
    """Read what a search needs: site, hours, rooms, closures, diary; one statement each."""
    site = _site_rules(session, search.site_id)
    if only_at is not None:
        if only_at != walltime.from_epoch_minute(walltime.epoch_minute(only_at)):
            return _Timetable(Demand(search.minutes, ()), [], [], ())
        # Where clocks change at midnight a start can belong to the hours of the day on either side.
        around = walltime.local(only_at, site.zone).date() - timedelta(days=1)
        search = replace(search, first_day=around, days=3)
    patterns = _patterns(session, search)
    room_ids = _room_ids(session, search)
    closed = _closed_days(session, search)
    busy = _busy(session, search, site.zone, list(patterns), room_ids)
    therapists = [
        TherapistTime(
            therapist_id,
            availability.working_spans(hours, search.first_day, search.days, site.zone, closed),
            busy.get((OwnerKind.THERAPIST.value, therapist_id), ()),
        )
        for therapist_id, hours in patterns.items()
    ]
    rooms = [RoomTime(room_id, busy.get((OwnerKind.ROOM.value, room_id), ())) for room_id in room_ids]
    client_busy = busy.get((OwnerKind.CLIENT.value, search.client_id or 0), ())
    return _Timetable(_demand(search, site, only_at), therapists, rooms, client_busy)


def _demand(search: Search, site: _SiteRules, only_at: datetime | None) -> Demand:
    earliest, latest = _bounds(search, site, 0 if only_at is None else GRACE_MINUTES)
    if only_at is not None:
        minute = walltime.epoch_minute(only_at)
        earliest, latest = max(earliest, minute), minute if latest is None else min(latest, minute)
    return Demand(
        length=search.minutes,
        grid=availability.grid_of(search.first_day, search.days, site.grid_minutes, site.zone),
        before=search.buffer_before,
        after=search.buffer_after,
        turnover=search.turnover,
        earliest=earliest,
        latest=latest,
    )


def _bounds(search: Search, site: _SiteRules, grace: int) -> tuple[int, int | None]:
    """Give the first and the last minute at which a session may start, as the site's policy has it."""
    notice = 0 if search.by_desk else max(0, site.min_notice_minutes - grace)
    soonest = search.now + timedelta(minutes=notice)
    earliest = walltime.epoch_minute(soonest)
    if walltime.from_epoch_minute(earliest) < soonest:
        earliest += 1
    if search.by_desk:
        return earliest, None
    last_day = walltime.local(search.now, site.zone).date() + timedelta(days=site.horizon_days)
    return earliest, walltime.minute_at(last_day, walltime.DAY_MINUTES, site.zone, 0) - 1


def _site_rules(session: Session, site_id: int) -> _SiteRules:
    row = session.execute(
        sa.select(Site.tz, Site.grid_minutes, Site.min_notice_minutes, Site.horizon_days).where(
            Site.id == site_id, Site.is_active
        )
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such site.")
    return _SiteRules(walltime.zone(row.tz), row.grid_minutes, row.min_notice_minutes, row.horizon_days)


def _patterns(session: Session, search: Search) -> dict[int, list[WorkingPattern]]:
    """Give the weekly hours at the site of each therapist who suits, therapists by name."""
    wanted = (
        sa.select(
            WorkingHours.id,
            WorkingHours.therapist_id,
            WorkingHours.weekday,
            WorkingHours.opens,
            WorkingHours.closes,
            WorkingHours.valid_from_on,
            WorkingHours.valid_until_on,
            WorkingBreak.starts,
            WorkingBreak.ends,
        )
        .join(Therapist, Therapist.id == WorkingHours.therapist_id)
        .join(therapist_skill, therapist_skill.c.therapist_id == Therapist.id)
        .outerjoin(WorkingBreak, WorkingBreak.working_hours_id == WorkingHours.id)
        .where(
            Therapist.is_active,
            therapist_skill.c.skill_id == search.skill_id,
            WorkingHours.site_id == search.site_id,
            WorkingHours.valid_from_on <= _last_day(search),
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= search.first_day),
        )
        .order_by(Therapist.name, Therapist.id, WorkingHours.id)
    )
    if search.therapist_id is not None:
        wanted = wanted.where(Therapist.id == search.therapist_id)
    if search.gender is not None:
        wanted = wanted.where(Therapist.gender == search.gender)
    patterns: dict[int, dict[int, WorkingPattern]] = {}
    for hours_id, therapist_id, weekday, opens, closes, since, until, starts, ends in session.execute(wanted):
        mine = patterns.setdefault(therapist_id, {})
        pattern = mine.get(hours_id) or WorkingPattern(weekday, opens, closes, (), since, until)
        if starts is not None:
            pattern = replace(pattern, breaks=(*pattern.breaks, (starts, ends)))
        mine[hours_id] = pattern
    return {therapist_id: list(mine.values()) for therapist_id, mine in patterns.items()}


def _room_ids(session: Session, search: Search) -> list[int]:
    """Give the rooms that suit. Step-free rooms come last, to stay free for those who need them."""
    given_in = sa.select(offering_room.c.room_id).where(offering_room.c.offering_id == search.offering_id)
    wanted = (
        sa.select(Room.id)
        .where(
            Room.site_id == search.site_id,
            Room.is_active,
            sa.or_(Room.id.in_(given_in), ~given_in.exists()),
        )
        .order_by(Room.is_step_free, Room.name, Room.id)
    )
    if search.step_free:
        wanted = wanted.where(Room.is_step_free)
    if search.room_id is not None:
        wanted = wanted.where(Room.id == search.room_id)
    return list(session.scalars(wanted))


def _closed_days(session: Session, search: Search) -> set[date]:
    first, last = search.first_day, _last_day(search)
    closures = session.execute(
        sa.select(Closure.starts_on, Closure.ends_on).where(
            Closure.site_id == search.site_id, Closure.starts_on <= last, Closure.ends_on >= first
        )
    )
    return {
        day for starts_on, ends_on in closures for day in _days(max(starts_on, first), min(ends_on, last))
    }


def _busy(
    session: Session, search: Search, zone: ZoneInfo, therapist_ids: Sequence[int], room_ids: Sequence[int]
) -> dict[tuple[str, int], list[Span]]:
    """Give the spans each owner is taken, in epoch minutes, from the diary alone."""
    low, high = _ticks_around(search, zone)
    kind = sa.type_coerce(DiarySpan.kind, sa.String)
    owners = [
        sa.and_(DiarySpan.kind == OwnerKind.THERAPIST, DiarySpan.owner_id.in_(therapist_ids)),
        sa.and_(DiarySpan.kind == OwnerKind.ROOM, DiarySpan.owner_id.in_(room_ids)),
    ]
    if search.client_id is not None:
        owners.append(sa.and_(DiarySpan.kind == OwnerKind.CLIENT, DiarySpan.owner_id == search.client_id))
    wanted = (
        sa.select(kind, DiarySpan.owner_id, DiarySpan.from_tick, DiarySpan.to_tick)
        .join(DiaryEntry, DiaryEntry.id == DiarySpan.entry_id)
        .where(
            sa.or_(*owners),
            DiarySpan.to_tick > low,
            DiarySpan.from_tick < high,
            sa.or_(DiaryEntry.expires_at.is_(None), DiaryEntry.expires_at > search.now),
        )
    )
    if search.ignore_entry_id is not None:
        wanted = wanted.where(DiarySpan.entry_id != search.ignore_entry_id)
    busy: dict[tuple[str, int], list[Span]] = {}
    for owner_kind, owner_id, from_tick, to_tick in session.execute(wanted):
        span = (from_tick * TICK_MINUTES, to_tick * TICK_MINUTES)
        busy.setdefault((owner_kind, owner_id), []).append(span)
    return busy


def _ticks_around(search: Search, zone: ZoneInfo) -> tuple[int, int]:
    """Give the ticks that any session of the search could touch, a day to spare on both sides."""
    reach = search.minutes + search.buffer_before + search.buffer_after + search.turnover
    reach += walltime.DAY_MINUTES
    first = walltime.minute_at(search.first_day, 0, zone, 0) - reach
    last = walltime.minute_at(_last_day(search), walltime.DAY_MINUTES, zone, 1) + reach
    return first // TICK_MINUTES, last // TICK_MINUTES + 1


def _last_day(search: Search) -> date:
    return search.first_day + timedelta(days=search.days - 1)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=step) for step in range((last - first).days + 1))
