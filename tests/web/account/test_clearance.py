"""The page of a request behind its link: who sees what, the letter, the reply, and going on from there."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment, Journey
from clinic.booking.statuses import Status
from clinic.intake.models import ClearanceDocument, ClearanceStatus
from clinic.jobs import chores
from clinic.notify.links import Links
from tests import makers
from tests.conftest import NOW
from tests.intake.test_documents import PDF, SVG, png
from tests.makers import Clinic
from tests.web.journey.steps import DETAILS, Walker, heading
from tests.web.journey.waiting import decide, the_request, to_request

pytestmark = pytest.mark.database
BORN = {"born-day": "27", "born-month": "3", "born-year": "1985"}
WRONG = {"born-day": "28", "born-month": "3", "born-year": "1985"}
# What was told, what it led to, and who it is about.
SECRET = ("bone", "fall", "Ruth", "ruth@", "doctor’s word", "Letter for", ".pdf")


@pytest.fixture
def clinic(db: Session) -> Clinic:
    made = makers.clinic(db)
    db.commit()
    return made


@pytest.fixture
def walker(app: Flask, clinic: Clinic) -> Walker:
    return Walker(app)


@pytest.fixture
def address(walker: Walker) -> str:
    """The request's page, in the browser that asked."""
    return to_request(walker)


@pytest.fixture
def stranger(app: Flask, clinic: Clinic) -> Walker:
    """Another browser, into which the link has come."""
    return Walker(app)


def send(browser: Walker, address: str, data: bytes = PDF, name: str = "letter.pdf"):  # type: ignore[no-untyped-def]
    return browser.post(f"{address}/reply", {"file": (io.BytesIO(data), name)})


def files(db: Session) -> list[ClearanceDocument]:
    db.rollback()
    return list(db.scalars(sa.select(ClearanceDocument)))


def at(app: Flask, instant: datetime) -> None:
    app.config["CLOCK"] = lambda: instant


# --- who sees what -----------------------------------------------------------------------------------


def test_the_browser_that_asked_sees_its_request(walker: Walker, address: str) -> None:
    page = walker.get(address)
    assert page.status_code == 200
    assert heading(page.text) == "We have your request"
    assert "Wednesday 25 November, 09:00" in page.text
    assert "Letter for your doctor" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_stranger_with_the_link_sees_that_there_is_one_and_no_more(
    stranger: Walker, walker: Walker, address: str
) -> None:
    send(walker, address)
    page = stranger.get(address).text
    assert heading(page) == "We have your request"
    assert "020 7946 0142" in page
    main = page[page.index("<main") : page.index("</main>")]
    assert not [secret for secret in SECRET if secret in main]


@pytest.mark.parametrize("what", ["letter", "reply", "time", "session", "open"])
def test_looking_at_an_address_leads_a_stranger_to_the_question(
    stranger: Walker, address: str, what: str
) -> None:
    assert stranger.get(f"{address}/{what}").location == address


@pytest.mark.parametrize("what", ["time", "session"])
def test_a_stranger_cannot_go_on_with_somebody_else_s_answers(
    stranger: Walker, address: str, db: Session, what: str
) -> None:
    if what == "session":
        decide(db, NOW, ClearanceStatus.ALLOWED)
    assert stranger.post(f"{address}/{what}").location == address
    assert stranger.get("/book/session").location != "/book/session"
    assert len(db.scalars(sa.select(Journey)).all()) == 1


def test_a_stranger_s_file_is_not_taken(stranger: Walker, address: str, db: Session) -> None:
    assert send(stranger, address).location == address
    assert files(db) == []


def test_the_date_of_birth_opens_it_in_another_browser(stranger: Walker, address: str) -> None:
    assert stranger.post(f"{address}/open", BORN).location == address
    assert "Letter for your doctor" in stranger.get(address).text
    assert "I broke a bone from a small fall" in stranger.get(f"{address}/letter").text


def test_what_was_opened_closes_again_after_twelve_hours(app: Flask, stranger: Walker, address: str) -> None:
    stranger.post(f"{address}/open", BORN)
    at(app, NOW + timedelta(hours=11))
    assert "Letter for your doctor" in stranger.get(address).text
    at(app, NOW + timedelta(hours=13))
    assert "Letter for your doctor" not in stranger.get(address).text


def test_starting_again_closes_it_for_whoever_sits_here_next(walker: Walker, address: str) -> None:
    walker.post("/book")
    assert "Letter for your doctor" not in walker.get(address).text


@pytest.mark.parametrize("typed", [{}, {**BORN, "born-month": "13"}, {**BORN, "born-day": "x"}])
def test_what_is_no_date_is_said_and_costs_no_try(
    stranger: Walker, address: str, db: Session, typed: dict[str, str]
) -> None:
    page = stranger.post(f"{address}/open", typed)
    assert page.status_code == 422
    assert "Enter a day, a month and a year" in page.text
    assert the_request(db).wrong_openings == 0


def test_a_wrong_date_is_said_and_what_was_typed_kept(stranger: Walker, address: str, db: Session) -> None:
    version = the_request(db).version
    page = stranger.post(f"{address}/open", WRONG)
    assert page.status_code == 422
    assert "That is not the date we were given." in page.text
    assert 'value="28"' in page.text
    db.rollback()
    assert (the_request(db).wrong_openings, the_request(db).version) == (1, version)


def test_after_five_wrong_tries_it_stays_shut_also_for_the_right_date(
    stranger: Walker, walker: Walker, address: str, db: Session
) -> None:
    for _ in range(4):
        assert stranger.post(f"{address}/open", WRONG).status_code == 422
    fifth = stranger.post(f"{address}/open", WRONG)
    assert (fifth.status_code, "This page is locked" in fifth.text) == (403, True)
    right = stranger.post(f"{address}/open", BORN)
    assert (right.status_code, "Ring us" in right.text) == (403, True)
    assert "Letter for your doctor" not in stranger.get(address).text
    assert "Letter for your doctor" in walker.get(address).text  # not for whoever asked


def test_without_a_date_of_birth_only_the_browser_that_asked_sees_it(
    stranger: Walker, walker: Walker, address: str, db: Session
) -> None:
    found = the_request(db)
    found.intake.answers = '{"health_consent": "yes", "age_years": 41, "bones": ["fragility_fracture"]}'
    db.commit()
    assert "Only the browser you asked from can show it" in stranger.get(address).text
    assert stranger.post(f"{address}/open", BORN).status_code == 403
    assert "Letter for your doctor" in walker.get(address).text


LINKS = Links("a secret for tests only", "http://127.0.0.1:8000")


@pytest.mark.parametrize(
    "token",
    ["x", LINKS.clearance_token(4711, NOW), LINKS.manage_token(1, NOW), LINKS.clearance_token(1, NOW)[:-1]],
    ids=["made up", "of nothing", "of an appointment", "changed"],
)
@pytest.mark.parametrize("what", ["", "/letter"])
def test_a_link_that_is_none_of_ours_says_nothing(
    walker: Walker, address: str, token: str, what: str
) -> None:
    page = walker.get(f"/request/{token}{what}")
    assert page.status_code == 404
    assert heading(page.text) == "We do not know this link"


def test_a_link_is_good_for_sixty_days(app: Flask, walker: Walker, address: str) -> None:
    at(app, NOW + timedelta(days=61))
    page = walker.get(address)
    assert page.status_code == 410
    assert heading(page.text) == "This link has expired"


def test_the_request_of_somebody_who_was_erased_is_unknown(walker: Walker, address: str, db: Session) -> None:
    found = the_request(db)
    client = makers.client(db, NOW)
    found.intake.client_id = client.id
    client.erased_at = NOW
    db.commit()
    assert walker.get(address).status_code == 404


# --- how it stands -----------------------------------------------------------------------------------


def test_a_promise_that_was_not_kept_is_owned_up_to(app: Flask, walker: Walker, address: str) -> None:
    at(app, NOW + timedelta(hours=11))
    assert "We are late" not in walker.get(address).text
    walker.browser.delete_cookie("clinic")
    at(app, NOW + timedelta(hours=49))
    assert "We are late. Ring us" in walker.get(address).text


def test_a_question_is_read_only_where_it_is_open(
    walker: Walker, stranger: Walker, address: str, db: Session
) -> None:
    decide(db, NOW, ClearanceStatus.MORE_NEEDED, "Do you still see the bone clinic?")
    for browser, sees in ((walker, True), (stranger, False)):
        page = browser.get(address).text
        assert heading(page) == "We have a question"
        assert ("Do you still see the bone clinic?" in page) is sees


def test_a_no_gives_a_number_and_no_reason_of_health(walker: Walker, address: str, db: Session) -> None:
    decide(db, NOW, ClearanceStatus.REFUSED)
    page = walker.get(address).text
    assert heading(page) == "We cannot go ahead now"
    assert "020 7946 0142" in page
    assert "Letter" not in page
    assert walker.get(f"{address}/letter").location == address


def test_changed_answers_end_the_request(walker: Walker, address: str) -> None:
    walker.answer("background", bones="none")
    page = walker.get(address).text
    assert heading(page) == "Your request has ended"
    assert 'href="/book"' in page


# --- the letter --------------------------------------------------------------------------------------


def test_the_letter_names_the_client_what_they_told_and_what_is_planned(walker: Walker, address: str) -> None:
    page = walker.get(f"{address}/letter").text
    for words in (
        "Test Rooms", "23 November 2026", "Ruth Carver", "27 March 1985", "I broke a bone from a small fall",
        "Pressure: light", "No objection", "Yes, with limits", "Not at present",
        "I would like to see them first", "Registration number", "Signature", "How to return it",
    ):  # fmt: skip
        assert words in page
    assert "<title>Letter to print" in page


def test_the_letter_tells_no_more_than_the_rule_asks(walker: Walker) -> None:
    walker.answer_all(
        background={"bones": ["fragility_fracture", "joint_metal"], "allergies": "nuts"},
        last={"anything_else": "no", "anything_else-text": "My brother has gout"},
    )
    address = walker.post("/book/request", {"name": "Ruth", "phone": "020 7946 0321", "best_time": "any"})
    page = walker.get(f"{address.location}/letter").text
    assert "I broke a bone from a small fall" in page
    for other in ("metal", "Nuts", "gout", "Medium", "relax"):
        assert other not in page


def test_there_is_no_letter_where_no_doctor_is_asked(walker: Walker) -> None:
    walker.answer_all(
        about_you={
            "age_years-day": "1",
            "age_years-month": "2",
            "age_years-year": "2010",
            "guardian_ok": "no",
        }
    )
    asked = walker.post("/book/request", {"name": "Ruth", "phone": "020 7946 0321", "best_time": "any"})
    page = walker.get(asked.location).text
    assert "Letter for your doctor" not in page
    assert walker.get(f"{asked.location}/letter").location == asked.location


# --- the reply ---------------------------------------------------------------------------------------


def test_a_reply_is_kept_and_said_to_have_come(walker: Walker, address: str, db: Session) -> None:
    assert send(walker, address, png(), "IMG_2041.PNG").location == address
    page = walker.get(address).text
    assert "We have your file." in page
    assert "IMG_2041.png" in page
    assert "We have it since 23 November" in page
    (kept,) = files(db)
    assert (kept.actor, kept.content) == ("client", png())


def test_what_was_sent_is_served_to_nobody_here(walker: Walker, address: str) -> None:
    send(walker, address)
    for path in (f"{address}/reply/1", f"{address}/reply", f"{address}/1", f"{address}/document/1"):
        assert walker.get(path).status_code in {303, 404}


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (SVG, "scan.png", "Choose a PDF, or a photo"),
        (b"MZ" + bytes(200), "letter.pdf", "Choose a PDF, or a photo"),
        (b"", "letter.pdf", "That file is empty."),
        (PDF, "", "Choose a file first."),
        (PDF[:-8], "letter.pdf", "That file is not whole."),
    ],
)
def test_a_disguised_file_is_refused_at_its_field_and_nothing_kept(
    walker: Walker, address: str, db: Session, data: bytes, name: str, sentence: str
) -> None:
    page = send(walker, address, data, name)
    assert page.status_code == 422
    assert sentence in page.text
    assert 'href="#file"' in page.text
    assert files(db) == []


class Unread(io.RawIOBase):
    """A body of 40 MB that says how much of it was read."""

    was_read = at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = 40 * 1024 * 1024 if whence else offset
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        self.was_read += len(buffer)
        return len(buffer)


def test_forty_megabytes_are_refused_before_they_are_read(walker: Walker, address: str, db: Session) -> None:
    body = Unread()
    page = walker.browser.post(
        f"{address}/reply",
        input_stream=body,
        content_length=40 * 1024 * 1024,
        content_type="multipart/form-data; boundary=x",
    )
    assert page.status_code == 413
    assert "That file is larger than 10 MB." in page.text
    assert f'href="{address}/letter"' in page.text  # the page itself, to try again on
    assert body.was_read == 0
    assert files(db) == []


def test_other_pages_take_no_file_at_all(walker: Walker, address: str) -> None:
    page = walker.browser.post(f"{address}/open", data={"file": (io.BytesIO(bytes(300_000)), "x.pdf")})
    assert page.status_code == 413
    assert heading(page.text) == "That is too large"


# --- going on ----------------------------------------------------------------------------------------


def test_from_the_link_in_another_browser_a_time_is_kept(
    stranger: Walker, address: str, clinic: Clinic, db: Session
) -> None:
    stranger.post(f"{address}/open", BORN)
    assert stranger.post(f"{address}/time").location == "/book/session"
    stranger.post("/book/session", {"option": clinic.swedish.id})
    stranger.post("/book/time", {"slot": "2026-11-25T10:00Z"})
    stranger.post("/book/details", DETAILS)
    stranger.book()
    db.rollback()
    assert db.scalars(sa.select(Appointment)).one().status is Status.PROVISIONAL
    assert "We keep <b>Wednesday 25 November, 10:00</b> for you" in stranger.get(address).text


def test_one_time_for_one_request(stranger: Walker, address: str, clinic: Clinic, db: Session) -> None:
    test_from_the_link_in_another_browser_a_time_is_kept(stranger, address, clinic, db)
    again = stranger.post(f"{address}/time")
    assert again.status_code == 409
    assert "That page was out of date." in again.text


def test_after_a_yes_another_browser_goes_on_to_book(
    stranger: Walker, address: str, clinic: Clinic, db: Session
) -> None:
    decide(db, NOW, ClearanceStatus.ALLOWED)
    stranger.post(f"{address}/open", BORN)
    assert stranger.post(f"{address}/time").status_code == 409  # there is nothing to wait for any more
    assert stranger.post(f"{address}/session").location == "/book/session"
    assert "if your answer is yes" not in stranger.get("/book/session").text


def test_nobody_goes_on_before_the_yes(walker: Walker, address: str) -> None:
    assert walker.post(f"{address}/session").status_code == 409


# --- the appointment's own page ----------------------------------------------------------------------


@pytest.fixture
def kept(walker: Walker, address: str, clinic: Clinic, db: Session) -> str:
    """The address of the appointment that is kept for whoever asked."""
    walker.post(f"{address}/time")
    walker.post("/book/session", {"option": clinic.swedish.id})
    walker.post("/book/time", {"slot": "2026-11-25T10:00Z"})
    walker.post("/book/details", DETAILS)
    walker.book()
    db.rollback()
    made = db.scalars(sa.select(Appointment)).one()
    return f"/appointment/{LINKS.manage_token(made.id, made.ends_at)}"


def test_a_kept_time_is_not_called_certain(walker: Walker, kept: str) -> None:
    page = walker.get(kept).text
    assert heading(page) == "We keep this time for you"
    assert "It is not certain yet. We keep it until <b>Tuesday 24 November, 22:00</b>" in page
    assert "calendar" not in page
    assert walker.get(f"{kept}/appointment.ics").location == kept
    assert "/request/" in page


def test_a_time_that_went_back_says_so_and_leads_to_the_request(
    app: Flask, walker: Walker, kept: str, db: Session
) -> None:
    later = NOW + timedelta(days=1, hours=14)
    chores.run(db, later)
    db.commit()
    at(app, later)
    page = walker.get(kept).text
    assert heading(page) == "The time we kept has gone back"
    assert "You owe nothing" in page
    assert "/request/" in page


def test_a_kept_time_can_be_cancelled(walker: Walker, kept: str, address: str, db: Session) -> None:
    version = db.scalars(sa.select(Appointment.version)).one()
    walker.post(f"{kept}/cancel", {"version": version})
    assert heading(walker.get(kept).text) == "This appointment is cancelled"
    assert "Choose a time to keep" in walker.get(address).text
