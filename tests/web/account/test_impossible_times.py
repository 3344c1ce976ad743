"""Days and times that cannot be, behind a mailed link: refused at the field, or a plain page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment
from clinic.notify.links import Links
from tests import makers
from tests.conftest import NOW
from tests.web.journey.steps import Walker, heading, slots_of
from tests.web.journey.waiting import to_request
from tests.web.refused import keeps, nothing_written, refuses_at

pytestmark = pytest.mark.database

LINKS = Links("a secret for tests only", "http://127.0.0.1:8000")
ODD_DAYS = [
    "9999-12-31", "0001-01-01", "10000-01-01", "2027-02-29", "-2026-11-2", "٢٠٢٦-١١-٢٤", "soon", "",
    "9" * 5000, "2026-11-24\x00",
]  # fmt: skip


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    db.commit()
    return made


@pytest.fixture
def move(db: Session, clinic: makers.Clinic) -> str:
    """The address at which somebody moves their appointment of Wednesday at ten."""
    appointment: Appointment = services.book(
        db, NOW, clinic.wish(), NOW + timedelta(days=2, hours=1), makers.client(db, NOW),
        makers.intake(db, NOW), actor="test",
    )  # fmt: skip
    db.commit()
    return f"/appointment/{LINKS.manage_token(appointment.id, appointment.ends_at)}/move"


@pytest.fixture
def web(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize("week", ODD_DAYS)
def test_a_week_beyond_the_calendar_is_one_that_can_be_booked(web: FlaskClient, move: str, week: str) -> None:
    answer = web.get(move, query_string={"week": week, "who": "٣"})
    assert (answer.status_code, heading(answer.text)) == (200, "Choose a new time")
    assert slots_of(answer.text)


@pytest.mark.parametrize(
    "slot",
    ["", "soon", "9999-12-31T10:00Z", "0001-01-01T00:00Z", "10000-01-01T00:00Z", "2026-11-24T10:00Z\x00"],
)
def test_an_appointment_is_not_moved_to_what_is_no_time(
    web: FlaskClient, db: Session, move: str, slot: str
) -> None:
    with nothing_written(db):
        answer = web.post(move, data={"slot": slot, "version": "1", "week": "2026-11-30"})
    refuses_at(answer, "slot", "Choose a time.")
    assert '"2026-11-30"' in answer.text


@pytest.mark.parametrize("slot", ["2000-01-01T10:00Z", "2026-11-26T03:00Z", "2199-12-31T23:55Z"])
def test_an_appointment_is_not_moved_to_a_time_that_is_never_offered(
    web: FlaskClient, db: Session, move: str, slot: str
) -> None:
    with nothing_written(db):
        answer = web.post(move, data={"slot": slot, "version": "1"})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [
        ("", "", ""), ("30", "2", "1985"), ("0", "3", "1985"), ("-27", "3", "1985"), ("27", "3", "0"),
        ("27", "3", "10000"), ("27", "3", "19855"),
        ("٢٧", "3", "1985"), ("27", "3", "1985\x00"), ("27.0", "3", "1985"),
    ],
)  # fmt: skip
def test_a_birthday_that_cannot_be_opens_nothing(
    app: Flask, clinic: makers.Clinic, db: Session, day: str, month: str, year: str
) -> None:
    address = to_request(Walker(app))
    stranger, typed = Walker(app), {"born-day": day, "born-month": month, "born-year": year}
    with nothing_written(db):
        answer = stranger.post(f"{address}/open", typed)
    wrong = "Enter a day, a month and a year, such as 27 3 1979."
    refuses_at(answer, "born", wrong, first_box="born-day")
    keeps(answer.text, typed)
