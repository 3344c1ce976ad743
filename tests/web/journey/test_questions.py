"""The pages of questions: what is typed stays, what changes forgets, what is ahead is closed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Hold, Journey
from clinic.booking.statuses import HoldStatus
from clinic.intake.models import Intake, IntakeStatus
from clinic.intake.services import answers_of
from tests.makers import Clinic
from tests.web.journey.steps import SLUGS, Walker, heading


def test_an_empty_page_says_what_is_missing_and_links_to_it(walker: Walker) -> None:
    page = walker.post("/book/safety", {"saddle_numb": "yes"})
    assert page.status_code == 422
    assert "<title>Error: " in page.text
    assert 'href="#now_signs"' in page.text
    assert 'value="yes" checked' in page.text


def test_none_together_with_others_is_asked_again(walker: Walker) -> None:
    page = walker.answer("safety", now_signs=["none", "chest_pain"])
    assert page.status_code == 422
    assert "Untick" in page.text
    assert page.text.count("checked") >= 2


def test_a_wrong_date_keeps_what_was_typed(walker: Walker) -> None:
    walker.answer("safety")
    page = walker.answer("about-you", **{"age_years-day": "31", "age_years-month": "2"})
    assert page.status_code == 422
    assert 'value="31"' in page.text
    assert 'href="#age_years-day"' in page.text


def test_a_follow_up_that_opens_is_asked(walker: Walker) -> None:
    walker.answer("safety")
    page = walker.answer("about-you", **{"age_years-year": "2012"})
    assert page.status_code == 422
    assert "guardian" in page.text


def test_the_page_on_how_it_feels_comes_only_where_it_hurts(walker: Walker) -> None:
    walker.answer("safety")
    walker.answer("about-you")
    assert walker.answer("wishes", B07_low_back="hurts").location == "/book/comfort"
    assert walker.answer("comfort").location == "/book/lately"
    assert walker.answer("wishes").location == "/book/lately"
    assert walker.get("/book/comfort").location == "/book/lately"


def test_the_body_can_be_marked_by_drawing_and_by_list(walker: Walker) -> None:
    walker.answer("safety")
    walker.answer("about-you")
    page = walker.get("/book/wishes").text
    assert "data-bodymap" in page
    assert 'name="B07_low_back"' in page
    walker.answer("wishes", B07_low_back=["hurts", "work"], B13_calf_l="leave")
    again = walker.get("/book/wishes").text
    assert 'name="B07_low_back" value="hurts" checked' in again
    assert 'name="B13_calf_l" value="leave" checked' in again


@pytest.mark.parametrize("slug", SLUGS[2:])
def test_a_page_that_lies_ahead_leads_to_the_next(walker: Walker, slug: str) -> None:
    assert walker.get(f"/book/{slug}").location == "/book/safety"
    walker.answer("safety")
    assert walker.get(f"/book/{slug}").location == "/book/about-you"
    walker.answer("about-you")
    if slug != "wishes":
        assert walker.get(f"/book/{slug}").location == "/book/wishes"


@pytest.mark.parametrize("step", ["outcome", "session", "time", "details", "check", "booked"])
def test_a_step_that_lies_ahead_leads_to_the_next(walker: Walker, step: str) -> None:
    assert walker.get(f"/book/{step}").location == "/book/safety"
    assert walker.get("/book/booked/appointment.ics").location == "/book/safety"


def test_every_page_says_why_it_asks_and_what_to_ring(walker: Walker) -> None:
    page = walker.get("/book/safety").text
    assert page.count("Why we ask") >= 4
    assert "None of these" in page
    assert "tel:999" in page


def test_going_back_without_a_change_keeps_everything(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_check(clinic.swedish.id)
    assert walker.answer("wishes").location == "/book/check"
    assert db.scalars(sa.select(Hold)).one().status is HoldStatus.OPEN


def test_changing_an_answer_forgets_what_rested_on_it(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_check(clinic.swedish.id)
    assert walker.answer("wishes", pressure_pref="5").location == "/book/outcome"
    journey = db.scalars(sa.select(Journey)).one()
    assert (journey.option_id, journey.hold_id, journey.outcome_seen) == (None, None, False)
    assert journey.details is not None
    assert db.scalars(sa.select(Hold)).one().status is HoldStatus.RELEASED
    assert walker.get("/book/check").location == "/book/outcome"


def test_a_change_that_opens_a_page_leads_there(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_session()
    assert walker.answer("wishes", B07_low_back="hurts").location == "/book/comfort"
    assert db.scalars(sa.select(Intake)).one().status is IntakeStatus.DRAFT
    assert walker.get("/book/session").location == "/book/comfort"


def test_page_one_changed_to_a_stop_stops_a_journey_at_once(walker: Walker) -> None:
    walker.answer("safety")
    walker.answer("about-you")
    assert walker.answer("safety", now_signs="chest_pain").location == "/book/outcome"
    assert heading(walker.get("/book/outcome").text) == "Get emergency help now"
    assert walker.answer("safety").location == "/book/wishes"


def test_the_way_goes_on_where_it_was_left_and_can_begin_anew(walker: Walker, db: Session) -> None:
    walker.answer("safety")
    walker.answer("about-you")
    assert walker.get("/book").location == "/book/wishes"
    assert walker.post("/book").location == "/book/safety"
    assert walker.get("/book").location == "/book/safety"
    assert db.scalars(sa.select(Journey)).all() == []


def test_an_expired_journey_begins_anew(walker: Walker, db: Session) -> None:
    walker.answer("safety")
    walker.answer("about-you")
    db.execute(sa.update(Journey).values(expires_at=sa.select(Journey.created_at).scalar_subquery()))
    db.commit()
    assert walker.get("/book/wishes").location == "/book/safety"
    assert walker.answer("wishes").location == "/book/safety"


def to_background(walker: Walker) -> None:
    for slug in ("safety", "about-you", "wishes", "lately"):
        walker.answer(slug)


def test_one_button_says_none_to_all_that_is_left_on_the_long_page(walker: Walker, db: Session) -> None:
    to_background(walker)
    assert 'name="rest_is_none"' in walker.get("/book/background").text
    sent = walker.post(
        "/book/background", {"cancer_history": "never", "blood": "varicose", "rest_is_none": "yes"}
    )
    assert sent.location == "/book/last"
    kept = answers_of(db.scalars(sa.select(Intake)).one())
    assert (kept["blood"], kept["heart"], kept["allergies"]) == (["varicose"], [], [])
    again = walker.get("/book/background").text
    assert 'name="heart" value="none" checked' in again


def test_the_button_answers_nothing_but_lists_and_keeps_what_it_said(walker: Walker) -> None:
    to_background(walker)
    page = walker.post("/book/background", {"rest_is_none": "yes"})
    assert page.status_code == 422
    assert 'href="#cancer_history"' in page.text
    assert page.text.count('class="error"') == 1
    assert 'name="heart" value="none" checked' in page.text


def test_page_one_takes_no_such_button(walker: Walker) -> None:
    assert "rest_is_none" not in walker.get("/book/safety").text
    page = walker.post("/book/safety", {"saddle_numb": "no", "rest_is_none": "yes"})
    assert page.status_code == 422
    assert 'href="#now_signs"' in page.text


@pytest.mark.parametrize(
    ("slug", "field", "value"),
    [
        ("wishes", "goal", "sleep"),
        ("wishes", "pressure_pref", "9"),
        ("wishes", "B07_low_back", "kick"),
        ("lately", "leg_swelling", ["none", "one_leg"]),
        ("background", "blood", ["none", "past_clot"]),
        ("background", "skin", "scales"),
    ],
)
def test_what_no_page_offers_is_refused_at_its_field_and_nothing_is_stored(
    walker: Walker, db: Session, slug: str, field: str, value: str | list[str]
) -> None:
    for before in SLUGS[: SLUGS.index(slug)]:
        if before != "comfort":
            walker.answer(before)
    kept = answers_of(db.scalars(sa.select(Intake)).one())
    page = walker.answer(slug, **{field: value})
    assert page.status_code == 422
    assert "<title>Error: " in page.text
    assert page.text.count('class="error"') == 1
    db.expire_all()
    assert answers_of(db.scalars(sa.select(Intake)).one()) == kept


def test_an_area_that_does_not_exist_is_refused_where_areas_are_asked_for(
    walker: Walker, db: Session
) -> None:
    for slug in ("safety", "about-you", "wishes"):
        walker.answer(slug)
    page = walker.answer("lately", recent_injury="within_72h", injury_areas="Z99_wing")
    assert page.status_code == 422
    assert "Choose from the answers shown" in page.text
    assert "injury_areas" not in answers_of(db.scalars(sa.select(Intake)).one())


def test_page_one_refused_keeps_nothing_at_all(walker: Walker, db: Session) -> None:
    assert walker.answer("safety", now_signs="tired").status_code == 422
    assert walker.get("/book/about-you").location == "/book/safety"
    assert db.scalars(sa.select(Intake)).all() == []
