"""The check on the day and declining, as the therapist meets them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services as booking
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.intake import ledger
from clinic.intake.models import DecisionKind
from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW

pytestmark = pytest.mark.database


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    for therapist, email in zip(made.therapists, ("amara@clinic.example", "tom@clinic.example"), strict=True):
        therapist.user_id = makers.user(db, NOW, RoleName.THERAPIST, email=email).id
    db.commit()
    return made


@pytest.fixture
def soon(db: Session, clinic: makers.Clinic) -> Appointment:
    return booked(db, clinic)


def booked(db: Session, clinic: makers.Clinic, minutes: int = 30, who: int = 0) -> Appointment:
    intake = makers.intake(db, NOW - timedelta(days=5), makers.ALL_WELL)
    made = booking.book(
        db, NOW, clinic.wish(therapist_id=clinic.therapists[who].id), NOW + timedelta(minutes=minutes),
        makers.client(db, NOW), intake, actor="test",
    )  # fmt: skip
    db.commit()
    return made


@pytest.fixture
def amara(app: Flask, clinic: makers.Clinic) -> FlaskClient:
    client = app.test_client()
    client.post("/staff/sign-in", data={"email": "amara@clinic.example", "password": makers.PASSWORD})
    return client


def path(one: Appointment, more: str = "/check") -> str:
    return f"/practice/session/{one.reference}{more}"


def send(browser: FlaskClient, one: Appointment, page: str, **answers: Any) -> Any:
    """Sends the check as the page stands."""
    fields = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in ("version", "asked")}
    kept = {name: found.group(1) for name, found in fields.items() if found}
    return browser.post(path(one), data={**kept, **answers})


def test_the_sheet_leads_to_the_check_from_an_hour_before(
    db: Session, clinic: makers.Clinic, amara: FlaskClient, soon: Appointment
) -> None:
    later = booked(db, clinic, minutes=240)
    assert "Check on the day" in amara.get(path(soon, "")).text
    assert "Check on the day" not in amara.get(path(later, "")).text
    assert amara.get(path(later)).status_code == 409


def test_nothing_has_changed_takes_two_taps(db: Session, amara: FlaskClient, soon: Appointment) -> None:
    page = amara.get(path(soon)).text
    assert "Is any of this true today" in page
    missing = send(amara, soon, page)
    assert missing.status_code == 422
    assert "<title>Error: " in missing.text
    sent = send(amara, soon, page, fit_today="none")
    assert sent.location == path(soon, "/check/result")
    result = amara.get(sent.location).text
    assert "Go ahead as planned" in result
    assert ledger.read(db, soon.intake_id or 0)[-1].kind is DecisionKind.CHECKED


def test_a_tick_opens_its_questions_on_the_same_page(
    db: Session, amara: FlaskClient, soon: Appointment
) -> None:
    first = amara.get(path(soon)).text
    opened = send(amara, soon, first, fit_today="medicine")
    assert opened.status_code == 200
    assert 'class="error"' not in opened.text
    for question in ("blood", "heart", "immune_meds", "allergies"):
        assert f'name="{question}"' in opened.text
    half = send(amara, soon, opened.text, fit_today="medicine", blood="blood_thinner")
    assert half.status_code == 422
    assert 'href="#heart"' in half.text
    none = {"heart": "none", "immune_meds": "none", "allergies": "none"}
    sent = send(amara, soon, half.text, fit_today="medicine", blood="blood_thinner", **none)
    assert sent.status_code == 303, sent.text
    result = amara.get(sent.location).text
    assert "Go ahead, with new limits" in result
    assert "Light at most" in result
    db.expire_all()
    assert soon.intake is not None
    assert soon.intake.based_on_id is not None


def test_an_ok_that_is_needed_holds_the_session_and_leads_to_the_decision(
    db: Session, amara: FlaskClient, soon: Appointment
) -> None:
    answers = {"fit_today": "medicine", "blood": "none", "heart": "bp_not_controlled"}
    answers |= {"immune_meds": "none", "allergies": "none"}
    opened = send(amara, soon, amara.get(path(soon)).text, **answers)
    page = amara.get(send(amara, soon, opened.text, **answers).location).text
    assert "Hold: not to be given yet" in page
    assert "/practice/clearance" in page
    assert "Mark as done" not in amara.get(path(soon, "")).text
    db.expire_all()
    assert soon.status is Status.PROVISIONAL


def test_a_stop_gives_the_words_to_say(amara: FlaskClient, soon: Appointment) -> None:
    answers = {"fit_today": "ill", "now_signs": "chest_pain", "feeling_ill": "none"}
    opened = send(amara, soon, amara.get(path(soon)).text, **answers)
    sent = send(amara, soon, opened.text, **answers)
    page = amara.get(sent.location).text
    assert "Stop: medical help first" in page
    assert "Say to Anna" in page
    assert "999" in page


def test_declining_needs_a_reason_and_shows_it_to_nobody(
    db: Session, amara: FlaskClient, soon: Appointment
) -> None:
    page = amara.get(path(soon, "/decline")).text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    data = {"version": version.group(1)}
    assert amara.post(path(soon, "/decline"), data=data).status_code == 422
    done = amara.post(path(soon, "/decline"), data={**data, "reason": "A rash on the back."})
    assert done.status_code == 303
    assert "rash" not in amara.get(done.location).text
    db.expire_all()
    assert (soon.status, soon.cancel_reason) == (Status.CANCELLED, "declined by the therapist")


def test_an_old_page_checks_and_declines_nothing(db: Session, amara: FlaskClient, soon: Appointment) -> None:
    old = {"version": "0", "asked": "fit_today", "fit_today": "none"}
    assert amara.post(path(soon), data=old).status_code == 409
    assert amara.post(path(soon, "/decline"), data={"version": "0", "reason": "Late."}).status_code == 409
    assert amara.get(path(soon, "/check/result")).location == path(soon, "")


def test_a_colleagues_session_is_not_there(db: Session, clinic: makers.Clinic, amara: FlaskClient) -> None:
    other = booked(db, clinic, who=1)
    for more in ("/check", "/check/result", "/decline"):
        assert amara.get(path(other, more)).status_code == 404
        assert amara.post(path(other, more)).status_code in (404, 405)
