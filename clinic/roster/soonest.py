"""The first free times, at one site or anywhere: found without looking further ahead than it must. Pure."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from clinic.kernel.spans import Span
from clinic.roster.availability import Demand, Opening, RoomTime, TherapistTime, together


@dataclass(frozen=True, slots=True)
class SiteTime:
    """What is known of a site's time: the demand on its own grid, and its therapists and rooms that suit."""

    site_id: int
    demand: Demand
    therapists: Sequence[TherapistTime]
    rooms: Sequence[RoomTime]


@dataclass(frozen=True, slots=True)
class Placed:
    """An opening and the site it is at."""

    opening: Opening
    site_id: int


def first_anywhere(
    sites: Iterable[SiteTime], client_busy: Sequence[Span] = (), *, limit: int
) -> list[Placed]:
    """Give the first `limit` openings of all the sites, by start; at one start in the order of the sites.

    Each site is looked at only as far ahead as its turn comes.
    """
    by_start = heapq.merge(*(_placed(site, client_busy) for site in sites), key=_start)
    return list(islice(by_start, limit))


def first_openings(
    demand: Demand,
    therapists: Sequence[TherapistTime],
    rooms: Sequence[RoomTime],
    client_busy: Sequence[Span] = (),
    *,
    limit: int,
) -> list[Opening]:
    """Give the first `limit` of `openings` at one site."""
    return list(islice(each_opening(SiteTime(0, demand, therapists, rooms), client_busy), limit))


def _placed(site: SiteTime, client_busy: Sequence[Span]) -> Iterator[Placed]:
    return (Placed(opening, site.site_id) for opening in each_opening(site, client_busy))


def _start(placed: Placed) -> int:
    return placed.opening.start


def each_opening(site: SiteTime, client_busy: Sequence[Span] = ()) -> Iterator[Opening]:
    """Give the openings at a site one after the other, looking no further ahead than is asked for."""
    demand, grid = site.demand, site.demand.grid
    at = 0 if demand.earliest is None else bisect_left(grid, demand.earliest)
    end = len(grid) if demand.latest is None else bisect_right(grid, demand.latest)
    width = _FIRST_LOOK
    while at < end:
        first, last = grid[at], grid[min(at + width, end) - 1]
        near, opens = _around(demand, first, last, site.therapists)
        yield from together(replace(demand, earliest=first, latest=last), near, site.rooms, client_busy)
        at, width = at + width, width * 2
        if not near:  # nobody works: on to where somebody does
            at, width = max(at, bisect_left(grid, opens + demand.before)), _FIRST_LOOK


# The first look is short, for where many work there is enough in it; each further one goes twice as far.
_FIRST_LOOK = 2
_NEVER = 1 << 60


def _around(
    demand: Demand, first: int, last: int, therapists: Iterable[TherapistTime]
) -> tuple[list[tuple[TherapistTime, Sequence[Span], Sequence[Span]]], int]:
    """Give who works around those starts, with the spans that matter, and when the next one opens."""
    low, high = first - demand.before, last + demand.length + demand.after
    near, opens = [], _NEVER
    for therapist in therapists:
        working, busy = therapist.working, therapist.busy
        after = bisect_left(working, (high,))
        if after < len(working):
            opens = min(opens, working[after][0])
        begin = after
        # Two are asked, for where clocks go back at midnight a span may lie inside the one before it.
        while begin and max(working[begin - 1][1], working[max(0, begin - 2)][1]) > low:
            begin -= 1
        if begin < after:
            # One more on either side, so that the stretches of free time keep their true edges.
            taken = busy[max(0, bisect_left(busy, (low,)) - 1) : bisect_left(busy, (high,)) + 1]
            near.append((therapist, working[begin:after], taken))
    return near, opens
