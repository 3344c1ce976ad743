"""Booking for a caller, from the first word to the appointment, and everything that may come between."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.booking import services
from clinic.booking.models import Appointment
from clinic.intake import services as intakes
from clinic.intake.models import CallBack, Intake
from clinic.people.models import Client, Consent
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import TUESDAY_TEN, Book, sign_in

NEW = {"name": "Anna Petrova", "phone": "020 7946 0000", "email": "anna@client.example"}
NONE = "none"
PAGES: dict[str, dict[str, Any]] = {
    "safety": {"now_signs": NONE, "saddle_numb": "no", "bladder_bowel": NONE, "nerve_signs": NONE},
    "about-you": {
        "age_years-day": "27", "age_years-month": "3", "age_years-year": "1985", "pregnancy": "no",
    },
    "wishes": {"goal": "relax", "pressure_pref": "3", "sensitivity": NONE},
    "lately": {"feeling_ill": NONE, "leg_swelling": NONE, "head_neck_signs": NONE, "recent_injury": NONE},
    "background": {
        "cancer_history": "never", "blood": NONE, "heart": NONE, "bones": NONE, "nerves_brain": NONE,
        "skin": NONE, "ops": NONE, "immune_meds": NONE, "allergies": NONE,
    },
    "last": {"anything_else": "no", "fit_today": NONE},
}  # fmt: skip


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def follow(desk: FlaskClient, answer: TestResponse) -> TestResponse:
    """The page a POST leads to, through all redirects."""
    while answer.status_code in (302, 303):
        answer = desk.get(answer.location)
    return answer


def begin(desk: FlaskClient, who: dict[str, Any] | None = None) -> str:
    """Begins a call and gives its address."""
    answer = desk.post("/desk/caller", data=who or NEW)
    assert answer.status_code == 303, text(answer)
    found = re.match(r"/desk/caller/\d+", answer.location)
    assert found
    return found.group()


def ask_all(desk: FlaskClient, call: str, **changes: dict[str, Any]) -> TestResponse:
    """Says yes to the consent and answers every page that comes; gives the page after them."""
    page = desk.post(f"{call}/health", data={"consent": "yes"})
    while page.status_code == 303 and "/questions/" in page.location:
        slug = page.location.rsplit("/", 1)[-1]
        page = desk.post(page.location, data={**PAGES[slug], **changes.get(slug, {})})
        if page.status_code == 303 and page.location.rstrip("/") == call:
            page = desk.get(call)
    assert page.status_code == 303, text(page)
    return page


def option_of(page: TestResponse) -> str:
    found = re.search(r'name="option"[^>]* value="(\d+)"', text(page))
    assert found
    return found.group(1)


def times_of(page: TestResponse) -> list[str]:
    return re.findall(r'name="slot"[^>]* value="([^"]+)"', text(page))


def to_times(desk: FlaskClient, call: str, **changes: dict[str, Any]) -> TestResponse:
    """Walks a call up to the page of times."""
    sessions = follow(desk, ask_all(desk, call, **changes))
    return follow(desk, desk.post(f"{call}/session", data={"option": option_of(sessions)}))


def test_a_new_caller_is_booked_in_one_walk(desk: FlaskClient, db: Session) -> None:
    call = begin(desk)
    page = to_times(desk, call)
    assert "First free" in text(page)
    assert "with Amara Osei at Canal Street. £62." in text(page)
    assert len(times_of(page)) == 5
    done = follow(desk, desk.post(f"{call}/time", data={"slot": times_of(page)[0]}))
    assert "Your reference is" in text(done)
    made = db.scalars(sa.select(Appointment)).one()
    assert (made.client.name, made.client.phone, made.via) == ("Anna Petrova", "+442079460000", "desk")
    assert made.intake is not None
    assert made.intake.channel == "phone"
    assert made.talk_minutes == 15
    consent = db.scalars(sa.select(Consent)).one()
    assert (consent.client_id, consent.intake_id) == (made.client_id, made.intake_id)
