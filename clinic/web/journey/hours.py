"""When a site is open, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def opening_words(hours: Iterable[tuple[int, int, int]]) -> tuple[str, ...]:
    """'Monday to Friday, 8:30 to 20:00' from rows of weekday, opens, closes (minutes of the day)."""
    spans: dict[int, tuple[int, int]] = {}
    for weekday, opens, closes in hours:
        first, last = spans.get(weekday, (opens, closes))
        spans[weekday] = (min(first, opens), max(last, closes))
    runs: list[tuple[int, int, tuple[int, int]]] = []
    for weekday in sorted(spans):
        if runs and runs[-1][1] == weekday - 1 and runs[-1][2] == spans[weekday]:
            runs[-1] = (runs[-1][0], weekday, spans[weekday])
        else:
            runs.append((weekday, weekday, spans[weekday]))
    return tuple(
        f"{_days(first, last)}, {_clock(span[0])} to {_clock(span[1])}" for first, last, span in runs
    )


def _days(first: int, last: int) -> str:
    return DAYS[first] if first == last else f"{DAYS[first]} to {DAYS[last]}"


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02d}"
