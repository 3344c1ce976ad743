"""Days, times and numbers that cannot be, on the client's way: refused at the field or a plain page."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from clinic.intake.questionnaire import load_questionnaire
from tests.makers import Clinic
from tests.web.journey.steps import Walker, heading, slots_of
from tests.web.journey.test_plan import IN_PAIN, walked
from tests.web.journey.two import TwoWalkers
from tests.web.refused import keeps, nothing_written, refuses_at

pytestmark = pytest.mark.database

BEYOND = ["9999-12-31", "9999-12-25", "0001-01-01", "0001-01-02", "1900-01-01"]
NO_DAYS = [
    "10000-01-01", "2027-02-29", "-2026-11-2", "٢٠٢٦-١١-٢٤", "soon", "9" * 5000, "2026-11-24\x00", "%00",
]  # fmt: skip


@pytest.mark.parametrize("day", [*BEYOND, *NO_DAYS, ""])
def test_a_week_beyond_the_calendar_is_one_that_can_be_booked(
    walker: Walker, clinic: Clinic, day: str
) -> None:
    walker.to_time(clinic.swedish.id)
    answer = walker.browser.get("/book/time", query_string={"week": day})
    assert (answer.status_code, heading(answer.text)) == (200, "Choose a time")
    assert slots_of(answer.text)


@pytest.mark.parametrize("day", BEYOND)
def test_a_day_that_nobody_books_has_no_times(walker: Walker, clinic: Clinic, day: str) -> None:
    walker.to_time(clinic.swedish.id)
    answer = walker.get(f"/book/time/{day}")
    assert answer.status_code in (200, 404)
    assert not slots_of(answer.text)


@pytest.mark.parametrize("day", NO_DAYS)
def test_what_is_no_day_has_no_page(walker: Walker, clinic: Clinic, day: str) -> None:
    walker.to_time(clinic.swedish.id)
    assert walker.get(f"/book/time/{day}").status_code in (404, 414)


@pytest.mark.parametrize(
    "slot",
    [
        "", "soon", "9999-12-31T10:00Z", "0001-01-01T00:00Z", "10000-01-01T00:00Z", "2026-11-24T25:00Z",
        "2026-11-24T10:00", "2026-11-24T10:00Z\x00", "9" * 5000,
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_is_not_held(walker: Walker, clinic: Clinic, db: Session, slot: str) -> None:
    walker.to_time(clinic.swedish.id)
    with nothing_written(db):
        answer = walker.post("/book/time", {"slot": slot})
    refuses_at(answer, "slot", "Choose a day and a time.")


@pytest.mark.parametrize(
    "slot", ["2000-01-01T10:00Z", "2026-11-24T03:00Z", "2026-11-24T10:01Z", "2199-12-31T23:55Z"]
)
def test_a_time_that_is_never_offered_is_not_held(
    walker: Walker, clinic: Clinic, db: Session, slot: str
) -> None:
    walker.to_time(clinic.swedish.id)
    with nothing_written(db):
        answer = walker.post("/book/time", {"slot": slot})
    assert (answer.status_code, heading(answer.text)) == (409, "Choose a time")


def test_two_at_once_meet_the_same_answers(app: Flask, clinic: Clinic, db: Session) -> None:
    two = TwoWalkers(app)
    two.to_pair_time(clinic)
    for day in [*BEYOND, *NO_DAYS]:
        answer = two.browser.get("/book/together/time", query_string={"week": day})
        assert (answer.status_code, bool(slots_of(answer.text))) == (200, True), day
    for slot, status in (
        ("soon", 422), ("9999-12-31T10:00Z", 422), ("0001-01-01T00:00Z", 422),
        ("2000-01-01T10:00Z", 409), ("2026-11-24T03:00Z", 409), ("2199-12-31T23:55Z", 409),
    ):  # fmt: skip
        with nothing_written(db):
            assert two.hold(clinic, slot).status_code == status, slot


@pytest.mark.parametrize("count", ["1000", "0", "1", "-4", "٣", "4.5", "9" * 5000])
def test_a_plan_of_a_thousand_dates_is_refused(
    walker: Walker, clinic: Clinic, db: Session, count: str
) -> None:
    walked(walker, clinic, **IN_PAIN)
    with nothing_written(db):
        seen = walker.browser.get("/book/plan", query_string={"count": count})
        sent = walker.post("/book/plan", {"count": count, "every": "week"})
    for answer in (seen, sent):
        refuses_at(answer, "count", "Choose from 2 to 6 sessions.")


@pytest.mark.parametrize(
    "value", ["9999-12-31T10:00Z/1", "0001-01-01T00:00Z/1", "2026-12-01T10:00Z/٣", "soon"]
)
def test_a_date_of_a_plan_that_cannot_be_is_refused(
    walker: Walker, clinic: Clinic, db: Session, value: str
) -> None:
    walked(walker, clinic, **IN_PAIN)
    with nothing_written(db):
        answer = walker.post("/book/plan", {"count": "3", "every": "week", "date-2": value})
    refuses_at(answer, "date-2", "Choose a time from the list.")


BORN: list[tuple[dict[str, Any], str]] = [
    ({"day": "29", "month": "2", "year": "2001"}, "not_a_date"),
    ({"day": "0", "month": "1", "year": "1980"}, "not_a_date"),
    ({"day": "-1", "month": "1", "year": "1980"}, "not_a_date"),
    ({"day": "1", "month": "13", "year": "1980"}, "not_a_date"),
    ({"day": "1", "month": "1", "year": "10000"}, "not_a_date"),
    ({"day": "1", "month": "1", "year": "9" * 5000}, "not_a_date"),
    ({"day": "1", "month": "1", "year": "1980\x00"}, "not_a_date"),
    ({"day": "1", "month": "1", "year": "9999"}, "future_date"),
    ({"day": "24", "month": "11", "year": "2026"}, "future_date"),
    ({"day": "1", "month": "1", "year": "1"}, "too_old"),
    ({"day": "1", "month": "1", "year": "85"}, "too_old"),
]


@pytest.mark.parametrize(("typed", "why"), BORN)
def test_a_birthday_that_cannot_be_is_refused(
    walker: Walker, clinic: Clinic, db: Session, typed: dict[str, str], why: str
) -> None:
    walker.answer("safety")
    sent = {f"age_years-{part}": value for part, value in typed.items()}
    with nothing_written(db):
        answer = walker.answer("about-you", **sent)
    refuses_at(answer, "age_years", load_questionnaire().errors[why], first_box="age_years-day")
    keeps(answer.text, sent)
