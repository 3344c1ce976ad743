"""Availability: working hours minus busy time, as arithmetic on whole numbers.

Every time in here is an epoch minute (minutes since 1970-01-01T00:00Z) and every length is in minutes;
spans are half open. Wall clocks appear only where working hours become spans and where the grid of
possible starts is laid, both once per search; the search itself compares integers.

A start s is free with a therapist when [s - before, s + length + after) lies inside one working span and
touches nothing the therapist is busy with; when some room is free over [s, s + length + turnover); and
when the client is free over [s, s + length). Who and what suits (skill, site, woman or man, step-free) is
decided by the caller, who passes only those in.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from clinic.kernel.spans import Span, merge
from clinic.kernel.walltime import (
    DAY_MINUTES,
    day_number,
    from_epoch_minute,
    local,
    minute_at,
    steady_stretches,
)


@dataclass(frozen=True, slots=True)
class WorkingPattern:
    """Hours worked on one day of every week, as wall times at the site.

    `weekday` is 0 (Monday) to 6. `opens`, `closes` and both ends of each break are minutes of the day,
    0 to 1440. The pattern counts from `valid_from` to `valid_until`, both included; None sets no limit.
    """

    weekday: int
    opens: int
    closes: int
    breaks: tuple[Span, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None

    def counts_on(self, day: date) -> bool:
        """Tell whether these hours are worked on that day, going by validity alone."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Demand:
    """What a session takes up, and where it may start.

    `length` is the client's whole time; `before` and `after` widen the therapist's, `turnover` the room's
    (minutes). `grid` holds the possible starts in order (see `grid_of`); `earliest` and `latest` bound
    them, both included.
    """

    length: int
    grid: Sequence[int]
    before: int = 0
    after: int = 0
    turnover: int = 0
    earliest: int | None = None
    latest: int | None = None


@dataclass(frozen=True, slots=True)
class TherapistTime:
    """One therapist's time at the site: the spans worked (see `working_spans`) and the spans taken."""

    therapist_id: int
    working: Sequence[Span]
    busy: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class RoomTime:
    """One room and the spans in which it is taken, turnover included."""

    room_id: int
    busy: Sequence[Span] = ()


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """A time that is really free: when it starts (epoch minute), with whom, and where."""

    start: int
    therapist_id: int
    room_id: int

    @property
    def starts_at(self) -> datetime:
        """The start as an instant, in UTC."""
        return from_epoch_minute(self.start)


def working_spans(
    patterns: Iterable[WorkingPattern],
    first_day: date,
    days: int,
    zone: ZoneInfo,
    closed_days: Collection[date] = (),
) -> list[Span]:
    """Give the spans worked on `days` days from `first_day` on, breaks taken out, in order of opening.

    An opening and a break's end mean the first of two equal wall times, a closing and a break's start the
    second; a span that comes out empty is dropped. Spans of different days or patterns stay apart even
    where they touch, so that no session runs over from one into the next.
    """
    by_weekday: dict[int, list[WorkingPattern]] = {}
    for pattern in patterns:
        by_weekday.setdefault(pattern.weekday, []).append(pattern)
    spans: list[Span] = []
    weekday = first_day.weekday()
    for step in range(days):
        today = by_weekday.get((weekday + step) % 7)
        if today is None:
            continue
        day = first_day + timedelta(days=step)
        if day in closed_days:
            continue
        for pattern in today:
            if pattern.counts_on(day):
                spans.extend(_spans_of_day(pattern, day, zone))
    spans.sort()
    return spans


def _spans_of_day(pattern: WorkingPattern, day: date, zone: ZoneInfo) -> list[Span]:
    opens, closes = minute_at(day, pattern.opens, zone, 0), minute_at(day, pattern.closes, zone, 1)
    if opens >= closes:
        return []
    if not pattern.breaks:
        return [(opens, closes)]
    # Sorted as instants: inside the gap of a spring night, wall times do not come in order.
    pauses = sorted((minute_at(day, a, zone, 1), minute_at(day, b, zone, 0)) for a, b in pattern.breaks)
    left, at = [], opens
    for start, end in pauses:
        if start >= end:
            continue
        if start > at:
            left.append((at, min(start, closes)))
        at = max(at, end)
        if at >= closes:
            return left
    left.append((at, closes))
    return left


def grid_of(first_day: date, days: int, step: int, zone: ZoneInfo) -> tuple[int, ...]:
    """Give every possible start in those days, in order: each a multiple of `step` minutes on the wall clock.

    Counted afresh from each local midnight. The days on either side are included, because where the clocks
    change at midnight an opening or a closing may lie beyond the midnight it is written for.
    """
    if step < 1:
        raise ValueError("a grid needs a step of at least one minute")
    return _grid(day_number(first_day), days, step, zone)


@lru_cache(maxsize=32)
def _grid(first: int, days: int, step: int, zone: ZoneInfo) -> tuple[int, ...]:
    low, high = (first - 2) * DAY_MINUTES, (first + days + 2) * DAY_MINUTES
    starts: list[int] = []
    for begin, end, offset in steady_stretches(low, high, zone):
        for day in range((begin + offset) // DAY_MINUTES, (end - 1 + offset) // DAY_MINUTES + 1):
            midnight = day * DAY_MINUTES - offset
            at = midnight if midnight >= begin else midnight - (midnight - begin) // step * step
            starts.extend(range(at, min(end, midnight + DAY_MINUTES), step))
    return tuple(starts)


def starts(
    spans: Sequence[Span],
    busy: Iterable[Span],
    grid: Sequence[int],
    *,
    before: int,
    length: int,
    after: int,
    earliest: int | None = None,
    latest: int | None = None,
) -> list[int]:
    """Give every start on the grid at which one therapist can work the whole session, in order.

    `spans` are the working spans in order of opening; `busy` may overlap itself and anything else.
    """
    if length < 1 or before < 0 or after < 0:
        raise ValueError("a session lasts at least a minute and has no buffer below nought")
    floor = 0 if earliest is None else bisect_left(grid, earliest)
    ceiling = len(grid) if latest is None else bisect_right(grid, latest)
    found: list[int] = []
    for low, high in _gaps(spans, merge(busy), before + length + after):
        begin = bisect_left(grid, low + before, floor, ceiling)
        found += grid[begin : bisect_right(grid, high - length - after, begin, ceiling)]
    # Only where clocks go back at midnight can one day's span overlap the next day's.
    if any(later[0] < former[1] for former, later in pairwise(spans)):
        return sorted(set(found))
    return found


def _gaps(spans: Sequence[Span], taken: Sequence[Span], need: int) -> Iterator[Span]:
    """Give the stretches of each span that nothing takes and that are at least `need` minutes long."""
    index, count = 0, len(taken)
    for opens, closes in spans:
        while index < count and taken[index][1] <= opens:
            index += 1
        at = opens
        for position in range(index, count):
            low, high = taken[position]
            if low >= closes:
                break
            if low - at >= need:
                yield at, low
            at = high
        if closes - at >= need:
            yield at, closes


def openings(
    demand: Demand,
    therapists: Iterable[TherapistTime],
    rooms: Sequence[RoomTime],
    client_busy: Iterable[Span] = (),
) -> list[Opening]:
    """Give every start with every therapist who can take it, each with the first room free, by start.

    Rooms are preferred in the order given; at one start, therapists come in the order given. A start
    without a free room, or at which the client is busy, is not given at all.
    """
    room_at = _rooms_by_start(demand, rooms, list(client_busy))
    found = [
        Opening(start, therapist.therapist_id, room_at[start])
        for therapist in therapists
        for start in starts(
            therapist.working,
            therapist.busy,
            demand.grid,
            before=demand.before,
            length=demand.length,
            after=demand.after,
            earliest=demand.earliest,
            latest=demand.latest,
        )
        if start in room_at
    ]
    found.sort(key=_start)
    return found


def _rooms_by_start(demand: Demand, rooms: Sequence[RoomTime], client_busy: list[Span]) -> dict[int, int]:
    """Give the first free room for each start at which there is one and the client is free."""
    grid = demand.grid
    if not grid:
        return {}
    always = [(grid[0], grid[-1] + demand.length + demand.turnover + 1)]

    def free(busy: Iterable[Span], turnover: int) -> list[int]:
        return starts(
            always,
            busy,
            grid,
            before=0,
            length=demand.length,
            after=turnover,
            earliest=demand.earliest,
            latest=demand.latest,
        )

    room_at: dict[int, int] = {}
    for room in reversed(rooms):
        room_at.update(dict.fromkeys(free(room.busy, demand.turnover), room.room_id))
    if client_busy:
        together = room_at.keys() & free(client_busy, 0)
        return {start: room_at[start] for start in together}
    return room_at


def first_openings(
    demand: Demand,
    therapists: Sequence[TherapistTime],
    rooms: Sequence[RoomTime],
    client_busy: Sequence[Span] = (),
    *,
    limit: int,
) -> list[Opening]:
    """Give the first `limit` of `openings`, looking no further ahead than it must."""
    found: list[Opening] = []
    grid = demand.grid
    at = 0 if demand.earliest is None else bisect_left(grid, demand.earliest)
    end = len(grid) if demand.latest is None else bisect_right(grid, demand.latest)
    width = _FIRST_LOOK
    while at < end and len(found) < limit:
        window = grid[at : min(at + width, end)]
        near = replace(demand, grid=window)
        found += openings(near, therapists, rooms, client_busy)
        at, width = at + width, width * 2
    return found[:limit]


# The first look covers a day of quarter hours; each further look goes twice as far as the one before.
_FIRST_LOOK = 96


def nearest(openings: Iterable[Opening], wanted_start: int, count: int = 3) -> list[Opening]:
    """Give the openings closest to a wanted start, one for each start, closest first.

    Of two equally close the earlier comes first; of several therapists at one start, the first given.
    """
    by_start: dict[int, Opening] = {}
    for opening in openings:
        by_start.setdefault(opening.start, opening)
    ranked = sorted(by_start.values(), key=lambda each: (abs(each.start - wanted_start), each.start))
    return ranked[:count]


def by_local_day(openings: Iterable[Opening], zone: ZoneInfo) -> dict[date, list[Opening]]:
    """Give the openings under the day on which the wall clock of `zone` sees them start, in order."""
    days: dict[date, list[Opening]] = {}
    for opening in openings:
        days.setdefault(local(opening.starts_at, zone).date(), []).append(opening)
    return days


def _start(opening: Opening) -> int:
    return opening.start
