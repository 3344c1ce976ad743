"""The ledger of the screening: every decision by the rules or by a person, with what it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.intake.answers import answers_digest
from clinic.intake.level import Level
from clinic.intake.models import Decision, DecisionKind, Intake
from clinic.intake.restrictions import Restrictions

RULES = "rules"
CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Signed:
    """On whose word a decision rests: name, role in plain words, registration number."""

    who: str = ""
    role: str = ""
    registration: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger as it is read."""

    at: datetime
    actor: str
    kind: DecisionKind
    level: Level | None
    rules_version: str
    matched: tuple[str, ...]
    scope: tuple[str, ...]
    limits: Restrictions | None
    reason: str
    signed: Signed
    expires_on: date | None
    appointment_id: int | None


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is decided beside its kind: the reason, how far it reaches and until when (the last day)."""

    reason: str = ""
    scope: tuple[str, ...] = ()
    limits: Restrictions | None = None
    expires_on: date | None = None
    signed: Signed = field(default_factory=Signed)
    appointment_id: int | None = None


def write(
    session: Session,
    now: datetime,
    intake: Intake,
    kind: DecisionKind,
    *,
    actor: str,
    matched: Iterable[str] | None = None,
    grounds: Grounds | None = None,
) -> Decision:
    """Adds a decision with the version, the digest of the answers and the rules that matched.

    `matched` is read from the intake's findings where it is not given. An intake that is not in the session
    yet takes its decision with it.
    """
    why = grounds or Grounds()
    rules = [finding.rule for finding in intake.findings] if matched is None else list(matched)
    made = Decision(
        intake=intake,
        at=now,
        actor=actor,
        kind=kind,
        level=intake.level,
        rules_version=intake.rules_version or "",
        rules_digest=intake.rules_digest or "",
        answers_digest=answers_digest(json.loads(intake.answers)),
        matched=json.dumps(rules),
        scope=json.dumps(list(why.scope)) if why.scope else None,
        limits=json.dumps(why.limits.to_json()) if why.limits else None,
        reason=why.reason,
        who=why.signed.who,
        role=why.signed.role,
        registration=why.signed.registration,
        expires_on=why.expires_on,
        appointment_id=why.appointment_id,
    )
    if intake in session:
        session.add(made)
        session.flush()
    return made


def read(session: Session, intake_id: int) -> list[Entry]:
    """The decisions about an intake, the oldest first. Whoever shows them records that they were read."""
    rows = session.scalars(sa.select(Decision).where(Decision.intake_id == intake_id).order_by(Decision.id))
    return [_entry(row) for row in rows]


def _entry(row: Decision) -> Entry:
    return Entry(
        at=row.at,
        actor=row.actor,
        kind=row.kind,
        level=row.level,
        rules_version=row.rules_version,
        matched=tuple(json.loads(row.matched)),
        scope=tuple(json.loads(row.scope)) if row.scope else (),
        limits=Restrictions.from_json(json.loads(row.limits)) if row.limits else None,
        reason=row.reason,
        signed=Signed(row.who, row.role, row.registration),
        expires_on=row.expires_on,
        appointment_id=row.appointment_id,
    )
