"""Signs that no database keeps: refused, with the right status."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment
from clinic.intake.level import Releaser
from clinic.intake.models import Clearance
from clinic.kernel.signs import UNKEEPABLE
from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import sign_in
from tests.web.journey.steps import Walker
from tests.web.journey.waiting import CONTACT
from tests.web.refused import errors_of, nothing_written, refuses_at

pytestmark = pytest.mark.database


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    user = makers.user(db, NOW, *RoleName, email="all@clinic.example")
    made.therapists[0].user_id = user.id
    db.commit()
    return made


@pytest.fixture
def browser(app: Flask, clinic: makers.Clinic) -> FlaskClient:
    """Somebody who may do everything, and gives sessions too."""
    return sign_in(app, "all@clinic.example")


@pytest.fixture
def soon(db: Session, clinic: makers.Clinic) -> Appointment:
    """A session of theirs, in half an hour."""
    made = services.book(
        db, NOW, clinic.wish(therapist_id=clinic.therapists[0].id), NOW + timedelta(minutes=30),
        makers.client(db, NOW), makers.intake(db, NOW, makers.ALL_WELL), actor="test",
    )  # fmt: skip
    db.commit()
    return made


@pytest.mark.parametrize(
    "path",
    [
        "/desk/find?q=a%00b",
        "/desk/?site=%00",
        "/desk/caller?q=%00",
        "/desk/appointment/%00",
        "/staff/sign-in?next=%00",
    ],
)
def test_a_nul_in_an_address_is_a_plain_refusal(browser: FlaskClient, path: str) -> None:
    assert browser.get(path).status_code in (200, 302, 400, 404)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/clinic/skills", {"name": "Thai\x00"}),
        ("/clinic/rooms/new", {"name": "\x00", "site_id": "1"}),
        ("/clinic/sign-ins/new", {"name": "Sam\x00Webb", "email": "a@b.example", "roles": "owner"}),
        ("/clinic/days-off/closures", {"site_id": "1", "starts_on": "2026-12-01", "closure-name": "\x00"}),
        ("/clinic/days-off/time-off", {"therapist_id": "1", "first": "2026-12-01", "reason": "\x00"}),
        ("/desk/caller", {"name": "Ann\x00", "phone": "020 7946 0000"}),
        ("/staff/sign-in", {"email": "a\x00@b.example", "password": "\x00"}),
    ],
)  # fmt: skip
def test_a_nul_in_a_form_is_a_plain_refusal(browser: FlaskClient, path: str, data: dict[str, str]) -> None:
    assert browser.post(path, data=data).status_code in (400, 422)


@pytest.mark.parametrize("what", ["decline", "hold"])
def test_a_nul_in_a_reason_is_refused_at_its_field(
    browser: FlaskClient, db: Session, soon: Appointment, what: str
) -> None:
    """What is encrypted could be kept; it is nothing that anybody wrote all the same."""
    address = f"/practice/session/{soon.reference}/{what}"
    browser.get(address)
    with nothing_written(db):
        answer = browser.post(address, data={"reason": "A rash\x00", "version": str(soon.version)})
    refuses_at(answer, "reason", UNKEEPABLE)


@pytest.mark.parametrize(
    ("at", "data", "field"),
    [
        ("/practice", {"decision": "more_needed", "reason": "\x00x", "question": "Which?"}, "reason"),
        ("/practice", {"decision": "more_needed", "reason": "Why", "question": "\x00?"}, "question"),
        ("/desk", {"decision": "more_needed", "reason": "\x00x", "question": "Which?"}, "reason"),
    ],
)
def test_a_nul_in_a_decision_is_refused_at_its_field(
    browser: FlaskClient, app: Flask, db: Session, at: str, data: dict[str, str], field: str
) -> None:
    walker = Walker(app)
    walker.answer_all(background={"bones": "fragility_fracture"})
    walker.post("/book/request", CONTACT)
    if at == "/desk":
        db.execute(sa.update(Clearance).values(release_by=Releaser.RECEPTION))
        db.commit()
    browser.get(f"{at}/clearances/1")
    with nothing_written(db):
        answer = browser.post(f"{at}/clearances/1", data={**data, "version": "1"})
    assert (answer.status_code, errors_of(answer.text)) == (422, {field: UNKEEPABLE})


def test_a_nul_among_the_answers_is_refused_at_its_field(
    app: Flask, db: Session, clinic: makers.Clinic
) -> None:
    walker = Walker(app)
    walker.answer_all(last={"anything_else-text": "My back\x00"})
    with nothing_written(db):
        answer = walker.answer("last", **{"anything_else": "yes", "anything_else-text": "My back\x00"})
    assert (answer.status_code, errors_of(answer.text)) == (422, {"anything_else": UNKEEPABLE})


def test_a_name_that_is_too_long_as_it_is_found_by_is_refused_at_its_field(
    browser: FlaskClient, db: Session, soon: Appointment
) -> None:
    """One sign of a ligature is eighteen letters."""
    with nothing_written(db):
        answer = browser.post(f"/desk/client/{soon.client_id}/child", data={"name": "\ufdfa" * 119})
    refuses_at(answer, "name", "Enter a name of 120 signs or fewer.")


def test_signs_that_are_no_utf8_are_no_fault(browser: FlaskClient) -> None:
    kind = "application/x-www-form-urlencoded"
    for path in ("/clinic/skills", "/desk/caller", "/staff/sign-in"):
        assert browser.post(path, data=b"name=%ff%fe&email=%c3%28", content_type=kind).status_code in (
            303,
            422,
        )
