"""Limits that protect a therapist's hands: deep sessions in a row, hands-on minutes a day, the least break.

Times are epoch minutes, lengths minutes; see `availability`. A session counts for the local day on which it
starts. Two sessions follow each other in a row when less than `BREAK_MINUTES` lie between the end of one and
the start of the next; the minutes a therapist keeps before and after a session count as break, for they rest
the hands. A row goes on over midnight.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A break as long as this ends a row of deep sessions.
BREAK_MINUTES = 30
DEEP_TECHNIQUES = frozenset({"deep_tissue", "trigger_point", "sports", "thai"})
DEEP_PRESSURE = 4


def is_deep(technique: str, lightest: int) -> bool:
    """Tell whether a session is deep work: by its technique, or because even its lightest pressure is firm.

    The firmest pressure does not decide: a gentle session that may go firmer for a moment would count.
    """
    return technique in DEEP_TECHNIQUES or lightest >= DEEP_PRESSURE


@dataclass(frozen=True, slots=True)
class Limits:
    """What a therapist's hands bear; None (and a break of nought) sets no limit."""

    most_deep_in_row: int | None = None
    most_hands_on_minutes: int | None = None
    least_break: int = 0

    def __bool__(self) -> bool:
        """True where any limit is set."""
        return bool(self.least_break) or not (self.most_deep_in_row is self.most_hands_on_minutes is None)


@dataclass(frozen=True, slots=True)
class Effort:
    """What a session asks of the hands. Minutes; `before` and `after` are the therapist's buffers."""

    hands_on: int = 0
    is_deep: bool = False
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Stint:
    """A session a therapist gives: from start to end without buffers, its hands-on minutes, whether deep."""

    start: int
    end: int
    hands_on: int = 0
    is_deep: bool = False


@dataclass(frozen=True, slots=True)
class Hands:
    """A therapist's limits, their sessions in order, and the midnights of the days looked at, in order."""

    limits: Limits
    stints: Sequence[Stint]
    midnights: Sequence[int]

    def allow(self, starts: Iterable[int], length: int, effort: Effort) -> list[int]:
        """Give those of the starts at which one more session of `length` minutes keeps to the limits."""
        limits, stints = self.limits, self.stints
        begins = [stint.start for stint in stints]
        given: Counter[int] = Counter()
        for stint in stints:
            given[self._day(stint.start)] += stint.hands_on
        most = limits.most_hands_on_minutes if effort.hands_on else None
        deepest = limits.most_deep_in_row if effort.is_deep else None
        kept = []
        for start in starts:
            at = bisect_left(begins, start)
            if not self._rested(at, start, start + length):
                continue
            if most is not None and given[self._day(start)] + effort.hands_on > most:
                continue
            if deepest is not None and self._row(at, start, start + length) > deepest:
                continue
            kept.append(start)
        return kept

    def _day(self, minute: int) -> int:
        return bisect_right(self.midnights, minute)

    def _rested(self, at: int, start: int, end: int) -> bool:
        least, stints = self.limits.least_break, self.stints
        if at and start - stints[at - 1].end < least:
            return False
        return at == len(stints) or stints[at].start - end >= least

    def _row(self, at: int, start: int, end: int) -> int:
        """How many deep sessions follow each other with the new one among them."""
        count = 1
        for stint in reversed(self.stints[:at]):
            if not stint.is_deep or start - stint.end >= BREAK_MINUTES:
                break
            count, start = count + 1, stint.start
        for stint in self.stints[at:]:
            if not stint.is_deep or stint.start - end >= BREAK_MINUTES:
                break
            count, end = count + 1, stint.end
        return count
