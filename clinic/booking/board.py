"""The board: days of the clinic by therapist, with what is free in them and how long a session fits there.

Free time is arithmetic over the same facts as every search for times (hours, closures, the diary), with
the buffers of what the therapist gives and a room for it; so a gap that is shown can be booked. The number
of statements does not grow with therapists or days.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from clinic.booking import board_facts
from clinic.booking.board_facts import Place as Place
from clinic.booking.board_facts import places as places
from clinic.booking.board_facts import places_in_use as places_in_use
from clinic.kernel import walltime
from clinic.kernel.spans import Span, merge, subtract
from clinic.roster import availability
from clinic.roster.availability import Demand, RoomTime, TherapistTime
from clinic.roster.models import (
    OwnerKind,
)


@dataclass(frozen=True, slots=True)
class Gap:
    """A free stretch of a therapist. `starts` are the times at which a session may begin, each with the
    most minutes that fit from there: the client's whole time, buffers kept."""

    therapist_id: int
    site_id: int
    until: datetime
    starts: tuple[tuple[datetime, int], ...]

    @property
    def starts_at(self) -> datetime:
        return self.starts[0][0]

    @property
    def minutes(self) -> int:
        """The longest session that fits from the first start on."""
        return self.starts[0][1]

    def first_for(self, minutes: int) -> datetime | None:
        """The first start at which so long a session fits, or None."""
        return next((start for start, longest in self.starts if longest >= minutes), None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in which nobody is seen. `kind` is 'break', 'off' or 'closed'."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    word: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One therapist at one site over the days of a board: when they work, and what is free in it."""

    therapist_id: int
    therapist: str
    hue: int
    site: Place
    working: tuple[tuple[datetime, datetime], ...]
    stretches: tuple[Stretch, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Days of the clinic: a lane for each therapist who has hours there, by site and name."""

    first_day: date
    days: int
    sites: tuple[Place, ...]
    lanes: tuple[Lane, ...]
    closed: tuple[tuple[int, date, str], ...]

    def gaps_on(self, day: date, minutes: int) -> list[tuple[datetime, Lane, Gap]]:
        """The gaps of that day in which so long a session fits, each with its first start for it."""
        found = [
            (start, lane, gap)
            for lane in self.lanes
            for gap in lane.gaps
            if (start := gap.first_for(minutes)) is not None
            and walltime.local(start, walltime.zone(lane.site.tz)).date() == day
        ]
        return sorted(found, key=lambda each: (each[0], each[1].therapist))


def load(session: Session, now: datetime, sites: Sequence[Place], first_day: date, days: int) -> Board:
    """Gives the board of those sites and days. Eight statements.

    A site that is not open has no lanes: nobody can be booked there, whatever hours are still written down.
    """
    ids = [site.id for site in sites]
    rooms = board_facts.rooms(session, ids)
    span = (first_day - timedelta(days=2), days + 4)
    known = _Known(
        now=now,
        first_day=first_day,
        days=days,
        workers=board_facts.workers(session, ids, first_day, days),
        closures=board_facts.closures(session, ids, first_day, days),
        rooms=rooms,
        skills=board_facts.skills(session),
        needs=board_facts.needs(session, sites, rooms),
        busy=board_facts.busy(session, now, *span),
        off=board_facts.time_off(session, *span),
    )
    lanes = [lane for site in sites if site.is_open for lane in _lanes(site, known)]
    lanes.sort(key=lambda lane: (lane.site.id, lane.therapist, lane.therapist_id))
    return Board(first_day, days, tuple(sites), tuple(lanes), tuple(known.closures))


@dataclass(frozen=True, slots=True)
class _Known:
    """Everything that was read for a board, as board_facts gives it."""

    now: datetime
    first_day: date
    days: int
    workers: dict[tuple[int, int], board_facts.Worker]
    closures: list[tuple[int, date, str]]
    rooms: list[tuple[int, int]]
    skills: dict[int, set[int]]
    needs: dict[int, dict[board_facts.Need, set[int]]]
    busy: dict[tuple[str, int], list[Span]]
    off: dict[int, list[Span]]


def _lanes(site: Place, known: _Known) -> list[Lane]:
    here = [worker for (_id, site_id), worker in known.workers.items() if site_id == site.id]
    shut = {day for site_id, day, _name in known.closures if site_id == site.id}
    zone = walltime.zone(site.tz)
    times = {
        worker.id: TherapistTime(
            worker.id,
            availability.working_spans(worker.patterns, known.first_day, known.days, zone, shut),
            known.busy.get((OwnerKind.THERAPIST.value, worker.id), ()),
        )
        for worker in here
    }
    longest = _longest(site, known, times)
    return [_lane(site, worker, times[worker.id], longest[worker.id], known, shut) for worker in here]


def _longest(site: Place, known: _Known, times: dict[int, TherapistTime]) -> dict[int, dict[int, int]]:
    """Therapist → start → the most minutes that fit from there."""
    grid = availability.grid_of(known.first_day, known.days, site.grid_minutes, walltime.zone(site.tz))
    earliest = -(-int(known.now.timestamp()) // 60)
    rooms = [
        RoomTime(room_id, known.busy.get((OwnerKind.ROOM.value, room_id), ()))
        for room_id, site_id in known.rooms
        if site_id == site.id
    ]
    found: dict[int, dict[int, int]] = {therapist_id: {} for therapist_id in times}
    for need, skill_ids in known.needs[site.id].items():
        able = set().union(*(known.skills.get(skill_id, set()) for skill_id in skill_ids))
        demand = Demand(need.length, grid, need.before, need.after, need.turnover, earliest)
        who = [time for therapist_id, time in times.items() if therapist_id in able]
        where = [room for room in rooms if room.room_id in need.rooms]
        for opening in availability.openings(demand, who, where):
            mine = found[opening.therapist_id]
            mine[opening.start] = max(mine.get(opening.start, 0), need.length)
    return found


def _lane(
    site: Place,
    worker: board_facts.Worker,
    time: TherapistTime,
    longest: dict[int, int],
    known: _Known,
    shut: Collection[date],
) -> Lane:
    zone = walltime.zone(site.tz)
    bare = [replace(pattern, breaks=()) for pattern in worker.patterns]
    whole = availability.working_spans(bare, known.first_day, known.days, zone, shut)
    away = [
        (max(low, opens), min(high, closes))
        for low, high in merge(known.off.get(worker.id, ()))
        for opens, closes in whole
        if low < closes and opens < high
    ]
    midnights = [
        walltime.minute_at(known.first_day + timedelta(days=step), 0, zone, 0) for step in range(known.days)
    ]
    pauses = subtract(subtract(whole, time.working), away)
    stretches = [_stretch("off", "time off", span) for span in away]
    stretches += [_stretch("break", "break", span) for span in pauses]
    return Lane(
        therapist_id=worker.id,
        therapist=worker.name,
        hue=worker.hue,
        site=site,
        working=tuple(_instants(span) for span in _cut(merge(whole), midnights)),
        stretches=tuple(sorted(stretches, key=lambda each: each.starts_at)),
        gaps=tuple(_gaps(site.id, time, longest, midnights)),
    )


def _cut(spans: Iterable[Span], midnights: Sequence[int]) -> list[Span]:
    """The spans cut at the midnights of the place: what goes on into the next day is that day's too."""
    found: list[Span] = []
    for low, high in spans:
        edges = [low, *(each for each in midnights if low < each < high), high]
        found += itertools.pairwise(edges)
    return found


def _gaps(
    site_id: int, time: TherapistTime, longest: dict[int, int], midnights: Sequence[int]
) -> Iterable[Gap]:
    """Cuts the starts of a therapist into the free stretches they lie in, day by day."""
    free = _cut(subtract(time.working, time.busy), midnights)
    lows = [low for low, _high in free]
    by_stretch: dict[Span, list[tuple[datetime, int]]] = {}
    for start in sorted(longest):
        at = bisect_right(lows, start) - 1
        if at >= 0:
            by_stretch.setdefault(free[at], []).append((walltime.from_epoch_minute(start), longest[start]))
    for (_low, high), starts in by_stretch.items():
        yield Gap(time.therapist_id, site_id, walltime.from_epoch_minute(high), tuple(starts))


def _stretch(kind: str, word: str, span: Span) -> Stretch:
    return Stretch(kind, *_instants(span), word)


def _instants(span: Span) -> tuple[datetime, datetime]:
    return walltime.from_epoch_minute(span[0]), walltime.from_epoch_minute(span[1])
