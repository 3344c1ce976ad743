"""Details, check and booked: nothing typed is lost, nothing is booked twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment, Hold, Journey
from clinic.booking.statuses import HoldStatus
from clinic.intake.models import Intake
from clinic.notify.models import OutboxMessage
from clinic.people.models import Client
from tests import makers
from tests.conftest import NOW
from tests.makers import Clinic
from tests.web.journey.steps import DETAILS, Walker, heading, hidden, nearest_of

TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)


def later(app: Flask, minutes: int) -> None:
    app.config["CLOCK"] = lambda: NOW + timedelta(minutes=minutes)


def appointments(db: Session) -> list[Appointment]:
    db.rollback()
    return list(db.scalars(sa.select(Appointment)))


def test_details_that_cannot_be_taken_keep_what_was_typed(walker: Walker, clinic: Clinic) -> None:
    walker.to_details(clinic.swedish.id)
    page = walker.post("/book/details", {"name": "Zoë", "email": "nowhere", "phone": "1"})
    assert page.status_code == 422
    for words in ('value="Zoë"', 'value="nowhere"', "name@example.com", "020 7946 0142", "Choose yes or no."):
        assert words in page.text
    assert walker.get("/book/check").location == "/book/details"


@pytest.mark.parametrize("name", ["", " ", "x" * 121, "a\x00b", "x" * 50_000])
def test_a_name_that_is_none_is_asked_again(walker: Walker, clinic: Clinic, name: str) -> None:
    walker.to_details(clinic.swedish.id)
    assert walker.post("/book/details", {**DETAILS, "name": name}).status_code == 422


def test_what_was_typed_is_kept_encrypted_and_shown_again(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_check(clinic.swedish.id)
    assert "ruth@client.example" in walker.get("/book/details").text
    raw = db.scalar(sa.text("SELECT details FROM journey"))
    assert b"ruth@client.example" not in bytes(raw)
    assert db.scalars(sa.select(Client)).all() == []


def test_check_shows_everything_with_a_way_to_change_it(walker: Walker, clinic: Clinic) -> None:
    page = walker.to_check(clinic.swedish.id).text
    for words in (
        "Swedish, 60 minutes",
        "15 minutes to talk",
        "Tuesday 24 November, 10:00 to 11:15",
        "Amara Osei",
        "14 Canal Street",
        "£62",
        "Ruth Carver",
        "020 7946 0321",
        "Monday 23 November 2026 at 10:00",
        "until 09:10",
    ):
        assert words in page, words
    for address in ("/book/session", "/book/time", "/book/details", "/book/wishes"):
        assert f'href="{address}"' in page


def test_booking_owes_one_mail_and_ties_the_answers_to_the_client(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_check(clinic.swedish.id)
    walker.book()
    made = appointments(db)[0]
    assert (made.starts_at, made.talk_minutes, made.price_minor) == (TEN, 15, 6200)
    assert db.scalars(sa.select(Intake)).one().client_id == made.client_id
    assert db.scalars(sa.select(OutboxMessage)).one().kind == "booked"


def test_a_double_click_books_once(walker: Walker, clinic: Clinic, db: Session) -> None:
    page = walker.to_check(clinic.swedish.id).text
    form = {"hold": hidden(page, "hold")}
    assert walker.post("/book/check", form).location == "/book/booked"
    assert walker.post("/book/check", form).location == "/book/booked"
    assert len(appointments(db)) == 1


def test_after_booking_every_old_page_leads_to_booked(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_check(clinic.swedish.id)
    walker.book()
    for step in ("safety", "wishes", "outcome", "session", "time", "details", "check"):
        assert walker.get(f"/book/{step}").location == "/book/booked"
    for step in ("wishes", "outcome", "session", "time", "details", "check"):
        assert walker.post(f"/book/{step}", {"slot": "x"}).location == "/book/booked"
    assert len(appointments(db)) == 1


def test_a_new_start_after_booking_is_a_new_way(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_check(clinic.swedish.id)
    walker.book()
    assert walker.get("/book").location == "/book/safety"
    walker.to_check(clinic.swedish.id, "2026-11-25T10:00Z")
    walker.book()
    assert len(appointments(db)) == 2
    assert len(db.scalars(sa.select(Client)).all()) == 1


def test_booked_says_when_where_and_how_to_change_it(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_check(clinic.swedish.id)
    walker.book()
    page = walker.get("/book/booked").text
    for words in (
        "10:00 to 11:15",
        "London time",
        "14 Canal Street",
        "Amara Osei",
        "Monday 23 November 2026",
    ):
        assert words in page
    file = walker.get("/book/booked/appointment.ics")
    assert file.mimetype == "text/calendar"
    assert "DTSTART;TZID=Europe/London:20261124T100000" in file.text
    assert "Swedish" not in file.text


def test_booked_tells_of_a_later_change(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_check(clinic.swedish.id)
    walker.book()
    services.cancel(db, NOW, appointments(db)[0].id, actor="test")
    db.commit()
    page = walker.get("/book/booked").text
    assert heading(page) == "This appointment is cancelled"
    assert "METHOD:CANCEL" in walker.get("/book/booked/appointment.ics").text


# --- the hold ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["details", "check"])
def test_a_lapsed_hold_says_so_and_offers_it_again(
    app: Flask, walker: Walker, clinic: Clinic, db: Session, step: str
) -> None:
    walker.to_check(clinic.swedish.id)
    later(app, 11)
    page = walker.get(f"/book/{step}")
    assert page.status_code == 409
    assert heading(page.text) == "The time we held has gone back"
    assert "What you typed is kept." in page.text
    assert len(nearest_of(page.text)) >= 2
    assert walker.post("/book/hold-again").location == "/book/check"
    assert walker.get("/book/check").status_code == 200
    assert walker.book().location == "/book/booked"
    assert len(appointments(db)) == 1


def test_confirming_too_late_books_nothing(app: Flask, walker: Walker, clinic: Clinic, db: Session) -> None:
    page = walker.to_check(clinic.swedish.id).text
    later(app, 11)
    late = walker.post("/book/check", {"hold": hidden(page, "hold")})
    assert late.status_code == 409
    assert "Hold it again" in late.text
    assert appointments(db) == []


def test_details_sent_too_late_are_kept(app: Flask, walker: Walker, clinic: Clinic) -> None:
    walker.to_details(clinic.swedish.id)
    later(app, 11)
    assert walker.post("/book/details", DETAILS).location == "/book/check"
    assert heading(walker.get("/book/check").text) == "The time we held has gone back"
    walker.post("/book/hold-again")
    assert "Ruth Carver" in walker.get("/book/check").text


def test_a_time_somebody_else_has_by_now_brings_the_nearest(
    app: Flask, walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_check(clinic.swedish.id)
    later(app, 11)
    after = NOW + timedelta(minutes=11)
    for n in range(2):
        client = makers.client(db, after, name=f"Other {n}")
        services.book(db, after, clinic.wish(), TEN, client, makers.intake(db, after), actor="test")
    db.commit()
    page = walker.post("/book/hold-again")
    assert page.status_code == 409
    assert "just been taken" in page.text
    assert "Hold it again" not in page.text
    near = nearest_of(page.text)
    assert near
    assert walker.post("/book/time", {"soonest": near[0]}).location == "/book/check"


def test_a_hold_lapsed_by_the_worker_is_no_different(
    app: Flask, walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_check(clinic.swedish.id)
    later(app, 11)
    services.lapse_holds(db, NOW + timedelta(minutes=11))
    db.commit()
    assert walker.get("/book/check").status_code == 409
    assert walker.post("/book/hold-again").location == "/book/check"


# --- two tabs, two appointments ----------------------------------------------------------------------


def test_an_old_tab_cannot_book_another_time_than_it_shows(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    page = walker.to_check(clinic.swedish.id).text
    walker.post("/book/time", {"slot": "2026-11-25T10:00Z"})
    stale = walker.post("/book/check", {"hold": hidden(page, "hold")})
    assert stale.status_code == 409
    assert "You chose another time meanwhile." in stale.text
    assert "Wednesday 25 November" in stale.text
    assert appointments(db) == []
    assert walker.book().location == "/book/booked"


@pytest.mark.parametrize("hold", ["", "0", "x", "999999", "9" * 30])
def test_a_hold_that_is_not_theirs_is_not_booked(
    walker: Walker, clinic: Clinic, db: Session, hold: str
) -> None:
    walker.to_check(clinic.swedish.id)
    assert walker.post("/book/check", {"hold": hold}).status_code == 409
    assert appointments(db) == []


def test_a_client_cannot_be_in_two_places(walker: Walker, clinic: Clinic, db: Session) -> None:
    someone = makers.client(db, NOW, name="Ruth Carver", email="ruth@client.example")
    services.book(db, NOW, clinic.wish(), TEN, someone, makers.intake(db, NOW), actor="test")
    db.commit()
    walker.to_check(clinic.swedish.id)
    page = walker.book()
    assert page.status_code == 409
    assert "another appointment at that time" in page.text
    assert len(appointments(db)) == 1


def test_an_abandoned_way_gives_its_time_back_at_the_start_of_another(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_check(clinic.swedish.id)
    walker.post("/book")
    db.rollback()
    assert db.scalars(sa.select(Hold)).one().status is HoldStatus.RELEASED
    assert db.scalars(sa.select(Journey)).all() == []
