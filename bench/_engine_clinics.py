"""Made-up clinics for measuring the engine: the same for the same seed, over the October change in London.

Sizes go from five therapists for two weeks to a thousand for ninety days; about six tenths of the time
worked are taken. Everything is in epoch minutes, as it is when the engine gets it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from clinic.kernel import walltime
from clinic.kernel.spans import Span
from clinic.roster.availability import RoomTime, TherapistTime, WorkingPattern, grid_of, working_spans

LONDON = walltime.zone("Europe/London")
SEED = 20271031
LENGTH, AFTER, TURNOVER, GRID = 60, 15, 10, 15
SIZES = {
    "S": (5, 14, date(2027, 10, 25)),
    "M": (25, 28, date(2027, 10, 11)),
    "L": (200, 60, date(2027, 9, 20)),
    "XL": (1000, 90, date(2027, 9, 1)),
}
# Opens, closes, and the break between.
SHIFTS = (
    (480, 960, 720, 765),
    (540, 1020, 750, 810),
    (540, 1080, 780, 840),
    (600, 1140, 840, 870),
    (720, 1200, 960, 990),
)


@dataclass(frozen=True)
class Clinic:
    """What a search has before it begins: hours and diaries as sorted spans, rooms, and the grid."""

    size: str
    days: int
    first_day: date
    therapists: list[TherapistTime]
    rooms: list[RoomTime]
    grid: tuple[int, ...]


def make(size: str, *, therapists: int | None = None, days: int | None = None) -> Clinic:
    """Make the clinic of that size; `therapists` and `days` may differ, to see how the cost grows."""
    count, length, first_day = SIZES[size]
    count, length = therapists or count, days or length
    chance = random.Random(f"{SEED}-{size}")
    people = [_therapist(number, first_day, length, chance) for number in range(1, count + 1)]
    rooms = [RoomTime(number, _maintenance(first_day, length, chance)) for number in range(1, count + 1)]
    return Clinic(size, length, first_day, people, rooms, grid_of(first_day, length, GRID, LONDON))


def _therapist(number: int, first_day: date, days: int, chance: random.Random) -> TherapistTime:
    patterns = {}
    for weekday in chance.sample(range(7), 5):
        opens, closes, pause, again = chance.choice(SHIFTS)
        patterns[weekday] = WorkingPattern(weekday, opens, closes, ((pause, again),))
    working = working_spans(patterns.values(), first_day, days, LONDON)
    away = {
        first_day + timedelta(days=begin + step)
        for begin in chance.sample(range(days), max(1, days // 45))
        for step in range(chance.randint(1, 3))
    }
    busy: list[Span] = []
    for opens, closes in working:
        day = walltime.local(walltime.from_epoch_minute(opens), LONDON).date()
        if day in away:
            busy.append((opens, closes))
        else:
            busy += _sessions(opens, closes, chance)
    return TherapistTime(number, working, busy)


def _sessions(opens: int, closes: int, chance: random.Random) -> list[Span]:
    found, at = [], opens
    while at < closes:
        if chance.random() < 0.24:
            at += 15 * chance.randint(1, 12)
            continue
        length = chance.choice((30, 45, 60, 60, 60, 90)) + AFTER
        if at + length <= closes:
            found.append((at, at + length))
            at += length
        else:
            at += 15
    return found


def _maintenance(first_day: date, days: int, chance: random.Random) -> list[Span]:
    day = first_day + timedelta(days=chance.randrange(days))
    opens = walltime.minute_at(day, 60 * chance.randint(8, 16), LONDON, 0)
    return [(opens, opens + 120)]
