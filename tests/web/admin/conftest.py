"""An owner who is signed in, and a small clinic to look after."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services as booking
from clinic.booking.models import Appointment
from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    db.commit()
    return made


@pytest.fixture
def owner(app: Flask, db: Session, clinic: makers.Clinic) -> FlaskClient:
    makers.user(db, NOW, RoleName.OWNER, email="owner@clinic.example")
    db.commit()
    client = app.test_client()
    client.post("/staff/sign-in", data={"email": "owner@clinic.example", "password": makers.PASSWORD})
    return client


def book(db: Session, clinic: makers.Clinic, hours: float, who: int = 0) -> Appointment:
    client = makers.client(db, NOW, f"Client {hours:g}", email=None, phone=None)
    made = booking.book(
        db, NOW, clinic.wish(therapist_id=clinic.therapists[who].id), at(hours), client,
        makers.intake(db, NOW), actor="test",
    )  # fmt: skip
    db.commit()
    return made


def look_again(db: Session) -> None:
    """Lets `db` see what the app has written since."""
    db.rollback()
    db.expire_all()


def fields_of(page: str, form: str = 'method="post" novalidate data-once') -> dict[str, str | list[str]]:
    """What the page's form would send as it stands: the browser's part, done on the text of the page."""
    start = page.index("</header>", page.index("<main"))
    text = page[page.index(form, start) :]
    text = text[: text.index("</form>")]
    found: dict[str, str | list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", text):
        name = _attribute(tag, "name")
        if not name:
            continue
        if 'type="checkbox"' in tag or 'type="radio"' in tag:
            if " checked" not in tag:
                continue
            if name in ("skills", "rooms", "roles"):
                found[name] = [*found.get(name, []), _attribute(tag, "value")]
                continue
        found[name] = _attribute(tag, "value")
    for name, body in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>', text, re.DOTALL):
        found[name] = body.strip()
    for name, body in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)"[^>]* selected|selected[^>]* value="([^"]*)"', body)
        found[name] = (chosen.group(1) or chosen.group(2) or "") if chosen else ""
    return found


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf'\s{name}="([^"]*)"', tag)
    return match.group(1) if match else ""
