"""Signs that no database keeps: refused, with the right status."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import sign_in

pytestmark = pytest.mark.database


@pytest.fixture
def browser(app: Flask, db: Session) -> FlaskClient:
    makers.clinic(db)
    makers.user(db, NOW, RoleName.OWNER, email="owner@clinic.example")
    db.commit()
    return sign_in(app, "owner@clinic.example")


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


def test_signs_that_are_no_utf8_are_no_fault(browser: FlaskClient) -> None:
    kind = "application/x-www-form-urlencoded"
    for path in ("/clinic/skills", "/desk/caller", "/staff/sign-in"):
        assert browser.post(path, data=b"name=%ff%fe&email=%c3%28", content_type=kind).status_code in (
            303,
            422,
        )
