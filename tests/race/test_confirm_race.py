"""The button pressed twice, and again after a lost answer: one appointment, one mail, one reference."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment, Hold
from clinic.booking.statuses import HoldStatus
from clinic.kernel.codes import shown_reference
from clinic.notify.models import OutboxMessage
from tests import makers
from tests.conftest import NOW
from tests.race.crowd import at_once, faults_of_diary
from tests.web.journey.steps import Walker, hidden

pytestmark = [pytest.mark.database, pytest.mark.race]
PRESSES = 8


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    db.commit()
    return made


@pytest.fixture
def walker(app: Flask, clinic: makers.Clinic) -> Walker:
    """A browser on the page before the button."""
    made = Walker(app)
    assert made.to_check(clinic.swedish.id).status_code == 200
    return made


def same_browser(walker: Walker) -> Walker:
    """Another connection of the same browser: its cookie, and nothing else, is shared."""
    twin = Walker(walker.app)
    cookie = walker.browser.get_cookie("clinic")
    assert cookie is not None
    twin.browser.set_cookie("clinic", cookie.value)
    return twin


def count(db: Session, table: type) -> int:
    db.rollback()
    return db.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_eight_presses_at_once_are_one_appointment(app: Flask, walker: Walker, db: Session) -> None:
    form = {"hold": hidden(walker.get("/book/check").text, "hold")}
    twins = [same_browser(walker) for _ in range(PRESSES)]

    def press(index: int) -> str:
        answer = twins[index].post("/book/check", form)
        assert answer.status_code == 303, answer.text
        return twins[index].get(answer.location).text

    pages = at_once(PRESSES, press)
    made = db.scalars(sa.select(Appointment)).one()
    assert all(isinstance(page, str) and shown_reference(made.reference) in page for page in pages)
    assert count(db, OutboxMessage) == 1
    assert faults_of_diary(app.extensions["clinic.engine"]) == []


def test_a_press_whose_answer_was_lost_gives_the_same_appointment_when_it_is_tried_again(
    app: Flask, walker: Walker, db: Session
) -> None:
    """Even long after the hold is over: what counts is that it was booked."""
    form = {"hold": hidden(walker.get("/book/check").text, "hold")}
    same_browser(walker).post("/book/check", form)  # nobody reads the answer
    reference = db.scalars(sa.select(Appointment.reference)).one()
    app.config["CLOCK"] = lambda: NOW + timedelta(hours=2)
    again = walker.post("/book/check", form)
    assert again.status_code == 303
    assert shown_reference(reference) in walker.get(again.location).text
    assert count(db, Appointment) == 1
    assert count(db, OutboxMessage) == 1


def test_two_tabs_that_hold_at_once_leave_one_hold(
    app: Flask, walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    starts = [f"2026-11-2{day}T10:00Z" for day in range(4, 10)]
    tabs = [same_browser(walker) for _ in starts]
    at_once(len(starts), lambda index: tabs[index].post("/book/time", {"slot": starts[index]}))
    db.rollback()
    still_open = db.scalars(sa.select(Hold).where(Hold.status == HoldStatus.OPEN)).all()
    assert len(still_open) == 1
    assert faults_of_diary(app.extensions["clinic.engine"]) == []
