"""Which free times to name: the nearest to a wanted one, those that leave no hole, day by day. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from clinic.kernel.walltime import local
from clinic.roster.availability import Opening


def nearest(openings: Iterable[Opening], wanted_start: int, count: int = 3) -> list[Opening]:
    """Give the openings closest to a wanted start, one for each start, closest first.

    Of two equally close, one that leaves no hole comes first, then the earlier; of several therapists at
    one start, the first given.
    """
    by_start: dict[int, Opening] = {}
    for opening in openings:
        by_start.setdefault(opening.start, opening)
    ranked = sorted(
        by_start.values(),
        key=lambda each: (abs(each.start - wanted_start), not each.leaves_no_hole, each.start),
    )
    return ranked[:count]


def apart(openings: Iterable[Opening], minutes: int) -> list[Opening]:
    """Give, of each therapist's openings that lie less than `minutes` from the first of them, one, by start.

    That is one which leaves no hole, where there is any among them, and else the first: what is read out to
    a caller. The openings come by start, as the engine gives them.
    """
    first: dict[int, int] = {}
    chosen: dict[tuple[int, int], Opening] = {}
    for opening in openings:
        who = opening.therapist_id
        if who not in first or opening.start - first[who] >= minutes:
            first[who] = opening.start
        key = (who, first[who])
        stands = chosen.get(key)
        if stands is None or (opening.leaves_no_hole and not stands.leaves_no_hole):
            chosen[key] = opening
    return sorted(chosen.values(), key=lambda each: each.start)


def by_local_day(openings: Iterable[Opening], zone: ZoneInfo) -> dict[date, list[Opening]]:
    """Give the openings under the day on which the wall clock of `zone` sees them start, in order."""
    days: dict[date, list[Opening]] = {}
    for opening in openings:
        days.setdefault(local(opening.starts_at, zone).date(), []).append(opening)
    return days
