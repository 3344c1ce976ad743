"""A clinic, somebody of reception signed in, and the steps of a call that many tests walk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment
from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW

TUESDAY_TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
Book = Callable[..., Appointment]


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    """One site, two therapists, two rooms, and a user of reception."""
    made = makers.clinic(db)
    makers.user(db, NOW, RoleName.RECEPTION)
    db.commit()
    return made


@pytest.fixture
def desk(app: Flask, clinic: makers.Clinic) -> FlaskClient:
    """A browser of reception."""
    return sign_in(app, "desk@clinic.example")


def sign_in(app: Flask, email: str) -> FlaskClient:
    browser = app.test_client()
    answer = browser.post("/staff/sign-in", data={"email": email, "password": makers.PASSWORD})
    assert answer.status_code == 302
    return browser


@pytest.fixture
def book(db: Session, clinic: makers.Clinic) -> Book:
    """Books a time and commits it; a new client for each name."""

    def booked(
        at: datetime = TUESDAY_TEN, name: str = "Anna Petrova", *, now: datetime = NOW, **changes: object
    ) -> Appointment:
        answers = changes.pop("answers", None)
        client = makers.client(db, now, name, email=f"{name.split()[0].lower()}@client.example")
        intake = makers.intake(db, now, answers)  # type: ignore[arg-type]
        wish = clinic.wish(is_desk=True, **changes)
        made = services.book(db, now, wish, at, client, intake, actor="user:1")
        db.commit()
        return made

    return booked
