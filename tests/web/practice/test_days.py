"""My day, my week and the session sheet, as the therapist meets them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.booking import services as booking
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.people.models import RoleName
from clinic.roster import services as roster
from clinic.roster.models import TimeOff
from tests import makers
from tests.conftest import NOW

pytestmark = pytest.mark.database
LIMITS = {
    "skin": ["bruise_sun"], "anything_else": {"doctor_said_no": False, "text": "Cold hands"}, "pain_score": 4,
    "body_map": {"hurts": ["B07_low_back"], "work": ["B05_upper_back"], "leave": ["F08_tummy"]},
}  # fmt: skip


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    for therapist, email in zip(made.therapists, ("amara@clinic.example", "tom@clinic.example"), strict=True):
        therapist.user_id = makers.user(db, NOW, RoleName.THERAPIST, email=email).id
    db.commit()
    return made


def book(db: Session, clinic: makers.Clinic, hours: float, who: int = 0, **intake: object) -> Appointment:
    client = makers.client(db, NOW, f"Client {hours:g} {who}", email=None, phone=None)
    made = booking.book(
        db, NOW, clinic.wish(therapist_id=clinic.therapists[who].id), at(hours), client,
        makers.intake(db, NOW, intake), actor="test",
    )  # fmt: skip
    db.commit()
    return made


@pytest.fixture
def amara(app: Flask, clinic: makers.Clinic) -> FlaskClient:
    client = app.test_client()
    client.post("/staff/sign-in", data={"email": "amara@clinic.example", "password": makers.PASSWORD})
    return client


def test_my_day_has_own_clients_only_and_the_next_on_top(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    book(db, clinic, 1.5, **LIMITS)
    book(db, clinic, 1.5, who=1)
    page = amara.get("/practice/").text
    assert "Next, in <b>1 h 30</b>" in page
    assert "Client 1.5 0" in page
    assert "Client 1.5 1" not in page
    assert "Not: tummy." in page
    assert "12:00 break, 30 min" in page
    assert "17:00 end" in page


def test_a_day_off_and_a_strange_date_are_pages_too(amara: FlaskClient) -> None:
    assert amara.get("/practice/?date=9999-12-31").status_code == 200
    assert amara.get("/practice/?date=tomorrow").status_code == 200
    assert "Monday 30 November" in amara.get("/practice/?date=2026-11-30").text


def test_my_week_says_what_is_free(db: Session, clinic: makers.Clinic, amara: FlaskClient) -> None:
    book(db, clinic, 1.5)
    page = amara.get("/practice/week").text
    assert "23 to 29 November" in page
    assert "1 client " in page
    assert "free 6 h 15, first 09:00" in page


def test_the_sheet_says_where_and_what_and_reading_it_is_recorded(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    made = book(db, clinic, 1.5, **LIMITS)
    page = amara.get(f"/practice/session/{made.reference}").text
    for words in ("Tummy", "asked to leave alone", "Cold hands", "Low back", "hurts", "pain 4 of 10"):
        assert words in page
    acts = db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "read_answers")).all()
    assert [(act.subject_kind, act.subject_id) for act in acts] == [("intake", made.intake_id)]


def test_a_colleagues_sheet_is_not_found_and_nothing_is_read(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    made = book(db, clinic, 1.5, who=1, **LIMITS)
    assert amara.get(f"/practice/session/{made.reference}").status_code == 404
    assert amara.post(f"/practice/session/{made.reference}/done").status_code == 404
    assert amara.get("/practice/session/nonsense").status_code == 404
    assert db.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0


def test_a_session_is_done_once_it_has_begun(db: Session, clinic: makers.Clinic, amara: FlaskClient) -> None:
    begun, coming = book(db, clinic, 0), book(db, clinic, 4)
    assert amara.post(f"/practice/session/{begun.reference}/done", data={"version": 1}).status_code == 303
    assert amara.post(f"/practice/session/{begun.reference}/done", data={"version": 1}).status_code == 303
    assert amara.post(f"/practice/session/{coming.reference}/done", data={"version": 1}).status_code == 409
    db.expire_all()
    assert (begun.status, coming.status) == (Status.FULFILLED, Status.BOOKED)


def test_done_on_an_old_page_is_refused(db: Session, clinic: makers.Clinic, amara: FlaskClient) -> None:
    begun = book(db, clinic, 0)
    answer = amara.post(f"/practice/session/{begun.reference}/done", data={"version": 0})
    assert answer.status_code == 409


def test_what_changed_since_last_time_stands_on_the_sheet(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    first = book(db, clinic, 0)
    booking.set_status(db, NOW, first.id, Status.CHECKED_IN, actor="test")
    booking.set_status(db, NOW, first.id, Status.FULFILLED, actor="test")
    later = booking.book(
        db, NOW, clinic.wish(therapist_id=clinic.therapists[0].id), at(25), first.client,
        makers.intake(db, NOW, LIMITS), actor="test",
    )  # fmt: skip
    db.commit()
    page = amara.get(f"/practice/session/{later.reference}").text
    assert "New since Mon 23 Nov" in page
    assert "Earlier with you" in page
    assert first.reference in page


def test_time_off_is_entered_and_taken_back(db: Session, clinic: makers.Clinic, amara: FlaskClient) -> None:
    form = {"first": "2026-12-21", "last": "2026-12-22", "reason": "Family"}
    assert amara.post("/practice/time-off", data=form).status_code == 303
    assert "Mon 21 Dec to Tue 22 Dec" in amara.get("/practice/time-off").text
    kept = db.scalars(sa.select(TimeOff)).one()
    assert amara.post(f"/practice/time-off/{kept.id}/cancel").status_code == 303
    assert "Nothing entered" in amara.get("/practice/time-off").text


def test_a_colleagues_time_off_cannot_be_taken_back(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    theirs = roster.add_time_off(db, NOW, clinic.therapists[1].id, at(48), at(50))
    db.commit()
    assert amara.post(f"/practice/time-off/{theirs.id}/cancel").status_code == 404


def test_time_off_over_an_appointment_names_it_and_keeps_what_was_typed(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    book(db, clinic, 25.5)
    answer = amara.post(
        "/practice/time-off",
        data={"first": "2026-11-24", "from": "10:00", "until": "12:00", "reason": "Dentist"},
    )
    assert answer.status_code == 409
    assert "Client 25.5 0" in answer.text
    assert 'value="Dentist"' in answer.text
    assert 'value="10:00"' in answer.text


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"first": ""}, "Enter a day like"),
        ({"first": "9999-12-31"}, "Enter a year from 2000 to 2100."),
        ({"first": "2026-12-02", "last": "2026-12-01"}, "The last day must not be before the first."),
        ({"first": "2026-12-02", "from": "12:00", "until": "11:00"}, "The end must be after the start."),
        ({"first": "2026-12-02", "from": "25:00"}, "Enter a time like 9:30."),
        ({"first": "2026-11-20"}, "That is over already."),
        ({"first": "2026-12-02", "last": "2028-12-02"}, "That is longer than a year."),
        ({"first": "2026-12-02", "reason": "x" * 81}, "Use 80 signs or fewer."),
    ],
)
def test_time_off_that_cannot_be_says_why(amara: FlaskClient, form: dict[str, str], sentence: str) -> None:
    answer = amara.post("/practice/time-off", data=form)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_therapist_user_who_is_no_therapist_is_told_what_to_do(app: Flask, db: Session) -> None:
    makers.clinic(db)
    makers.user(db, NOW, RoleName.THERAPIST)
    db.commit()
    client = app.test_client()
    client.post("/staff/sign-in", data={"email": "desk@clinic.example", "password": makers.PASSWORD})
    answer = client.get("/practice/")
    assert answer.status_code == 404
    assert "The owner can link it" in answer.text


def test_a_week_costs_the_same_statements_however_full_it_is(
    app: Flask, db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    seen: list[str] = []
    sa.event.listen(
        app.extensions["clinic.engine"], "before_cursor_execute", lambda *args: seen.append(args[2])
    )

    def count() -> int:
        seen.clear()
        assert amara.get("/practice/week").status_code == 200
        return len(seen)

    book(db, clinic, 1)
    few = count()
    for hours in (3.5, 5, 25, 28, 49):
        book(db, clinic, hours, **LIMITS)
    assert count() == few
