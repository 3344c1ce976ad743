"""Figures that are none, or far too large, in what the clinic's people send: refused, never a fault."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.people.models import RoleName
from clinic.roster.models import Room, Site, Therapist
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import TUESDAY_TEN, sign_in
from tests.web.refused import nothing_written

pytestmark = pytest.mark.database

NUMBER = re.compile(r"<int:\w+>")
ODD = ["²", "٣", "-1", "9" * 20, "9" * 5000, "", "x"]


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    user = makers.user(db, NOW, RoleName.OWNER, RoleName.THERAPIST, email="all@clinic.example")
    made.therapists[0].user_id = user.id
    db.commit()
    return made


@pytest.fixture
def browser(app: Flask, clinic: makers.Clinic) -> FlaskClient:
    return sign_in(app, "all@clinic.example")


@pytest.fixture
def reference(db: Session, clinic: makers.Clinic) -> str:
    made = services.book(
        db, NOW, clinic.wish(), TUESDAY_TEN, makers.client(db, NOW), makers.intake(db, NOW), actor="user:1"
    )
    db.commit()
    return made.reference


@pytest.mark.parametrize("odd", ["0", "-1", "²", "٣", "007", "9" * 10, str(2**63), "9" * 30, "9" * 5000])
def test_nothing_has_a_number_that_is_none(app: Flask, browser: FlaskClient, db: Session, odd: str) -> None:
    """On every route that takes one: no such page, and nothing written."""
    numbered = [rule for rule in app.url_map.iter_rules() if NUMBER.search(rule.rule)]
    assert numbered
    with nothing_written(db):
        for rule in numbered:
            for method in (rule.methods or set()) & {"GET", "POST"}:
                for place in NUMBER.findall(rule.rule):
                    address = NUMBER.sub("1", rule.rule.replace(place, odd)).replace("<slug>", "safety")
                    answer = browser.open(address, method=method, data={"name": "New"})
                    assert answer.status_code == 404, (method, address[:80])


@pytest.mark.parametrize("odd", ODD)
def test_odd_figures_in_an_address_show_the_usual_page(
    browser: FlaskClient, reference: str, odd: str
) -> None:
    for path, name in (
        ("/desk/", "minutes"),
        ("/desk/week", "therapist"),
        (f"/desk/appointment/{reference}/move", "therapist"),
        ("/desk/caller", "therapist"),
    ):
        assert browser.get(path, query_string={name: odd}).status_code == 200, path


@pytest.mark.parametrize("odd", ODD)
def test_odd_figures_at_the_desk_are_refused(browser: FlaskClient, reference: str, odd: str) -> None:
    at = f"/desk/appointment/{reference}"
    for path, data in (
        (f"{at}/status", {"status": "fulfilled", "version": odd}),
        (f"{at}/late", {"minutes": odd, "version": "1"}),
        (f"{at}/cancel", {"reason": "client", "version": odd}),
        (f"{at}/undo", {"version": odd}),
        (f"{at}/change", {"option": odd, "version": "1"}),
        (f"{at}/move", {"slot": f"2026-11-24T12:00Z/{odd}/1", "version": "1"}),
        (f"{at}/move", {"by": "said", "on": "2026-11-24", "start": odd, "version": "1"}),
        (f"{at}/move", {"by": "said", "on": "2026-11-24", "start": "12:00", "version": odd}),
        (f"/practice/session/{reference}/done", {"version": odd}),
        ("/desk/caller", {"client": odd}),
    ):
        assert browser.post(path, data=data).status_code in (404, 409, 422), (path, data)


@pytest.mark.parametrize("odd", ODD)
def test_odd_figures_on_the_owners_pages_are_refused(
    browser: FlaskClient, clinic: makers.Clinic, db: Session, odd: str
) -> None:
    offering = clinic.swedish.offering
    words: dict[str, Any] = {
        "name": offering.name, "desk_name": offering.desk_name, "position": "0",
        "skill_id": offering.skill_id, "is_active": "y", "version": str(offering.version),
        f"o{clinic.swedish.id}-price": "62",
        f"o{clinic.swedish.id}-before": "0", f"o{clinic.swedish.id}-after": "15",
        f"o{clinic.swedish.id}-turnover": "0", f"o{clinic.swedish.id}-version": "1",
    }  # fmt: skip
    who = clinic.therapists[0]
    person = {"name": who.name, "hue": "1", "user_id": "none", "is_active": "y", "version": str(who.version)}
    for path, data in (
        (f"/clinic/session-types/{offering.id}", {**words, "skill_id": odd}),
        (f"/clinic/session-types/{offering.id}", {**words, "position": odd}),
        (f"/clinic/therapists/{who.id}", {**person, "hue": odd}),
        (f"/clinic/therapists/{who.id}", {**person, "version": odd}),
        (f"/clinic/rooms/{clinic.rooms[0].id}", {"name": "New", "site_id": odd, "version": "1"}),
        ("/clinic/days-off/time-off", {"therapist_id": odd, "first": "2026-12-01"}),
        ("/clinic/days-off/closures", {"site_id": odd, "starts_on": "2026-12-01", "closure-name": "Snow"}),
    ):
        assert browser.post(path, data=data).status_code in (409, 422), (path, data)
    row = {**words, "rooms": [odd]}
    assert browser.post(f"/clinic/session-types/{offering.id}", data=row).status_code in (303, 422)
    more = browser.post(f"/clinic/therapists/{who.id}/hours", data={"add": f"{odd}-{odd}"})
    assert more.status_code == 200


def test_a_form_that_names_no_version_does_not_overwrite(
    browser: FlaskClient, clinic: makers.Clinic, db: Session
) -> None:
    sent = {"name": "Renamed", "site_id": str(clinic.site.id), "is_active": "y"}
    assert browser.post(f"/clinic/rooms/{clinic.rooms[0].id}", data=sent).status_code == 409
    person = {"name": "Renamed", "hue": "1", "user_id": "none", "is_active": "y"}
    assert browser.post(f"/clinic/therapists/{clinic.therapists[0].id}", data=person).status_code == 409
    names = {Room: clinic.rooms[0], Therapist: clinic.therapists[0], Site: clinic.site}
    for table, row in names.items():
        found = db.get(table, row.id, populate_existing=True)
        assert found is not None
        assert found.name != "Renamed"
