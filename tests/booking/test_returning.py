"""Somebody is back: booking again from their last answers, and what new answers do to what is booked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import journeys, kept, returning, services
from clinic.booking.journey import Step, Verdict, next_step
from clinic.booking.journeys import Details, Filters
from clinic.booking.models import Appointment, Journey
from clinic.booking.statuses import Status
from clinic.intake import ledger
from clinic.intake import returning as earlier
from clinic.intake import services as intakes
from clinic.intake.models import DecisionKind, Intake
from clinic.jobs import chores
from clinic.kernel.errors import WrongState
from clinic.notify.models import OutboxMessage
from clinic.people.models import Client, Consent
from tests import makers

pytestmark = pytest.mark.database
FRIDAY = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
VISIT: dict[str, Any] = {
    "now_signs": [], "saddle_numb": "no", "bladder_bowel": [], "nerve_signs": [], "anything_changed": [],
    "body_map": {},
}  # fmt: skip
HELD = {"anything_changed": ["health"], "heart": ["bp_not_controlled"]}


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session, talk_minutes=15)


@pytest.fixture
def anna(session: Session, now: datetime) -> Client:
    return makers.client(session, now)


def booked(
    session: Session, now: datetime, clinic: makers.Clinic, client: Client, at: datetime = FRIDAY, **told: Any
) -> Appointment:
    """An appointment on answers of yesterday, all of which still hold."""
    intake = makers.intake(session, now - timedelta(days=1), {**makers.ALL_WELL, **told})
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    return services.book(session, now, wish, at, client, intake, actor="client")


def back(session: Session, now: datetime, from_: Appointment, *, tells: bool = False) -> Journey:
    return returning.begin(session, now, "token", from_, tells_changes=tells, clinic="Test Rooms")


def tell(session: Session, now: datetime, journey: Journey, **told: Any) -> Journey:
    """Answers the short form; `told` changes answers."""
    assert journey.intake is not None
    answers = {**intakes.answers_of(journey.intake), **VISIT, **told}
    return journeys.answer(session, now, journey.id, answers, clinic="Test Rooms")


def mails(session: Session) -> list[str]:
    return list(session.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)))


def test_who_is_back_begins_at_the_questions_with_their_details_known(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    journey = back(session, now, booked(session, now, clinic, anna))
    assert next_step(journeys.state_of(journey)) is Step.QUESTIONS
    assert journeys.details_of(journey) == Details(
        "Anna Petrova", "anna@client.example", "+442079460000", True
    )
    told = tell(session, now, journey)
    assert journeys.state_of(told).verdict is Verdict.BOOK


def test_the_session_they_had_is_suggested_while_it_suits(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    journey = tell(session, now, back(session, now, was))
    journeys.see_outcome(session, now, journey.id)
    assert journey.option_id == clinic.swedish.id


def test_a_session_that_suits_no_more_is_not_suggested(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    was.option_id = clinic.deep.id
    changed = {"anything_changed": ["medicine"], "blood": ["blood_thinner"]}
    journey = tell(session, now, back(session, now, was), **changed)
    journeys.see_outcome(session, now, journey.id)
    assert journey.option_id is None


def test_who_was_here_needs_no_time_to_talk_and_no_time_of_their_own(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna, now + timedelta(hours=4))
    assert journeys.talk_minutes(back(session, now, was), clinic.site) == 15
    for status in (Status.CHECKED_IN, Status.FULFILLED):
        services.set_status(session, now, was.id, status, actor="user:1")
    journey = returning.begin(session, now, "other", was, tells_changes=False, clinic="Test Rooms")
    assert journeys.talk_minutes(journey, clinic.site) == 0
    journey.option = clinic.swedish
    session.flush()
    assert journeys.wish_of(journey, clinic.site, Filters()).client_id == anna.id


def test_booking_again_is_the_same_client_whatever_name_was_typed(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    journey = tell(session, now, back(session, now, was))
    journeys.see_outcome(session, now, journey.id)
    held = journeys.take_time(session, now, journey.id, clinic.site, Filters(), MONDAY)
    typed = Details("Somebody Else", "else@client.example", "+442079460999", False)
    journeys.keep_details(session, now, journey.id, typed)
    made = journeys.confirm(session, now, journey.id, held.id, terms="Terms.")
    assert made.client_id == anna.id
    assert (anna.name, anna.email, anna.phone) == ("Anna Petrova", "anna@client.example", "+442079460999")
    assert made.intake is not None
    assert made.intake.based_on_id is not None


def test_unchanged_answers_leave_what_is_booked_and_become_what_it_rests_on(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    journey = tell(session, now, back(session, now, was, tells=True))
    assert was.status is Status.BOOKED
    assert was.intake_id == journey.intake_id
    assert was.intake is not None
    assert was.intake.client_id == anna.id
    consent = session.scalars(sa.select(Consent).where(Consent.intake_id == journey.intake_id)).one()
    assert consent.client_id == anna.id
    assert mails(session) == ["booked"]


@pytest.mark.parametrize("tells", [True, False])
def test_a_worse_answer_makes_what_is_booked_wait_and_both_sides_are_told(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client, tells: bool
) -> None:
    was = booked(session, now, clinic, anna)
    journey = tell(session, now, back(session, now, was, tells=tells), **HELD)
    assert was.status is Status.PROVISIONAL
    assert was.intake_id == journey.intake_id
    assert mails(session) == ["booked", "reopened", "to_decide"]
    assert journey.intake is not None
    assert journey.intake.clearance is not None
    assert DecisionKind.REOPENED in {each.kind for each in ledger.read(session, journey.intake.id)}


def test_a_stop_on_page_one_makes_what_is_booked_wait_too(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    journey = back(session, now, was)
    assert journey.intake is not None
    answers = {**intakes.answers_of(journey.intake), "now_signs": ["chest_pain"]}
    journeys.answer(session, now, journey.id, answers, clinic="Test Rooms")
    assert journeys.state_of(journey).verdict is Verdict.STOP
    assert was.status is Status.PROVISIONAL


def test_an_answer_that_is_changed_back_lets_it_stand_again(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    journey = tell(session, now, back(session, now, was, tells=True), **HELD)
    first = journey.intake_id
    tell(session, now, journey, heart=[])
    assert journey.intake_id != first
    assert journey.intake is not None
    assert journey.intake.based_on_id == session.get_one(Intake, first).based_on_id
    assert was.status is Status.BOOKED


def test_answers_that_touch_nothing_booked_stay_nobodys_and_are_swept(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    services.cancel(session, now, was.id, actor="client")
    journey = tell(session, now, back(session, now, was))
    assert journey.intake is not None
    assert journey.intake.client_id is None
    journeys.leave(session, now, journey.id)
    assert chores.sweep_intakes(session, now + timedelta(days=3)) == 1


def test_without_a_consent_that_stands_the_first_question_comes_first(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    session.execute(sa.update(Consent).values(withdrawn_at=now))
    with pytest.raises(WrongState):
        back(session, now, was)
    assert session.scalars(sa.select(Journey)).all() == []


# --- by name and address alone -----------------------------------------------------------------------


def walked_in_full(session: Session, now: datetime, clinic: makers.Clinic, **told: Any) -> Appointment:
    """Anna books by the whole form, as if we did not know her."""
    journey = journeys.begin(session, now, "new", {**makers.ALL_WELL, **told}, clinic="Test Rooms")
    journeys.see_outcome(session, now, journey.id)
    journeys.choose_option(session, now, journey.id, clinic.swedish.id)
    held = journeys.take_time(session, now, journey.id, clinic.site, Filters(), MONDAY)
    typed = Details("Anna Petrova", "anna@client.example", "+442079460000", True)
    journeys.keep_details(session, now, journey.id, typed)
    return journeys.confirm(session, now, journey.id, held.id, terms="Terms.")


def test_worse_answers_of_a_new_booking_make_the_earlier_one_wait(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    was.option_id = clinic.deep.id
    session.flush()
    session.refresh(was)
    made = walked_in_full(session, now, clinic, blood=["blood_thinner"])
    assert (made.status, was.status) == (Status.BOOKED, Status.PROVISIONAL)
    assert was.intake_id == made.intake_id


def test_milder_answers_of_a_new_booking_take_no_limit_from_the_earlier_one(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna, blood=["blood_thinner"])
    made = walked_in_full(session, now, clinic)
    assert was.status is Status.BOOKED
    assert was.intake_id != made.intake_id


def test_what_a_journey_keeps_of_who_is_back_is_read_again(
    session: Session, now: datetime, clinic: makers.Clinic, anna: Client
) -> None:
    was = booked(session, now, clinic, anna)
    journey = back(session, now, was, tells=True)
    session.expire(journey)
    found = kept.back_of(journey)
    assert found == kept.Back(anna.id, was.id, True, False, clinic.swedish.id)
    assert kept.client_id_of(journey) == anna.id
    assert [each.id for each in returning.coming_of(session, now, anna.id)] == [was.id]
    assert earlier.newest_of(session, anna.id) == was.intake
