"""Rooms, sites, days off and sign-ins."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.people.models import RoleName, User
from clinic.roster import services as roster
from clinic.roster.models import Closure, Maintenance, Room, Site, TimeOff
from tests import makers
from tests.conftest import NOW
from tests.web.admin.conftest import at, book, fields_of, look_again

pytestmark = pytest.mark.database


def test_a_room_is_added_renamed_and_doubles_are_refused(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = fields_of(owner.get("/clinic/rooms/new").text) | {"site_id": str(clinic.site.id)}
    assert owner.post("/clinic/rooms/new", data=form | {"name": "Attic"}).status_code == 303
    double = owner.post("/clinic/rooms/new", data=form | {"name": " Room  1 "})
    assert double.status_code == 422
    assert "There is a room of that name at this site already." in double.text
    room = db.scalars(sa.select(Room).where(Room.name == "Attic")).one()
    old = fields_of(owner.get(f"/clinic/rooms/{room.id}").text)
    assert owner.post(f"/clinic/rooms/{room.id}", data=old | {"name": "Loft"}).status_code == 303
    stale = owner.post(f"/clinic/rooms/{room.id}", data=old | {"name": "Garret"})
    assert (stale.status_code, "Loft" in stale.text, 'value="Garret"' in stale.text) == (409, True, True)


def test_a_room_goes_out_of_use_unless_something_is_booked_in_it(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    booked = book(db, clinic, 25)
    where = f"/clinic/rooms/{booked.room_id}/maintenance"
    answer = owner.post(where, data={"first": "2026-11-24", "reason": "Paint"})
    assert (answer.status_code, "Client 25" in answer.text, 'value="Paint"' in answer.text) == (
        409,
        True,
        True,
    )
    assert owner.post(where, data={"first": "2026-11-25"}).status_code == 303
    kept = db.scalars(sa.select(Maintenance)).one()
    assert owner.post(f"/clinic/maintenance/{kept.id}/cancel").status_code == 303
    assert owner.post(where, data={"first": "9999-01-01"}).status_code == 422


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tz": "Europe/Atlantis"}, "There is no time zone called"),
        ({"tz": "../../etc/passwd"}, "There is no time zone called"),
        ({"name": ""}, "Enter a name."),
        ({"address": " "}, "Enter the address."),
        ({"phone": "none"}, "Enter a phone number"),
        ({"email": "none"}, "Enter an e-mail address"),
        ({"locale": "XX"}, "Choose one of the countries."),
        ({"currency": "XYZ"}, "Choose one of the currencies."),
        ({"grid_minutes": "7"}, "Times can start every"),
        ({"min_notice": "soon"}, "Enter hours from 0 to 720"),
        ({"horizon_days": "9999"}, "Enter a number from 1 to 730."),
        ({"talk_minutes": "7"}, "Enter a number of minutes that 5 goes into."),
        ({"decide_within_hours": "0"}, "Enter a number from 1 to 336."),
        ({"provisional_hours": "721"}, "Enter a number from 1 to 720."),
    ],
)
def test_a_site_that_cannot_be_says_why(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    form = fields_of(owner.get("/clinic/sites/1").text) | {"directions": "Green door"}
    answer = owner.post("/clinic/sites/1", data=form | changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Green door" in answer.text
    look_again(db)
    assert clinic.site.directions == ""


def test_a_site_is_added_and_changed(db: Session, clinic: makers.Clinic, owner: FlaskClient) -> None:
    form = fields_of(owner.get("/clinic/sites/new").text) | {
        "name": "Mill Lane", "address": "3 Mill Lane", "phone": "020 7946 0143",
    }  # fmt: skip
    assert owner.post("/clinic/sites/new", data=form).status_code == 303
    made = db.scalars(sa.select(Site).where(Site.name == "Mill Lane")).one()
    assert (made.slug, made.phone, made.clinic_name) == ("mill-lane", "+442079460143", "Test Rooms")
    assert owner.post("/clinic/sites/new", data=form).status_code == 422
    change = fields_of(owner.get(f"/clinic/sites/{made.id}").text) | {"min_notice": "1.5"}
    assert owner.post(f"/clinic/sites/{made.id}", data=change).status_code == 303
    look_again(db)
    assert made.min_notice_minutes == 90
    assert (made.decide_within_hours, made.provisional_hours) == (48, 120)


def test_the_promise_to_who_waits_for_a_yes_is_the_owners(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = fields_of(owner.get("/clinic/sites/1").text)
    change = {"decide_within_hours": "24", "provisional_hours": "72"}
    assert owner.post("/clinic/sites/1", data=form | change).status_code == 303
    look_again(db)
    assert (clinic.site.decide_within_hours, clinic.site.provisional_hours) == (24, 72)


def test_a_new_zone_that_would_move_what_a_client_was_told_is_refused_and_nothing_is_written(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    book(db, clinic, 28)
    book(db, clinic, 25, who=1)
    form = fields_of(owner.get("/clinic/sites/1").text) | {"tz": "Europe/Paris", "name": "Elsewhere"}
    refused = owner.post("/clinic/sites/1", data=form)
    assert refused.status_code == 422
    told = (
        "2 coming appointments would show another time than their clients were told: Client 25, "
        "Tuesday 24 November at 10:00, would see 11:00. Move or cancel first"
    )
    assert told in refused.text
    assert 'value="Elsewhere"' in refused.text
    look_again(db)
    assert (clinic.site.tz, clinic.site.name) == ("Europe/London", "Canal Street")


def test_a_new_zone_with_the_same_clock_is_taken_whatever_is_booked(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    book(db, clinic, 25)
    form = fields_of(owner.get("/clinic/sites/1").text) | {"tz": "Europe/Dublin"}
    assert owner.post("/clinic/sites/1", data=form).status_code == 303
    look_again(db)
    assert clinic.site.tz == "Europe/Dublin"


def test_a_new_zone_is_taken_where_nothing_is_ahead_and_not_over_time_off_by_the_old_clock(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    off = {"therapist_id": str(clinic.therapists[1].id), "first": "2026-12-25", "reason": "Course"}
    assert owner.post("/clinic/days-off/time-off", data=off).status_code == 303
    form = fields_of(owner.get("/clinic/sites/1").text) | {"tz": "Europe/Paris"}
    refused = owner.post("/clinic/sites/1", data=form)
    assert refused.status_code == 422
    assert "The time off of Tom Whitfield would move on the clock." in refused.text
    number = db.scalars(sa.select(TimeOff.id)).one()
    assert owner.post(f"/clinic/days-off/time-off/{number}/cancel").status_code == 303
    assert owner.post("/clinic/sites/1", data=form).status_code == 303
    look_again(db)
    assert clinic.site.tz == "Europe/Paris"


def test_a_new_zone_is_not_taken_over_a_room_out_of_use_by_the_old_clock(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    roster.add_maintenance(db, NOW, clinic.rooms[0].id, at(25), at(27), "Paint")
    db.commit()
    form = fields_of(owner.get("/clinic/sites/1").text) | {"tz": "Europe/Paris"}
    refused = owner.post("/clinic/sites/1", data=form)
    assert (refused.status_code, "The time without Room 1 would move" in refused.text) == (422, True)


def test_time_off_names_what_is_in_the_way(db: Session, clinic: makers.Clinic, owner: FlaskClient) -> None:
    book(db, clinic, 25)
    form = {"therapist_id": str(clinic.therapists[0].id), "first": "2026-11-24", "reason": "Course"}
    answer = owner.post("/clinic/days-off/time-off", data=form)
    assert (answer.status_code, "Client 25" in answer.text, 'value="Course"' in answer.text) == (
        409,
        True,
        True,
    )
    assert owner.post("/clinic/days-off/time-off", data=form | {"first": "2026-11-25"}).status_code == 303
    kept = db.scalars(sa.select(TimeOff)).one()
    assert "Wednesday 25 November" in owner.get("/clinic/days-off").text
    assert owner.post(f"/clinic/days-off/time-off/{kept.id}/cancel").status_code == 303
    assert owner.post("/clinic/days-off/time-off", data=form | {"therapist_id": "x"}).status_code == 422


def test_closing_a_site_lists_what_is_booked_first(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    book(db, clinic, 25)
    form = {"site_id": str(clinic.site.id), "starts_on": "2026-11-24", "closure-name": "Floor"}
    asked = owner.post("/clinic/days-off/closures", data=form)
    assert (asked.status_code, "Client 25" in asked.text) == (200, True)
    assert db.scalar(sa.select(sa.func.count()).select_from(Closure)) == 0
    assert owner.post("/clinic/days-off/closures", data=form | {"seen": "1"}).status_code == 303
    double = owner.post("/clinic/days-off/closures", data=form | {"seen": "1"})
    assert (double.status_code, "closed on those days already" in double.text) == (422, True)
    look_again(db)
    kept = db.scalars(sa.select(Closure)).one()
    assert owner.post(f"/clinic/days-off/closures/{kept.id}/remove").status_code == 303


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"starts_on": "9999-12-31"}, "Enter a year from 2000 to 2100."),
        ({"starts_on": "x"}, "Enter a day like 24 11 2026."),
        ({"ends_on": "2026-11-30"}, "The last day must not be before the first."),
        ({"ends_on": "2028-12-24"}, "A closure can last a year at most."),
        ({"closure-name": ""}, "Enter why it is closed, like Christmas."),
        ({"site_id": "9"}, "Choose one of the sites."),
        ({"starts_on": "2026-11-01"}, "That is over already."),
    ],
)
def test_a_closure_that_cannot_be_says_why(
    clinic: makers.Clinic, owner: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    form = {"site_id": str(clinic.site.id), "starts_on": "2026-12-24", "closure-name": "Christmas"}
    answer = owner.post("/clinic/days-off/closures", data=form | changes)
    assert (answer.status_code, sentence in answer.text) == (422, True)


# --- sign-ins ----------------------------------------------------------------------------------------


def test_a_sign_in_is_added_and_switched_off_at_once(app: Flask, db: Session, owner: FlaskClient) -> None:
    form = {
        "name": "Sam Webb",
        "email": "sam@clinic.example",
        "password": "a-long-password",
        "roles": ["reception"],
    }
    assert owner.post("/clinic/sign-ins/new", data=form).status_code == 303
    sam = app.test_client()
    sam.post("/staff/sign-in", data={"email": "sam@clinic.example", "password": "a-long-password"})
    assert sam.get("/clinic/").status_code == 403
    user = db.scalars(sa.select(User).where(User.email == "sam@clinic.example")).one()
    change = fields_of(owner.get(f"/clinic/sign-ins/{user.id}").text)
    del change["is_active"]
    assert owner.post(f"/clinic/sign-ins/{user.id}", data=change).status_code == 303
    assert sam.get("/clinic/").status_code == 302
    stale = owner.post(f"/clinic/sign-ins/{user.id}", data=change | {"name": "Samuel"})
    assert (stale.status_code, 'value="Samuel"' in stale.text) == (409, True)
    look_again(db)
    acts = set(db.scalars(sa.select(AuditEvent.action)))
    assert {"add_user", "change_user"} <= acts


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Enter your full name."),
        ({"email": "sam"}, "Enter an e-mail address"),
        ({"email": "OWNER@clinic.example"}, "There is a user with this e-mail already."),
        ({"password": "short"}, "Use a password of 10 to 200 signs."),
        ({"roles": []}, "Choose at least one role."),
        ({"roles": ["king"]}, "Choose at least one role."),
    ],
)
def test_a_sign_in_that_cannot_be_says_why(
    owner: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    form = {
        "name": "Sam",
        "email": "sam@clinic.example",
        "password": "a-long-password",
        "roles": ["reception"],
    }
    answer = owner.post("/clinic/sign-ins/new", data=form | changes)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert "a-long-password" not in answer.text


def test_the_last_owner_stays_owner(db: Session, owner: FlaskClient) -> None:
    user = db.scalars(sa.select(User)).one()
    change = fields_of(owner.get(f"/clinic/sign-ins/{user.id}").text)
    answer = owner.post(f"/clinic/sign-ins/{user.id}", data=change | {"roles": ["reception"]})
    assert (answer.status_code, "This is the only owner" in answer.text) == (422, True)
    makers.user(db, NOW, RoleName.OWNER, email="second@clinic.example")
    db.commit()
    assert (
        owner.post(f"/clinic/sign-ins/{user.id}", data=change | {"roles": ["reception"]}).status_code == 303
    )
    assert owner.get("/clinic/").status_code == 403


def test_a_new_password_ends_the_sessions_of_its_user_but_not_ones_own(
    app: Flask, db: Session, owner: FlaskClient
) -> None:
    user = db.scalars(sa.select(User)).one()
    elsewhere = app.test_client()
    elsewhere.post("/staff/sign-in", data={"email": user.email, "password": makers.PASSWORD})
    short = owner.post(f"/clinic/sign-ins/{user.id}/password", data={"password": "short"})
    assert (short.status_code, "Use a password of" in short.text) == (422, True)
    changed = owner.post(f"/clinic/sign-ins/{user.id}/password", data={"password": "another-long-one"})
    assert changed.status_code == 303
    assert elsewhere.get("/clinic/").status_code == 302
    assert owner.get("/clinic/").status_code == 200
