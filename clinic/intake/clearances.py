"""Clearances: what is held for a person's yes, from the request to the decision and its end.

A clearance belongs to one intake. A decision rests on the answers that the holding rules ask about
(`scope`); when one of these changes it ends at once, and otherwise on its last day. A yes never takes a
limit away: limits of the decision come on top of those of the rules. Services; nothing here commits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.intake import ledger
from clinic.intake.answers import AGE, BORN_ON, answers_digest
from clinic.intake.ledger import Grounds, Signed
from clinic.intake.level import Level, Releaser
from clinic.intake.models import Clearance, ClearanceStatus, DecisionKind, Intake
from clinic.intake.restrictions import Restrictions, combine
from clinic.intake.rules import Rules, load_rules
from clinic.kernel import signs
from clinic.kernel.errors import BadInput, Forbidden, NotFound, Stale, WrongState

MONTHS = 6
LONGEST_DAYS = 366
WAITING = frozenset({ClearanceStatus.OPEN, ClearanceStatus.MORE_NEEDED})
RELEASED = frozenset({ClearanceStatus.ALLOWED, ClearanceStatus.LIMITED})
_KINDS = {
    ClearanceStatus.ALLOWED: DecisionKind.ALLOWED,
    ClearanceStatus.LIMITED: DecisionKind.LIMITED,
    ClearanceStatus.REFUSED: DecisionKind.REFUSED,
    ClearanceStatus.MORE_NEEDED: DecisionKind.MORE_NEEDED,
}


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to tell, as `people.contact` read it."""

    name: str
    email: str | None = None
    phone: str | None = None
    best_time: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decides: allowed, limited, refused or more_needed.

    `reason` is for the record, `question` is what the client is asked (more_needed alone). `limits` go
    with limited alone. `expires_on` is the last day, six months on where it is left out.
    """

    status: ClearanceStatus
    reason: str
    signed: Signed
    limits: Restrictions = field(default_factory=Restrictions)
    expires_on: date | None = None
    question: str = ""


# --- asking ------------------------------------------------------------------------------------------


def ask(
    session: Session,
    now: datetime,
    intake: Intake,
    contact: Contact,
    *,
    site_id: int,
    within_hours: int,
    actor: str = ledger.CLIENT,
) -> Clearance:
    """Opens the request for an intake that is held; asked again, it takes the new contact.

    `actor` is who asked: the client, or somebody for them. WrongState for an intake that is not held, or
    that was refused.
    """
    if intake.level is not Level.CLEARANCE or intake.release_by is None:
        raise WrongState("These answers do not wait for anybody.")
    if not contact.email and not contact.phone:
        raise BadInput("Enter an e-mail address or a telephone number.", "email")
    found = intake.clearance or Clearance(intake=intake, status=ClearanceStatus.ENDED)
    if found.status is ClearanceStatus.REFUSED:
        raise WrongState("We have decided about these answers already. Ring us if something has changed.")
    is_new = found.status is ClearanceStatus.ENDED
    if is_new:
        found.status = ClearanceStatus.OPEN
        found.opened_at = found.waiting_since = now
        found.due_at = now + timedelta(hours=within_hours)
        found.decided_at = found.expires_on = None
        found.question = ""
    found.site_id, found.release_by = site_id, intake.release_by
    found.name, found.email, found.phone = contact.name, contact.email, contact.phone
    found.best_time = contact.best_time[:40]
    session.add(found)
    session.flush()
    if is_new:
        ledger.write(session, now, intake, DecisionKind.ASKED, actor=actor)
    return found


def answered(session: Session, now: datetime, clearance: Clearance, *, within_hours: int) -> None:
    """The client has sent what we asked for: it is our turn again."""
    if clearance.status is ClearanceStatus.MORE_NEEDED:
        clearance.status = ClearanceStatus.OPEN
        clearance.waiting_since = now
        clearance.due_at = now + timedelta(hours=within_hours)
        session.flush()


def supersede(session: Session, now: datetime, client_id: int, intake: Intake) -> None:
    """Ends what a client's older answers still wait for: the newer ones are what is decided about."""
    waiting = session.scalars(
        sa.select(Clearance)
        .join(Clearance.intake)
        .where(Intake.client_id == client_id, Intake.id < intake.id, Clearance.status.in_(WAITING))
        .order_by(Clearance.id)
        .with_for_update(of=Clearance)
    ).all()
    for each in waiting:
        _end(session, now, each)
    session.flush()


# --- deciding ----------------------------------------------------------------------------------------


def decide(
    session: Session,
    now: datetime,
    clearance_id: int,
    ruling: Ruling,
    *,
    actor: str,
    power: Releaser,
    today: date,
    version: int | None = None,
) -> Clearance:
    """Keeps a decision and writes it into the ledger. `power` is the most the one who decides may release.

    Forbidden beyond their power, Stale when somebody decided meanwhile, BadInput (with the field) for what
    is missing. Decided once, it can be decided anew: a yes may be taken back.
    """
    found = session.get(Clearance, clearance_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound()
    if version is not None and found.version != version:
        raise Stale()
    session.get(Intake, found.intake_id, with_for_update={"key_share": True}, populate_existing=True)
    if found.release_by.strictness > power.strictness:
        raise Forbidden("Only a therapist may decide this.")
    if found.status is ClearanceStatus.ENDED or found.intake.level is not Level.CLEARANCE:
        raise WrongState("The answers have changed since. There is nothing to decide any more.")
    _check(ruling, found.release_by, today)
    scope = holding(found.intake)
    until = (ruling.expires_on or months_on(today, MONTHS)) if ruling.status in RELEASED else None
    found.status, found.decided_at, found.expires_on = ruling.status, now, until
    found.scope = json.dumps(list(scope))
    found.limits = json.dumps(ruling.limits.to_json()) if ruling.status is ClearanceStatus.LIMITED else None
    found.answers_digest = _matter(_rules_of(found.intake), scope, _answers(found.intake))
    found.question = ruling.question
    _apply(found)
    grounds = Grounds(
        reason=ruling.reason,
        scope=scope,
        limits=ruling.limits if ruling.status is ClearanceStatus.LIMITED else None,
        expires_on=until,
        signed=ruling.signed,
    )
    ledger.write(session, now, found.intake, _KINDS[ruling.status], actor=actor, grounds=grounds)
    session.flush()
    return found


def _check(ruling: Ruling, release_by: Releaser, today: date) -> None:
    if ruling.status not in _KINDS:
        raise BadInput("Choose what you decide.", "decision")
    if not ruling.reason.strip():
        raise BadInput("Write down why.", "reason")
    if not ruling.signed.who.strip():
        raise BadInput("Enter the name of the person who decided.", "who")
    for box, text in (
        ("reason", ruling.reason), ("question", ruling.question), ("who", ruling.signed.who),
        ("role", ruling.signed.role), ("registration", ruling.signed.registration),
    ):  # fmt: skip
        signs.check(text, box)
    releases = ruling.status in RELEASED
    if releases and release_by is not Releaser.RECEPTION and not ruling.signed.registration.strip():
        raise BadInput("Enter the registration number.", "registration")
    if ruling.status is ClearanceStatus.LIMITED and ruling.limits == Restrictions():
        raise BadInput("Say what is limited, or allow it without limits.", "limits")
    if ruling.status is ClearanceStatus.MORE_NEEDED and not ruling.question.strip():
        raise BadInput("Write what the client should send or tell us.", "question")
    if releases and ruling.expires_on is not None:
        if ruling.expires_on <= today:
            raise BadInput("The last day must lie ahead.", "expires_on")
        if ruling.expires_on > today + timedelta(days=LONGEST_DAYS):
            raise BadInput("A clearance lasts a year at most.", "expires_on")


def _apply(clearance: Clearance) -> None:
    """Keeps the intake in step: until when it may be booked, and with which limits."""
    intake, own = clearance.intake, limits_of(clearance)
    until = clearance.expires_on if clearance.status in RELEASED else None
    if intake.cleared_until_on != until:
        intake.cleared_until_on = until
    clearance.by_rules = clearance.by_rules or intake.restrictions
    if clearance.by_rules is not None and intake.restrictions is not None:
        by_rules = Restrictions.from_json(json.loads(clearance.by_rules))
        both = (combine(by_rules, own, _rules_of(intake).techniques) if own else by_rules).to_json()
        # What is encrypted anew without having changed would be a new version of the intake.
        if json.loads(intake.restrictions) != both:
            intake.restrictions = json.dumps(both)


# --- as long as nothing changes ----------------------------------------------------------------------


def look_again(session: Session, now: datetime, intake: Intake) -> None:
    """After an intake has been judged: its clearance stays, is carried over from the one before, or ends.

    It stays only while no rule holds that the decision did not look at, and no answer has changed that
    these rules ask about.
    """
    if intake.id is None:  # not kept yet, so nobody can have decided anything
        return
    intake.cleared_until_on = None
    found = intake.clearance
    if found is not None:
        found.by_rules = intake.restrictions
    if found is not None and found.status in RELEASED:
        if _still_rests(found, intake):
            _apply(found)
        else:
            _end(session, now, found)
    elif found is not None and found.status in WAITING:
        if intake.level is not Level.CLEARANCE or intake.release_by is None:
            _end(session, now, found)
        else:
            found.release_by = intake.release_by
    elif found is None and intake.based_on_id is not None:
        _carry_over(session, now, intake)
    session.flush()


def _carry_over(session: Session, now: datetime, intake: Intake) -> None:
    before = session.scalar(sa.select(Clearance).where(Clearance.intake_id == intake.based_on_id))
    if before is None or before.status not in RELEASED or not _still_rests(before, intake):
        return
    if before.expires_on is None or before.expires_on < now.date():
        return
    made = Clearance(
        intake=intake,
        site_id=before.site_id,
        status=before.status,
        release_by=intake.release_by or before.release_by,
        name=before.name,
        email=before.email,
        phone=before.phone,
        best_time=before.best_time,
        opened_at=now,
        waiting_since=now,
        due_at=now,
        decided_at=before.decided_at,
        expires_on=before.expires_on,
        scope=before.scope,
        limits=before.limits,
        answers_digest=before.answers_digest,
    )
    session.add(made)
    _apply(made)
    grounds = Grounds(scope=holding(intake), limits=limits_of(made), expires_on=made.expires_on)
    ledger.write(session, now, intake, DecisionKind.CARRIED, actor=ledger.RULES, grounds=grounds)


def _still_rests(clearance: Clearance, intake: Intake) -> bool:
    """Whether a decision covers what holds this intake, on the same answers."""
    scope = scope_of(clearance)
    held = holding(intake)
    if intake.level is not Level.CLEARANCE or not set(held) <= set(scope):
        return False
    rules = _rules_of(intake)
    known = {rule.id for rule in rules.rules}
    return set(scope) <= known and clearance.answers_digest == _matter(rules, scope, _answers(intake))


def _end(session: Session, now: datetime, clearance: Clearance) -> None:
    clearance.status, clearance.expires_on, clearance.limits = ClearanceStatus.ENDED, None, None
    clearance.intake.cleared_until_on = None
    ledger.write(session, now, clearance.intake, DecisionKind.ENDED, actor=ledger.RULES)


# --- reading -----------------------------------------------------------------------------------------


def holding(intake: Intake) -> tuple[str, ...]:
    """The ids of the matched rules that hold an intake, in file order."""
    return tuple(finding.rule for finding in intake.findings if finding.level is Level.CLEARANCE)


def scope_of(clearance: Clearance) -> tuple[str, ...]:
    """The rules that a decision looked at."""
    return tuple(json.loads(clearance.scope)) if clearance.scope else ()


def limits_of(clearance: Clearance) -> Restrictions | None:
    """The limits that a decision set on top of the rules', where it did."""
    return Restrictions.from_json(json.loads(clearance.limits)) if clearance.limits else None


def months_on(day: date, months: int) -> date:
    """The same day of the month, `months` later; the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _matter(rules: Rules, scope: Iterable[str], answers: Mapping[str, Any]) -> str:
    """A digest of the answers that the rules of `scope` ask about. Growing older changes no answer."""
    asked = frozenset().union(*(rules.rule(each).when.asks() for each in scope))
    pickers = {
        question.picker.id
        for question in rules.questionnaire.questions
        if question.picker is not None and question.id in asked
    }
    wanted = (asked | pickers | ({BORN_ON} if AGE in asked else set())) - {AGE}
    return answers_digest({key: value for key, value in answers.items() if key in wanted})


def _rules_of(intake: Intake) -> Rules:
    return load_rules(intake.rules_version) if intake.rules_version else load_rules()


def _answers(intake: Intake) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads(intake.answers)
    return answers
