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
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain
from operator import eq
from zoneinfo import ZoneInfo

from clinic.kernel.spans import Span, merge
from clinic.kernel.walltime import (
    DAY_MINUTES,
    day_number,
    from_epoch_minute,
    minute_at,
    steady_stretches,
)
from clinic.roster.limits import Effort, Hands


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
    them, both included. `hands_on` and `is_deep` count for the therapists' limits. With `avoids_holes`,
    openings are marked that touch another session or the edge of the hours, and of the therapists free at
    one start those come first.
    """

    length: int
    grid: Sequence[int]
    before: int = 0
    after: int = 0
    turnover: int = 0
    earliest: int | None = None
    latest: int | None = None
    hands_on: int = 0
    is_deep: bool = False
    avoids_holes: bool = False

    @property
    def effort(self) -> Effort:
        return Effort(self.hands_on, self.is_deep, self.before, self.after)


@dataclass(frozen=True, slots=True)
class TherapistTime:
    """One therapist's time at the site: spans worked (see `working_spans`), spans taken, limits if any.

    The spans taken may be given in any order and may overlap; they are set in order here, once.
    """

    therapist_id: int
    working: Sequence[Span]
    busy: Sequence[Span] = ()
    hands: Hands | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "busy", merge(self.busy))


@dataclass(frozen=True, slots=True)
class RoomTime:
    """One room and the spans in which it is taken, turnover included; set in order here, once."""

    room_id: int
    busy: Sequence[Span] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "busy", merge(self.busy))


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """A time that is really free: when it starts (epoch minute), with whom, and where.

    `leaves_no_hole` is true where it touches another session or the edge of the hours, as far as the grid
    lets it; only filled in for a demand that `avoids_holes`.
    """

    start: int
    therapist_id: int
    room_id: int
    leaves_no_hole: bool = field(default=False, compare=False)

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


def grid_of(first_day: date, days: int, step: int, zone: ZoneInfo) -> Sequence[int]:
    """Give every possible start in those days, in order: each a multiple of `step` minutes on the wall clock.

    Counted afresh from each local midnight. The days on either side are included, because where the clocks
    change at midnight an opening or a closing may lie beyond the midnight it is written for. Where the steps
    are even throughout, as nearly always, a range is given, with which the search is quicker.
    """
    if step < 1:
        raise ValueError("a grid needs a step of at least one minute")
    return _grid(day_number(first_day), days, step, zone)


@lru_cache(maxsize=32)
def _grid(first: int, days: int, step: int, zone: ZoneInfo) -> Sequence[int]:
    low, high = (first - 2) * DAY_MINUTES, (first + days + 2) * DAY_MINUTES
    starts: list[int] = []
    for begin, end, offset in steady_stretches(low, high, zone):
        for day in range((begin + offset) // DAY_MINUTES, (end - 1 + offset) // DAY_MINUTES + 1):
            midnight = day * DAY_MINUTES - offset
            at = midnight if midnight >= begin else midnight - (midnight - begin) // step * step
            starts.extend(range(at, min(end, midnight + DAY_MINUTES), step))
    even = range(starts[0], starts[-1] + 1, step)
    return even if len(even) == len(starts) and all(map(eq, even, starts)) else tuple(starts)


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
    """Give every start on the grid at which one therapist can work the whole session, in order, each once.

    `spans` are the working spans in order of opening; `busy` must be a tidy list (see `kernel.spans`).
    """
    if length < 1 or before < 0 or after < 0:
        raise ValueError("a session lasts at least a minute and has no buffer below nought")
    found: list[int] = []
    if not grid:
        return found
    done = grid[0] - 1 if earliest is None else max(grid[0], earliest) - 1
    top = grid[-1] if latest is None else min(grid[-1], latest)
    bottom, step = (grid.start, grid.step) if isinstance(grid, range) else (0, 0)
    for first, last in _fits(spans, busy, before, length + after):
        if first <= done:  # too early, or (where clocks go back at midnight) in the span before as well
            if last <= done:
                continue
            first = done + 1
        done = last
        if last > top:
            last = top
        if step:
            found += range(first + (bottom - first) % step, last + 1, step)
        else:
            begin = bisect_left(grid, first)
            found += grid[begin : bisect_right(grid, last, begin)]
    return found


def _fits(spans: Sequence[Span], busy: Iterable[Span], before: int, ahead: int) -> list[Span]:
    """Give, for each stretch of free time that is long enough, the first and the last minute to start at.

    A session takes `before` minutes ahead of its start and `ahead` from it on. One pass over both lists, and
    the innermost loop of every search: hence plain, and in one piece.
    """
    need = before + ahead
    found: list[Span] = []
    worked = iter((*spans, _END))
    at, closes = next(worked)  # free time begins at `at`
    for low, high in chain(busy, (_END,)):
        while closes <= low:
            if closes - at >= need:
                found.append((at + before, closes - ahead))
            opens, closes = next(worked, _BEYOND)
            if opens > at:
                at = opens
        if low - at >= need:
            found.append((at + before, low - ahead))
        if high > at:
            at = high
    return found


# No minute of any search lies after these.
_END = (1 << 60, 1 << 60)
_BEYOND = (1 << 61, 1 << 61)


def openings(
    demand: Demand,
    therapists: Iterable[TherapistTime],
    rooms: Iterable[RoomTime],
    client_busy: Iterable[Span] = (),
) -> list[Opening]:
    """Give every start with every therapist who can take it, each with the first room free, by start.

    Rooms are preferred in the order given; at one start, therapists come in the order given (those who
    are left no hole first, where the demand avoids holes). A start without a free room, or at which the
    client is busy, is not given at all.
    """
    able = ((each, each.working, each.busy) for each in therapists)
    return together(demand, able, rooms, client_busy)


def together(
    demand: Demand,
    therapists: Iterable[tuple[TherapistTime, Sequence[Span], Sequence[Span]]],
    rooms: Iterable[RoomTime],
    client_busy: Iterable[Span],
) -> list[Opening]:
    """Give `openings` of therapists, each with those spans worked and taken that are to be looked at."""
    able: list[tuple[int, list[int], frozenset[int]]] = []
    for therapist, working, busy in therapists:
        free = starts_with(demand, therapist.hands, working, busy)
        if free:
            snug = snug_starts(demand, working, busy) if demand.avoids_holes else _NOWHERE
            able.append((therapist.therapist_id, free, snug))
    rooms_at = room_at(demand, {start for _, free, _ in able for start in free}, rooms, client_busy)
    found = [
        Opening(start, therapist_id, rooms_at[start], start in snug)
        for therapist_id, free, snug in able
        for start in free
        if start in rooms_at
    ]
    found.sort(key=_start_and_fit if demand.avoids_holes else _start)
    return found


_NOWHERE: frozenset[int] = frozenset()


def starts_with(
    demand: Demand, hands: Hands | None, working: Sequence[Span], busy: Sequence[Span]
) -> list[int]:
    """Give the starts that a therapist can take, within their limits; rooms and client left aside."""
    found = starts(
        working,
        busy,
        demand.grid,
        before=demand.before,
        length=demand.length,
        after=demand.after,
        earliest=demand.earliest,
        latest=demand.latest,
    )
    return found if hands is None or not found else hands.allow(found, demand.length, demand.effort)


def snug_starts(demand: Demand, working: Sequence[Span], busy: Sequence[Span]) -> frozenset[int]:
    """Give the first and the last start of each stretch of free time: those that leave no hole."""
    snug: set[int] = set()
    for first, last in _fits(working, busy, demand.before, demand.length + demand.after):
        begin = bisect_left(demand.grid, first)
        end = bisect_right(demand.grid, last, begin)
        if begin < end:
            snug.update((demand.grid[begin], demand.grid[end - 1]))
    return frozenset(snug)


def room_at(
    demand: Demand, wanted: Collection[int], rooms: Iterable[RoomTime], client_busy: Iterable[Span] = ()
) -> dict[int, int]:
    """Give the first free room for each wanted start at which there is one and the client is free."""
    left = sorted(wanted)
    if not left:
        return {}
    whole = [(left[0], left[-1] + demand.length + demand.turnover)]
    left = starts(whole, merge(client_busy), left, before=0, length=demand.length, after=0)
    found: dict[int, int] = {}
    for room in rooms:
        free = starts(whole, room.busy, left, before=0, length=demand.length, after=demand.turnover)
        found.update(dict.fromkeys(free, room.room_id))
        if len(free) == len(left):
            break
        left = [start for start in left if start not in found]
    return found


def _start(opening: Opening) -> int:
    return opening.start


def _start_and_fit(opening: Opening) -> tuple[int, bool]:
    return opening.start, not opening.leaves_no_hole
