"""Pain before and after a session, as the therapist notes it and sees it over time."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.booking import services as booking
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.care.models import SessionOutcome
from clinic.people.models import Client, RoleName
from tests import makers
from tests.conftest import NOW

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


@pytest.fixture
def anna(db: Session, clinic: makers.Clinic) -> Client:
    return makers.client(db, NOW)


def given(db: Session, clinic: makers.Clinic, anna: Client, days_ago: int, who: int = 0) -> Appointment:
    then = NOW - timedelta(days=days_ago)
    wish = clinic.wish(therapist_id=clinic.therapists[who].id)
    intake = makers.intake(db, then)
    made = booking.book(db, then, wish, then + timedelta(hours=1), anna, intake, actor="test")
    made.status = Status.FULFILLED if days_ago > 0 else Status.CHECKED_IN
    db.commit()
    return made


def noted(amara: FlaskClient, made: Appointment, **data: object) -> str:
    answer = amara.post(f"/practice/session/{made.reference}/outcome", data=data, follow_redirects=True)
    return f"{answer.status_code} {answer.text}"


def test_it_is_noted_from_the_sheet_and_drawn_there(
    db: Session, clinic: makers.Clinic, amara: FlaskClient, anna: Client
) -> None:
    visits = [given(db, clinic, anna, days) for days in (14, 7, 0)]
    assert (
        f"/practice/session/{visits[2].reference}/outcome"
        in amara.get(f"/practice/session/{visits[2].reference}").text
    )
    for visit, before, after in zip(visits, (7, 6, 4), (5, 4, 2), strict=True):
        page = noted(amara, visit, before=before, after=after, version=0)
        assert page.startswith("200")
        assert "Noted." in page
    page = amara.get(f"/practice/session/{visits[2].reference}").text
    assert "Pain before and after 3 sessions. Before: from 7 to 4." in page
    assert "3 points down since the first of these: a change that matters." in page
    assert "less than 2 points below the first: may be chance" in page
    assert "<td>7</td><td>5</td>" in page


def test_a_small_change_is_called_chance(
    db: Session, clinic: makers.Clinic, amara: FlaskClient, anna: Client
) -> None:
    for days, pain in ((7, 5), (0, 4)):
        visit = given(db, clinic, anna, days)
        page = noted(amara, visit, before=pain, version=0)
    assert "it may be chance" in page


@pytest.mark.parametrize(
    "data", [{}, {"before": "11"}, {"before": "-1"}, {"after": "x"}, {"before": "4", "after": "٣"}]
)
def test_what_is_no_number_is_asked_again_and_what_was_typed_stays(
    db: Session, clinic: makers.Clinic, amara: FlaskClient, anna: Client, data: dict[str, str]
) -> None:
    page = noted(amara, given(db, clinic, anna, 0), **data)
    assert page.startswith("422")
    assert "Choose a number from 0 to 10." in page
    assert ('value="4" checked' in page) is (data.get("before") == "4")
    assert db.scalars(sa.select(SessionOutcome)).all() == []


def test_an_old_page_is_told_how_it_stands(
    db: Session, clinic: makers.Clinic, amara: FlaskClient, anna: Client
) -> None:
    visit = given(db, clinic, anna, 0)
    noted(amara, visit, before=7, after=5, version=0)
    page = noted(amara, visit, before=2, after=1, version=0)
    assert page.startswith("409")
    assert "Someone changed this meanwhile" in page
    assert 'id="before-7" value="7" checked' in page


def test_a_colleague_s_session_is_not_found(
    db: Session, clinic: makers.Clinic, amara: FlaskClient, anna: Client
) -> None:
    visit = given(db, clinic, anna, 0, who=1)
    assert amara.get(f"/practice/session/{visit.reference}/outcome").status_code == 404
    assert noted(amara, visit, before=2, after=1, version=0).startswith("404")
    assert amara.get("/practice/session/nonsense/outcome").status_code == 404


def test_before_the_client_is_there_nothing_is_noted(
    db: Session, clinic: makers.Clinic, amara: FlaskClient, anna: Client
) -> None:
    visit = given(db, clinic, anna, 0)
    visit.status = Status.BOOKED
    db.commit()
    assert "Nothing to note yet" in amara.get(f"/practice/session/{visit.reference}/outcome").text
    assert "once the client is here" in noted(amara, visit, before=2, after=1, version=0)


def test_opening_it_is_recorded_and_no_address_or_title_names_it(
    db: Session, clinic: makers.Clinic, amara: FlaskClient, anna: Client
) -> None:
    visit = given(db, clinic, anna, 0)
    noted(amara, visit, before=7, after=5, version=0)
    page = amara.get(f"/practice/session/{visit.reference}/outcome").text
    assert "<title>How it went" in page
    actions = db.scalars(sa.select(AuditEvent.action)).all()
    assert actions.count("noted_outcome") == 1
    assert actions.count("read_outcomes") == 2
