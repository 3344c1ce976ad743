"""Therapists and their hours: adding, changing, refusing, and saying what a change would hit."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.people.models import RoleName, User
from clinic.roster import hours as services
from clinic.roster.hours import Hours
from clinic.roster.models import Therapist, WorkingHours
from tests import makers
from tests.conftest import NOW
from tests.web.admin.conftest import book, fields_of, look_again

pytestmark = pytest.mark.database


def test_a_therapist_is_added_with_a_sign_in_and_hours_come_next(
    app: Flask, db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = fields_of(owner.get("/clinic/therapists/new").text)
    form |= {
        "name": "Priya  Nair", "gender": "woman", "hue": "6", "user_id": "new",
        "skills": [str(clinic.swedish.offering.skill_id)], "email": "Priya@clinic.example",
        "password": "a-first-password",
    }  # fmt: skip
    answer = owner.post("/clinic/therapists/new", data=form)
    look_again(db)
    made = db.scalars(sa.select(Therapist).where(Therapist.name == "Priya Nair")).one()
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/clinic/therapists/{made.id}/hours")
    user = db.get(User, made.user_id)
    assert user is not None
    assert user.email == "priya@clinic.example"
    assert user.role_names == {RoleName.THERAPIST}
    client = app.test_client()
    client.post("/staff/sign-in", data={"email": "priya@clinic.example", "password": "a-first-password"})
    assert client.get("/practice/").status_code == 200


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "Enter a name."),
        ({"name": "x" * 121}, "Use 120 signs or fewer."),
        ({"hue": "9"}, "Choose one of the eight colours."),
        ({"skills": ["99"]}, "Choose from the skills shown."),
        ({"about": "x" * 2001}, "Use 2000 signs or fewer."),
        ({"most_deep_in_row": "0"}, "Enter a number from 1 to 20."),
        ({"most_deep_in_row": "two"}, "Enter a number from 1 to 20."),
        ({"most_hands_on_minutes_a_day": "1441"}, "Enter a number from 5 to 1440."),
        ({"least_break_minutes": "-5"}, "Enter a number from 0 to 240."),
        ({"user_id": "new", "email": "nobody"}, "Enter an e-mail address"),
        (
            {"user_id": "new", "email": "a@b.example", "password": "short"},
            "Use a password of 10 to 200 signs.",
        ),
        (
            {"user_id": "new", "email": "owner@clinic.example", "password": "long-enough"},
            "There is a user with",
        ),
        ({"user_id": "999"}, "Choose one of the sign-ins."),
    ],
)
def test_a_therapist_who_cannot_be_saved_says_why_and_keeps_what_was_typed(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    number = clinic.therapists[0].id
    form = fields_of(owner.get(f"/clinic/therapists/{number}").text)
    answer = owner.post(f"/clinic/therapists/{number}", data=form | {"registration": "LR-7"} | changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="LR-7"' in answer.text
    assert db.scalar(sa.select(sa.func.count()).select_from(User)) == 1


def test_a_stale_therapist_says_how_they_stand_and_keeps_what_was_typed(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    number = clinic.therapists[0].id
    old = fields_of(owner.get(f"/clinic/therapists/{number}").text)
    assert owner.post(f"/clinic/therapists/{number}", data=old | {"name": "Amara Mensah"}).status_code == 303
    answer = owner.post(f"/clinic/therapists/{number}", data=old | {"name": "Amara O."})
    assert answer.status_code == 409
    assert "Someone changed this meanwhile" in answer.text
    assert "Amara Mensah" in answer.text
    assert 'value="Amara O."' in answer.text
    again = fields_of(answer.text)
    assert owner.post(f"/clinic/therapists/{number}", data=again).status_code == 303
    look_again(db)
    assert db.get(Therapist, number).name == "Amara O."  # type: ignore[union-attr]


def test_limits_of_the_hands_are_kept_shown_and_taken_back(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    page = f"/clinic/therapists/{clinic.therapists[0].id}"
    typed = {"most_deep_in_row": "2", "most_hands_on_minutes_a_day": " 300 ", "least_break_minutes": "20"}
    for sent, kept in ((typed, (2, 300, 20)), (dict.fromkeys(typed, ""), (None, None, 0))):
        assert owner.post(page, data=fields_of(owner.get(page).text) | sent).status_code == 303
        look_again(db)
        who = db.get_one(Therapist, clinic.therapists[0].id)
        stands = (who.most_deep_in_row, who.most_hands_on_minutes_a_day, who.least_break_minutes)
        assert stands == kept
        shown = fields_of(owner.get(page).text)
        assert [shown[name] for name in typed] == [value.strip() for value in sent.values()]


def test_changing_skills_alone_makes_an_older_page_stale(clinic: makers.Clinic, owner: FlaskClient) -> None:
    number = clinic.therapists[0].id
    old = fields_of(owner.get(f"/clinic/therapists/{number}").text)
    assert owner.post(f"/clinic/therapists/{number}", data=old | {"skills": []}).status_code == 303
    assert owner.post(f"/clinic/therapists/{number}", data=old).status_code == 409


# --- hours -------------------------------------------------------------------------------------------


def hours_form(owner: FlaskClient, clinic: makers.Clinic, **changes: str) -> dict[str, str | list[str]]:
    form = fields_of(owner.get(f"/clinic/therapists/{clinic.therapists[0].id}/hours").text)
    return form | {name.replace("_", "-"): value for name, value in changes.items()} | {"save": "1"}


def address(clinic: makers.Clinic) -> str:
    return f"/clinic/therapists/{clinic.therapists[0].id}/hours"


def test_a_new_week_holds_from_its_day_and_the_old_one_until_the_day_before(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = hours_form(
        owner, clinic, h3_0_opens="12", h3_0_closes="2000", h3_0_b0_from="15.30", h3_0_b0_to="16"
    )
    answer = owner.post(address(clinic), data=form | {"from_on": "2026-12-01"})
    assert answer.status_code == 303
    rows = db.scalars(
        sa.select(WorkingHours)
        .where(WorkingHours.therapist_id == clinic.therapists[0].id, WorkingHours.weekday == 3)
        .order_by(WorkingHours.valid_from_on)
    ).all()
    assert [(r.opens, r.closes, r.valid_from_on, r.valid_until_on) for r in rows] == [
        (540, 1020, date(2020, 1, 1), date(2026, 11, 30)),
        (720, 1200, date(2026, 12, 1), None),
    ]
    assert [(p.starts, p.ends) for p in rows[1].breaks] == [(930, 960)]


def test_appointments_outside_are_listed_before_anything_is_saved(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    book(db, clinic, 24.5)  # Tuesday 9:30
    form = hours_form(owner, clinic, h1_0_opens="12:30", h1_0_b0_from="", h1_0_b0_to="")
    answer = owner.post(address(clinic), data=form)
    assert answer.status_code == 200
    assert "Not saved yet" in answer.text
    assert "Client 24.5" in answer.text
    assert 'value="12:30"' in answer.text
    assert db.scalar(sa.select(sa.func.max(WorkingHours.valid_from_on))) == date(2020, 1, 1)
    again = fields_of(answer.text) | {"save": "1"}
    assert owner.post(address(clinic), data=again).status_code == 303


def test_looking_saves_nothing_and_says_what_would_change(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = hours_form(owner, clinic, h1_0_opens="10:00")
    del form["save"]
    answer = owner.post(address(clinic), data=form | {"look": "1"}, headers={"HX-Request": "true"})
    assert "<html" not in answer.text
    assert "Tuesdays 10:00 to 17:00, break 12:00 to 12:30," in answer.text
    assert "No appointment falls outside." in answer.text
    assert db.scalar(sa.select(sa.func.count()).select_from(WorkingHours)) == 14


def test_rows_are_added_without_script(clinic: makers.Clinic, owner: FlaskClient) -> None:
    form = hours_form(owner, clinic)
    del form["save"]
    page = owner.post(address(clinic), data=form | {"add": "1"}).text
    assert 'name="h1-1-opens"' in page
    page = owner.post(address(clinic), data=fields_of(page) | {"add": "1-0"}).text
    assert 'name="h1-0-b1-from"' in page


def test_a_day_can_move_to_another_site(db: Session, clinic: makers.Clinic, owner: FlaskClient) -> None:
    other = makers.site(db, name="Mill Lane", slug="mill-lane")
    db.commit()
    form = hours_form(owner, clinic, h3_0_site=str(other.id))
    assert owner.post(address(clinic), data=form).status_code == 303
    holds = db.scalars(
        sa.select(WorkingHours.site_id).where(
            WorkingHours.therapist_id == clinic.therapists[0].id,
            WorkingHours.weekday == 3,
            WorkingHours.valid_until_on.is_(None),
        )
    ).all()
    assert holds == [other.id]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"h1_0_opens": "18:00"}, "The hours must end after they start, on the same day."),
        ({"h1_0_opens": "nine"}, "Enter a time like 9:30."),
        ({"h1_0_closes": "25:00"}, "Enter a time like 9:30."),
        ({"h1_0_opens": "9:03"}, "Use times that 5 minutes go into, like 9:05."),
        ({"h1_0_b0_from": "13:00"}, "A break must end after it starts."),
        ({"h1_0_b0_from": "08:00"}, "Breaks must lie inside the hours and not overlap."),
        (
            {"h1_1_opens": "16:00", "h1_1_closes": "18:00", "h1_1_site": "1"},
            "Two spans of hours on one day overlap.",
        ),
        ({"h1_0_site": "99"}, "Choose one of the sites."),
        ({"from_on": ""}, "Enter a day like 24 11 2026."),
        ({"from_on": "9999-12-31"}, "Enter a year from 2000 to 2100."),
        ({"until_on": "9999-12-31"}, "Enter a year from 2000 to 2100."),
        ({"from_on": "2026-11-01"}, "Start today or later."),
        ({"from_on": "2026-12-02", "until_on": "2026-12-01"}, "The last day must not be before the first."),
    ],
)
def test_hours_that_cannot_be_say_why_at_their_box(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    form = hours_form(owner, clinic, h4_0_opens="8:45")
    changes = {k if k.endswith("_on") else k.replace("_", "-"): v for k, v in changes.items()}
    answer = owner.post(address(clinic), data=form | changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="8:45"' in answer.text
    assert answer.text.count("<title>Error: ") == 1
    assert db.scalar(sa.select(sa.func.count()).select_from(WorkingHours)) == 14


def test_stale_hours_say_so_and_keep_what_was_typed(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    form = hours_form(owner, clinic, h1_0_opens="10:00")
    services.set_week(
        db, clinic.therapists[0].id, {clinic.site.id: [Hours(1, 600, 900)]}, from_on=date(2026, 11, 23)
    )
    db.commit()
    answer = owner.post(address(clinic), data=form)
    assert answer.status_code == 409
    assert "Someone changed this meanwhile" in answer.text
    assert 'value="10:00"' in answer.text


def test_the_page_of_hours_shows_the_week_that_follows(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    services.set_week(
        db, clinic.therapists[0].id, {clinic.site.id: [Hours(1, 600, 900)]}, from_on=date(2027, 1, 4)
    )
    db.commit()
    assert "until Sun 3 Jan 2027" in owner.get(address(clinic)).text
    later = owner.get(f"{address(clinic)}?on=2027-01-04").text
    assert 'value="2027-01-04"' in later
    assert 'value="15:00"' in later
    assert NOW.year == 2026
