"""From a held outcome: asking, a time that is kept until somebody has decided, and going on afterwards."""

from __future__ import annotations

import html
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions
from clinic.booking.models import Appointment, Hold
from clinic.booking.statuses import Status
from clinic.db import transaction
from clinic.intake.models import Clearance, ClearanceStatus
from clinic.notify.models import OutboxMessage
from tests.conftest import NOW
from tests.makers import Clinic
from tests.web.journey.steps import DETAILS, Walker, heading, slots_of
from tests.web.journey.waiting import CONTACT, HELD, decide, the_request, to_request

pytestmark = pytest.mark.database
FAR = "2026-11-25T10:00Z"


def kinds(db: Session) -> list[str]:
    return list(db.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)))


def the_appointment(db: Session) -> Appointment:
    db.rollback()  # look at it as it stands now
    return db.scalars(sa.select(Appointment)).one()


def to_kept_check(walker: Walker, option_id: int, slot: str = FAR) -> str:
    """From the request's page to the check page; gives the address of the request."""
    address = to_request(walker)
    assert walker.post(f"{address}/time").location == "/book/session"
    walker.post("/book/session", {"option": option_id})
    walker.post("/book/time", {"slot": slot})
    walker.post("/book/details", DETAILS)
    return address


def test_asking_opens_a_request_with_a_page_of_its_own_and_a_mail(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    address = to_request(walker)
    assert address.startswith("/request/")
    asked = the_request(db)
    assert (asked.name, asked.email, asked.phone) == ("Ruth Carver", "ruth@client.example", "+442079460321")
    assert (asked.best_time, asked.site_id, asked.due_at) == (
        "In the morning", clinic.site.id, NOW + timedelta(hours=48),
    )  # fmt: skip
    assert kinds(db) == ["clearance_asked"]
    assert heading(walker.get(address).text) == "We have your request"


def test_a_phone_number_alone_is_enough(walker: Walker, db: Session) -> None:
    to_request(walker, email="")
    assert the_request(db).email is None
    assert kinds(db) == []


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"email": "", "phone": ""}, "email", "Enter an e-mail address or a phone number"),
        ({"phone": "12"}, "phone", "phone"),
        ({"name": ""}, "name", "name"),
        ({"best_time": "never"}, "best_time", "Choose one of the times shown."),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field_and_the_rest_kept(
    walker: Walker, db: Session, wrong: dict[str, str], field: str, sentence: str
) -> None:
    walker.answer_all(background=HELD)
    page = walker.post("/book/request", {**CONTACT, **wrong})
    assert page.status_code == 422
    assert heading(page.text) == "We need an OK first"
    assert f'href="#{field}"' in page.text
    assert sentence in page.text
    kept = CONTACT["name"] if field != "name" else CONTACT["email"]
    assert f'value="{kept}"' in page.text
    assert db.scalars(sa.select(Clearance)).all() == []


def test_asked_again_it_takes_the_new_number_and_stays_one_request(walker: Walker, db: Session) -> None:
    to_request(walker)
    page = walker.get("/book/outcome").text
    assert "We have your request" in page
    assert 'value="Ruth Carver"' in page
    walker.post("/book/request", {**CONTACT, "phone": "020 7946 0444"})
    assert the_request(db).phone == "+442079460444"
    assert kinds(db) == ["clearance_asked"]


def test_nobody_asks_about_answers_that_wait_for_nobody(walker: Walker, db: Session) -> None:
    walker.answer_all()
    assert walker.post("/book/request", CONTACT).location == "/book/outcome"
    assert db.scalars(sa.select(Clearance)).all() == []
    assert walker.get("/book/request").location == "/book/outcome"


def test_a_time_is_kept_until_somebody_decides_and_every_page_says_so(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    to_kept_check(walker, clinic.swedish.id)
    assert "if your answer is yes" in walker.get("/book/session").text
    check = walker.get("/book/check").text
    assert heading(check) == "Check, then keep this time"
    assert "Tuesday 24 November 2026 at 22:00" in check
    assert "Keep this time" in check
    assert walker.book().location == "/book/booked"
    kept = the_appointment(db)
    assert (kept.status, kept.starts_at - kept.lapses_at) == (Status.PROVISIONAL, timedelta(hours=12))
    page = walker.get("/book/booked").text
    assert heading(page) == "We keep this time for you, Ruth"
    assert "It is not certain yet." in page
    assert "calendar" not in page.lower()
    assert walker.get("/book/booked/appointment.ics").status_code == 303
    assert kinds(db) == ["clearance_asked", "provisional"]


def test_what_was_told_with_the_request_is_not_asked_again(walker: Walker, clinic: Clinic) -> None:
    address = to_request(walker)
    walker.post(f"{address}/time")
    walker.post("/book/session", {"option": clinic.swedish.id})
    walker.post("/book/time", {"slot": FAR})
    page = walker.get("/book/details").text
    for told in ("Ruth Carver", "ruth@client.example", "+442079460321"):
        assert f'value="{told}"' in page


def test_only_times_that_somebody_can_decide_about_before_are_shown(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    address = to_request(walker)
    walker.post(f"{address}/time")
    walker.post("/book/session", {"option": clinic.swedish.id})
    shown = slots_of(walker.get("/book/time?all=y").text)
    assert shown
    assert min(shown) == "2026-11-24T09:00Z"  # it is Monday, nine o'clock
    page = walker.post("/book/time", {"slot": "2026-11-23T15:00Z"})
    assert page.status_code == 409
    assert "Choose a time from tomorrow on" in page.text
    assert db.scalars(sa.select(Hold)).all() == []


def test_a_yes_books_the_kept_time(walker: Walker, clinic: Clinic, db: Session) -> None:
    address = to_kept_check(walker, clinic.swedish.id)
    walker.book()
    decide(db, NOW, ClearanceStatus.ALLOWED)
    assert heading(walker.get("/book/booked").text) == "You are booked, Ruth"
    assert "Add to my calendar" in walker.get("/book/booked").text
    assert "You are booked" in walker.get(address).text
    assert kinds(db) == ["clearance_asked", "provisional", "booked"]


def test_what_was_booked_and_waits_again_is_no_longer_shown_as_booked(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    """It is kept with no end, until somebody has decided: on the page of the way and of the request."""
    address = to_kept_check(walker, clinic.swedish.id)
    walker.book()
    decide(db, NOW, ClearanceStatus.ALLOWED)
    with transaction(db):
        decisions.reopen(db, NOW, the_appointment(db), actor="rules")
    page = walker.get("/book/booked").text
    assert heading(page) == "We keep this time for you, Ruth"
    assert "It is not certain yet. We keep it until we have decided." in html.unescape(page)
    assert "calendar" not in page.lower()
    assert "You are booked" not in walker.get(address).text


def test_a_yes_on_the_way_makes_the_rest_of_it_certain(walker: Walker, clinic: Clinic, db: Session) -> None:
    to_kept_check(walker, clinic.swedish.id)
    decide(db, NOW, ClearanceStatus.ALLOWED)
    assert heading(walker.get("/book/check").text) == "Check, then book"
    walker.book()
    assert the_appointment(db).status is Status.BOOKED


def test_a_no_on_the_way_leads_to_the_page_that_says_so(walker: Walker, clinic: Clinic, db: Session) -> None:
    address = to_kept_check(walker, clinic.swedish.id)
    decide(db, NOW, ClearanceStatus.REFUSED)
    for path, data in (
        ("/book/session", {"option": clinic.swedish.id}), ("/book/time", {"slot": "2026-11-26T10:00Z"}),
    ):  # fmt: skip
        assert walker.post(path, data).location == "/book/outcome"
    assert walker.get("/book/outcome").location == address
    page = walker.get(address).text
    assert heading(page) == "We cannot go ahead now"
    assert "bone" not in page
    assert db.scalars(sa.select(Appointment)).all() == []


def test_after_a_yes_the_way_goes_on_where_it_stopped(walker: Walker, clinic: Clinic, db: Session) -> None:
    address = to_request(walker)
    decide(db, NOW, ClearanceStatus.ALLOWED)
    assert heading(walker.get(address).text) == "We may go ahead"
    outcome = walker.get("/book/outcome").text
    assert heading(outcome) == "You can book, with care"
    assert "It counts until Sunday 23 May 2027" in outcome
    assert "ask your GP or bone clinic" not in outcome
    assert walker.post(f"{address}/session").location == "/book/session"
    walker.post("/book/session", {"option": clinic.swedish.id})
    walker.post("/book/time", {"slot": "2026-11-23T15:00Z"})  # nothing to wait for: today will do
    walker.post("/book/details", DETAILS)
    walker.book()
    assert the_appointment(db).status is Status.BOOKED


def test_no_mail_and_no_address_holds_a_health_word(walker: Walker, clinic: Clinic, db: Session) -> None:
    address = to_kept_check(walker, clinic.swedish.id)
    walker.book()
    sent = json.dumps([json.loads(each.payload) for each in db.scalars(sa.select(OutboxMessage))])
    for word in ("bone", "fall", "Swedish", "doctor", "clinician"):
        assert word not in sent
        assert word not in address
