"""Ticks: time cut into squares of five minutes, counted from 1970-01-01T00:00Z.

The diary is written in ticks. A stretch of time always claims outward: every square it touches
is taken whole, so two stretches that share a moment share a square.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

TICK_MINUTES = 5

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(minutes=TICK_MINUTES)


def tick_of(instant: datetime) -> int:
    """Give the tick in which the instant lies (rounded down). A naive datetime raises ValueError."""
    return (_aware(instant) - _EPOCH) // _TICK


def instant_of(tick: int) -> datetime:
    """Give the first moment of the tick, in UTC."""
    return _EPOCH + tick * _TICK


def ticks_between(start: datetime, end: datetime) -> range:
    """Give every tick that [start, end) touches: start rounded down, end rounded up.

    Nothing is touched when end is not after start. Naive datetimes raise ValueError.
    """
    if _aware(end) <= _aware(start):
        return range(0)
    return range(tick_of(start), -((_EPOCH - end) // _TICK))


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("a naive datetime is no instant")
    return instant
