"""The dates of a series: the same time on the wall, week by week or month by month. Pure.

Dates are laid out on the calendar and become instants afterwards, so that ten o'clock stays ten o'clock
when the clocks change.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from clinic.kernel import walltime
from clinic.kernel.errors import BadInput

MOST = 26
FURTHEST = timedelta(days=3 * 366)
_WEEKS = {"week": 1, "two_weeks": 2}


class Every(StrEnum):
    """How often the appointments of a series come."""

    WEEK = "week"
    TWO_WEEKS = "two_weeks"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Date:
    """One date of a series. `is_shifted`: that time does not exist on that day; it is the next that does."""

    day: date
    starts_at: datetime
    is_shifted: bool = False


def expand(first: datetime, every: Every, count: int, zone: ZoneInfo) -> list[Date]:
    """Gives `count` dates from `first` on, each at the same time on the wall clock of `zone`.

    Monthly: the same day of the month, or the last day of a shorter one. BadInput for fewer than 1 or more
    than 26 dates, and for a last date more than three years away from the first.
    """
    check_count(count)
    local = walltime.local(first, zone)
    minute = local.hour * 60 + local.minute
    try:
        days = [_nth(local.date(), every, number) for number in range(count)]
        if days[-1] - days[0] > FURTHEST or days[-1] + timedelta(days=2) > date.max:
            raise OverflowError
    except (OverflowError, ValueError):
        raise BadInput("That is too far ahead. Choose an earlier first date.", "first") from None
    return [Date(days[0], first), *(_on(day, minute, zone) for day in days[1:])]


def check_count(count: int) -> None:
    """BadInput unless so many dates can be a series."""
    if not 1 <= count <= MOST:
        raise BadInput(f"A series has at most {MOST} dates.", "count")


def shifted(starts_at: datetime, days: int, minute: int, zone: ZoneInfo) -> Date:
    """Gives another time for a date: `days` later, at that minute of the day on the wall clock."""
    try:
        day = walltime.local(starts_at, zone).date() + timedelta(days=days)
        return _on(day, minute, zone)
    except OverflowError:
        raise BadInput("That is too far ahead. Choose an earlier date.", "on") from None


def _nth(first: date, every: Every, number: int) -> date:
    if every is not Every.MONTH:
        return first + timedelta(weeks=number * _WEEKS[every.value])
    year, month = divmod(first.year * 12 + first.month - 1 + number, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def _on(day: date, minute: int, zone: ZoneInfo) -> Date:
    for at_day, at_minute in _minutes_from(day, minute):
        if walltime.exists(at_day, at_minute, zone):
            return Date(
                at_day, walltime.instant(at_day, at_minute, zone, 0), (at_day, at_minute) != (day, minute)
            )
    raise BadInput("That time does not exist there.", "first")


def _minutes_from(day: date, minute: int) -> Iterator[tuple[date, int]]:
    """That minute and those after it, two days long: no gap of any zone is longer."""
    for step in range(2 * walltime.DAY_MINUTES):
        days, rest = divmod(minute + step, walltime.DAY_MINUTES)
        yield day + timedelta(days=days), rest
