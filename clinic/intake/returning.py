"""The intake of somebody who was here before: what is carried over, what is asked again, what may be said.

A new intake rests on an earlier one (`based_on_id`). What still holds is carried over with the day on which
it was really given (`answered_on`); the rest is asked. Services; nothing here commits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.intake import freshness, ledger, publishing, triage
from clinic.intake import services as intakes
from clinic.intake.answers import BORN_ON, clean
from clinic.intake.conditions import BODY_MAP
from clinic.intake.level import Level
from clinic.intake.locales import load_locale
from clinic.intake.models import DecisionKind, Intake, IntakeStatus
from clinic.intake.pages import EVERYTHING, Asking, asked_again, drop_hidden, shown
from clinic.intake.questionnaire import Questionnaire, load_questionnaire
from clinic.intake.rules import load_rules
from clinic.intake.triage import Message, Outcome
from clinic.kernel.errors import WrongState
from clinic.people import services as people
from clinic.people.models import Consent, ConsentKind

ON_THE_DAY = "day"
FIT_TODAY = "fit_today"
CONSENT = "health_consent"
TODAY_ONLY = Asking(only=frozenset({FIT_TODAY}), on_the_day=True)
# Wishes are no health answers: a client who is back may be shown them.
_WISHES = frozenset({"goal", "pressure_pref", BODY_MAP})
# Said in place of what was told before: whoever opened the link may be somebody else.
_BEFORE = {
    Level.CLEAR: "Your therapist also minds what you told us before. It is not shown here.",
    Level.ADAPT: "Your therapist also minds what you told us before. It is not shown here.",
    Level.CLEARANCE: "What you told us before and today needs an OK first. It is not shown here.",
    Level.URGENT: "What you told us before and today needs a doctor's advice today.",
    Level.EMERGENCY: "What you told us before and today needs help now.",
}
_LEFT_OUT = "Not with what you told us before"
_PASSES = frozenset({Level.CLEAR, Level.ADAPT})
_RELEASES = frozenset({DecisionKind.ALLOWED, DecisionKind.LIMITED})
_BY_A_PERSON = _RELEASES | {DecisionKind.HELD, DecisionKind.REFUSED}


def newest_of(session: Session, client_id: int) -> Intake | None:
    """The newest judged intake of a client, whatever it said."""
    return session.scalar(
        sa.select(Intake)
        .where(Intake.client_id == client_id, Intake.status == IntakeStatus.JUDGED)
        .order_by(Intake.judged_at.desc(), Intake.id.desc())
        .limit(1)
    )


def may_carry_over(session: Session, before: Intake) -> bool:
    """Whether anything may be carried over: a consent stands, and it is known how long answers hold.

    The lives of answers belong to one version of the questions; while another one is in force all is asked.
    """
    asked = publishing.current_rules(session).questionnaire
    speaks = freshness.load_freshness().questionnaire_version == asked.version
    return speaks and _consent(session, before) is not None


def begin_again(
    session: Session,
    now: datetime,
    before: Intake,
    answers: Mapping[str, Any],
    *,
    clinic: str,
    channel: str = "web",
) -> Intake:
    """A new draft that rests on an earlier intake: what still holds, and the answers given so far.

    With a yes to the consent among `answers` that is kept; else the earlier one goes with it, as it was given
    and when. WrongState where nothing may be carried over: the questions are to be begun anew.
    """
    given = _consent_to_carry(session, before)
    questionnaire = publishing.current_rules(session).questionnaire
    asking = _asking(before, questionnaire, now.date())
    known = freshness.carry_over(questionnaire, intakes.answers_of(before), asking, now.date())
    made = _draft(session, now, before, {**known, **answers}, asking, channel)
    if answers.get(CONSENT) == "yes":
        made.answered_on = _as_json({**dates_of(made), CONSENT: now.date()})
        _record_consent(session, now, made, clinic)
    else:
        _copy_consent(session, given, made)
    return made


def begin_on_the_day(session: Session, now: datetime, before: Intake, answers: Mapping[str, Any]) -> Intake:
    """A new draft for the check on the day: `answers` are all that is known, those of before among them."""
    given = _consent_to_carry(session, before)
    made = _draft(session, now, before, answers, TODAY_ONLY, ON_THE_DAY)
    _copy_consent(session, given, made)
    return made


def known_on_the_day(session: Session, before: Intake, today: date) -> dict[str, Any]:
    """What the check on the day starts from: all earlier answers that today's questions can read."""
    questionnaire = publishing.current_rules(session).questionnaire
    return freshness.carry_over(questionnaire, intakes.answers_of(before), TODAY_ONLY, today)


def _draft(
    session: Session,
    now: datetime,
    before: Intake,
    answers: Mapping[str, Any],
    asking: Asking,
    channel: str,
) -> Intake:
    questionnaire = publishing.current_rules(session).questionnaire
    kept = drop_hidden(questionnaire, answers)
    dates = freshness.dates_after(questionnaire, kept, asking, dates_of(before), now.date())
    made = Intake(
        status=IntakeStatus.DRAFT,
        channel=channel,
        answers=json.dumps(kept),
        questionnaire_version=questionnaire.version,
        created_at=now,
        based_on_id=before.id,
        answered_on=_as_json(dates),
    )
    session.add(made)
    session.flush()
    return made


def begin_like(
    session: Session, now: datetime, intake: Intake, answers: Mapping[str, Any], *, clinic: str
) -> Intake:
    """Another draft beside an intake that may not be changed any more, resting on what that one rests on."""
    before, given = based_on(session, intake), _consent(session, intake)
    if before is None or given is None:
        return intakes.begin(session, now, answers, clinic=clinic, channel=intake.channel)
    made = _draft(session, now, before, answers, asking_of(session, intake), intake.channel)
    _copy_consent(session, given, made)
    return made


def save(session: Session, now: datetime, intake: Intake, answers: Mapping[str, Any], *, clinic: str) -> None:
    """Keeps changed answers as `services.save` does; of somebody who is back, with the day of each.

    A consent that was asked for anew is kept anew.
    """
    intakes.save(session, intake, answers)
    before = based_on(session, intake)
    if before is None:
        return
    questionnaire = load_questionnaire(intake.questionnaire_version)
    asking = asking_of(session, intake)
    dates = freshness.dates_after(questionnaire, answers, asking, dates_of(before), now.date())
    intake.answered_on = _as_json(dates)
    again = asked_again(questionnaire, answers, asking) or frozenset()
    if CONSENT in again and answers.get(CONSENT) == "yes" and not _has_given_anew(session, intake):
        _record_consent(session, now, intake, clinic)
    session.flush()


def keep_hold(session: Session, now: datetime, intake: Intake) -> None:
    """Holds a judged intake where a person held the one before and nobody has decided since.

    The rules let it pass then as well: what a person holds, only a person releases.
    """
    before = based_on(session, intake)
    if before is None or before.level is not Level.CLEARANCE or intake.level not in _PASSES:
        return
    kinds = [entry.kind for entry in ledger.read(session, before.id) if entry.kind in _BY_A_PERSON]
    if not kinds or DecisionKind.HELD not in kinds or kinds[-1] in _RELEASES:
        return
    intake.level, intake.release_by = Level.CLEARANCE, before.release_by
    ledger.write(session, now, intake, DecisionKind.HELD, actor=ledger.RULES)
    session.flush()


# --- what is asked -----------------------------------------------------------------------------------


def based_on(session: Session, intake: Intake) -> Intake | None:
    """The intake whose answers were carried over, if any were."""
    return session.get(Intake, intake.based_on_id) if intake.based_on_id is not None else None


def asking_of(session: Session, intake: Intake) -> Asking:
    """What is asked in the visit that this intake is of; the same from its first page to its last."""
    if intake.channel == ON_THE_DAY:
        return TODAY_ONLY
    before = based_on(session, intake)
    if before is None:
        return EVERYTHING
    return _asking(before, load_questionnaire(intake.questionnaire_version), intake.created_at.date())


def dates_of(intake: Intake) -> dict[str, date]:
    """The day on which each answer was given; where none was kept, the day the intake was begun."""
    if intake.answered_on:
        kept: dict[str, str] = json.loads(intake.answered_on)
        return {name: date.fromisoformat(day) for name, day in kept.items()}
    return dict.fromkeys(intakes.answers_of(intake), intake.created_at.date())


def gone_stale(session: Session, intake: Intake, today: date) -> frozenset[str]:
    """The ids of what holds no longer, without what is asked at every visit anyway.

    Empty where an intake is still fresh: then 'Has anything changed?' is all there is to ask beside that.
    """
    questionnaire = publishing.current_rules(session).questionnaire
    lives = freshness.load_freshness()
    if lives.questionnaire_version != questionnaire.version:
        return frozenset(question.id for question in questionnaire.questions)
    found = freshness.stale(lives, questionnaire, intakes.answers_of(intake), dates_of(intake), today)
    return frozenset(each for each in found if lives.lives[each].days != 0)


def _asking(before: Intake, questionnaire: Questionnaire, today: date) -> Asking:
    lives = freshness.load_freshness()
    if lives.questionnaire_version != questionnaire.version:
        return EVERYTHING
    return freshness.to_ask(lives, questionnaire, intakes.answers_of(before), dates_of(before), today)


# --- what may be said --------------------------------------------------------------------------------


def told(session: Session, intake: Intake, locale: str = "UK") -> Outcome:
    """What an intake leads to, as far as it may be said on the client's own page.

    The level is the real one. Of an intake that rests on an earlier one, only what this visit's answers say
    by themselves is worded and limited; that there is more is said without saying what.
    """
    full = intakes.outcome_of(intake, locale)
    if intake.based_on_id is None:
        return full
    rules = load_rules(intake.rules_version) if intake.rules_version else load_rules()
    answers = clean(_given_now(session, intake), rules.questionnaire)
    alone = triage.assess(rules, answers, load_locale(locale).tokens)
    said = set(alone.matched)
    hidden = {message.level for message in full.messages if message.rule_id not in said and message.text}
    more = {_BEFORE[level]: Message("", level, _BEFORE[level]) for level in Level if level in hidden}
    kept = tuple(message for message in full.messages if message.rule_id in said)
    return replace(full, messages=(*kept, *more.values()), restrictions=alone.restrictions)


def with_reasons_told(full: Outcome, said: Outcome) -> Outcome:
    """The full outcome, to recommend by, with the reasons for what is left out as far as they may be said."""
    may = said.restrictions.reasons
    reasons = {each: may.get(each, _LEFT_OUT) for each in full.restrictions.reasons}
    return replace(full, restrictions=replace(full.restrictions, reasons=reasons))


def _given_now(session: Session, intake: Intake) -> dict[str, Any]:
    """The answers of this visit alone, and the wishes."""
    questionnaire = load_questionnaire(intake.questionnaire_version)
    answers = intakes.answers_of(intake)
    again = asked_again(questionnaire, answers, asking_of(session, intake))
    if again is None:
        return answers
    asked = {question.id for question in shown(questionnaire, answers)}
    carried = {each for each in asked - again - _WISHES if each in _carried(session, intake)}
    areas = {q.picker.id for q in questionnaire.questions if q.picker and q.id in carried}
    hidden = carried | areas | {BORN_ON}
    return {key: value for key, value in answers.items() if key not in hidden}


def _carried(session: Session, intake: Intake) -> frozenset[str]:
    """The ids of the answers that the earlier intake gave."""
    before = based_on(session, intake)
    return frozenset(intakes.answers_of(before)) if before is not None else frozenset()


# --- small parts -------------------------------------------------------------------------------------


def _consent(session: Session, intake: Intake) -> Consent | None:
    """The newest yes to keeping these answers that has not been taken back."""
    return session.scalar(
        sa.select(Consent)
        .where(
            Consent.intake_id == intake.id,
            Consent.kind == ConsentKind.HEALTH,
            Consent.withdrawn_at.is_(None),
        )
        .order_by(Consent.id.desc())
        .limit(1)
    )


def _consent_to_carry(session: Session, before: Intake) -> Consent:
    given = _consent(session, before)
    if given is None or not may_carry_over(session, before):
        raise WrongState("The questions have to be asked from the start.")
    return given


def _copy_consent(session: Session, given: Consent, intake: Intake) -> None:
    """The new intake has a consent of its own: the same words, and the day on which they were agreed to."""
    session.add(
        Consent(
            kind=given.kind,
            wording=given.wording,
            given_at=given.given_at,
            client_id=given.client_id,
            intake_id=intake.id,
        )
    )
    session.flush()


def _has_given_anew(session: Session, intake: Intake) -> bool:
    given = _consent(session, intake)
    return given is not None and given.given_at >= intake.created_at


def _record_consent(session: Session, now: datetime, intake: Intake, clinic: str) -> None:
    wording = intakes.CONSENT_WORDING.format(clinic=clinic)
    people.record_consent(session, now, ConsentKind.HEALTH, wording, intake_id=intake.id)
    session.flush()


def _as_json(dates: Mapping[str, date]) -> str:
    return json.dumps({name: day.isoformat() for name, day in dates.items()})
