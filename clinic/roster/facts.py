"""What is looked for, and what is known of hours, closures and the diary for it: plain values, no database.

`reading` reads it. The search itself is arithmetic: see `availability`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from clinic.kernel import walltime
from clinic.kernel.spans import Span
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
from clinic.roster.limits import Hands, Limits, Stint
from clinic.roster.models import Gender, OwnerKind, Site
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


def _midnights(search: Search, zone: ZoneInfo) -> list[int]:
    """The local midnights of the days of the search and of those on either side."""
    first = search.first_day - timedelta(days=2)
    days = (first + timedelta(days=step) for step in range(search.days + 4))
    return [walltime.minute_at(day, 0, zone, 0) for day in days]
