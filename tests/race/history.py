"""The history of a concurrent run: who asked what, when, what was answered, and what stood there afterwards.

Instants of asking and answering are nanoseconds of the machine's one monotonic clock, which all processes
share. `now` is the service's own clock in microseconds since 1970; times of the diary are epoch minutes.
Nothing here knows the database or the services: a history can be written by hand.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NEVER = math.inf
TICK = 5


@dataclass(frozen=True, slots=True)
class Session:
    """The length of an option and what it takes on either side, in minutes."""

    minutes: int
    before: int = 0
    after: int = 0
    turnover: int = 0


@dataclass(frozen=True, slots=True)
class House:
    """The clinic of a run: everybody works the same hours, written as minutes of the UTC day.

    `too_deep` are the options that held answers leave out even after a yes; `kept_minutes` is how long a
    provisional time is kept; `wide` are the rooms for two; `talk_minutes` come on top of what two choose who
    are here for the first time.
    """

    therapists: tuple[int, ...]
    rooms: tuple[int, ...]
    sessions: Mapping[int, Session]
    hours: tuple[tuple[int, int], ...] = ((9 * 60, 12 * 60), (12 * 60 + 30, 17 * 60))
    grid: int = 15
    too_deep: frozenset[int] = frozenset()
    kept_minutes: int = 60
    wide: frozenset[int] = frozenset()
    talk_minutes: int = 0

    def is_open(self, start: int, end: int) -> bool:
        """Whether a therapist may be at work from `start` to `end` (epoch minutes), breaks left out."""
        day = start // 1440 * 1440
        return any(day + opens <= start and end <= day + closes for opens, closes in self.hours)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that was asked. `answer` is 'ok', the name of a refusal, 'error', or None: nobody knows.

    What was asked of a process that was killed, or over a connection that was cut, has no answer: it may
    or may not have been done. `facts` are what the answer said.
    """

    id: str
    kind: str
    at: int
    now: int
    args: Mapping[str, Any] = field(default_factory=dict)
    done: float = NEVER
    answer: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        return self.answer is not None

    @property
    def is_refused(self) -> bool:
        return self.answer not in (None, "ok", "error")

    def __str__(self) -> str:
        asked = ", ".join(f"{key} {value}" for key, value in self.args.items() if value is not None)
        return f"{self.id} ({self.kind}: {asked})"


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What the database holds when all is quiet: rows as plain values, by number where they have one.

    `events` are (appointment, operation, kind) in the order they were written; `moved_to` is the start that
    an operation gave an appointment; `rulings` are (intake, operation, kind) of what was asked and decided
    about held answers, in their order; `intakes` when each was written (service clock); `series` the series
    and the operation that began it, for each appointment that belongs to one. `claims` are (kind, owner,
    tick, entry) and `spans` (kind, owner, first tick, tick after the last, entry); `mails` how many are owed
    for each appointment; `parties` the appointments of those who come together, `parties_by` the operation
    that made two of them; `pairs` that with which two on their way began.
    """

    holds: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    appointments: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    absences: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    events: tuple[tuple[int, str, str], ...] = ()
    claims: tuple[tuple[str, int, int, int], ...] = ()
    spans: tuple[tuple[str, int, int, int, int], ...] = ()
    entries: frozenset[int] = frozenset()
    mails: Mapping[int, int] = field(default_factory=dict)
    moved_to: Mapping[tuple[int, str], int] = field(default_factory=dict)
    rulings: tuple[tuple[int, str, str], ...] = ()
    intakes: Mapping[int, int] = field(default_factory=dict)
    series: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    parties: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    parties_by: Mapping[int, str] = field(default_factory=dict)
    pairs: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """A whole run."""

    house: House
    operations: tuple[Operation, ...]
    afterwards: Afterwards


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not have been; the rules are listed in the checker."""

    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"[{self.rule}] {self.sentence}"


def read(folder: Path) -> tuple[Operation, ...]:
    """The operations that the clerks of a run wrote down, in the order in which they were asked."""
    found = [each for path in folder.glob("*.jsonl") for each in _read_one(path)]
    return tuple(sorted(found, key=lambda operation: operation.at))


def _read_one(path: Path) -> Iterator[Operation]:
    """Each operation of a clerk is two lines, the asking and the answer; a killed one has no answer."""
    asked: dict[str, Any] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            said = json.loads(line)
        except ValueError:  # killed while writing: nothing was said
            continue
        if "kind" in said:
            if asked is not None:
                yield Operation(**asked)
            asked = said
        elif asked is not None:
            yield Operation(**{**asked, **said})
            asked = None
    if asked is not None:
        yield Operation(**asked)


def counted(operations: Iterable[Operation]) -> dict[str, dict[str, int]]:
    """How many of each kind got which answer; 'unknown' for those without."""
    table: dict[str, dict[str, int]] = {}
    for operation in operations:
        row = table.setdefault(operation.kind, {})
        answer = operation.answer or "unknown"
        row[answer] = row.get(answer, 0) + 1
    return table
