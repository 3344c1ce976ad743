"""Wall time and instants: what the clock on the wall of a site says, and when that is.

Inside, an instant is counted in whole minutes since 1970-01-01T00:00Z (an *epoch minute*). A wall
time is a day and a minute of that day, 0 to 1440, where 1440 is the midnight that ends the day.
`minute_at` is the only way from wall time to an instant (`instant` dresses it as a datetime) and
`offset_at` the only way back. A wall time that occurs twice is told apart by `fold`; one that never
occurs is read with the offset before the gap (fold 0) or the offset after it (fold 1).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from clinic.kernel.errors import BadInput

DAY_MINUTES = 1440

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MINUTE = timedelta(minutes=1)


def zone(name: str) -> ZoneInfo:
    """Give the time zone of that IANA name, or refuse with BadInput when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError):
        raise BadInput(f"There is no time zone called {str(name)[:60]!r}.") from None


@lru_cache(maxsize=65536)
def minute_at(day: date, minute_of_day: int, zone: ZoneInfo, fold: int) -> int:
    """Give the epoch minute at which the wall clock of `zone` shows that minute of that day.

    `minute_of_day` counts from midnight, 0 to 1440; anything else raises ValueError.
    """
    if not 0 <= minute_of_day <= DAY_MINUTES:
        raise ValueError(f"{minute_of_day} is not a minute of a day")
    days, minute = divmod(minute_of_day, DAY_MINUTES)
    at = time(minute // 60, minute % 60, fold=fold)
    return epoch_minute(datetime.combine(day + timedelta(days=days), at, tzinfo=zone))


def instant(day: date, minute_of_day: int, zone: ZoneInfo, fold: int) -> datetime:
    """Give the instant, in UTC, at which the wall clock of `zone` shows that minute of that day."""
    return from_epoch_minute(minute_at(day, minute_of_day, zone, fold))


def exists(day: date, minute_of_day: int, zone: ZoneInfo) -> bool:
    """Whether the wall clock of `zone` shows that minute of that day; 1440 is 0:00 of the next.

    False within the gap of a night on which the clocks go forward, and on a day that a zone left out.
    """
    days, minute = divmod(minute_of_day, DAY_MINUTES)
    there = local(instant(day, minute_of_day, zone, 0), zone)
    return (there.date(), there.hour * 60 + there.minute) == (day + timedelta(days=days), minute)


def epoch_minute(instant: datetime) -> int:
    """Give the whole minutes from 1970-01-01T00:00Z, rounded down. A naive datetime raises ValueError."""
    if instant.utcoffset() is None:
        raise ValueError("a naive datetime is no instant")
    return (instant - _EPOCH) // _MINUTE


def from_epoch_minute(minute: int) -> datetime:
    """Give the instant of that epoch minute, in UTC."""
    return _EPOCH + minute * _MINUTE


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give the same instant as the wall clock of `zone` shows it. A naive datetime raises ValueError."""
    if instant.utcoffset() is None:
        raise ValueError("a naive datetime is no instant")
    return instant.astimezone(zone)


def clock(instant: datetime, zone: ZoneInfo) -> str:
    """'10:15' at the place; in the hour that comes twice when clocks go back, '01:30 GMT' or '01:30 BST'."""
    there = local(instant, zone)
    comes_twice = there.utcoffset() != there.replace(fold=1 - there.fold).utcoffset()
    return f"{there:%H:%M} {there:%Z}" if comes_twice else f"{there:%H:%M}"


def day_number(day: date) -> int:
    """Give the days from 1970-01-01 to that day, so that day_number * 1440 is its midnight in UTC."""
    return day.toordinal() - _EPOCH_ORDINAL


def offset_at(minute: int, zone: ZoneInfo) -> int:
    """Give how many minutes the wall clock of `zone` is ahead of UTC at that epoch minute."""
    offset = from_epoch_minute(minute).astimezone(zone).utcoffset()
    return (offset or timedelta()) // _MINUTE


def steady_stretches(first: int, until: int, zone: ZoneInfo) -> list[tuple[int, int, int]]:
    """Cut [first, until), in epoch minutes, wherever the clocks change.

    Gives (from, until, offset in minutes) in order; the stretches meet and cover the whole.
    """
    stretches = []
    start, offset = first, offset_at(first, zone)
    for low in range(first, until, _PROBE_MINUTES):
        high = min(low + _PROBE_MINUTES, until - 1)
        later = offset_at(high, zone)
        if later != offset:
            change = _change_within(low, high, offset, zone)
            stretches.append((start, change, offset))
            start, offset = change, later
    if start < until:
        stretches.append((start, until, offset))
    return stretches


# No zone has changed its clocks twice within a quarter of a day.
_PROBE_MINUTES = 360


def _change_within(low: int, high: int, offset: int, zone: ZoneInfo) -> int:
    """Give the first minute after `low` at which the offset differs; it does at `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(middle, zone) == offset:
            low = middle
        else:
            high = middle
    return high
