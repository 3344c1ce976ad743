"""Why a day of a week may have no time to show, in a word and with a way on. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Why:
    """What is known of a day on which nothing is free: its word and what to do next (address, words)."""

    word: str
    link: tuple[str, str, str] | None = None


def reasons(
    first: date,
    *,
    last: date,
    closed: Collection[date],
    working: Collection[date],
    away: Collection[date],
    person: str = "",
    instead: str = "",
) -> dict[date, Why]:
    """Why a day of the week may have nothing: not open yet, closed, away, not in, or full.

    `closed` are also the days on which nobody works; `working` those on which whom was asked for has
    hours, `away` those of their time off.
    `instead` is the address of the same week with anybody, where somebody was asked for.
    """
    found = {}
    for step in range(7):
        day = first + timedelta(days=step)
        if day > last:
            word = "Not open yet"
        elif day in closed:
            word = "Closed"
        elif day in away:
            word = f"{person} is away"
        elif day not in working:
            word = f"{person} is not in" if person else "Not in"
        else:
            word = "Full"
        may_help = instead and day <= last and day not in closed
        link = (instead, "Try anyone", f"on {day:%A} {day.day} {day:%B}") if may_help else None
        found[day] = Why(word, link)
    return found
