"""How long a time is kept for somebody who waits for a decision (pure)."""

from __future__ import annotations

from datetime import datetime, timedelta

from clinic.kernel.errors import NotOffered, WrongState

# Nearer times cannot be kept: nobody could decide before, and the client could not be told in time.
LEAST_AHEAD = timedelta(hours=24)
DECIDED_BEFORE = timedelta(hours=12)


def check_far_enough(starts_at: datetime, now: datetime) -> None:
    """NotOffered for a time that nobody could decide about before."""
    if starts_at < now + LEAST_AHEAD:
        raise NotOffered("Choose a time from tomorrow on, so that we can look at your answers first.")


def earliest(now: datetime, *, waits: bool) -> datetime:
    """The first start that may be offered: for whoever `waits`, far enough ahead to decide before."""
    return now + LEAST_AHEAD if waits else now


def kept_until(hours: int, starts_at: datetime, now: datetime) -> datetime:
    """When a provisional time goes back: after `hours`, and at the latest half a day before it starts."""
    return min(now + timedelta(hours=hours), starts_at - DECIDED_BEFORE)


def check_kept(lapses_at: datetime | None, now: datetime) -> None:
    """WrongState for a provisional time whose waiting is over: it belongs to whoever comes."""
    if is_over(lapses_at, now):
        raise WrongState("We kept this time for you, but not any longer.")


def is_over(lapses_at: datetime | None, now: datetime) -> bool:
    """Whether a provisional time goes back, marked by the chores or not."""
    return lapses_at is not None and lapses_at <= now
