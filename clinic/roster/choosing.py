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


def by_local_day(openings: Iterable[Opening], zone: ZoneInfo) -> dict[date, list[Opening]]:
    """Give the openings under the day on which the wall clock of `zone` sees them start, in order."""
    days: dict[date, list[Opening]] = {}
    for opening in openings:
        days.setdefault(local(opening.starts_at, zone).date(), []).append(opening)
    return days
