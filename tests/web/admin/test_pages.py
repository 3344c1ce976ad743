"""The owner's pages open, and nobody else's sign-in opens them."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW

pytestmark = pytest.mark.database
PAGES = tuple(
    f"/clinic/{address}"
    for address in (
        "", "therapists", "therapists/new", "therapists/1", "therapists/1/hours", "therapists/1/hours?new=1",
        "session-types", "session-types/new", "session-types/1", "skills", "rooms", "rooms/new", "rooms/1",
        "sites", "sites/new", "sites/1", "sign-ins", "sign-ins/new", "sign-ins/1", "days-off",
        "rules", "rules/print",
    )
)  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_a_page_opens_for_the_owner(owner: FlaskClient, address: str) -> None:
    answer = owner.get(address)
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("address", [page for page in PAGES if page.endswith("/1")])
def test_what_is_not_there_is_not_found(owner: FlaskClient, address: str) -> None:
    assert owner.get(address.removesuffix("1") + "999").status_code == 404


@pytest.mark.parametrize("role", [RoleName.RECEPTION, RoleName.THERAPIST])
def test_other_roles_are_refused(app: Flask, db: Session, role: RoleName) -> None:
    makers.clinic(db)
    makers.user(db, NOW, role)
    db.commit()
    client = app.test_client()
    client.post("/staff/sign-in", data={"email": "desk@clinic.example", "password": makers.PASSWORD})
    for address in PAGES:
        assert client.get(address).status_code == 403, address


def test_an_empty_clinic_says_what_to_do(app: Flask, db: Session) -> None:
    makers.user(db, NOW, RoleName.OWNER)
    db.commit()
    client = app.test_client()
    client.post("/staff/sign-in", data={"email": "desk@clinic.example", "password": makers.PASSWORD})
    home = client.get("/clinic/").text
    for words in ("There is no site in use.", "There is no room in use.", "There is no therapist at work."):
        assert words in home
    for address in ("therapists", "session-types", "rooms", "sites", "skills", "days-off", "sign-ins"):
        assert client.get(f"/clinic/{address}").status_code == 200
    for address in ("therapists/new", "session-types/new", "rooms/new", "sites/new"):
        assert client.get(f"/clinic/{address}").status_code == 200


def test_home_names_what_is_missing(db: Session, clinic: makers.Clinic, owner: FlaskClient) -> None:
    clinic.therapists[1].skills = []
    clinic.therapists[0].skills = [clinic.swedish.offering.skill]
    db.commit()
    page = owner.get("/clinic/").text
    assert "Nobody can give Deep tissue." in page
    assert "Tom Whitfield has no skills." in page
    assert "Amara Osei has no sign-in." in page
