"""What suits: only what the clinic can give and the answers allow, each with its reason."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Hold, Journey
from clinic.booking.statuses import HoldStatus
from clinic.catalog.models import OfferingOption
from clinic.roster.models import Therapist
from tests.makers import Clinic
from tests.web.journey.steps import Walker

BRUISES = {"wishes": {"sensitivity": "bruise_easily"}}


def test_the_best_fit_has_reasons_a_length_and_a_price(walker: Walker) -> None:
    page = walker.to_session().text
    assert "Best fit" in page
    assert "You want to relax" in page
    assert "£62" in page
    assert "15 minutes more to talk" in page
    assert "Research does not show that one type is best for everyone" in page


def test_what_may_not_be_had_is_left_out_with_the_sentence_why(walker: Walker, clinic: Clinic) -> None:
    page = walker.to_session(**BRUISES).text
    assert "What we left out, and why" in page
    assert "Deep tissue starts at firm." in page
    assert f'value="{clinic.deep.id}"' not in page
    assert "Thai" not in page  # nobody gives it here


def test_what_nobody_is_trained_for_is_not_shown(walker: Walker, clinic: Clinic, db: Session) -> None:
    for therapist in db.scalars(sa.select(Therapist)):
        therapist.skills = [skill for skill in therapist.skills if skill.name == "Swedish"]
    db.commit()
    assert f'value="{clinic.deep.id}"' not in walker.to_session().text


def test_an_excluded_session_cannot_be_posted(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_session(**BRUISES)
    page = walker.post("/book/session", {"option": clinic.deep.id})
    assert page.status_code == 409
    assert "does not go with what you told us" in page.text
    assert db.scalars(sa.select(Journey)).one().option_id is None


@pytest.mark.parametrize("option", ["", "0", "999999", "x", "1 OR 1", "-1", "9" * 40, "١"])
def test_an_unknown_session_is_asked_again(walker: Walker, option: str) -> None:
    walker.to_session()
    page = walker.post("/book/session", {"option": option})
    assert page.status_code == 422
    assert "Best fit" in page.text


def test_a_session_that_is_not_offered_any_more_says_so(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_session()
    db.execute(sa.update(OfferingOption).where(OfferingOption.id == clinic.deep.id).values(is_active=False))
    db.commit()
    page = walker.post("/book/session", {"option": clinic.deep.id})
    assert page.status_code == 409
    assert "not offered any more" in page.text


def test_the_same_session_again_keeps_the_time_another_gives_it_back(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_details(clinic.swedish.id)
    assert walker.post("/book/session", {"option": clinic.swedish.id}).location == "/book/time"
    assert walker.get("/book/details").status_code == 200
    walker.post("/book/session", {"option": clinic.deep.id})
    assert db.scalars(sa.select(Hold)).one().status is HoldStatus.RELEASED
    assert walker.get("/book/details").location == "/book/time"


def test_nothing_left_to_give_leads_to_a_person(walker: Walker, db: Session) -> None:
    db.execute(sa.update(Therapist).values(is_active=False))
    db.commit()
    page = walker.to_session()
    assert page.status_code == 200
    assert "Call 020 7946 0142" in page.text


def test_two_sessions_stand_side_by_side(walker: Walker, clinic: Clinic) -> None:
    walker.to_session()
    page = walker.get(f"/book/compare?with={clinic.deep.offering_id}")
    assert page.status_code == 200
    assert "Firm to deep" in page.text
    assert walker.post("/book/session", {"option": clinic.deep.id}).location == "/book/time"


@pytest.mark.parametrize("other", ["", "x", "999999"])
def test_comparing_with_nothing_leads_back_to_the_list(walker: Walker, other: str) -> None:
    assert walker.get(f"/book/compare?with={other}").location == "/book/safety"
    walker.to_session()
    assert walker.get(f"/book/compare?with={other}").location == "/book/session"
