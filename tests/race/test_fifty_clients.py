"""Fifty clients press the same time in the real application: one has it, the others are helped on."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from tests import makers
from tests.race.crowd import at_once, faults_of_diary
from tests.web.journey.steps import DETAILS, Walker, nearest_of

pytestmark = [pytest.mark.database, pytest.mark.race]
CROWD = 50
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    db.commit()
    return made


@pytest.fixture
def crowd(app: Flask, clinic: makers.Clinic) -> list[Walker]:
    """Fifty browsers, each at an address of its own, that have answered everything and look at the times."""
    walkers = [Walker(app) for _ in range(CROWD)]
    for number, walker in enumerate(walkers):
        walker.browser.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        assert walker.to_time(clinic.swedish.id).status_code == 200
    return walkers


def slot(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"


def go_through(walker: Walker, at: datetime, therapist_id: int, number: int) -> tuple[int, str]:
    """Presses a time and, where it is had, goes on to the end; gives the last status and page."""
    held = walker.post(f"/book/time?with={therapist_id}", {"slot": slot(at)})
    if held.status_code != 303:
        return held.status_code, held.text
    walker.post(
        "/book/details", {**DETAILS, "name": f"Client {number}", "email": f"c{number}@client.example"}
    )
    confirmed = walker.book()
    if confirmed.status_code != 303:  # chosen when half of the day was held, and booked by another first
        return confirmed.status_code, confirmed.text
    return 303, walker.get(confirmed.location).text


def test_fifty_press_one_slot(app: Flask, clinic: makers.Clinic, crowd: list[Walker], db: Session) -> None:
    therapist_id = clinic.therapists[0].id
    answers = at_once(CROWD, lambda n: go_through(crowd[n], TEN, therapist_id, n))
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    pages = [answer for answer in answers if not isinstance(answer, Exception)]
    assert sorted(status for status, _page in pages) == [303] + [409] * (CROWD - 1)
    for status, page in pages:
        if status == 409:
            assert "just been taken" in page
            assert len(set(nearest_of(page))) == 3
            assert slot(TEN) not in nearest_of(page)
    assert db.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1
    assert faults_of_diary(app.extensions["clinic.engine"]) == []


def test_fifty_press_half_overlapping_starts(
    app: Flask, clinic: makers.Clinic, crowd: list[Walker], db: Session
) -> None:
    therapist_id = clinic.therapists[0].id
    starts = [TEN + timedelta(minutes=30 * (number % 10)) for number in range(CROWD)]
    answers = at_once(CROWD, lambda n: go_through(crowd[n], starts[n], therapist_id, n))
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    won = sum(status == 303 for status, _page in answers)  # type: ignore[misc]
    spans = sorted(tuple(row) for row in db.execute(sa.select(Appointment.starts_at, Appointment.ends_at)))
    assert len(spans) == won > 0
    rest = timedelta(minutes=15)
    assert all(end + rest <= start for (_s, end), (start, _e) in itertools.pairwise(spans))
    assert faults_of_diary(app.extensions["clinic.engine"]) == []


def test_one_client_who_presses_fifty_times_books_once(
    app: Flask, clinic: makers.Clinic, db: Session
) -> None:
    """Double click, retry, impatience: the confirm button from one browser, all at once."""
    walker = Walker(app)
    page = walker.to_check(clinic.swedish.id).text
    cookie = walker.browser.get_cookie("clinic")
    assert cookie is not None
    held = page.split('name="hold" value="')[1].split('"')[0]

    def press(_number: int) -> int:
        browser = app.test_client()
        browser.set_cookie("clinic", cookie.value)
        return browser.post("/book/check", data={"hold": held}).status_code

    answers = at_once(16, press)
    assert set(answers) == {303}
    assert db.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1
