"""A clinic from an empty database: one owner, nothing but the pages, until a client has booked online."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.catalog.models import OfferingOption, Skill
from clinic.people.models import RoleName
from clinic.roster.models import Site, Therapist
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import sign_in
from tests.web.journey.steps import DETAILS, Walker, slots_of

pytestmark = pytest.mark.database
Row = TypeVar("Row")

SITE = {
    "name": "Hill Road", "clinic_name": "Kalpa", "address": "1 Hill Road\nMumbai", "phone": "+91 22 26400000",
    "email": "hello@clinic.example", "tz": "Asia/Kolkata", "locale": "UK", "currency": "GBP",
    "grid_minutes": "15", "min_notice": "2", "change_until": "24", "horizon_days": "60", "hold_minutes": "10",
    "talk_minutes": "15", "decide_within_hours": "48", "provisional_hours": "120", "is_active": "y",
}  # fmt: skip


@pytest.fixture
def owner(app: Flask, db: Session) -> FlaskClient:
    makers.user(db, NOW, RoleName.OWNER, email="owner@clinic.example")
    db.commit()
    return sign_in(app, "owner@clinic.example")


def add(owner: FlaskClient, path: str, data: dict[str, Any]) -> None:
    answer = owner.post(path, data=data)
    assert answer.status_code == 303, answer.text


def only(db: Session, table: type[Row]) -> Row:
    """The one row there is by now."""
    db.rollback()  # a new look at the database
    return db.scalars(sa.select(table)).one()


def test_every_page_of_an_empty_clinic_opens_and_leads_on(owner: FlaskClient) -> None:
    home = owner.get("/clinic/").text
    for missing, way in (
        ("There is no site in use.", "/clinic/sites/new"),
        ("There is no room in use.", "/clinic/rooms/new"),
        ("There is no skill.", "/clinic/skills"),
        ("There is no therapist at work.", "/clinic/therapists/new"),
        ("There is no session type on offer.", "/clinic/session-types/new"),
    ):
        assert missing in home
        assert f'href="{way}"' in home
        assert owner.get(way).status_code == 200
    assert "Add a skill first" in owner.get("/clinic/session-types/new").text
    for page in (
        "/desk/",
        "/desk/?view=list",
        "/desk/week",
        "/desk/queue",
        "/desk/caller",
        "/clinic/days-off",
    ):
        assert owner.get(page).status_code == 200, page


def test_an_empty_desk_says_that_the_clinic_is_not_set_up_and_who_can(
    app: Flask, db: Session, owner: FlaskClient
) -> None:
    makers.user(db, NOW, RoleName.RECEPTION)
    db.commit()
    desk = sign_in(app, "desk@clinic.example")
    for path in ("/desk/", "/desk/?view=list", "/desk/week"):
        page = owner.get(path).text
        assert "The clinic is not set up yet" in page
        assert 'href="/clinic/">What is missing' in page
        assert "First free" not in page
        page = desk.get(path).text
        assert "An owner adds them." in page
        assert "What is missing" not in page


def test_days_off_of_nobody_and_nowhere_lead_to_adding_somebody_and_a_site(owner: FlaskClient) -> None:
    page = owner.get("/clinic/days-off").text
    assert 'href="/clinic/therapists/new">Add a therapist</a> first.' in page
    assert 'href="/clinic/sites/new">Add a site</a> first.' in page
    assert "<select" not in page


def test_hours_without_a_site_lead_to_adding_one(owner: FlaskClient, db: Session) -> None:
    add(
        owner, "/clinic/therapists/new", {"name": "Asha Rao", "hue": "1", "user_id": "none", "is_active": "y"}
    )
    who = only(db, Therapist)
    page = owner.get(f"/clinic/therapists/{who.id}/hours").text
    assert "No site yet" in page
    assert 'href="/clinic/sites/new"' in page
    sent = owner.post(f"/clinic/therapists/{who.id}/hours", data={"h0-0-opens": "9", "h0-0-closes": "17"})
    assert sent.status_code == 422


def test_set_up_by_the_pages_alone_a_client_books_in_the_sites_own_time(
    owner: FlaskClient, app: Flask, db: Session
) -> None:
    add(owner, "/clinic/sites/new", SITE)
    site = only(db, Site)
    add(owner, "/clinic/rooms/new", {"name": "Room 1", "site_id": site.id, "is_active": "y"})
    add(owner, "/clinic/skills", {"name": "Swedish"})
    skill = only(db, Skill)
    add(
        owner,
        "/clinic/therapists/new",
        {
            "name": "Asha Rao", "hue": "1", "skills": [skill.id], "is_active": "y", "user_id": "new",
            "email": "asha@clinic.example", "password": makers.PASSWORD,
        },
    )  # fmt: skip
    who = only(db, Therapist)
    week: dict[str, Any] = {"from_on": "2026-11-23", "until_on": "", "version": str(who.version)}
    for day in range(7):
        week |= {f"h{day}-0-site": site.id, f"h{day}-0-opens": "10", f"h{day}-0-closes": "18:00"}
    add(owner, f"/clinic/therapists/{who.id}/hours", week)
    add(
        owner,
        "/clinic/session-types/new",
        {
            "name": "Swedish", "desk_name": "Swedish", "technique": "swedish", "skill_id": skill.id,
            "position": "1", "is_active": "y", "n0-minutes": "60", "n0-price": "62.50", "n0-before": "0",
            "n0-after": "15", "n0-turnover": "0",
        },
    )  # fmt: skip
    assert "Nothing is missing" in owner.get("/clinic/").text

    option = only(db, OfferingOption)
    client = Walker(app)
    offered = slots_of(client.to_time(option.id).text)
    # Two hours' notice from nine in UTC is half past four in the afternoon in Mumbai; ten there is 04:30.
    assert offered[0] == "2026-11-23T11:00Z"
    assert min(slot for slot in offered if slot.startswith("2026-11-24")) == "2026-11-24T04:30Z"
    client.post("/book/time", {"slot": "2026-11-24T04:30Z"})
    client.post("/book/details", DETAILS)
    assert "Tuesday 24 November, 10:00 to 11:15" in client.get("/book/check").text
    client.book()
    made = only(db, Appointment)
    assert (made.price_minor, made.therapist_id, made.site_id) == (6250, who.id, site.id)

    assert "10:00" in owner.get("/desk/?on=2026-11-24&view=list").text
    asha = sign_in(app, "asha@clinic.example")
    assert "10:00" in asha.get("/practice/?date=2026-11-24").text
    assert asha.get(f"/practice/session/{made.reference}").status_code == 200
