"""What suits: only what the clinic can give and the answers allow, each with its reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import services as booking
from clinic.booking.models import Hold, Journey
from clinic.booking.statuses import HoldStatus, Status
from clinic.care.models import SessionOutcome
from clinic.catalog.models import OfferingOption
from clinic.intake.models import Decision, DecisionKind, Intake
from clinic.roster.models import Therapist
from tests import makers
from tests.conftest import NOW
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


def third_session(db: Session, clinic: Clinic) -> OfferingOption:
    """Myofascial release, which both therapists can give."""
    made = makers.option(
        db, clinic.therapists[0].skills[0], "Myofascial release", "myofascial", pressure_firmest=4
    )
    db.commit()
    return made


def test_three_sessions_stand_side_by_side_with_what_the_research_bears(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    third = third_session(db, clinic)
    walker.to_session()
    page = walker.get(f"/book/compare?with={clinic.deep.offering_id}&with={third.offering_id}&with=999").text
    assert "Compare three sessions" in page
    for words in ("What to expect", "What the research says", "How sure that is", "Why it suits you"):
        assert words in page
    assert "None shows that deeper does more than a relaxing massage." in page
    assert "results vary from person to person" in page
    assert "Research does not show that one type is best for everyone" in page


def test_how_firm_is_what_it_may_be_for_this_client(walker: Walker, clinic: Clinic, db: Session) -> None:
    third = third_session(db, clinic)
    walker.to_session(**BRUISES)
    page = walker.get(f"/book/compare?with={third.offering_id}").text
    assert "Light to medium" in page
    assert "firm" not in page.split("How firm, for you")[1].split("</tr>")[0].lower().replace(
        'class="firm', ""
    )


def choices_in(db: Session) -> list[str]:
    return [
        each.reason
        for each in db.scalars(sa.select(Decision).order_by(Decision.id))
        if each.kind is DecisionKind.CHOSEN
    ]


def test_the_choice_is_written_down_beside_the_best_fit_once(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_session()
    for option in (clinic.deep, clinic.deep, clinic.swedish):
        assert walker.post("/book/session", {"option": option.id}).status_code == 303
    assert choices_in(db) == [
        "chose Deep tissue, 60 minutes; best fit was Swedish",
        "chose Swedish, 60 minutes; best fit was Swedish",
    ]
    assert "Swedish" not in str(db.execute(sa.text("SELECT reason FROM decision")).all())


def test_a_choice_that_is_refused_is_not_written_down(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_session(**BRUISES)
    walker.post("/book/session", {"option": clinic.deep.id})
    assert choices_in(db) == []


def been_before(db: Session, clinic: Clinic, before: int, after: int) -> int:
    """A client with three deep sessions behind them; gives the number of the answers they rested on."""
    client = makers.client(db, NOW)
    for days in (21, 14, 7):
        then = NOW - timedelta(days=days)
        made = booking.book(
            db,
            then,
            clinic.wish(option_id=clinic.deep.id),
            then,
            client,
            makers.intake(db, then),
            actor="test",
        )
        made.status = Status.FULFILLED
        db.add(
            SessionOutcome(
                appointment_id=made.id,
                pain_before=str(before),
                pain_after=str(after),
                noted_at=then,
                actor="test",
            )
        )
    db.commit()
    assert made.intake_id is not None
    return made.intake_id


def test_what_helped_before_is_a_reason_for_who_came_by_their_own_link(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    intake_id = been_before(db, clinic, 7, 4)
    said = "elped you before: pain down 3 points over 3 sessions (counts +2)"
    assert said not in walker.to_session().text
    db.execute(sa.update(Intake).where(Intake.client_id.is_(None)).values(based_on_id=intake_id))
    db.commit()
    assert said in walker.get("/book/session").text


def test_what_did_not_help_is_said_and_nothing_more_is_planned(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    intake_id = been_before(db, clinic, 4, 6)
    assert "you can plan the next ones" in walker.to_session().text
    db.execute(sa.update(Intake).where(Intake.client_id.is_(None)).values(based_on_id=intake_id))
    db.commit()
    page = walker.get("/book/session").text
    assert "Your pain was worse after it before: up 2 points over 3 sessions (counts −2)" in page
    assert "See your GP or a physio before you plan more." in page
    assert "you can plan the next ones" not in page


@pytest.mark.parametrize("other", ["", "x", "999999"])
def test_comparing_with_nothing_leads_back_to_the_list(walker: Walker, other: str) -> None:
    assert walker.get(f"/book/compare?with={other}").location == "/book/safety"
    walker.to_session()
    assert walker.get(f"/book/compare?with={other}").location == "/book/session"
