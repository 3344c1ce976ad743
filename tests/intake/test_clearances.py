"""Clearances: who may decide what, what a decision rests on, and when it ends."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from clinic.intake import clearances, ledger
from clinic.intake import services as intakes
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Level, Releaser
from clinic.intake.models import Clearance, ClearanceStatus, DecisionKind, Intake
from clinic.intake.restrictions import Restrictions
from clinic.kernel.errors import BadInput, Forbidden, Stale, WrongState
from tests import makers

pytestmark = pytest.mark.database
TODAY = date(2026, 11, 23)
ANNA = Contact("Anna Petrova", "anna@client.example", "+442079460000")
NURSE = Signed("Priya Shah", "practice nurse", "18G0041E")
PRESSURE = {"heart": ["bp_not_controlled"]}  # held until a clinician has said yes
WORSE_ON_COUGHING = {
    "body_map": {"hurts": ["B07_low_back"], "work": [], "leave": []},
    "pain_score": 4, "pain_length": "acute", "pain_start": "lift_twist", "pain_feel": ["stiff"],
    "pain_pattern": ["cough_strain"], "pain_trend": "same",
}  # fmt: skip


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


def asked(
    session: Session, now: datetime, clinic: makers.Clinic, answers: dict[str, Any] | None = None
) -> Clearance:
    intake = makers.intake(session, now, answers or PRESSURE)
    return clearances.ask(session, now, intake, ANNA, site_id=clinic.site.id, within_hours=48)


def yes(**changes: Any) -> Ruling:
    values = {"status": ClearanceStatus.ALLOWED, "reason": "Reading 132 over 84.", "signed": NURSE}
    return Ruling(**{**values, **changes})


def decided(session: Session, now: datetime, found: Clearance, ruling: Ruling, **changes: Any) -> Clearance:
    values: dict[str, Any] = {"actor": "user:1", "power": Releaser.CLINICIAN, "today": TODAY}
    return clearances.decide(session, now, found.id, ruling, **{**values, **changes})


def kinds(session: Session, intake: Intake) -> list[DecisionKind]:
    return [entry.kind for entry in ledger.read(session, intake.id)]


def test_a_request_waits_until_the_clinics_promise(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    assert (found.status, found.release_by) == (ClearanceStatus.OPEN, Releaser.CLINICIAN)
    assert found.due_at == now + timedelta(hours=48)
    assert kinds(session, found.intake) == [DecisionKind.JUDGED, DecisionKind.ASKED]


def test_asking_twice_is_one_request_with_the_newer_contact(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    later = now + timedelta(hours=1)
    contact = Contact("Anna Petrova", None, "+442079460001", "Mornings")
    again = clearances.ask(session, later, found.intake, contact, site_id=clinic.site.id, within_hours=48)
    assert again is found
    assert again.waiting_since == now
    assert (again.email, again.phone, again.best_time) == (None, "+442079460001", "Mornings")


def test_nobody_is_asked_about_answers_that_are_not_held(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    well = makers.intake(session, now)
    with pytest.raises(WrongState):
        clearances.ask(session, now, well, ANNA, site_id=clinic.site.id, within_hours=48)
    held = makers.intake(session, now, PRESSURE)
    with pytest.raises(BadInput, match="e-mail"):
        clearances.ask(session, now, held, Contact("Anna"), site_id=clinic.site.id, within_hours=48)
    assert held.clearance is None


def test_a_yes_lasts_six_months_and_says_on_whose_word(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = decided(session, now, asked(session, now, clinic), yes())
    assert found.intake.cleared_until_on == found.expires_on == date(2027, 5, 23)
    last = ledger.read(session, found.intake_id)[-1]
    assert (last.kind, last.actor, last.signed) == (DecisionKind.ALLOWED, "user:1", NURSE)
    assert (last.reason, last.scope, last.level) == ("Reading 132 over 84.", ("C13",), Level.CLEARANCE)


def test_a_yes_takes_no_limit_away_and_its_own_limits_come_on_top(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic, {**PRESSURE, "bones": ["disc_known"]})
    before = intakes.restrictions_of(found.intake)
    assert before.pressure_cap == 3
    limits = Restrictions(pressure_cap=2, avoid=("F08_tummy",))
    decided(session, now, found, yes(status=ClearanceStatus.LIMITED, limits=limits))
    after = intakes.restrictions_of(found.intake)
    assert after.pressure_cap == 2
    assert set(before.excluded) | {"deep_tissue", "trigger_point", "sports"} <= set(after.excluded)
    assert after.avoid == ("F08_tummy",)
    decided(session, now, found, yes())
    assert intakes.restrictions_of(found.intake) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"signed": Signed("", "nurse", "1")}, "who"),
        ({"signed": Signed("Priya Shah", "nurse", " ")}, "registration"),
        ({"status": ClearanceStatus.LIMITED}, "limits"),
        ({"status": ClearanceStatus.MORE_NEEDED}, "question"),
        ({"status": ClearanceStatus.OPEN}, "decision"),
        ({"expires_on": TODAY}, "expires_on"),
        ({"expires_on": TODAY + timedelta(days=367)}, "expires_on"),
    ],
)
def test_a_decision_with_something_missing_is_refused_at_its_field(
    session: Session, now: datetime, clinic: makers.Clinic, changes: dict[str, Any], field: str
) -> None:
    found = asked(session, now, clinic)
    with pytest.raises(BadInput) as refused:
        decided(session, now, found, yes(**changes))
    assert refused.value.field == field
    assert found.status is ClearanceStatus.OPEN
    assert found.intake.cleared_until_on is None


def test_only_who_may_release_it_decides(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    found = asked(session, now, clinic)
    for power in (Releaser.RECEPTION, Releaser.THERAPIST):
        with pytest.raises(Forbidden):
            decided(session, now, found, yes(), power=power)
    waits_for_therapist = asked(session, now, clinic, WORSE_ON_COUGHING)
    assert waits_for_therapist.release_by is Releaser.THERAPIST
    decided(session, now, waits_for_therapist, yes(), power=Releaser.THERAPIST)
    assert waits_for_therapist.status is ClearanceStatus.ALLOWED


def test_reception_releases_what_only_has_to_pass_without_a_number(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic, {"skin": ["catching"], "skin_areas": ["F06_arm_hand_l"]})
    ruling = yes(signed=Signed("Sam Webb", "reception"), reason="Clear since Friday.")
    assert decided(session, now, found, ruling, power=Releaser.RECEPTION).status is ClearanceStatus.ALLOWED


def test_two_who_decide_at_once_do_not_overwrite_each_other(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    seen = found.version
    decided(session, now, found, yes(), version=seen)
    with pytest.raises(Stale):
        decided(session, now, found, yes(status=ClearanceStatus.REFUSED), version=seen)
    assert found.status is ClearanceStatus.ALLOWED


def test_a_yes_may_be_taken_back_and_both_stand_in_the_ledger(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = decided(session, now, asked(session, now, clinic), yes())
    decided(session, now, found, yes(status=ClearanceStatus.REFUSED, reason="Rang: reading 170 over 100."))
    assert found.intake.cleared_until_on is None
    assert kinds(session, found.intake)[-2:] == [DecisionKind.ALLOWED, DecisionKind.REFUSED]
    with pytest.raises(WrongState):
        clearances.ask(session, now, found.intake, ANNA, site_id=clinic.site.id, within_hours=48)


def test_a_question_waits_for_the_client_and_their_answer_starts_the_promise_anew(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = asked(session, now, clinic)
    more = yes(status=ClearanceStatus.MORE_NEEDED, question="What was the last reading?")
    decided(session, now, found, more)
    assert (found.status, found.question) == (ClearanceStatus.MORE_NEEDED, "What was the last reading?")
    later = now + timedelta(days=3)
    clearances.answered(session, later, found, within_hours=48)
    assert found.status is ClearanceStatus.OPEN
    assert (found.waiting_since, found.due_at) == (later, later + timedelta(hours=48))


# --- when answers change -----------------------------------------------------------------------------


def judged_again(session: Session, now: datetime, before: Intake, **changes: Any) -> Intake:
    """The same client fills in anew, based on what they said before."""
    answers = {**intakes.answers_of(before), **changes}
    made = intakes.begin(session, now, answers, clinic="Test Rooms")
    made.based_on_id = before.id
    intakes.judge(session, now, made)
    return made


def test_a_clearance_goes_along_while_nothing_it_rests_on_changes(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    limits = Restrictions(pressure_cap=1)
    found = decided(
        session, now, asked(session, now, clinic), yes(status=ClearanceStatus.LIMITED, limits=limits)
    )
    again = judged_again(session, now + timedelta(days=30), found.intake, goal="ease_pain", pressure_pref=5)
    assert again.cleared_until_on == found.expires_on
    assert intakes.restrictions_of(again).pressure_cap == 1
    assert kinds(session, again)[-1] is DecisionKind.CARRIED


def test_another_answer_to_the_same_question_ends_it(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = decided(session, now, asked(session, now, clinic), yes())
    again = judged_again(session, now, found.intake, heart=["bp_not_controlled", "heart_past_stable"])
    assert again.level is Level.CLEARANCE
    assert again.cleared_until_on is None
    assert again.clearance is None


def test_a_new_reason_to_hold_is_not_covered(session: Session, now: datetime, clinic: makers.Clinic) -> None:
    found = decided(session, now, asked(session, now, clinic), yes())
    again = judged_again(session, now, found.intake, bones=["fragility_fracture"])
    assert again.cleared_until_on is None


def test_an_expired_clearance_does_not_go_along(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = decided(session, now, asked(session, now, clinic), yes(expires_on=TODAY + timedelta(days=10)))
    assert judged_again(session, now + timedelta(days=10), found.intake).cleared_until_on is not None
    assert judged_again(session, now + timedelta(days=11), found.intake).cleared_until_on is None


def test_changing_the_answers_it_rests_on_ends_a_decision_on_the_same_intake(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = decided(session, now, asked(session, now, clinic), yes())
    intake = found.intake
    intakes.save(session, intake, {**intakes.answers_of(intake), "goal": "ease_pain"})
    intakes.judge(session, now, intake)
    assert intake.cleared_until_on == date(2027, 5, 23)
    intakes.save(session, intake, {**intakes.answers_of(intake), "heart": ["heart_failure"]})
    intakes.judge(session, now, intake)
    assert (found.status, intake.cleared_until_on) == (ClearanceStatus.ENDED, None)
    assert kinds(session, intake)[-1] is DecisionKind.ENDED
    with pytest.raises(WrongState):
        decided(session, now, found, yes())


def test_a_new_request_after_one_that_ended_begins_afresh(
    session: Session, now: datetime, clinic: makers.Clinic
) -> None:
    found = decided(session, now, asked(session, now, clinic), yes())
    intake = found.intake
    intakes.save(session, intake, {**intakes.answers_of(intake), "heart": ["heart_failure"]})
    intakes.judge(session, now, intake)
    later = now + timedelta(days=2)
    again = clearances.ask(session, later, intake, ANNA, site_id=clinic.site.id, within_hours=24)
    assert again is found
    assert (again.status, again.due_at) == (ClearanceStatus.OPEN, later + timedelta(hours=24))
    assert again.expires_on is None


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (date(2026, 11, 23), date(2027, 5, 23)),
        (date(2026, 8, 31), date(2027, 2, 28)),
        (date(2027, 8, 31), date(2028, 2, 29)),
        (date(2026, 6, 30), date(2026, 12, 30)),
        (date(2026, 7, 1), date(2027, 1, 1)),
    ],
)
def test_six_months_on_is_the_same_day_or_the_last_of_a_shorter_month(day: date, later: date) -> None:
    assert clearances.months_on(day, 6) == later
