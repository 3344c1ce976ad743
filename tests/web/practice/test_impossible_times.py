"""Days and times that cannot be, on a therapist's pages: refused with a sentence, nothing written."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW
from tests.web.journey.steps import heading
from tests.web.practice.test_clearances import YES, ask, send
from tests.web.refused import keeps, nothing_written, refuses_all, refuses_at

pytestmark = pytest.mark.database


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    made.therapists[0].user_id = makers.user(db, NOW, RoleName.THERAPIST, email="amara@clinic.example").id
    db.commit()
    return made


@pytest.fixture
def amara(app: Flask, clinic: makers.Clinic) -> FlaskClient:
    client = app.test_client()
    client.post("/staff/sign-in", data={"email": "amara@clinic.example", "password": makers.PASSWORD})
    return client


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"first": ""}, "first", "Enter a day like 24 11 2026."),
        ({"first": "2027-02-29"}, "first", "Enter a day like 24 11 2026."),
        ({"first": "٢٤ ١١ ٢٠٢٦"}, "first", "Enter a day like 24 11 2026."),
        ({"first": "0001-01-01"}, "first", "Enter a year from 2000 to 2100."),
        ({"last": "9999-12-31"}, "last", "Enter a year from 2000 to 2100."),
        ({"last": "2026-11-30"}, "last", "The last day must not be before the first."),
        ({"last": "2028-12-01"}, "last", "That is longer than a year."),
        ({"from": "17:00", "until": "9:00"}, "until", "The end must be after the start."),
        ({"from": "22:00", "until": "02:00"}, "until", "The end must be after the start."),
        ({"from": "nine"}, "from", "Enter a time like 9:30."),
        ({"until": "24:05"}, "until", "Enter a time like 9:30."),
        (
            {"first": "2027-03-28", "from": "01:30"},
            "from",
            "The clocks go forward that night. That time is left out.",
        ),
        ({"first": "2026-11-01"}, "first", "That is over already."),
        ({"reason": "x" * 81}, "reason", "Use 80 signs or fewer."),
        (
            {"reason": "a\x00b"},
            "reason",
            "There is a sign in this that cannot be kept. Type it again.",
        ),
    ],
)
def test_time_off_that_cannot_be_is_refused(
    db: Session, amara: FlaskClient, typed: dict[str, str], field: str, sentence: str
) -> None:
    whole = {"first": "2026-12-01", "reason": "Holiday", **typed}
    with nothing_written(db):
        answer = amara.post("/practice/time-off", data=whole)
    refuses_at(answer, field, sentence)
    keeps(answer.text, whole)


def test_all_that_is_wrong_with_time_off_is_named_at_once(db: Session, amara: FlaskClient) -> None:
    typed = {"first": "", "last": "2101-01-01", "from": "nine", "until": "24:05", "reason": "x" * 81}
    with nothing_written(db):
        answer = amara.post("/practice/time-off", data=typed)
    wrong = {
        "first": "Enter a day like 24 11 2026.", "last": "Enter a year from 2000 to 2100.",
        "from": "Enter a time like 9:30.", "until": "Enter a time like 9:30.",
        "reason": "Use 80 signs or fewer.",
    }  # fmt: skip
    refuses_all(answer, wrong)
    keeps(answer.text, typed)


def test_the_same_time_off_twice_is_told_as_such(db: Session, amara: FlaskClient) -> None:
    assert amara.post("/practice/time-off", data={"first": "2026-12-01"}).status_code == 303
    with nothing_written(db):
        answer = amara.post("/practice/time-off", data={"first": "2026-12-01"})
    assert answer.status_code == 409
    assert "There is time off in the diary then already." in answer.text


@pytest.mark.parametrize("page", ["/practice/", "/practice/week"])
@pytest.mark.parametrize(
    "day",
    ["9999-12-31", "0001-01-01", "10000-01-01", "2027-02-30", "٢٠٢٦-١٢-٠١", "soon", "", "9" * 5000, "\x00"],
)
def test_a_day_beyond_the_calendar_shows_today(amara: FlaskClient, page: str, day: str) -> None:
    answer = amara.get(page, query_string={"date": day})
    assert (answer.status_code, heading(answer.text)) == (200, heading(amara.get(page).text))


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        ("soon", "Enter a day like 24 11 2026."),
        ("2027-02-29", "Enter a day like 24 11 2026."),
        ("10000-01-01", "Enter a day like 24 11 2026."),
        ("٢٤ ١١ ٢٠٢٧", "Enter a day like 24 11 2026."),
        ("2027-01-01\x00", "Enter a day like 24 11 2026."),
        ("0001-01-01", "Enter a year from 2000 to 2100."),
        ("9999-12-31", "Enter a year from 2000 to 2100."),
        ("2026-11-22", "The last day must lie ahead."),
        ("2099-12-31", "A clearance lasts a year at most."),
    ],
)
def test_a_clearance_until_a_day_that_cannot_be_is_refused(
    db: Session, clinic: makers.Clinic, amara: FlaskClient, day: str, sentence: str
) -> None:
    case = ask(db, clinic)
    with nothing_written(db):
        answer = send(amara, case, **YES, expires_on=day)
    refuses_at(answer, "expires_on", sentence)
    keeps(answer.text, {"expires_on": day, "reason": YES["reason"]})
