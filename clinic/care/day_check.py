"""The check on the day: has anything changed since the form was filled in? A yes runs the rules again.

Only the therapist of the session checks it, from one hour before until it is done. They may always decline,
with a reason. Services; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import services as audit
from clinic.booking import decisions, lifecycle, screening, services
from clinic.booking.models import Appointment
from clinic.booking.returning import belong_to
from clinic.booking.statuses import Status
from clinic.care import brief
from clinic.care.brief import Change
from clinic.catalog.recommendation import recommend
from clinic.intake import ledger, returning, triage
from clinic.intake import services as intakes
from clinic.intake.ledger import Grounds, Signed
from clinic.intake.level import Level, Releaser
from clinic.intake.models import DecisionKind, Intake, IntakeStatus
from clinic.intake.questionnaire import load_questionnaire
from clinic.intake.restrictions import one_line
from clinic.intake.rules import load_rules
from clinic.kernel import signs
from clinic.kernel.errors import BadInput, NotFound, Stale, WrongState
from clinic.roster.models import Therapist

BEFORE = timedelta(hours=1)
LONGEST = 2000
_OPEN = frozenset({Status.PROVISIONAL, Status.BOOKED, Status.CHECKED_IN})


class Verdict(StrEnum):
    """What a check leads to."""

    GO = "go"  # as planned
    LIMITS = "limits"  # with new limits
    OTHER = "other"  # what was booked does not keep to the limits any more
    HOLD = "hold"  # not to be given until somebody has decided
    STOP = "stop"  # not to be given: medical help first


@dataclass(frozen=True, slots=True)
class Result:
    """What a check led to, for the therapist. `say` is what to tell the client, in the client's words."""

    verdict: Verdict
    level: Level
    checked_at: datetime
    mind: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    say: tuple[str, ...]
    clearance_id: int | None
    may_decide: bool


def may_check(status: Status, starts_at: datetime, now: datetime) -> bool:
    """Whether a session may be checked now: from an hour before it begins, and while it is not over."""
    return status in _OPEN and now >= starts_at - BEFORE


def not_to_be_given(appointment: Appointment) -> bool:
    """Whether the answers do not let this session be given on its day, whoever has checked in."""
    intake = appointment.intake
    if intake is None or intake.level is None:
        return False
    return not screening.is_bookable(intake, services.day_at(appointment.site, appointment.starts_at))


def own(session: Session, reference: str, therapist_id: int, *, lock: bool = False) -> Appointment:
    """A therapist's own session; NotFound for another's, whether it exists or not."""
    wanted = sa.select(Appointment).where(
        Appointment.reference == reference, Appointment.therapist_id == therapist_id
    )
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(wanted)
    if found is None:
        raise NotFound()
    return found


def known(session: Session, now: datetime, appointment: Appointment) -> dict[str, Any]:
    """The answers that a check starts from; WrongState where it cannot be made now."""
    if not may_check(appointment.status, appointment.starts_at, now):
        raise WrongState("A session is checked from one hour before it begins until it is done.")
    intake = appointment.intake
    if intake is None or intake.level is None or not returning.may_carry_over(session, intake):
        raise WrongState("There are no answers to go by. Ask all questions first, or decline.")
    return returning.known_on_the_day(session, intake, services.day_at(appointment.site, now))


def check(
    session: Session,
    now: datetime,
    reference: str,
    therapist_id: int,
    answers: Mapping[str, Any],
    *,
    actor: str,
    version: int,
) -> Appointment:
    """Keeps a check. Where nothing has changed the answers stay; else new ones are judged by the rules.

    All that the client has coming then rests on the new ones. Of this session: what may not be given waits,
    with its time kept; who has checked in already stays so, and the session cannot be marked as done.
    """
    appointment = own(session, reference, therapist_id, lock=True)
    if appointment.version != version:
        raise Stale()
    known(session, now, appointment)
    intake = appointment.intake
    assert intake is not None
    audit.record(session, now, actor, "checked_on_the_day", "intake", intake.id)
    if answers.get(returning.FIT_TODAY):
        intake = _judged(session, now, intake, answers)
        appointment.intake = intake
        belong_to(session, intake, appointment.client)
        _settle(session, now, appointment, intake, actor)
        decisions.renew(session, now, appointment.client, intake)
    grounds = Grounds(appointment_id=appointment.id)
    ledger.write(session, now, intake, DecisionKind.CHECKED, actor=actor, grounds=grounds)
    services.note(session, now, appointment, actor, "checked on the day")
    return appointment


def _judged(session: Session, now: datetime, before: Intake, answers: Mapping[str, Any]) -> Intake:
    made = returning.begin_on_the_day(session, now, before, answers)
    rules, cleaned = intakes.rules_for(session, made), intakes.cleaned(made)
    suggestion = recommend(cleaned, triage.assess(rules, cleaned))
    intakes.judge(session, now, made, suggestion.left_out if suggestion else None)
    returning.keep_hold(session, now, made)
    return made


def _settle(session: Session, now: datetime, appointment: Appointment, intake: Intake, actor: str) -> None:
    if not not_to_be_given(appointment):
        if appointment.status is Status.PROVISIONAL and screening.suits(
            intakes.restrictions_of(intake), appointment.option
        ):
            decisions.stand(session, now, appointment, actor=actor)
    elif appointment.status is Status.BOOKED:
        decisions.reopen(session, now, appointment, actor=actor)
    else:
        decisions.ask_for(session, now, appointment, intake, actor=actor)


def result_of(
    session: Session, now: datetime, reference: str, therapist_id: int, *, actor: str
) -> tuple[Appointment, Result | None]:
    """What the last check of a session led to, None where none was made; that `actor` read it is recorded."""
    appointment = own(session, reference, therapist_id)
    intake = appointment.intake
    entry = None
    if intake is not None and intake.level is not None:
        entries = ledger.read(session, intake.id)
        entry = next(
            (
                each
                for each in reversed(entries)
                if each.kind is DecisionKind.CHECKED and each.appointment_id == appointment.id
            ),
            None,
        )
    if intake is None or entry is None:
        return appointment, None
    audit.record(session, now, actor, "read_answers", "intake", intake.id)
    return appointment, _result(session, appointment, intake, entry.at)


def _result(session: Session, appointment: Appointment, intake: Intake, at: datetime) -> Result:
    found = intakes.outcome_of(intake, appointment.site.locale)
    limits = intakes.restrictions_of(intake)
    changes = _changes(session, intake)
    verdict = _verdict(appointment, intake, is_same=all(each.kind == "same" for each in changes))
    level = intake.level or found.level
    waits = level if verdict in (Verdict.HOLD, Verdict.STOP) else None
    clearance = intake.clearance
    return Result(
        verdict=verdict,
        level=level,
        checked_at=at,
        mind=one_line(limits),
        changes=changes,
        notes=tuple(note.text for note in found.notes if waits is None or note.level is waits),
        say=tuple(each.text for each in found.messages if each.level is waits),
        clearance_id=clearance.id if clearance is not None else None,
        may_decide=verdict is Verdict.HOLD and intake.release_by is not Releaser.CLINICIAN,
    )


def _verdict(appointment: Appointment, intake: Intake, *, is_same: bool) -> Verdict:
    if intake.level is not None and intake.level.stops:
        return Verdict.STOP
    if not_to_be_given(appointment):
        return Verdict.HOLD
    if not screening.suits(intakes.restrictions_of(intake), appointment.option):
        return Verdict.OTHER
    return Verdict.GO if is_same else Verdict.LIMITS


def _changes(session: Session, intake: Intake) -> tuple[Change, ...]:
    """What the limits say now and did not before the check."""
    before = returning.based_on(session, intake) if intake.channel == returning.ON_THE_DAY else None
    if before is None or before.restrictions is None:
        return (Change("same", "", "Nothing has changed."),)
    rules = load_rules(intake.rules_version) if intake.rules_version else load_rules()
    asked = load_questionnaire(intake.questionnaire_version)
    was, now_is = intakes.restrictions_of(before), intakes.restrictions_of(intake)
    return tuple(brief.changes(was, now_is, asked, rules.techniques))


def decline(
    session: Session,
    now: datetime,
    reference: str,
    therapist: Therapist,
    reason: str,
    *,
    actor: str,
    version: int,
) -> Appointment:
    """Declines a session; the reason goes into the ledger, encrypted, and nowhere else.

    Stale when it changed meanwhile, BadInput without a reason, WrongState once it was given or called off.
    """
    appointment = own(session, reference, therapist.id, lock=True)
    if appointment.version != version:
        raise Stale()
    if len(reason) > LONGEST:
        raise BadInput(f"Use {LONGEST} signs or fewer.", "reason")
    signs.check(reason, "reason")
    lifecycle.check(appointment.status, Status.CANCELLED)
    signed = Signed(therapist.name, "therapist", therapist.registration)
    decisions.decline(session, now, appointment, actor=actor, reason=reason, signed=signed)
    if appointment.intake is None:
        _keep_reason(session, now, appointment, actor, reason, signed)
    return appointment


def _keep_reason(
    session: Session, now: datetime, appointment: Appointment, actor: str, reason: str, signed: Signed
) -> None:
    """Without any answers the reason still needs its place: an empty draft of the client's carries it."""
    empty = Intake(
        client_id=appointment.client_id,
        status=IntakeStatus.DRAFT,
        channel=returning.ON_THE_DAY,
        answers="{}",
        questionnaire_version=load_questionnaire().version,
        created_at=now,
    )
    session.add(empty)
    session.flush()
    grounds = Grounds(reason=reason, signed=signed, appointment_id=appointment.id)
    ledger.write(session, now, empty, DecisionKind.DECLINED, actor=actor, grounds=grounds)
