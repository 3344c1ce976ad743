"""The check on the day: the rules run again, and what may not be given waits or is declined."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.booking import decisions, services
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.care import day_check, holding
from clinic.care import services as care
from clinic.care.day_check import Result, Verdict
from clinic.intake import ledger
from clinic.intake.clearances import Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import ClearanceStatus, Decision, DecisionKind
from clinic.kernel.errors import BadInput, NotCleared, NotFound, Stale, WrongState
from clinic.notify.models import OutboxMessage
from tests import makers

pytestmark = pytest.mark.database
BAD_PRESSURE = {"fit_today": ["medicine"], "heart": ["bp_not_controlled"]}
THINNER = {"fit_today": ["medicine"], "blood": ["blood_thinner"]}


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


@pytest.fixture
def soon(session: Session, now: datetime, clinic: makers.Clinic) -> Appointment:
    """A session in half an hour, on answers of three weeks ago."""
    return booked(session, now, clinic, now + timedelta(minutes=30))


def booked(session: Session, now: datetime, clinic: makers.Clinic, at: datetime, **told: Any) -> Appointment:
    intake = makers.intake(session, now - timedelta(days=21), {**makers.ALL_WELL, **told})
    wish = clinic.wish(therapist_id=clinic.therapists[0].id, is_desk=True)
    return services.book(session, now, wish, at, makers.client(session, now), intake, actor="client")


def checked(session: Session, now: datetime, one: Appointment, **told: Any) -> Result:
    """Checks a session with these answers on top of what is known; gives what it led to."""
    answers = {**day_check.known(session, now, one), "fit_today": [], **told}
    day_check.check(
        session, now, one.reference, one.therapist_id, answers, actor="user:7", version=one.version
    )
    _, result = day_check.result_of(session, now, one.reference, one.therapist_id, actor="user:7")
    assert result is not None
    return result


def kinds(session: Session, intake_id: int | None) -> list[DecisionKind]:
    assert intake_id is not None
    return [each.kind for each in ledger.read(session, intake_id)]


def check_in(session: Session, now: datetime, one: Appointment) -> None:
    services.set_status(session, now, one.id, Status.CHECKED_IN, actor="user:1")


def test_where_nothing_has_changed_the_session_goes_ahead_and_the_check_is_kept(
    session: Session, now: datetime, soon: Appointment
) -> None:
    before = soon.intake_id
    assert checked(session, now, soon).verdict is Verdict.GO
    assert soon.intake_id == before
    assert kinds(session, before)[-1] is DecisionKind.CHECKED
    entry = ledger.read(session, before or 0)[-1]
    assert (entry.actor, entry.appointment_id) == ("user:7", soon.id)


def test_a_change_brings_new_limits_that_stay_with_the_appointment(
    session: Session, now: datetime, soon: Appointment
) -> None:
    before = soon.intake_id
    found = checked(session, now, soon, **THINNER)
    assert found.verdict is Verdict.LIMITS
    assert found.mind == "Light at most."
    assert any(each.kind == "plus" and "light" in each.what.lower() for each in found.changes)
    assert soon.intake is not None
    assert (soon.intake.based_on_id, soon.intake.client_id) == (before, soon.client_id)
    assert DecisionKind.CHECKED in kinds(session, soon.intake_id)
    assert soon.status is Status.BOOKED


def test_what_was_booked_may_not_keep_to_the_new_limits(
    session: Session, now: datetime, clinic: makers.Clinic, soon: Appointment
) -> None:
    soon.option = clinic.deep
    session.flush()
    assert checked(session, now, soon, **THINNER).verdict is Verdict.OTHER


def test_what_needs_an_ok_waits_with_its_time_kept(
    session: Session, now: datetime, soon: Appointment
) -> None:
    found = checked(session, now, soon, **BAD_PRESSURE)
    assert found.verdict is Verdict.HOLD
    assert soon.status is Status.PROVISIONAL
    assert found.clearance_id is not None
    assert found.say
    sent = session.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)).all()
    assert sent == ["booked", "reopened", "to_decide"]


def test_who_has_checked_in_stays_so_and_is_not_treated_until_somebody_has_decided(
    session: Session, now: datetime, soon: Appointment
) -> None:
    check_in(session, now, soon)
    found = checked(session, now, soon, **BAD_PRESSURE)
    assert (found.verdict, soon.status) == (Verdict.HOLD, Status.CHECKED_IN)
    assert day_check.not_to_be_given(soon)
    later = now + timedelta(minutes=40)
    with pytest.raises(NotCleared):
        care.finish(session, later, soon.reference, soon.therapist_id, actor="user:7")
    assert found.clearance_id is not None
    ruling = Ruling(ClearanceStatus.ALLOWED, "Measured 130 over 80.", Signed("Amara", "therapist", "FHT 1"))
    decisions.decide(session, later, found.clearance_id, ruling, actor="user:7", power=Releaser.CLINICIAN)
    given = care.finish(session, later, soon.reference, soon.therapist_id, actor="user:7")
    assert given.status is Status.FULFILLED


def test_an_emergency_stops_it_and_gives_the_words_to_say(
    session: Session, now: datetime, soon: Appointment
) -> None:
    check_in(session, now, soon)
    found = checked(session, now, soon, fit_today=["ill"], now_signs=["chest_pain"])
    assert found.verdict is Verdict.STOP
    assert found.say
    with pytest.raises(NotCleared):
        care.finish(session, now + timedelta(hours=1), soon.reference, soon.therapist_id, actor="user:7")


def test_what_else_they_have_booked_waits_too(
    session: Session, now: datetime, clinic: makers.Clinic, soon: Appointment
) -> None:
    other = booked(session, now, clinic, now + timedelta(days=4))
    other.client_id = soon.client_id
    session.flush()
    session.expire(other)
    checked(session, now, soon, **BAD_PRESSURE)
    assert other.status is Status.PROVISIONAL
    assert other.intake_id == soon.intake_id


def test_a_time_that_waited_stands_again_when_the_check_says_so(
    session: Session, now: datetime, soon: Appointment
) -> None:
    checked(session, now, soon, **BAD_PRESSURE)
    assert checked(session, now, soon, **{**BAD_PRESSURE, "heart": []}).verdict is not Verdict.HOLD
    assert soon.status is Status.BOOKED


def test_what_a_person_holds_no_answer_releases(session: Session, now: datetime, soon: Appointment) -> None:
    assert soon.intake is not None
    therapist = soon.therapist
    holding.hold_session(session, now, soon.reference, therapist, "Saw a rash.", actor="user:7")
    assert checked(session, now, soon, fit_today=["areas"], body_map={}).verdict is Verdict.HOLD
    assert soon.status is Status.PROVISIONAL
    assert soon.intake.clearance is not None


def test_it_is_open_from_an_hour_before_and_for_its_own_therapist_alone(
    session: Session, now: datetime, clinic: makers.Clinic, soon: Appointment
) -> None:
    with pytest.raises(WrongState):
        day_check.known(session, now - timedelta(minutes=31), soon)
    with pytest.raises(NotFound):
        day_check.own(session, soon.reference, clinic.therapists[1].id)
    answers = {**day_check.known(session, now, soon), "fit_today": []}
    with pytest.raises(Stale):
        day_check.check(session, now, soon.reference, soon.therapist_id, answers, actor="user:7", version=99)


def test_a_session_without_answers_cannot_be_checked(
    session: Session, now: datetime, soon: Appointment
) -> None:
    soon.intake = None
    with pytest.raises(WrongState):
        day_check.known(session, now, soon)
    found = day_check.result_of(session, now, soon.reference, soon.therapist_id, actor="user:7")
    assert found == (soon, None)


def test_checking_and_reading_the_result_are_recorded(
    session: Session, now: datetime, soon: Appointment
) -> None:
    checked(session, now, soon)
    found = session.execute(sa.select(AuditEvent.action, AuditEvent.actor)).all()
    assert ("checked_on_the_day", "user:7") in found
    assert ("read_answers", "user:7") in found


@pytest.mark.parametrize("is_in", [False, True])
def test_a_therapist_may_always_decline_with_a_reason_that_only_the_ledger_has(
    session: Session, now: datetime, clinic: makers.Clinic, soon: Appointment, is_in: bool
) -> None:
    if is_in:
        check_in(session, now, soon)
    amara = clinic.therapists[0]
    with pytest.raises(BadInput):
        day_check.decline(session, now, soon.reference, amara, " ", actor="user:7", version=soon.version)
    day_check.decline(session, now, soon.reference, amara, "A rash.", actor="user:7", version=soon.version)
    assert (soon.status, soon.cancel_reason) == (Status.CANCELLED, "declined by the therapist")
    last = ledger.read(session, soon.intake_id or 0)[-1]
    assert (last.kind, last.reason, last.signed.who) == (DecisionKind.DECLINED, "A rash.", "Amara Osei")
    assert all("rash" not in event.detail for event in soon.events)


def test_the_reason_is_kept_where_there_are_no_answers_too(
    session: Session, now: datetime, clinic: makers.Clinic, soon: Appointment
) -> None:
    soon.intake = None
    session.flush()
    amara = clinic.therapists[0]
    day_check.decline(session, now, soon.reference, amara, "Smelt of drink.", actor="u", version=soon.version)
    kept = session.scalars(sa.select(Decision).where(Decision.appointment_id == soon.id)).one()
    assert (kept.kind, kept.reason) == (DecisionKind.DECLINED, "Smelt of drink.")


def test_what_was_given_cannot_be_declined(
    session: Session, now: datetime, clinic: makers.Clinic, soon: Appointment
) -> None:
    check_in(session, now, soon)
    services.set_status(session, now, soon.id, Status.FULFILLED, actor="user:7")
    with pytest.raises(WrongState):
        day_check.decline(
            session, now, soon.reference, clinic.therapists[0], "Late.", actor="u", version=soon.version
        )
