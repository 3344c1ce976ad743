"""Signing in and out."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from clinic.people import services as people
from clinic.people.models import RoleName, User
from tests import makers
from tests.conftest import NOW

pytestmark = pytest.mark.database
GOOD = {"email": "desk@clinic.example", "password": makers.PASSWORD}


@pytest.fixture
def user(db: Session) -> User:
    makers.clinic(db)
    made = makers.user(db, NOW, RoleName.OWNER)
    db.commit()
    return made


def test_the_right_password_opens_the_clinic(app: Flask, user: User) -> None:
    client = app.test_client()
    answer = client.post("/staff/sign-in", data=GOOD)
    assert answer.headers["Location"] == "/staff/"
    assert client.get("/clinic/").status_code == 200
    client.post("/staff/sign-out")
    assert client.get("/clinic/").status_code == 302


@pytest.mark.parametrize(
    "wrong",
    [{"password": "not the password"}, {"email": "nobody@clinic.example"}, {"email": ""}, {"password": ""}],
)
def test_anything_else_is_one_plain_page_that_keeps_the_address(
    app: Flask, user: User, wrong: dict[str, str]
) -> None:
    answer = app.test_client().post("/staff/sign-in", data={**GOOD, **wrong})
    assert answer.status_code == 422
    assert "<title>Error: Sign in" in answer.text
    assert "missing or unclear" in answer.text
    assert makers.PASSWORD not in answer.text
    if wrong.get("email", GOOD["email"]):
        assert (wrong.get("email") or GOOD["email"]) in answer.text


def test_a_switched_off_user_is_out_at_once(app: Flask, db: Session, user: User) -> None:
    client = app.test_client()
    client.post("/staff/sign-in", data=GOOD)
    user.is_active = False
    db.commit()
    assert client.get("/clinic/").status_code == 302


def test_a_new_password_ends_every_session(app: Flask, db: Session, user: User) -> None:
    client = app.test_client()
    client.post("/staff/sign-in", data=GOOD)
    people.set_password(db, user, "another long one")
    db.commit()
    assert client.get("/clinic/").status_code == 302


@pytest.mark.parametrize(
    ("wanted", "lands"),
    [
        ("/clinic/", "/clinic/"),
        ("https://elsewhere.example/", "/staff/"),
        ("//elsewhere.example/", "/staff/"),
        ("/\\elsewhere.example", "/staff/"),
        ("/clinic/\r\nX-Other: yes", "/staff/"),
        ("/\x00", "/staff/"),
    ],
)
def test_signing_in_leads_back_but_never_elsewhere(app: Flask, user: User, wanted: str, lands: str) -> None:
    answer = app.test_client().post("/staff/sign-in", query_string={"next": wanted}, data=GOOD)
    assert answer.headers["Location"] == lands


def test_a_form_without_its_token_is_refused(app: Flask, user: User) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = app.test_client().post("/staff/sign-in", data=GOOD)
    assert answer.status_code == 400
    assert "open for too long" in answer.text


def test_the_demo_sign_ins_are_not_shown_outside_the_demo(app: Flask, user: User) -> None:
    assert people.DEMO_PASSWORD not in app.test_client().get("/staff/sign-in").text
