"""A therapist's day between the appointments: breaks, free time, time away (pure; instants in UTC)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from clinic.kernel import walltime
from clinic.kernel.spans import Span, intersect, merge, subtract
from clinic.roster.availability import WorkingPattern, working_spans

# Shorter gaps are rest between two clients, not time that anybody could book.
SHORTEST_FREE = 15


class Kind(StrEnum):
    """What fills the time between appointments."""

    BREAK = "break"
    FREE = "free"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time without a client, with the zone of the place whose clock it is read on."""

    kind: Kind
    starts_at: datetime
    ends_at: datetime
    tz: str
    note: str = ""

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class Work:
    """Hours worked at a place on one day, breaks included: epoch minutes, and the breaks inside."""

    site: str
    tz: str
    opens: int
    closes: int
    breaks: tuple[Span, ...]

    @property
    def opens_at(self) -> datetime:
        return walltime.from_epoch_minute(self.opens)

    @property
    def closes_at(self) -> datetime:
        return walltime.from_epoch_minute(self.closes)

    @property
    def spans(self) -> list[Span]:
        """The time really worked, breaks taken out."""
        return subtract([(self.opens, self.closes)], self.breaks)


def work_on(
    day: date, site: str, tz: str, patterns: Iterable[WorkingPattern], closed: Collection[date] = ()
) -> list[Work]:
    """Gives the hours that weekly patterns at one place come to on a day, by opening; none when closed."""
    found = []
    for pattern in patterns:
        spans = merge(working_spans([pattern], day, 1, walltime.zone(tz), closed))
        if spans:
            whole = (spans[0][0], spans[-1][1])
            found.append(Work(site, tz, *whole, tuple(subtract([whole], spans))))
    return sorted(found, key=lambda work: (work.opens, work.closes))


def stretches(
    work: Sequence[Work], busy: Iterable[Span], away: Iterable[tuple[Span, str]] = (), since: int = 0
) -> list[Stretch]:
    """Gives breaks, time away inside the hours, and the free gaps of a quarter of an hour or more.

    `busy` is what the diary has, in epoch minutes; `away` are spans of time off with a note each. What lies
    before `since` is free no more.
    """
    off = list(away)
    taken = [*busy, *(span for span, _note in off), (0, since)]
    found = []
    for each in work:
        found += [_stretch(Kind.BREAK, span, each.tz) for span in each.breaks]
        found += [
            _stretch(Kind.FREE, span, each.tz)
            for span in subtract(each.spans, taken)
            if span[1] - span[0] >= SHORTEST_FREE
        ]
        for span, note in off:
            found += [
                _stretch(Kind.AWAY, inside, each.tz, note)
                for inside in intersect([(each.opens, each.closes)], [span])
            ]
    return sorted(found, key=lambda stretch: (stretch.starts_at, stretch.kind))


def _stretch(kind: Kind, span: Span, tz: str, note: str = "") -> Stretch:
    return Stretch(kind, walltime.from_epoch_minute(span[0]), walltime.from_epoch_minute(span[1]), tz, note)


def in_words(minutes: int) -> str:
    """Gives '45 min', '1 h' or '1 h 15'."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"
