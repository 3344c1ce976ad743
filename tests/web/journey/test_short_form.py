"""Somebody who is back: a short form, nothing asked twice, nothing preselected that is asked again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.booking.journeys import digest
from clinic.booking.models import Appointment, Journey
from clinic.intake import returning
from clinic.intake.models import Intake
from clinic.intake.services import answers_of
from tests.makers import Clinic
from tests.web.journey.steps import Walker, heading

TOKEN = "somebody who is back"


@pytest.fixture
def back(app: Flask, walker: Walker, clinic: Clinic, db: Session, now: datetime) -> Walker:
    """A browser whose client was here before and begins anew from what was told then."""
    walker.to_check(clinic.swedish.id)
    walker.book()
    before = db.get_one(Intake, db.scalars(sa.select(Appointment)).one().intake_id)
    intake = returning.begin_again(db, now, before, {}, clinic="Test Rooms")
    expires = now + timedelta(hours=1)
    db.add(
        Journey(
            token_digest=digest(TOKEN), intake=intake, created_at=now, expires_at=expires, outcome_seen=False
        )
    )
    db.commit()
    again = Walker(app)
    with again.browser.session_transaction() as cookie:
        cookie["journey"] = TOKEN
    return again


def test_three_pages_are_asked_and_none_of_the_rest(back: Walker) -> None:
    assert back.get("/book").location == "/book/safety"
    page = back.get("/book/safety").text
    assert not re.search(r'name="(now_signs|saddle_numb)"[^>]* checked', page)
    assert "Nothing is kept yet" not in page
    assert back.answer("safety").location == "/book/changes"
    page = back.get("/book/changes").text
    assert heading(page) == "Since last time"
    assert "Nothing has changed" in page
    assert back.post("/book/changes", {"anything_changed": "none"}).location == "/book/wishes"
    page = back.get("/book/wishes").text
    assert "data-bodymap" in page
    assert 'name="goal"' not in page
    assert back.post("/book/wishes", {}).location == "/book/outcome"
    assert back.get("/book/background").status_code == 303


def test_a_tick_brings_back_the_questions_it_touches_and_only_those(back: Walker, db: Session) -> None:
    back.answer("safety")
    assert back.post("/book/changes", {"anything_changed": "medicine"}).location == "/book/wishes"
    assert back.post("/book/wishes", {}).location == "/book/background"
    page = back.get("/book/background").text
    for asked in ("blood", "heart", "immune_meds", "allergies"):
        assert f'name="{asked}"' in page
    for carried in ("cancer_history", "bones", "skin", "ops"):
        assert f'name="{carried}"' not in page
    assert not re.search(r'name="(blood|heart)"[^>]* checked', page)
    sent = back.post("/book/background", {"blood": "blood_thinner", "rest_is_none": "yes"})
    assert sent.location == "/book/outcome"
    intake = db.scalars(sa.select(Journey).where(Journey.option_id.is_(None))).one().intake
    assert intake is not None
    kept = answers_of(intake)
    assert (kept["blood"], kept["heart"], kept["skin"], kept["goal"]) == (["blood_thinner"], [], [], "relax")


def test_the_change_has_to_be_answered(back: Walker) -> None:
    back.answer("safety")
    page = back.post("/book/changes", {})
    assert page.status_code == 422
    assert "Tick each change, or tick" in page.text
    assert back.get("/book/wishes").location == "/book/changes"


def test_somebody_new_is_never_asked_what_has_changed(walker: Walker) -> None:
    walker.answer("safety")
    assert walker.get("/book/changes").location == "/book/about-you"
    walker.answer("about-you")
    assert walker.get("/book/changes").location == "/book/wishes"
