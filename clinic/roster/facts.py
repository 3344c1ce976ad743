"""What the database knows of hours, closures and the diary: five statements a search, plain tuples only.

All busy time (appointments, holds, time off, maintenance) comes from the diary and nowhere else, and a
lapsed hold is air here as it is there. The search itself is arithmetic: see `availability`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.kernel import walltime
from clinic.kernel.errors import NotFound
from clinic.kernel.spans import Span
from clinic.kernel.ticks import TICK_MINUTES
from clinic.roster.availability import Demand, RoomTime, TherapistTime, WorkingPattern, grid_of, working_spans
from clinic.roster.hands import EFFORT_COLUMNS, LIMIT_COLUMNS, SESSIONS, stint
from clinic.roster.limits import Hands, Limits, Stint
from clinic.roster.models import (
    Closure,
    DiaryEntry,
    DiarySpan,
    EntryKind,
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
from clinic.roster.soonest import SiteTime


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Lengths in minutes; days are the site's own, `days` of them from `first_day` on.

    `minutes` is the client's whole time, talk included. The therapist needs `skill_id`; the room must be
    one in which `offering_id` can be given. `therapist_id`, `gender`, `room_id` and `step_free` narrow the
    choice.
    `client_id` leaves out times at which that client is busy. `ignore_entry_id` is the diary entry of the
    appointment to be moved, or of the searcher's own hold. The desk (`by_desk`) is bound by neither the
    site's notice nor its horizon; nobody is offered a time that has begun. `hands_on` (minutes) and
    `is_deep` are what counts for the limits of therapists' hands.
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
    hands_on: int = 0
    is_deep: bool = False


@dataclass(frozen=True, slots=True)
class SiteRules:
    """A site's zone and policies: minutes, days."""

    id: int
    name: str
    zone: ZoneInfo
    grid_minutes: int
    min_notice_minutes: int
    horizon_days: int
    prefers_adjacent: bool


@dataclass(frozen=True, slots=True)
class Worker:
    """A therapist who has the skill, with their weekly hours at one site."""

    therapist_id: int
    gender: Gender | None
    limits: Limits
    patterns: Sequence[WorkingPattern]


@dataclass(slots=True)
class Diary:
    """Who is taken when (epoch minutes), by kind and id of the owner.

    `away` and `stints` are the parts of a therapist's time that are time off, and sessions.
    """

    busy: dict[tuple[str, int], list[Span]] = field(default_factory=dict)
    away: dict[int, list[Span]] = field(default_factory=dict)
    stints: dict[int, list[Stint]] = field(default_factory=dict)

    def of(self, kind: OwnerKind, owner_id: int | None) -> Sequence[Span]:
        return self.busy.get((kind.value, owner_id or 0), ())


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was read for a search, by site."""

    search: Search
    sites: dict[int, SiteRules]
    workers: dict[int, list[Worker]]
    room_ids: dict[int, list[int]]
    closed: dict[int, set[date]]
    diary: Diary

    @property
    def client_busy(self) -> Sequence[Span]:
        return self.diary.of(OwnerKind.CLIENT, self.search.client_id)

    def therapist(self, worker: Worker, site: SiteRules, *, closed: Collection[date] = ()) -> TherapistTime:
        """A worker's time at a site on the days of the search."""
        search, stints = self.search, self.diary.stints.get(worker.therapist_id, [])
        hands = None
        if worker.limits:
            hands = Hands(worker.limits, sorted(stints), _midnights(search, site.zone))
        return TherapistTime(
            worker.therapist_id,
            working_spans(worker.patterns, search.first_day, search.days, site.zone, closed),
            self.diary.of(OwnerKind.THERAPIST, worker.therapist_id),
            hands,
        )

    def rooms(self, site_id: int) -> list[RoomTime]:
        """The rooms of a site that suit, each with its time."""
        ids = self.room_ids.get(site_id, [])
        return [RoomTime(room_id, self.diary.of(OwnerKind.ROOM, room_id)) for room_id in ids]

    def site_time(self, site_id: int, earliest: int, latest: int | None) -> SiteTime:
        """Everything at a site that the engine needs, for starts from `earliest` to `latest`."""
        site = self.sites[site_id]
        closed = self.closed.get(site_id, ())
        workers = self.workers.get(site_id, [])
        return SiteTime(
            site_id,
            demand_at(self.search, site, earliest, latest),
            [self.therapist(worker, site, closed=closed) for worker in workers],
            self.rooms(site_id),
        )


def demand_at(search: Search, site: SiteRules, earliest: int | None, latest: int | None) -> Demand:
    """What the session takes up, on the grid of a site."""
    return Demand(
        length=search.minutes,
        grid=grid_of(search.first_day, search.days, site.grid_minutes, site.zone),
        before=search.buffer_before,
        after=search.buffer_after,
        turnover=search.turnover,
        earliest=earliest,
        latest=latest,
        hands_on=search.hands_on,
        is_deep=search.is_deep,
        avoids_holes=site.prefers_adjacent,
    )


def bounds(search: Search, site: SiteRules, grace: int = 0) -> tuple[int, int | None]:
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


def read_sites(session: Session, site_ids: Collection[int] | None = None) -> dict[int, SiteRules]:
    """Give the rules of the open sites among those asked for (all, where None), by name."""
    wanted = sa.select(
        Site.id,
        Site.name,
        Site.tz,
        Site.grid_minutes,
        Site.min_notice_minutes,
        Site.horizon_days,
        Site.prefers_adjacent,
    ).where(Site.is_active)
    if site_ids is not None:
        wanted = wanted.where(Site.id.in_(site_ids))
    rows = session.execute(wanted.order_by(Site.name, Site.id))
    return {row.id: SiteRules(row.id, row.name, walltime.zone(row.tz), *row[3:]) for row in rows}


def read_site(session: Session, site_id: int) -> SiteRules:
    """Give the rules of one open site; NotFound if there is none."""
    found = read_sites(session, [site_id])
    if not found:
        raise NotFound("There is no such site.")
    return found[site_id]


def read(session: Session, search: Search, sites: dict[int, SiteRules]) -> Facts:
    """Read who works, which rooms suit, what is closed and who is taken, on the days of the search."""
    workers = _workers(session, search, list(sites))
    room_ids = _room_ids(session, search, list(sites))
    therapist_ids = {worker.therapist_id for here in workers.values() for worker in here}
    zones = [site.zone for site in sites.values()]
    all_rooms = [room_id for here in room_ids.values() for room_id in here]
    closed = _closed_days(session, search, list(sites))
    diary = _diary(session, search, zones, sorted(therapist_ids), all_rooms)
    return Facts(search, sites, workers, room_ids, closed, diary)


def _workers(session: Session, search: Search, site_ids: Sequence[int]) -> dict[int, list[Worker]]:
    """Give, by site, the therapists who suit with their weekly hours there, by name."""
    wanted = (
        sa.select(
            WorkingHours.site_id,
            WorkingHours.id,
            WorkingHours.therapist_id,
            Therapist.gender,
            *LIMIT_COLUMNS,
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
            WorkingHours.site_id.in_(site_ids),
            WorkingHours.valid_from_on <= _last_day(search),
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= search.first_day),
        )
        .order_by(Therapist.name, Therapist.id, WorkingHours.id)
    )
    if search.therapist_id is not None:
        wanted = wanted.where(Therapist.id == search.therapist_id)
    if search.gender is not None:
        wanted = wanted.where(Therapist.gender == search.gender)
    people: dict[tuple[int, int], tuple[Gender | None, Limits]] = {}
    patterns: dict[tuple[int, int], dict[int, WorkingPattern]] = {}
    for row in session.execute(wanted):
        site_id, hours_id, therapist_id, gender, deep, hands_on, rest, *hours = row
        weekday, opens, closes, since, until, starts, ends = hours
        who = (site_id, therapist_id)
        if who not in people:
            people[who], patterns[who] = (gender, Limits(deep, hands_on, rest)), {}
        pattern = patterns[who].get(hours_id) or WorkingPattern(weekday, opens, closes, (), since, until)
        if starts is not None:
            pattern = replace(pattern, breaks=(*pattern.breaks, (starts, ends)))
        patterns[who][hours_id] = pattern
    found: dict[int, list[Worker]] = {}
    for (site_id, therapist_id), (gender, limits) in people.items():
        hours_there = list(patterns[site_id, therapist_id].values())
        found.setdefault(site_id, []).append(Worker(therapist_id, gender, limits, hours_there))
    return found


def _room_ids(session: Session, search: Search, site_ids: Sequence[int]) -> dict[int, list[int]]:
    """Give, by site, the rooms that suit. Step-free rooms come last, to stay free for those who need them."""
    given_in = sa.select(offering_room.c.room_id).where(offering_room.c.offering_id == search.offering_id)
    wanted = (
        sa.select(Room.site_id, Room.id)
        .where(
            Room.site_id.in_(site_ids),
            Room.is_active,
            sa.or_(Room.id.in_(given_in), ~given_in.exists()),
        )
        .order_by(Room.is_step_free, Room.name, Room.id)
    )
    if search.step_free:
        wanted = wanted.where(Room.is_step_free)
    if search.room_id is not None:
        wanted = wanted.where(Room.id == search.room_id)
    found: dict[int, list[int]] = {}
    for site_id, room_id in session.execute(wanted):
        found.setdefault(site_id, []).append(room_id)
    return found


def _closed_days(session: Session, search: Search, site_ids: Sequence[int]) -> dict[int, set[date]]:
    first, last = search.first_day, _last_day(search)
    closures = session.execute(
        sa.select(Closure.site_id, Closure.starts_on, Closure.ends_on).where(
            Closure.site_id.in_(site_ids), Closure.starts_on <= last, Closure.ends_on >= first
        )
    )
    found: dict[int, set[date]] = {}
    for site_id, starts_on, ends_on in closures:
        found.setdefault(site_id, set()).update(_days(max(starts_on, first), min(ends_on, last)))
    return found


def _diary(
    session: Session,
    search: Search,
    zones: Sequence[ZoneInfo],
    therapist_ids: Sequence[int],
    room_ids: Sequence[int],
) -> Diary:
    """Give the spans each owner is taken, in epoch minutes, from the diary alone."""
    low, high = _ticks_around(search, zones)
    owner_kind = sa.type_coerce(DiarySpan.kind, sa.String).label("owner_kind")
    owners = [
        sa.and_(DiarySpan.kind == OwnerKind.THERAPIST, DiarySpan.owner_id.in_(therapist_ids)),
        sa.and_(DiarySpan.kind == OwnerKind.ROOM, DiarySpan.owner_id.in_(room_ids)),
    ]
    if search.client_id is not None:
        owners.append(sa.and_(DiarySpan.kind == OwnerKind.CLIENT, DiarySpan.owner_id == search.client_id))
    entry_kind = sa.type_coerce(DiaryEntry.kind, sa.String).label("entry_kind")
    wanted = (
        sa.select(
            owner_kind,
            DiarySpan.owner_id,
            entry_kind,
            DiarySpan.from_tick,
            DiarySpan.to_tick,
            *EFFORT_COLUMNS,
        )
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
    found = Diary()
    sessions = {kind.value for kind in SESSIONS}
    for row in session.execute(wanted):
        owner, owner_id, kind, from_tick, to_tick, hands_on, is_deep, before, after = row
        span = (from_tick * TICK_MINUTES, to_tick * TICK_MINUTES)
        found.busy.setdefault((owner, owner_id), []).append(span)
        if owner != OwnerKind.THERAPIST.value:
            continue
        if kind == EntryKind.TIME_OFF.value:
            found.away.setdefault(owner_id, []).append(span)
        elif kind in sessions:
            found.stints.setdefault(owner_id, []).append(
                stint(from_tick, to_tick, hands_on, is_deep, before, after)
            )
    return found


def _ticks_around(search: Search, zones: Sequence[ZoneInfo]) -> tuple[int, int]:
    """Give the ticks that any session of the search could touch, a day to spare on both sides."""
    reach = search.minutes + search.buffer_before + search.buffer_after + search.turnover
    reach += walltime.DAY_MINUTES
    first = min(walltime.minute_at(search.first_day, 0, zone, 0) for zone in zones) - reach
    last = max(walltime.minute_at(_last_day(search), walltime.DAY_MINUTES, zone, 1) for zone in zones) + reach
    return first // TICK_MINUTES, last // TICK_MINUTES + 1


def _midnights(search: Search, zone: ZoneInfo) -> list[int]:
    """The local midnights of the days of the search and of those on either side."""
    first = search.first_day - timedelta(days=2)
    days = (first + timedelta(days=step) for step in range(search.days + 4))
    return [walltime.minute_at(day, 0, zone, 0) for day in days]


def _last_day(search: Search) -> date:
    return search.first_day + timedelta(days=search.days - 1)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=step) for step in range((last - first).days + 1))
