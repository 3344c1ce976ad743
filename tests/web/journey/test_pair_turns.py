"""Two with one screen: nobody reads or writes the other's answers, and one may go on without the other."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Hold, JourneyPair
from clinic.booking.statuses import HoldStatus
from clinic.intake.models import Intake
from tests.makers import Clinic
from tests.web.journey.steps import ANSWERS, Walker, heading
from tests.web.journey.two import NAMES, REACH, STOPPED, TEN, TwoWalkers, leaf, stop_second
from tests.web.journey.waiting import CONTACT, HELD

pytestmark = pytest.mark.database


# --- nobody reads or writes the other's answers ------------------------------------------------------


def test_in_the_turn_of_the_second_nothing_of_the_first_is_shown(two: TwoWalkers, clinic: Clinic) -> None:
    two.to_session(background={"blood": "blood_thinner"})
    assert "bruis" in two.get("/book/outcome").text.lower() or "Light" in two.get("/book/outcome").text
    two.post("/book/session", {"option": clinic.swedish.id})
    Walker.post(two, "/book/together", NAMES)
    assert two.get("/book/outcome").location == "/book/together/turn"
    assert two.get("/book/background").location == "/book/together/turn"
    two.turn("second")
    page = two.get("/book/safety").text
    assert not re.findall(r"<input[^>]* checked[^>]*>", page)
    assert "Carl’s part." in page
    assert two.get("/book/background").location == "/book/safety"
    assert two.get("/book/outcome").location == "/book/safety"


def test_a_page_of_the_first_sent_in_the_turn_of_the_second_changes_nothing(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    two.begin(clinic)
    two.turn("second")
    old = Walker.post(two, "/book/safety", {**ANSWERS["safety"], "now_signs": "chest_pain"})
    assert old.location == "/book/safety"
    assert "out of date" in two.get("/book/safety").text
    other = db.scalars(sa.select(JourneyPair)).one()
    marked = {**ANSWERS["safety"], "whose": f"{other.id}-first"}
    assert Walker.post(two, "/book/safety", marked).location == "/book/safety"
    assert db.scalar(sa.select(sa.func.count()).select_from(Intake)) == 1


def test_on_the_pages_for_both_nobodys_answers_can_be_opened_or_sent(two: TwoWalkers, clinic: Clinic) -> None:
    two.to_pair_time(clinic)
    for slug in ("safety", "about-you", "background", "outcome", "session", "time", "details", "check"):
        assert two.get(f"/book/{slug}").location == "/book/together/time"
    assert Walker.post(two, "/book/wishes", ANSWERS["wishes"]).location == "/book/together/time"


def test_the_pages_for_both_have_no_health_word(two: TwoWalkers, clinic: Clinic) -> None:
    limits = {"background": {"skin": "eczema"}, "wishes": {"goal": "relax", "pressure_pref": "1"}}
    two.begin(clinic)
    two.second(clinic.swedish.id, **limits)
    pages = [two.get("/book/together/turn").text]
    two.turn("both")
    pages.append(two.get("/book/together/time").text)
    pages.append(two.get("/book/together").text)
    two.hold_same(clinic)
    pages.append(two.get("/book/together/details").text)
    Walker.post(two, "/book/together/details", REACH)
    pages.append(two.get("/book/together/check").text)
    two.book_both()
    pages.append(two.get("/book/together/booked").text)
    for page in pages:
        for word in ("eczema", "skin", "lighter", "pressure", "keep in mind", "pain", "relax", "caution"):
            assert word not in leaf(page), word


# --- one of the two cannot be booked -----------------------------------------------------------------


@pytest.mark.parametrize("pages", [STOPPED, {"background": HELD}], ids=["stopped", "clearance"])
def test_where_the_second_cannot_be_booked_the_first_goes_on_alone(
    two: TwoWalkers, clinic: Clinic, db: Session, pages: dict[str, dict[str, Any]]
) -> None:
    page = stop_second(two, clinic, **pages)
    assert "Give the screen to Ruth" in page
    assert two.turn("both").location == "/book/together/turn"
    shared = two.get("/book/together/turn").text
    assert heading(shared) == "We can book one of you here"
    for word in ("chest", "bone", "fracture", "doctor", "emergency", "health", "clearance"):
        assert word not in leaf(shared), word
    assert clinic.site.phone[-4:] in shared
    gone = Walker.post(two, "/book/together/alone", {"who": "first"})
    assert gone.location == "/book/time"
    Walker.post(two, "/book/time", {"slot": TEN})
    assert two.get("/book/details").status_code == 200
    assert db.scalar(sa.select(sa.func.count()).select_from(JourneyPair)) == 0


def test_whoever_was_stopped_may_look_again(two: TwoWalkers, clinic: Clinic) -> None:
    stop_second(two, clinic, **STOPPED)
    two.turn("both")
    two.turn("second")
    assert two.answer_all().status_code == 200
    assert heading(two.get("/book/outcome").text).startswith("You can book")


def test_the_second_goes_on_alone_where_the_first_changes_an_answer_and_is_stopped(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    two.to_pair_time(clinic)
    two.turn("first")
    assert two.answer("safety", now_signs="chest_pain").status_code == 303
    page = two.browser.get("/book", follow_redirects=True).text
    assert "Give the screen to Carl" in page
    two.turn("both")
    assert "Book for Carl alone" in two.get("/book/together/turn").text
    assert Walker.post(two, "/book/together/alone", {"who": "first"}).location == "/book/together/turn"
    assert Walker.post(two, "/book/together/alone", {"who": "second"}).location == "/book/time"
    assert "Deep tissue" in two.get("/book/time").text


def test_who_does_not_let_us_keep_their_answers_leaves_the_other_the_choice(
    two: TwoWalkers, clinic: Clinic
) -> None:
    two.begin(clinic)
    two.turn("second")
    two.answer("safety")
    assert two.answer("about-you", health_consent="no").location == "/book/together/turn"
    assert heading(two.get("/book/together/turn").text) == "We can book one of you here"


def test_starting_again_in_the_second_turn_begins_that_part_alone(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    two.begin(clinic)
    two.turn("second")
    two.answer_all()
    assert two.post("/book").location == "/book/safety"
    db.expire_all()
    found = db.scalars(sa.select(JourneyPair)).one()
    assert (found.second_id, found.first.option_id) == (None, clinic.swedish.id)


def test_a_request_sent_in_the_second_turn_leaves_the_way_of_the_first_open(
    two: TwoWalkers, clinic: Clinic
) -> None:
    stop_second(two, clinic, background=HELD)
    sent = two.post("/book/request", {**CONTACT, "name": "Carl Hall"})
    assert sent.location == "/book/outcome"
    page = two.get("/book/outcome").text
    assert "We have your request" in page
    assert "Give the screen to Ruth" in page
    request = re.findall(r'href="(/request/[^"]+)"', page)[0]
    assert 'name="born-day"' not in two.get(request).text
    two.turn("both")
    assert 'name="born-day"' in two.get(request).text  # the other one has the screen now
    assert Walker.post(two, f"{request}/time").status_code == 303
    assert Walker.post(two, "/book/together/alone", {"who": "first"}).location == "/book/time"


def test_keeping_a_time_for_the_second_does_not_end_the_way_of_both(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    stop_second(two, clinic, background=HELD)
    two.post("/book/request", {**CONTACT, "name": "Carl Hall"})
    request = re.findall(r'href="(/request/[^"]+)"', two.get("/book/outcome").text)[0]
    assert Walker.post(two, f"{request}/time").location == "/book/session"  # in their turn it is their way
    two.turn("both")
    born = {"born-day": "27", "born-month": "3", "born-year": "1985"}
    Walker.post(two, f"{request}/open", born)
    refused = Walker.post(two, f"{request}/time")
    assert refused.status_code == 409
    assert "Two of you are on the way in this browser." in refused.text
    assert Walker.post(two, "/book/together/alone", {"who": "first"}).location == "/book/time"


def test_booking_again_from_a_link_ends_the_way_of_both(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_pair_check(clinic)
    two.book_both()
    page = two.get("/book/together/booked").text
    link = re.findall(r'href="(/appointment/[^"]+)"', page)[0]
    two.get("/book")
    two.to_pair_time(clinic)
    two.hold(clinic)
    assert Walker.post(two, f"{link}/again").status_code == 303
    db.rollback()
    assert db.scalar(sa.select(sa.func.count()).select_from(JourneyPair)) == 1
    assert not [each for each in db.scalars(sa.select(Hold)) if each.status is HoldStatus.OPEN]


def test_a_time_held_for_one_goes_back_when_two_begin(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    two.to_details(clinic.swedish.id)
    assert "The time that we hold for you goes back." in two.get("/book/together").text
    Walker.post(two, "/book/together", NAMES)
    assert {each.status for each in db.scalars(sa.select(Hold))} == {HoldStatus.RELEASED}
