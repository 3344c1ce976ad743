"""What the answers lead to, each with a next step and a person to speak to."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.intake import services as intakes
from clinic.intake.level import Level
from clinic.intake.models import CallBack, Intake
from tests.makers import Clinic
from tests.web.journey.steps import Walker, heading

CALL_BACK = {"name": "Ruth Carver", "phone": "020 7946 0321", "email": "", "best_time": "morning"}


def test_clear_answers_may_book(walker: Walker, db: Session) -> None:
    page = walker.answer_all()
    assert heading(page.text) == "You can book"
    assert "What we understood" in page.text
    assert db.scalars(sa.select(Intake)).one().level is Level.CLEAR


def test_limits_are_said_in_plain_words(walker: Walker) -> None:
    page = walker.answer_all(wishes={"sensitivity": "bruise_easily", "B13_calf_l": "leave"})
    assert heading(page.text) == "You can book, with care"
    assert "Medium or lighter. Not on: left calf and heel." in page.text


def test_back_pain_brings_the_safety_net(walker: Walker) -> None:
    page = walker.answer_all(wishes={"B07_low_back": "hurts"})
    assert "Go to A&amp;E at once" in page.text


def test_a_stop_after_the_last_page(walker: Walker) -> None:
    page = walker.answer_all(lately={"leg_swelling": "one_leg"})
    assert heading(page.text) == "Get medical advice today"
    assert "£" not in page.text
    assert "Prices" not in page.text
    assert walker.post("/book/outcome").location == "/book/outcome"
    assert walker.get("/book/session").location == "/book/outcome"


def test_a_step_more_says_why_and_leads_no_further_yet(walker: Walker) -> None:
    page = walker.answer_all(background={"heart": "heart_event_3m"})
    assert heading(page.text) == "We need an OK first"
    assert "Not a no. One more step" in page.text
    assert "Please ask your heart team or GP if massage is OK for you now." in page.text
    assert "020 7946 0142" in page.text
    assert walker.get("/book/session").location == "/book/outcome"


def test_asking_to_be_rung_keeps_the_wish_with_the_answers(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.answer_all(background={"heart": "heart_event_3m"})
    assert walker.post("/book/call-back", CALL_BACK).location == "/book/we-will-ring"
    assert heading(walker.get("/book/we-will-ring").text) == "We will ring you"
    asked = db.scalars(sa.select(CallBack)).one()
    assert (asked.name, asked.phone, asked.email) == ("Ruth Carver", "+442079460321", None)
    assert (asked.best_time, asked.site_id) == ("In the morning", clinic.site.id)
    assert asked.intake_id == db.scalars(sa.select(Intake.id)).one()


def test_asking_twice_is_one_request(walker: Walker, db: Session) -> None:
    walker.answer_all(background={"heart": "heart_event_3m"})
    walker.post("/book/call-back", CALL_BACK)
    walker.post("/book/call-back", CALL_BACK)
    assert len(db.scalars(sa.select(CallBack)).all()) == 1


def test_a_number_that_cannot_be_one_keeps_what_was_typed(walker: Walker, db: Session) -> None:
    page = walker.post("/book/call-back", {**CALL_BACK, "phone": "12"})
    assert page.status_code == 422
    assert 'value="Ruth Carver"' in page.text
    assert 'href="#phone"' in page.text
    assert db.scalars(sa.select(CallBack)).all() == []


def test_anybody_may_ask_to_be_rung(walker: Walker, db: Session) -> None:
    assert walker.get("/book/call-back").status_code == 200
    assert walker.post("/book/call-back", {**CALL_BACK, "best_time": "never"}).status_code == 422
    assert walker.post("/book/call-back", CALL_BACK).status_code == 303
    assert db.scalars(sa.select(CallBack)).one().intake_id is None


def test_what_is_left_out_for_another_reason_is_kept_with_the_limits(walker: Walker, db: Session) -> None:
    walker.answer_all()
    limits = intakes.restrictions_of(db.scalars(sa.select(Intake)).one())
    assert "pregnancy" in limits.excluded
