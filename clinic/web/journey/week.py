"""A week of free times as the page shows it: days and parts of the day. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clinic.kernel import walltime
from clinic.web.no_times import Why
from clinic.web.reading import FIRST_YEAR, LAST_YEAR
from clinic.web.times import PARTS, slot_value

# A part of a day with more times than this shows those on the half hour, unless all are asked for.
MANY = 6


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from `first` on, for the macros of `components/times.html`."""

    first: date
    days: tuple[Mapping[str, Any], ...]
    count: int
    is_thinned: bool

    @property
    def title(self) -> str:
        """'23 to 29 November', '28 December to 3 January'."""
        last = self.first + timedelta(days=6)
        start = f"{self.first.day}" if last.month == self.first.month else f"{self.first.day} {self.first:%B}"
        return f"{start} to {last.day} {last:%B}"


def short_label(instant: datetime, zone: ZoneInfo) -> str:
    """'Tue 24 Nov, 10:15' at the place."""
    local = instant.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}, {walltime.clock(instant, zone)}"


def draw(
    first: date,
    starts: Iterable[datetime],
    zone: ZoneInfo,
    why: Mapping[date, Why],
    *,
    shows_all: bool = False,
    whole: Collection[date] = (),
    more: Callable[[date], tuple[str, str]] | None = None,
) -> Week:
    """The week from `first` on with each start once; `why` speaks for the days without.

    A day with many times shows some of them, unless all are asked for: of every day, or of those in `whole`.
    `more` gives for such a day the address of a page with all its times, and that of the day alone.
    """
    by_day: dict[date, list[datetime]] = {}
    for start in sorted(set(starts)):
        by_day.setdefault(start.astimezone(zone).date(), []).append(start)
    days, count, is_thinned = [], 0, False
    for step in range(7):
        day = first + timedelta(days=step)
        mine = by_day.get(day, [])
        parts, is_thinned_here = _parts(mine, zone, shows_all or day in whole)
        is_thinned = is_thinned or is_thinned_here
        count += len(mine)
        drawn = _day(day, parts, len(mine), why.get(day, Why("Full")))
        rest = more(day) if more and is_thinned_here else None
        days.append({**drawn, "more": rest, "is_whole": day in whole})
    return Week(first, tuple(days), count, is_thinned)


def draw_day(day: date, starts: Iterable[datetime], zone: ZoneInfo) -> Mapping[str, Any]:
    """One day as it stands in a week, with each start of that day once and none left out."""
    mine = sorted({start for start in starts if start.astimezone(zone).date() == day})
    drawn = _day(day, _parts(mine, zone, shows_all=True)[0], len(mine), Why("Full"))
    return {**drawn, "is_whole": True}


def read_day(text: str | None) -> date | None:
    """'2026-11-24' as a date; None for anything else, and for years with which nobody can reckon on."""
    try:
        day = date.fromisoformat(text) if text and len(text) == 10 else None
    except ValueError:
        return None
    return day if day is not None and FIRST_YEAR <= day.year <= LAST_YEAR else None


def _parts(
    starts: Sequence[datetime], zone: ZoneInfo, shows_all: bool
) -> tuple[list[tuple[str, list[tuple[str, str]]]], bool]:
    """The parts of a day with what is shown of them, and whether that is not all."""
    parts, opens, is_thinned = [], 0, False
    for name, closes in PARTS:
        times = [start for start in starts if opens <= start.astimezone(zone).hour < closes]
        opens = closes
        shown = times if shows_all else thin(times, zone)
        is_thinned = is_thinned or len(shown) < len(times)
        parts.append((name, [(slot_value(start), walltime.clock(start, zone)) for start in shown]))
    return parts, is_thinned


def thin(times: Sequence[datetime], zone: ZoneInfo) -> list[datetime]:
    """Where there are many times, those on the hour and the half hour, and the first."""
    if len(times) <= MANY:
        return list(times)
    kept = [start for start in times if start.astimezone(zone).minute in (0, 30)]
    return sorted({times[0], *kept}) if kept else list(times)


def _day(day: date, parts: list[tuple[str, list[tuple[str, str]]]], count: int, why: Why) -> dict[str, Any]:
    return {
        "count": count,
        "id": day.isoformat(),
        "weekday": f"{day:%A}",
        "short": f"{day:%a}",
        "number": day.day,
        "month": f"{day:%B}",
        "parts": parts,
        "word": why.word,
        "link": why.link,
    }
