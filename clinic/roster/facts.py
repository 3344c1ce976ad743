"""What the database knows of hours, closures and the diary: five statements a search, plain tuples only.

All busy time (appointments, holds, time off, maintenance) comes from the diary and nowhere else, and a
lapsed hold is air here as it is there. The search itself is arithmetic: see `availability`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.kernel import walltime
from clinic.kernel.errors import NotFound
from clinic.kernel.spans import Span
from clinic.kernel.ticks import TICK_MINUTES
from clinic.roster import statements
from clinic.roster.availability import (
    Demand,
    Opening,
    RoomTime,
    TherapistTime,
    WorkingPattern,
    grid_of,
    openings,
    working_spans,
)
from clinic.roster.hands import SESSIONS, stint
from clinic.roster.limits import Hands, Limits, Stint
from clinic.roster.models import EntryKind, Gender, OwnerKind, Room, Site, Therapist
from clinic.roster.soonest import SiteTime
from clinic.roster.standing import kept, mark_of

_SESSIONS = frozenset(kind.value for kind in SESSIONS)
# Minutes before the first opening and after the last closing in which the diary is read as well: more than
# any turnover, and than any change of the clocks.
_TO_SPARE = 300


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

    @classmethod
    def of(cls, site: Site) -> SiteRules:
        """The rules of a site that has been read already."""
        return cls(
            site.id,
            site.name,
            walltime.zone(site.tz),
            site.grid_minutes,
            site.min_notice_minutes,
            site.horizon_days,
            site.prefers_adjacent,
        )


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
    """All that was read for a search, by site; `mark` is that of what stands, where it is kept."""

    search: Search
    sites: dict[int, SiteRules]
    workers: dict[int, list[Worker]]
    room_ids: dict[int, list[int]]
    closed: dict[int, set[date]]
    diary: Diary
    mark: int | None = None

    @property
    def client_busy(self) -> Sequence[Span]:
        return self.diary.of(OwnerKind.CLIENT, self.search.client_id)

    def is_limited(self, therapist_id: int) -> bool:
        """Whether a therapist's hands have limits."""
        return any(
            each.limits
            for here in self.workers.values()
            for each in here
            if each.therapist_id == therapist_id
        )

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

    def therapists(self, site_id: int) -> Iterator[TherapistTime]:
        """Those who suit at a site, each with their time there."""
        site, closed = self.sites[site_id], self.closed.get(site_id, ())
        return (self.therapist(worker, site, closed=closed) for worker in self.workers.get(site_id, []))

    def rooms(self, site_id: int) -> Iterator[RoomTime]:
        """The rooms of a site that suit, each with its time; nearly always the first few are enough."""
        ids = self.room_ids.get(site_id, [])
        return (RoomTime(room_id, self.diary.of(OwnerKind.ROOM, room_id)) for room_id in ids)

    def site_time(self, site_id: int, earliest: int, latest: int | None) -> SiteTime:
        """Everything at a site that the engine needs, for starts from `earliest` to `latest`."""
        demand = demand_at(self.search, self.sites[site_id], earliest, latest)
        return SiteTime(site_id, demand, list(self.therapists(site_id)), list(self.rooms(site_id)))

    def openings(self, site_id: int, earliest: int, latest: int | None) -> list[Opening]:
        """Every opening at a site that starts from `earliest` to `latest`, by start."""
        demand = demand_at(self.search, self.sites[site_id], earliest, latest)
        return openings(demand, self.therapists(site_id), self.rooms(site_id), self.client_busy)


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
    if site_ids is None:
        rows = _rows(session, statements.SITES)
    else:
        rows = _rows(session, statements.SITES_NAMED, site_ids=list(site_ids))
    return {row.id: SiteRules(row.id, row.name, walltime.zone(row.tz), *row[3:]) for row in rows}


def read_site(session: Session, site_id: int) -> SiteRules:
    """Give the rules of one open site; NotFound if there is none."""
    found = read_sites(session, [site_id])
    if not found:
        raise NotFound("There is no such site.")
    return found[site_id]


def read(
    session: Session,
    search: Search,
    sites: dict[int, SiteRules],
    *,
    every_weekday: bool = False,
    only_at: int | None = None,
) -> Facts:
    """Read who works, which rooms suit, what is closed and who is taken, on the days of the search.

    Hours of weekdays that are not among those days are left out, and so are those who have no others,
    unless `every_weekday` is wanted. Where only the start `only_at` (epoch minute) matters, no more of the
    diary is read than a session then could touch or leave a hole beside; all, where hands are protected.
    """
    days = range(7) if every_weekday else range(min(search.days, 7))
    weekdays = [(search.first_day.weekday() + step) % 7 for step in days]
    narrowed = (search.skill_id, search.offering_id, search.therapist_id, search.gender, search.room_id)
    asked = (*narrowed, search.step_free, search.first_day, search.days, *sites, *weekdays)

    def standing() -> tuple[dict[int, list[Worker]], dict[int, list[int]], dict[int, set[date]]]:
        return (
            _workers(session, search, list(sites), weekdays),
            _room_ids(session, search, list(sites)),
            _closed_days(session, search, list(sites)),
        )

    mark = mark_of(session)
    workers, room_ids, closed = kept(session, mark, asked, standing)
    therapist_ids = {worker.therapist_id for here in workers.values() for worker in here}
    limited = {worker.therapist_id for here in workers.values() for worker in here if worker.limits}
    all_rooms = [room_id for here in room_ids.values() for room_id in here]
    around = _ticks_around(search, sites, workers, is_limited=bool(limited))
    if only_at is not None and not limited:
        around = _ticks_at(search, sites, only_at)
    diary = _diary(session, search, around, sorted(therapist_ids), all_rooms, limited)
    return Facts(search, sites, workers, room_ids, closed, diary, mark)


def _workers(
    session: Session, search: Search, site_ids: Sequence[int], weekdays: Sequence[int]
) -> dict[int, list[Worker]]:
    """Give, by site, the therapists who suit with their weekly hours there, by name."""
    wanted = statements.WORKERS
    if search.therapist_id is not None:
        wanted = wanted.where(Therapist.id == search.therapist_id)
    if search.gender is not None:
        wanted = wanted.where(Therapist.gender == search.gender)
    first, last = search.first_day, _last_day(search)
    rows = _rows(
        session,
        wanted,
        skill_id=search.skill_id,
        site_ids=site_ids,
        weekdays=weekdays,
        first=first,
        last=last,
    )
    people: dict[tuple[int, int], tuple[Gender | None, Limits]] = {}
    hours: dict[tuple[int, int], dict[int, tuple[Any, list[Span]]]] = {}
    for site_id, hours_id, therapist_id, gender, deep, hands_on, rest, *facts, starts, ends in rows:
        who = (site_id, therapist_id)
        if who not in people:
            people[who] = (Gender(gender) if gender else None, Limits(deep, hands_on, rest))
            hours[who] = {}
        breaks = hours[who].setdefault(hours_id, (facts, []))[1]
        if starts is not None:
            breaks.append((starts, ends))
    found: dict[int, list[Worker]] = {}
    for who, (gender, limits) in people.items():
        patterns = [
            WorkingPattern(weekday, opens, closes, tuple(breaks), since, until)
            for (weekday, opens, closes, since, until), breaks in hours[who].values()
        ]
        found.setdefault(who[0], []).append(Worker(who[1], gender, limits, patterns))
    return found


def _room_ids(session: Session, search: Search, site_ids: Sequence[int]) -> dict[int, list[int]]:
    """Give, by site, the rooms that suit."""
    wanted = statements.ROOMS
    if search.step_free:
        wanted = wanted.where(Room.is_step_free)
    if search.room_id is not None:
        wanted = wanted.where(Room.id == search.room_id)
    found: dict[int, list[int]] = {}
    for site_id, room_id in _rows(session, wanted, site_ids=site_ids, offering_id=search.offering_id):
        found.setdefault(site_id, []).append(room_id)
    return found


def _closed_days(session: Session, search: Search, site_ids: Sequence[int]) -> dict[int, set[date]]:
    first, last = search.first_day, _last_day(search)
    closures = _rows(session, statements.CLOSURES, site_ids=site_ids, first=first, last=last)
    found: dict[int, set[date]] = {}
    for site_id, starts_on, ends_on in closures:
        found.setdefault(site_id, set()).update(_days(max(starts_on, first), min(ends_on, last)))
    return found


def _diary(
    session: Session,
    search: Search,
    ticks: tuple[int, int],
    therapist_ids: Sequence[int],
    room_ids: Sequence[int],
    limited: Collection[int],
) -> Diary:
    """Give when each owner is taken (epoch minutes), from the diary alone, and stints of those `limited`."""
    low, high = ticks
    rows = _rows(
        session,
        statements.TAKEN[session.get_bind().dialect.name],
        therapist_ids=list(therapist_ids),
        room_ids=list(room_ids),
        client_id=search.client_id or 0,
        low=low,
        high=high,
        now=search.now,
        ignored=search.ignore_entry_id or 0,
    )
    found = Diary()
    busy, therapist, time_off = found.busy, OwnerKind.THERAPIST.value, EntryKind.TIME_OFF.value
    for owner, owner_id, kind, from_tick, to_tick, *effort in rows:
        span = (from_tick * TICK_MINUTES, to_tick * TICK_MINUTES)
        taken = busy.get((owner, owner_id))
        if taken is None:
            busy[owner, owner_id] = [span]
        else:
            taken.append(span)
        if owner != therapist:
            continue
        if kind == time_off:
            found.away.setdefault(owner_id, []).append(span)
        elif owner_id in limited and kind in _SESSIONS:
            found.stints.setdefault(owner_id, []).append(stint(from_tick, to_tick, *effort))
    return found


def _rows(session: Session, statement: sa.Executable, **values: Any) -> Sequence[Any]:
    """Ask for plain tuples, straight from the connection: the session's own way would take twice as long."""
    if session.autoflush:
        session.flush()
    return session.connection().execute(statement, values).all()


def _ticks_around(
    search: Search, sites: dict[int, SiteRules], workers: dict[int, list[Worker]], *, is_limited: bool
) -> tuple[int, int]:
    """Give the ticks that any session of the search could touch, with hours to spare.

    From the first opening of the first day to the last closing of the last; a day more on both sides where
    hands are protected, for what was given before counts.
    """
    reach = search.minutes + search.buffer_before + search.buffer_after + search.turnover
    reach += walltime.DAY_MINUTES if is_limited else _TO_SPARE
    hours = [
        (sites[site_id].zone, each)
        for site_id, here in workers.items()
        for who in here
        for each in who.patterns
    ]
    if not hours:
        return 0, 0
    opens = {(zone, each.opens) for zone, each in hours}
    closes = {(zone, each.closes) for zone, each in hours}
    first = min(walltime.minute_at(search.first_day, minute, zone, 0) for zone, minute in opens) - reach
    last = max(walltime.minute_at(_last_day(search), minute, zone, 1) for zone, minute in closes) + reach
    return first // TICK_MINUTES, last // TICK_MINUTES + 1


def _ticks_at(search: Search, sites: dict[int, SiteRules], start: int) -> tuple[int, int]:
    """Give the ticks that a session from that minute could touch, or one a step of the grid away."""
    step = max(site.grid_minutes for site in sites.values())
    first = start - search.buffer_before - step
    last = start + search.minutes + max(search.buffer_after, search.turnover) + step
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
