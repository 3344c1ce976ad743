"""Two on the way, and somebody has to decide about one of them first: what the pages say, and to whom."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import diary_check
from clinic.booking.models import JourneyPair
from clinic.booking.statuses import Status
from clinic.intake.models import ClearanceStatus
from clinic.notify.models import OutboxMessage
from tests.makers import Clinic
from tests.web.journey.steps import Walker, heading, slots_of
from tests.web.journey.two import NAMES, REACH, TEN, TwoWalkers, appointments, leaf, stop_second
from tests.web.journey.waiting import CONTACT, HELD, decide, to_request

pytestmark = pytest.mark.database
TODAY = "2026-11-23T15:00Z"


def second_waits(two: TwoWalkers, clinic: Clinic) -> None:
    """Up to the times for both: Ruth may be booked, and Carl has asked and goes on."""
    stop_second(two, clinic, background=HELD)
    two.post("/book/request", {**CONTACT, "name": "Carl Hall", "email": "carl@client.example"})
    assert two.post("/book/outcome").location == "/book/session"
    assert two.post("/book/session", {"option": clinic.swedish.id}).status_code == 303
    two.turn("both")


def to_check(two: TwoWalkers, clinic: Clinic) -> str:
    second_waits(two, clinic)
    two.hold_same(clinic)
    Walker.post(two, "/book/together/details", REACH)
    return two.get("/book/together/check").text


def test_who_waits_is_told_what_the_other_one_sees_before_they_go_on(two: TwoWalkers, clinic: Clinic) -> None:
    stop_second(two, clinic, background=HELD)
    assert "A time for you and Ruth" not in two.get("/book/outcome").text  # nobody has been asked yet
    assert two.post("/book/outcome").location == "/book/outcome"
    two.post("/book/request", {**CONTACT, "name": "Carl Hall"})
    page = two.get("/book/outcome").text
    assert "A time for you and Ruth" in page
    assert "Ruth sees that your time is not certain yet, and nothing more." in page


def test_the_one_is_booked_and_the_other_ones_time_is_kept(
    two: TwoWalkers, clinic: Clinic, db: Session, now: datetime
) -> None:
    second_waits(two, clinic)
    times = two.get("/book/together/time").text
    assert "Carl’s time is not certain yet." in times
    assert TEN in slots_of(times)
    assert all(slot >= "2026-11-24T09:00Z" for slot in slots_of(times))
    two.hold_same(clinic)
    Walker.post(two, "/book/together/details", REACH)
    check = two.get("/book/together/check").text
    assert heading(check) == "Check, then take both times"
    assert "We keep it until" in check
    assert two.book_both().location == "/book/together/booked"
    page = two.get("/book/together/booked").text
    assert "We have both times for you, Ruth and Carl" in page
    assert "Carl’s time is not certain yet. We write to you when it is." in page
    assert "calendar" in page
    assert "Add to Carl’s calendar" not in page
    assert two.get("/book/together/booked/second.ics").status_code == 303
    assert two.get("/book/together/booked/first.ics").status_code == 200
    one, other = appointments(db)
    assert (one.status, other.status) == (Status.BOOKED, Status.PROVISIONAL)
    assert diary_check.look(db, now) == []


def test_the_pages_for_both_say_nothing_of_why(two: TwoWalkers, clinic: Clinic) -> None:
    pages = [to_check(two, clinic), two.get("/book/together/time").text]
    two.book_both()
    pages.append(two.get("/book/together/booked").text)
    for page in pages:
        for word in ("bone", "fracture", "doctor", "health", "clearance", "medical"):
            assert word not in leaf(page), word


def test_a_time_too_near_to_decide_before_is_refused(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    second_waits(two, clinic)
    data = {"slot": TODAY, "option": [clinic.swedish.id, clinic.swedish.id]}
    refused = Walker.post(two, "/book/together/time", data)
    assert refused.status_code == 409
    assert "Choose a time from tomorrow on" in refused.text


@pytest.mark.parametrize("until", ["held", "checked"])
def test_a_no_on_the_way_leaves_the_other_the_choice(
    two: TwoWalkers, clinic: Clinic, db: Session, now: datetime, until: str
) -> None:
    if until == "held":
        second_waits(two, clinic)
        decide(db, now, ClearanceStatus.REFUSED)
        assert two.hold_same(clinic).location == "/book/together/turn"
    else:
        to_check(two, clinic)
        decide(db, now, ClearanceStatus.REFUSED)
        assert two.book_both().location == "/book/together/turn"
    page = two.get("/book/together/turn").text
    assert heading(page) == "We can book one of you here"
    assert "Book for Ruth alone" in page
    assert appointments(db) == []
    assert Walker.post(two, "/book/together/alone", {"who": "first"}).location == "/book/time"


def test_a_no_after_it_tells_the_other_one_and_shows_it_on_their_page(
    two: TwoWalkers, clinic: Clinic, db: Session, now: datetime
) -> None:
    to_check(two, clinic)
    two.book_both()
    decide(db, now, ClearanceStatus.REFUSED)
    page = two.get("/book/together/booked").text
    assert "This appointment is cancelled." in page
    assert "not certain" not in page
    told = db.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == "companion")).one()
    assert told.to_address == REACH["email"]
    one, _other = appointments(db)
    assert one.status is Status.BOOKED


def test_a_yes_books_both(two: TwoWalkers, clinic: Clinic, db: Session, now: datetime) -> None:
    to_check(two, clinic)
    two.book_both()
    decide(db, now, ClearanceStatus.ALLOWED)
    page = two.get("/book/together/booked").text
    assert "You are both booked, Ruth and Carl" in page
    assert "Add to Carl’s calendar" in page


def test_who_waits_alone_may_bring_somebody(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    request = to_request(two)
    Walker.post(two, f"{request}/time")
    Walker.post(two, "/book/session", {"option": clinic.swedish.id})
    assert "Somebody comes with me" in two.get("/book/time").text
    assert "Who comes with you sees that, and nothing more." in two.get("/book/together").text
    assert Walker.post(two, "/book/together", NAMES).location == "/book/together/turn"
    two.second(clinic.swedish.id)
    two.turn("both")
    assert "Ruth’s time is not certain yet." in two.get("/book/together/time").text
    two.hold_same(clinic)
    Walker.post(two, "/book/together/details", REACH)
    two.book_both()
    one, other = appointments(db)
    assert (one.status, other.status) == (Status.PROVISIONAL, Status.BOOKED)


def test_where_both_wait_the_pages_say_so(two: TwoWalkers, clinic: Clinic, db: Session) -> None:
    request = to_request(two)
    Walker.post(two, f"{request}/time")
    Walker.post(two, "/book/session", {"option": clinic.swedish.id})
    Walker.post(two, "/book/together", NAMES)
    two.turn("second")
    two.answer_all(background=HELD)
    two.post("/book/request", {**CONTACT, "name": "Carl Hall"})
    two.post("/book/outcome")
    two.post("/book/session", {"option": clinic.swedish.id})
    two.turn("both")
    assert "Both times are not certain yet." in two.get("/book/together/time").text
    assert db.scalars(sa.select(JourneyPair)).one().party_id is None


def test_a_page_of_who_waits_sent_in_the_other_turn_changes_nothing(
    two: TwoWalkers, clinic: Clinic, db: Session
) -> None:
    stop_second(two, clinic, background=HELD)
    two.post("/book/request", {**CONTACT, "name": "Carl Hall"})
    whose = two.whose()
    two.turn("both")
    assert Walker.post(two, "/book/outcome", {"whose": whose}).location == "/book/together/turn"
    found = db.scalars(sa.select(JourneyPair)).one()
    assert found.second is not None
    assert not found.second.is_provisional
    assert re.search("We can book one of you here", two.get("/book/together/turn").text)
