"""Somebody is back: what is carried over with its day, what is asked, what may be said on a page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.intake import returning
from clinic.intake import services as intakes
from clinic.intake.level import Level
from clinic.intake.models import Intake
from clinic.intake.pages import EVERYTHING, next_page, pages_shown
from clinic.intake.questionnaire import load_questionnaire
from clinic.kernel.errors import WrongState
from clinic.people.models import Consent
from tests import makers

pytestmark = pytest.mark.database
Q = load_questionnaire()
PAGE_ONE: dict[str, Any] = {"now_signs": [], "saddle_numb": "no", "bladder_bowel": [], "nerve_signs": []}
WELL = makers.ALL_WELL


def days(number: int) -> timedelta:
    return timedelta(days=number)


def before(session: Session, at: datetime, **answers: Any) -> Intake:
    return makers.intake(session, at, {**WELL, **answers})


def again(session: Session, now: datetime, earlier: Intake, **answers: Any) -> Intake:
    return returning.begin_again(session, now, earlier, answers, clinic="Test Rooms")


def slugs(session: Session, intake: Intake) -> list[str]:
    asking = returning.asking_of(session, intake)
    return [page.slug for page in pages_shown(Q, intakes.answers_of(intake), asking)]


def test_what_still_holds_is_carried_over_and_page_one_is_not(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(1), heart=["bp_controlled"])
    made = again(session, now, earlier)
    kept = intakes.answers_of(made)
    assert (kept["heart"], kept["goal"], kept["health_consent"]) == (["bp_controlled"], "relax", "yes")
    assert not kept.keys() & {*PAGE_ONE, "body_map", "anything_changed"}
    assert slugs(session, made) == ["safety", "changes", "wishes"]
    assert made.based_on_id == earlier.id


def test_what_holds_no_longer_is_asked_again(session: Session, now: datetime) -> None:
    made = again(session, now, before(session, now - days(5)))
    assert "feeling_ill" not in intakes.answers_of(made)
    assert slugs(session, made) == ["safety", "changes", "wishes", "lately"]
    late = again(session, now, before(session, now - days(400)))
    assert intakes.answers_of(late).keys() == {"age_years", "born_on"}


def test_each_answer_keeps_the_day_it_was_really_given(session: Session, now: datetime) -> None:
    first = before(session, now - days(20))
    second = again(session, now - days(10), first)
    answers = intakes.answers_of(second) | PAGE_ONE
    returning.save(session, now - days(10), second, answers, clinic="Test Rooms")
    dates = returning.dates_of(second)
    assert dates["heart"] == (now - days(20)).date()
    assert dates["now_signs"] == (now - days(10)).date()
    third = again(session, now, second)
    assert returning.dates_of(third)["heart"] == (now - days(20)).date()


def test_without_kept_days_all_answers_are_as_old_as_their_intake(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(20))
    assert set(returning.dates_of(earlier).values()) == {(now - days(20)).date()}


def test_the_age_is_that_of_today(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(300), born_on="1986-05-01", age_years=39)
    assert intakes.answers_of(again(session, now, earlier))["age_years"] == 40


def test_the_new_intake_has_the_consent_of_before_as_it_was_given(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(20))
    made = again(session, now, earlier)
    consent = session.scalars(sa.select(Consent).where(Consent.intake_id == made.id)).one()
    assert consent.given_at == now - days(20)
    assert "Test Rooms" in consent.wording


def test_a_consent_that_was_taken_back_carries_nothing(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(1))
    session.execute(sa.update(Consent).values(withdrawn_at=now))
    assert not returning.may_carry_over(session, earlier)
    with pytest.raises(WrongState):
        again(session, now, earlier)


def test_a_yes_that_is_given_now_is_kept_as_given_now(session: Session, now: datetime) -> None:
    made = again(session, now, before(session, now - days(20)), health_consent="yes")
    consent = session.scalars(sa.select(Consent).where(Consent.intake_id == made.id)).one()
    assert consent.given_at == now
    assert returning.dates_of(made)["health_consent"] == now.date()


def test_a_consent_of_a_year_ago_is_asked_for_and_kept_anew(session: Session, now: datetime) -> None:
    made = again(session, now, before(session, now - days(400)))
    assert "about-you" in slugs(session, made)
    returning.save(session, now, made, {**WELL, "anything_changed": []}, clinic="Test Rooms")
    given = session.scalars(sa.select(Consent.given_at).where(Consent.intake_id == made.id)).all()
    assert sorted(given) == [now - days(400), now]


def test_an_answer_that_the_questions_know_no_more_is_asked_again(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(1))
    earlier.answers = makers.as_json({**WELL, "heart": ["a code of long ago"], "sensitivity": ["gone"]})
    earlier.questionnaire_version = "2026-11"
    made = again(session, now, earlier)
    assert not intakes.answers_of(made).keys() & {"heart", "sensitivity"}
    assert slugs(session, made) == ["safety", "changes", "wishes", "background"]


def test_an_ordinary_intake_asks_everything(session: Session, now: datetime) -> None:
    assert returning.asking_of(session, before(session, now)) == EVERYTHING


def test_fresh_is_what_needs_no_more_than_every_visit_asks(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(2))
    assert returning.gone_stale(session, earlier, now.date()) == frozenset()
    assert returning.gone_stale(session, earlier, (now + days(2)).date()) == {"feeling_ill"}


def test_what_was_told_before_is_minded_but_not_said(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(1), blood=["blood_thinner"], age_years=40)
    assert earlier.level is Level.ADAPT
    plain = returning.told(session, earlier)
    assert any("blood thinner" in text for text in plain.client_messages)
    made = again(session, now, earlier)
    answers = {**intakes.answers_of(made), **PAGE_ONE, "anything_changed": [], "body_map": {}}
    returning.save(session, now, made, answers, clinic="Test Rooms")
    assert next_page(Q, answers, returning.asking_of(session, made)) is None
    intakes.judge(session, now, made)
    assert made.restrictions == earlier.restrictions
    said = returning.told(session, made)
    assert said.level is Level.ADAPT
    assert said.restrictions.pressure_cap is None
    assert said.client_messages == (
        "Your therapist also minds what you told us before. It is not shown here.",
    )
    reasons = returning.with_reasons_told(intakes.outcome_of(made), said).restrictions.reasons
    assert set(reasons.values()) == {"Not with what you told us before"}


def test_what_is_told_in_this_visit_is_said(session: Session, now: datetime) -> None:
    made = again(session, now, before(session, now - days(1), blood=["blood_thinner"]))
    answers = {**intakes.answers_of(made), **PAGE_ONE, "body_map": {"leave": ["F08_tummy"]}}
    answers |= {"anything_changed": ["operation"], "skin": ["bruise_sun"]}
    returning.save(session, now, made, answers, clinic="Test Rooms")
    intakes.judge(session, now, made)
    said = returning.told(session, made)
    assert "F08_tummy" in said.avoid
    own = {message.rule_id for message in said.messages}
    assert own < {"", *intakes.outcome_of(made).matched}


def test_another_draft_beside_a_kept_one_rests_on_the_same(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(1))
    made = again(session, now, earlier)
    answers = {**intakes.answers_of(made), **PAGE_ONE}
    other = returning.begin_like(session, now, made, answers, clinic="Test Rooms")
    assert (other.based_on_id, other.id != made.id) == (earlier.id, True)
    assert returning.dates_of(other)["heart"] == (now - days(1)).date()
    plain = returning.begin_like(session, now, earlier, WELL, clinic="Test Rooms")
    assert plain.based_on_id is None


def test_the_check_on_the_day_starts_from_all_that_was_told(session: Session, now: datetime) -> None:
    earlier = before(session, now - days(30), body_map={"hurts": ["B07_low_back"]})
    known = returning.known_on_the_day(session, earlier, now.date())
    assert known["body_map"] == {"hurts": ["B07_low_back"]}
    assert "fit_today" not in known
    made = returning.begin_on_the_day(session, now, earlier, {**known, "fit_today": ["alcohol_drugs"]})
    assert returning.dates_of(made)["fit_today"] == now.date()
    assert returning.dates_of(made)["heart"] == (now - days(30)).date()
    assert returning.asking_of(session, made) == returning.TODAY_ONLY
