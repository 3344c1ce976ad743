"""Several sites: each keeps its own time, and one that is switched off still shows who is to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment
from clinic.booking.slots import Wish
from clinic.people.models import RoleName
from clinic.roster.models import Room, Site
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import Book, sign_in
from tests.web.desk.test_call import begin, text, times_of, to_times

pytestmark = pytest.mark.database

# One in the afternoon in New York, six in London, on the Monday that is NOW's.
ONE_THERE = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


@pytest.fixture
def there(db: Session, clinic: makers.Clinic) -> Site:
    """A second site in New York with a therapist and a room of its own."""
    site = makers.site(db, name="Broadway", slug="broadway", tz="America/New_York")
    makers.therapist(db, site, "Nora Diaz", clinic.therapists[0].skills, hue=3)
    db.add(Room(site_id=site.id, name="Loft"))
    db.commit()
    return site


@pytest.fixture
def visit(db: Session, clinic: makers.Clinic, there: Site) -> Appointment:
    made = services.book(
        db, NOW, Wish(site_id=there.id, option_id=clinic.swedish.id, is_desk=True), ONE_THERE,
        makers.client(db, NOW), makers.intake(db, NOW), actor="user:1",
    )  # fmt: skip
    db.commit()
    return made


@pytest.mark.parametrize("page", ["/desk/?on=2026-11-23&view=list", "/desk/?on=2026-11-23"])
def test_a_day_shows_each_sites_own_time_and_names_it(
    desk: FlaskClient, visit: Appointment, book: Book, page: str
) -> None:
    book(datetime(2026, 11, 23, 14, 0, tzinfo=UTC), "Ben Okoro")
    shown = text(desk.get(page))
    assert "13:00" in shown
    assert "New York time" in shown
    assert "London time" in shown
    assert "14:00" in shown


def test_where_all_sites_keep_one_time_no_zone_is_named(desk: FlaskClient, book: Book) -> None:
    made = book()
    for page in ("/desk/?on=2026-11-24", "/desk/week", f"/desk/appointment/{made.reference}"):
        assert "London time" not in text(desk.get(page))


def test_the_times_read_out_are_those_of_the_site(desk: FlaskClient, there: Site) -> None:
    call = begin(desk)
    to_times(desk, call)
    page = text(desk.get(f"{call}/time?site=broadway&on=2026-11-23"))
    assert "‘Today, 09:00, New York time, with Nora Diaz at Broadway." in page
    first = times_of(desk.get(f"{call}/time?site=broadway&on=2026-11-23"))[0]
    assert first.startswith("2026-11-23T14:00Z")


def test_today_is_the_day_at_the_site_chosen(app: Flask, desk: FlaskClient, there: Site) -> None:
    """At two in the night in London it is the evening before in New York."""
    app.config["CLOCK"] = lambda: datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    assert "<title>Monday 23 November" in text(desk.get("/desk/?site=broadway"))
    assert "<title>Tuesday 24 November" in text(desk.get("/desk/"))


def test_a_site_that_is_switched_off_still_shows_who_is_to_come(
    desk: FlaskClient, db: Session, there: Site, visit: Appointment
) -> None:
    there.is_active = False
    db.commit()
    day = text(desk.get("/desk/?on=2026-11-23"))
    assert visit.reference in day
    assert "Broadway" in day
    assert visit.reference in text(desk.get("/desk/?on=2026-11-23&view=list"))
    assert "Nora Diaz" in text(desk.get("/desk/week?on=2026-11-23"))
    assert "site=broadway" not in text(desk.get("/desk/?on=2026-12-07"))
    assert "at=" in day
    assert "site=broadway&amp;therapist" not in day  # nothing free is offered there
    move = desk.get(f"/desk/appointment/{visit.reference}/move")
    assert move.status_code == 409
    assert "Broadway is not open for booking any more." in text(move)
    assert desk.get(f"/desk/appointment/{visit.reference}").status_code == 200


def test_without_any_open_site_the_desk_says_so_and_shows_what_is_booked(
    desk: FlaskClient, db: Session, clinic: makers.Clinic, book: Book
) -> None:
    call = begin(desk)
    made = book(NOW + timedelta(hours=1))
    clinic.site.is_active = False
    db.commit()
    for page in ("/desk/", "/desk/?view=list", "/desk/week"):
        answer = desk.get(page)
        assert answer.status_code == 200
        if page != "/desk/week":
            assert made.reference in text(answer)
    ended = desk.get(f"{call}/health")
    assert ended.status_code == 409
    assert "No site is open for booking." in text(ended)


def test_the_owner_sees_the_same_board(app: Flask, db: Session, visit: Appointment) -> None:
    makers.user(db, NOW, RoleName.OWNER, email="owner@clinic.example")
    db.commit()
    assert visit.reference in text(sign_in(app, "owner@clinic.example").get("/desk/?on=2026-11-23"))
