"""Holding from the web: a network that holds too much is told so, and a day that is held keeps no more."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment, Hold
from clinic.booking.statuses import HoldStatus
from tests.makers import Clinic
from tests.web.journey.steps import DETAILS, Walker

pytestmark = pytest.mark.database


def visitor(app: Flask, clinic: Clinic, address: str) -> Walker:
    walker = Walker(app)
    walker.browser.environ_base["REMOTE_ADDR"] = address
    walker.to_time(clinic.swedish.id)
    return walker


def test_changing_cookies_one_address_stops_at_six(app: Flask, clinic: Clinic, db: Session) -> None:
    answers = [
        visitor(app, clinic, f"2001:db8::{number}").post(
            "/book/time", {"slot": f"2026-11-{24 + number}T10:00Z"}
        )
        for number in range(7)
    ]
    assert [answer.status_code for answer in answers] == [303] * 6 + [429]
    assert "Too many times are kept for your internet connection." in answers[-1].text
    assert "Try again in ten minutes, or ring us." in answers[-1].text
    held = db.scalars(sa.select(Hold).where(Hold.status == HoldStatus.OPEN)).all()
    assert len(held) == 6
    assert not any("2001" in (each.address_digest or "") for each in held)


def test_a_time_that_cannot_be_kept_says_so_and_is_booked_all_the_same(
    app: Flask, clinic: Clinic, db: Session
) -> None:
    therapist = clinic.therapists[0].id
    last = None
    for number, at in enumerate(("09:15", "13:15", "15:15", "10:15")):
        last = visitor(app, clinic, f"203.0.113.{number}")
        assert last.post(f"/book/time?with={therapist}", {"slot": f"2026-11-24T{at}Z"}).status_code == 303
        if db.scalar(sa.select(sa.func.count()).select_from(Hold).where(Hold.entry_id.is_(None))):
            break
        db.rollback()
    assert last is not None
    assert "It is yours once you book it." in last.get("/book/time").text
    assert "we cannot keep it for you" in last.get("/book/details").text
    last.post("/book/details", DETAILS)
    assert "we cannot keep it for you" in last.get("/book/check").text
    assert last.book().location == "/book/booked"
    db.rollback()
    assert db.scalars(sa.select(Appointment)).one().entry_id is not None
