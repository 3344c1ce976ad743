"""Judging stored intakes again by another version of the rules, to see whose outcome would change.

Nothing is written but that it was done. Intakes are told by number; neither names nor answers leave here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlalchemy.orm import Session

from clinic.audit import services as audit
from clinic.db import key_ring
from clinic.intake.answers import BadAnswer, clean
from clinic.intake.comparing import OutcomeChange, compare_outcomes
from clinic.intake.level import Level
from clinic.intake.loading import ContentError
from clinic.intake.models import Intake, IntakeStatus
from clinic.intake.questionnaire import load_questionnaire
from clinic.intake.rules import Rules, load_rules
from clinic.intake.triage import assess
from clinic.kernel.errors import Refusal

BATCH = 200
LISTED = 50

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Replayed:
    """What came out. `changed` holds the first ones by intake number, at most as many as were asked for.

    `levels` counts (before, after); `gained` and `lost` count intakes by rule, `limits` by what is limited
    otherwise; `not_replayed` counts by why.
    """

    version: str
    new_questions: tuple[str, ...] = ()
    levels: Counter[tuple[Level, Level]] = field(default_factory=Counter)
    changed: list[tuple[int, OutcomeChange]] = field(default_factory=list)
    number_changed: int = 0
    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    limits: Counter[str] = field(default_factory=Counter)
    not_replayed: Counter[str] = field(default_factory=Counter)

    @property
    def number(self) -> int:
        """How many were judged again."""
        return self.levels.total()

    def by_level(self) -> list[tuple[tuple[Level, Level], int]]:
        """How many went from which level to which, the most severe first."""
        return sorted(self.levels.items(), key=lambda row: [-level.severity for level in row[0]])

    def count(self, intake_id: int, change: OutcomeChange, limit: int) -> None:
        """Takes one intake into the reckoning."""
        self.levels[change.before, change.after] += 1
        self.gained.update(change.gained)
        self.lost.update(change.lost)
        self.limits.update(limit.partition(":")[0] for limit in change.limits)
        if change.is_change:
            self.number_changed += 1
            if len(self.changed) < limit:
                self.changed.append((intake_id, change))

    def to_json(self) -> dict[str, Any]:
        """Gives plain data."""
        return {
            "version": self.version,
            "replayed": self.number,
            "changed": self.number_changed,
            "levels": [
                {"before": before.value, "after": after.value, "intakes": number}
                for (before, after), number in self.by_level()
            ],
            "newly_matches": dict(sorted(self.gained.items())),
            "no_longer_matches": dict(sorted(self.lost.items())),
            "limits": dict(sorted(self.limits.items())),
            "new_questions": list(self.new_questions),
            "not_replayed": dict(sorted(self.not_replayed.items())),
            "intakes": [
                {
                    "intake": number,
                    "before": change.before.value,
                    "after": change.after.value,
                    "newly_matches": list(change.gained),
                    "no_longer_matches": list(change.lost),
                    "limits": list(change.limits),
                }
                for number, change in self.changed
            ],
        }


class _Stored(NamedTuple):
    """One intake as it lies in the database: `answers` still sealed."""

    id: int
    answers: bytes
    questionnaire_version: str
    rules_version: str | None
    rules_digest: str | None


class _CannotReplay(Exception):
    """Why one intake cannot be judged again, in words that tell nothing of it."""


def record(session: Session, now: datetime, actor: str) -> None:
    """Writes into the ledger that `actor` opened all judged intakes up to the newest number."""
    newest = session.scalar(sa.select(sa.func.max(Intake.id)).where(_is_judged()))
    audit.record(session, now, actor, "replayed_rules", "intakes_up_to", newest or 0)


def replay(
    session: Session,
    new: Rules,
    in_force: Rules,
    *,
    limit: int = LISTED,
    progress: Progress = lambda _done, _all: None,
) -> Replayed:
    """Judges every stored, judged intake by its own rules (`in_force` where it has none) and by `new`.

    Reads in batches, so memory does not grow with the number of intakes; `limit` is how many changed ones
    are told one by one. Call `record` first, in a transaction of its own.
    """
    asked = {question.id for question in in_force.questionnaire.questions}
    added = tuple(question.id for question in new.questionnaire.questions if question.id not in asked)
    found = Replayed(new.version, added)
    total = session.scalar(sa.select(sa.func.count()).select_from(Intake).where(_is_judged())) or 0
    done = 0
    for batch in _batches(session):
        for stored in batch:
            try:
                found.count(stored.id, _judge_again(stored, new, in_force), limit)
            except _CannotReplay as why:
                found.not_replayed[str(why)] += 1
        done += len(batch)
        progress(done, max(total, done))
    return found


def _judge_again(stored: _Stored, new: Rules, in_force: Rules) -> OutcomeChange:
    own = _own_rules(stored, in_force)
    raw = _opened(stored)
    try:
        before = assess(own, clean(raw, load_questionnaire(stored.questionnaire_version)))
    except (ContentError, Refusal) as error:
        raise _CannotReplay("Its own questionnaire cannot read the answers any more.") from error
    try:
        after = assess(new, clean(raw, new.questionnaire))
    except BadAnswer as error:
        raise _CannotReplay(f"Version {new.version} cannot read an answer to {error.field}.") from error
    return compare_outcomes(before, after)


def _opened(stored: _Stored) -> Any:
    try:
        return json.loads(key_ring.open(bytes(stored.answers), "intake.answers"))
    except (InvalidTag, KeyError) as error:
        raise _CannotReplay("The keys of this installation do not open it.") from error


def _own_rules(stored: _Stored, in_force: Rules) -> Rules:
    if stored.rules_version is None:
        return in_force
    try:
        own = load_rules(stored.rules_version)
    except ContentError as error:
        raise _CannotReplay(f"rules/{stored.rules_version}, which judged it, cannot be read.") from error
    if own.digest != stored.rules_digest:
        raise _CannotReplay(f"rules/{stored.rules_version}, which judged it, was changed since.")
    return own


def _batches(session: Session) -> Iterator[list[_Stored]]:
    """Gives the judged intakes by number, some hundred at a time, each batch where the last one ended."""
    last = 0
    sealed = sa.type_coerce(Intake.answers, sa.LargeBinary)  # opened one by one: one may be beyond our keys
    statement = sa.select(
        Intake.id, sealed, Intake.questionnaire_version, Intake.rules_version, Intake.rules_digest
    )
    judged = statement.where(_is_judged()).order_by(Intake.id).limit(BATCH)
    while batch := [_Stored(*row) for row in session.execute(judged.where(Intake.id > last))]:
        yield batch
        last = batch[-1].id


def _is_judged() -> sa.ColumnElement[bool]:
    return Intake.status == IntakeStatus.JUDGED
