"""Keeping intakes: begun with a clear yes, filled page by page, judged once, read only on the record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import services as audit
from clinic.intake import clearances, ledger, publishing, triage
from clinic.intake.answers import Answers, clean
from clinic.intake.level import Level
from clinic.intake.locales import load_locale
from clinic.intake.models import (
    CallBack,
    CallBackStatus,
    DecisionKind,
    Finding,
    Intake,
    IntakeStatus,
    ScreeningCount,
)
from clinic.intake.questionnaire import load_questionnaire
from clinic.intake.restrictions import Restrictions
from clinic.intake.rules import Rules, load_rules
from clinic.intake.triage import Outcome
from clinic.kernel.errors import NotFound, WrongState
from clinic.people import services as people
from clinic.people.models import ConsentKind

CONSENT_WORDING = (
    "I agree that {clinic} keeps my health answers to plan and give my massage. "
    "I can change my mind at any time."
)


def begin(
    session: Session, now: datetime, answers: Mapping[str, Any], *, clinic: str, channel: str = "web"
) -> Intake:
    """A new draft with the answers so far. Only after a clear yes to the consent, which is kept with it."""
    if answers.get("health_consent") != "yes":
        raise WrongState("Nothing is kept without a yes.")
    intake = Intake(
        status=IntakeStatus.DRAFT,
        channel=channel,
        answers=json.dumps(dict(answers)),
        questionnaire_version=publishing.current_rules(session).questionnaire.version,
        created_at=now,
    )
    session.add(intake)
    session.flush()
    people.record_consent(
        session, now, ConsentKind.HEALTH, CONSENT_WORDING.format(clinic=clinic), intake_id=intake.id
    )
    return intake


def save(session: Session, intake: Intake, answers: Mapping[str, Any]) -> None:
    """Keeps changed answers; an outcome that rested on the old ones is forgotten."""
    if intake.client_id is not None:
        raise WrongState("These answers belong to an appointment. Fill in the questions anew.")
    intake.answers = json.dumps(dict(answers))
    intake.status = IntakeStatus.DRAFT
    intake.level = intake.restrictions = intake.release_by = intake.judged_at = None
    intake.cleared_until_on = None
    intake.findings.clear()
    session.flush()


def answers_of(intake: Intake) -> dict[str, Any]:
    """The plain answers, for the person who gave them. For staff, use `read_answers`."""
    answers: dict[str, Any] = json.loads(intake.answers)
    return answers


def read_answers(session: Session, now: datetime, intake: Intake, actor: str) -> dict[str, Any]:
    """The plain answers, for staff: that `actor` read them goes into the ledger."""
    audit.record(session, now, actor, "read_answers", "intake", intake.id)
    return answers_of(intake)


def outcome_of(intake: Intake, locale: str = "UK") -> Outcome:
    """What the answers lead to by the rules they were judged by, in the words of `locale`."""
    questionnaire = load_questionnaire(intake.questionnaire_version)
    rules = load_rules(intake.rules_version) if intake.rules_version else load_rules()
    return triage.assess(rules, clean(answers_of(intake), questionnaire), load_locale(locale).tokens)


def cleaned(intake: Intake) -> Answers:
    """The answers as the rules see them."""
    return clean(answers_of(intake), load_questionnaire(intake.questionnaire_version))


def rules_for(session: Session, intake: Intake) -> Rules:
    """The rules that a draft is judged by: those in force, or the last ones that go with its own questions.

    A draft that was begun before other questions came into force is judged by what it was asked.
    """
    current = publishing.current_rules(session)
    if current.questionnaire.version == intake.questionnaire_version:
        return current
    for each in publishing.publications(session):
        if each.questionnaire_version == intake.questionnaire_version:
            return load_rules(each.rules_version)
    return load_rules(intake.questionnaire_version)


def judge(
    session: Session, now: datetime, intake: Intake, left_out: Mapping[str, str] | None = None
) -> Outcome:
    """Judges a draft by the rules in force and keeps level, findings and restrictions; the ledger says so.

    `left_out` (technique: sentence) are techniques that do not fit for another reason than a rule; they
    are kept with the restrictions, so that nobody books them either.
    """
    rules = rules_for(session, intake)
    outcome = triage.assess(rules, cleaned(intake))
    limits = outcome.restrictions.to_json()
    for technique, sentence in (left_out or {}).items():
        limits["excluded"].setdefault(technique, [])
        limits["reasons"].setdefault(technique, sentence)
    intake.restrictions = json.dumps(limits)
    intake.level = outcome.level
    intake.release_by = outcome.release_by
    intake.rules_version, intake.rules_digest = rules.version, rules.digest
    intake.status, intake.judged_at = IntakeStatus.JUDGED, now
    intake.findings = [Finding(rule=rule.id, level=rule.level) for rule in outcome.findings]
    ledger.write(session, now, intake, DecisionKind.JUDGED, actor=ledger.RULES, matched=outcome.matched)
    clearances.look_again(session, now, intake)
    session.flush()
    return outcome


def restrictions_of(intake: Intake) -> Restrictions:
    """The limits kept with a judged intake."""
    if intake.restrictions is None:
        raise WrongState("These answers have not been judged yet.")
    return Restrictions.from_json(json.loads(intake.restrictions))


def count_stop(session: Session, on: date, level: Level) -> None:
    """Counts a form that stopped on page one. Nothing else is kept of it."""
    changed = session.execute(
        sa.update(ScreeningCount)
        .where(ScreeningCount.on == on, ScreeningCount.level == level)
        .values(number=ScreeningCount.number + 1)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        try:
            with session.begin_nested():
                session.add(ScreeningCount(on=on, level=level, number=1))
        except sa.exc.IntegrityError:
            count_stop(session, on, level)


def ask_for_call_back(
    session: Session,
    now: datetime,
    *,
    site_id: int,
    name: str,
    phone: str,
    email: str | None = None,
    best_time: str = "",
    note: str = "",
    intake: Intake | None = None,
) -> CallBack:
    """Keeps that someone wants to be rung. Asked twice for one intake while open, it stays one request."""
    found = None
    if intake is not None:
        found = session.scalar(
            sa.select(CallBack).where(CallBack.intake_id == intake.id, CallBack.status == CallBackStatus.OPEN)
        )
    wanted = found or CallBack(created_at=now, status=CallBackStatus.OPEN)
    wanted.intake_id = intake.id if intake else None
    wanted.site_id, wanted.name, wanted.phone, wanted.email = site_id, name, phone, email
    wanted.best_time, wanted.note = best_time[:40], note[:2000]
    session.add(wanted)
    session.flush()
    return wanted


def finish_call_back(session: Session, now: datetime, call_back_id: int, user_id: int) -> CallBack:
    """Marks a call-back as done by a user. Doing it twice does no harm."""
    found = session.get(CallBack, call_back_id, with_for_update=True)
    if found is None:
        raise NotFound()
    if found.status is CallBackStatus.OPEN:
        found.status, found.done_at, found.done_by_id = CallBackStatus.DONE, now, user_id
        session.flush()
    return found
