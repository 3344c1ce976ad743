"""Where two stretches of one person's weekly hours share time (pure).

Within one time zone the wall clock says it. Between two zones only instants do: what lies apart in winter may
meet in summer, or in the weeks in which one of the two places has changed its clocks and the other has not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from clinic.kernel.walltime import minute_at

# Over two years every kind of week between two zones has come, also where a clock follows the moon.
LOOK_DAYS = 2 * 366
_DAY = timedelta(days=1)
_WEEK = 7
# The same instant is two days apart on two calendars at most.
_APART = 2


@dataclass(frozen=True, slots=True)
class Weekly:
    """Hours on one day of every week at a site, by its wall clock, from a day to a day (both count)."""

    site_id: int
    zone: ZoneInfo
    weekday: int
    opens: int
    closes: int
    from_on: date
    until_on: date | None = None

    def counts_on(self, day: date) -> bool:
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two hours that share time, and from which day on; between two zones the first on which they do.

    That day is one at the site of `one`.
    """

    one: Weekly
    other: Weekly
    on: date

    @property
    def is_one_zone(self) -> bool:
        return self.one.zone.key == self.other.zone.key


def first_meeting(new: Sequence[Weekly], others: Sequence[Weekly]) -> Meeting | None:
    """The soonest that one of the new hours shares time with another of them, or with one of the others."""
    return min(meetings(new, others), key=lambda each: each.on, default=None)


def meetings(new: Sequence[Weekly], others: Sequence[Weekly]) -> list[Meeting]:
    """Every pair of hours that shares time, of the new ones among themselves and with the others."""
    found = []
    for at, one in enumerate(new):
        for other in (*new[at + 1 :], *others):
            on = _first_day(one, other)
            if on is not None:
                found.append(Meeting(one, other, on))
    return found


def _first_day(one: Weekly, other: Weekly) -> date | None:
    """From which day on they share time; None where they never do."""
    if one.zone.key == other.zone.key:
        if one.weekday != other.weekday or one.closes <= other.opens or other.closes <= one.opens:
            return None
        both = max(one.from_on, other.from_on)
        return both if one.counts_on(both) and other.counts_on(both) else None
    if _WEEK - _APART > (one.weekday - other.weekday) % _WEEK > _APART:
        return None
    first = max(one.from_on, other.from_on - _APART * _DAY)
    for day in _days(one, first):
        if not one.counts_on(day) or day > first + LOOK_DAYS * _DAY:
            return None
        if any(_share(one, day, other, each) for each in _around(other, day)):
            return day
    return None


def _days(hours: Weekly, first: date) -> Iterator[date]:
    """The days of these hours from `first` on."""
    day = first + (hours.weekday - first.weekday()) % _WEEK * _DAY
    while True:
        yield day
        day += _WEEK * _DAY


def _around(hours: Weekly, day: date) -> Iterator[date]:
    for step in range(-_APART, _APART + 1):
        there = day + step * _DAY
        if there.weekday() == hours.weekday and hours.counts_on(there):
            yield there


def _share(one: Weekly, on: date, other: Weekly, there: date) -> bool:
    opens, closes = _span(one, on)
    other_opens, other_closes = _span(other, there)
    return max(opens, other_opens) < min(closes, other_closes)


def _span(hours: Weekly, on: date) -> tuple[int, int]:
    """The hours of that day in epoch minutes, as availability reads them."""
    return minute_at(on, hours.opens, hours.zone, 0), minute_at(on, hours.closes, hours.zone, 1)
