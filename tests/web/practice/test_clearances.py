"""The queue of clearances and the page on which a therapist decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.booking import decisions
from clinic.booking import services as booking
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.demo.clearances import a_letter
from clinic.intake import documents
from clinic.intake.clearances import Contact
from clinic.intake.models import Clearance, ClearanceStatus, Decision, DecisionKind
from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import sign_in

pytestmark = pytest.mark.database

PAIN = {
    "pain_score": 9, "pain_length": "acute", "pain_start": "lift_twist", "pain_feel": ["tight_achy"],
    "pain_pattern": ["eases_rest"], "pain_trend": "same", "body_map": {"hurts": ["B07_low_back"]},
    "anything_else": {"doctor_said_no": False, "text": "Since Friday"},
}  # fmt: skip
HEART = {"heart": ["bp_not_controlled"]}
YES = {"decision": "allowed", "word": "own", "own_registration": "CNHC 1", "reason": "Rang: easing."}
DOCTOR = {"word": "clinician", "who": "Dr Ruth Hallam", "role": "GP", "registration": "GMC 7"}


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    made.therapists[0].user_id = makers.user(db, NOW, RoleName.THERAPIST, email="amara@clinic.example").id
    made.therapists[0].registration = "CNHC 048213"
    db.commit()
    return made


@pytest.fixture
def amara(app: Flask, clinic: makers.Clinic) -> FlaskClient:
    return sign_in(app, "amara@clinic.example")


def ask(
    db: Session,
    clinic: makers.Clinic,
    answers: Mapping[str, Any] = PAIN,
    name: str = "Ivy Marlow",
    hours: float = 1,
) -> Clearance:
    at = NOW - timedelta(hours=hours)
    contact = Contact(name, "ivy@client.example", "+442079460001", "morning")
    made = decisions.ask(db, at, makers.intake(db, at, answers), contact, clinic.site)
    db.commit()
    return made


def keep(db: Session, clinic: makers.Clinic, asked: Clearance, hours: float = 49) -> Appointment:
    client = makers.client(db, NOW, asked.name, email="ivy@client.example")
    made = booking.book(
        db, NOW, clinic.wish(), NOW + timedelta(hours=hours), client, asked.intake, actor="test",
        provisionally=True,
    )  # fmt: skip
    db.commit()
    db.refresh(asked)
    db.commit()
    return made


def send(amara: FlaskClient, asked: Clearance, **form: Any) -> Any:
    return amara.post(f"/practice/clearances/{asked.id}", data={"version": asked.version, **form})


def test_the_queue_says_who_waits_until_when_and_what_is_over(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    ask(db, clinic, name="Late Larch", hours=51)
    keep(db, clinic, ask(db, clinic))
    page = amara.get("/practice/clearances").text
    assert page.index("Late Larch") < page.index("Ivy Marlow")
    assert "over by 3 h" in page
    assert "answer by Wed 08:00" in page
    assert "Keeps Wed 10:00" in page
    assert "2, 1 late" in page
    assert "2 waiting" in page


def test_my_day_counts_what_is_to_decide(db: Session, clinic: makers.Clinic, amara: FlaskClient) -> None:
    ask(db, clinic)
    assert "Decide <b>1</b>" in amara.get("/practice/").text


def test_what_was_asked_and_decided_stands_apart(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    more, done = ask(db, clinic, name="Mo More"), ask(db, clinic, name="Di Done")
    assert (
        send(amara, more, decision="more_needed", reason="No letter", question="A letter").status_code == 303
    )
    assert send(amara, done, **YES).status_code == 303
    assert "Nothing to decide" in amara.get("/practice/clearances").text
    assert "Mo More" in amara.get("/practice/clearances?show=asked").text
    decided = amara.get("/practice/clearances?show=decided").text
    assert "Di Done" in decided
    assert "until Sun 23 May 2027" in decided


def test_opening_one_is_recorded_and_says_what_holds_it(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    asked = ask(db, clinic)
    page = amara.get(f"/practice/clearances/{asked.id}").text
    for words in ("C33", "9 of 10", "Since Friday", "We were asked to look", "by the rules of 20"):
        assert words in page
    assert 'value="CNHC 048213"' in page
    assert 'value="2027-05-23"' in page
    acts = db.scalars(sa.select(AuditEvent).where(AuditEvent.action == "read_answers")).all()
    assert [act.subject_id for act in acts] == [asked.intake_id]


def test_a_yes_books_the_time_that_waited(db: Session, clinic: makers.Clinic, amara: FlaskClient) -> None:
    asked = ask(db, clinic)
    kept = keep(db, clinic, asked)
    assert send(amara, asked, **YES).status_code == 303
    assert "Ivy Marlow may book. Wed 10:00 is booked." in amara.get("/practice/clearances").text
    db.expire_all()
    assert (kept.status, asked.status) == (Status.BOOKED, ClearanceStatus.ALLOWED)
    told = db.scalars(sa.select(Decision).where(Decision.kind == DecisionKind.ALLOWED)).one()
    assert (told.who, told.registration, told.reason) == ("Amara Osei", "CNHC 1", "Rang: easing.")


def test_a_no_gives_the_time_back(db: Session, clinic: makers.Clinic, amara: FlaskClient) -> None:
    asked = ask(db, clinic, HEART)
    kept = keep(db, clinic, asked)
    assert send(amara, asked, decision="refused", reason="Rang their surgery.").status_code == 303
    assert "Wed 10:00 is given back" in amara.get("/practice/clearances").text
    db.expire_all()
    assert (kept.status, kept.entry_id) == (Status.CANCELLED, None)


def test_limits_come_on_top_and_are_drawn_on_the_sheet(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    asked = ask(db, clinic)
    kept = keep(db, clinic, asked)
    kept.therapist_id = clinic.therapists[0].id
    db.commit()
    answer = send(
        amara, asked, **{**YES, "decision": "limited"}, pressure="3", minutes="60",
        technique=["shiatsu", "bogus"], F08_tummy="leave", B07_low_back="light",
    )  # fmt: skip
    assert answer.status_code == 303
    db.expire_all()
    assert kept.status is Status.BOOKED
    sheet = amara.get(f"/practice/session/{kept.reference}").text
    for words in ("until 23 May 2027 by Amara Osei (therapist, CNHC 1)", "Tummy", "light only"):
        assert words in sheet
    assert "A clearance has to be given" not in sheet
    assert "Shiatsu" in sheet


def test_limits_that_the_session_breaks_leave_its_time_waiting_and_say_so(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    asked = ask(db, clinic)
    kept = keep(db, clinic, asked)
    send(amara, asked, **{**YES, "decision": "limited"}, technique="swedish")
    assert "Wed 10:00 still waits" in amara.get("/practice/clearances").text
    db.expire_all()
    assert kept.status is Status.PROVISIONAL


@pytest.mark.parametrize(
    ("answers", "form", "field", "sentence"),
    [
        (PAIN, {}, "decision", "Choose what you decide."),
        (PAIN, {**YES, "reason": " "}, "reason", "Write down why."),
        (PAIN, {**YES, "reason": "x" * 2001}, "reason", "Use 2000 signs or fewer."),
        (PAIN, {**YES, "decision": "limited"}, "pressure", "Say what is limited"),
        (PAIN, {**YES, "decision": "more_needed"}, "question", "Write what the client should send"),
        (PAIN, {**YES, "expires_on": "soon"}, "expires_on", "Enter a day like"),
        (PAIN, {**YES, "expires_on": "2026-11-23"}, "expires_on", "The last day must lie ahead."),
        (PAIN, {**YES, "expires_on": "2028-01-01"}, "expires_on", "A clearance lasts a year at most."),
        (HEART, YES, "word-clinician", "A doctor, nurse or midwife has to say yes"),
        (HEART, {**YES, **DOCTOR, "who": ""}, "who", "Enter the name"),
        (HEART, {**YES, **DOCTOR, "registration": ""}, "registration", "Enter the registration number."),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(
    db: Session,
    clinic: makers.Clinic,
    amara: FlaskClient,
    answers: dict[str, Any],
    form: dict[str, str],
    field: str,
    sentence: str,
) -> None:
    asked = ask(db, clinic, answers)
    answer = send(amara, asked, **form)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text
    assert sentence in answer.text
    if len(form.get("reason", "x" * 99)) < 99:
        assert form["reason"].strip() in answer.text
    db.expire_all()
    assert asked.status is ClearanceStatus.OPEN


def test_a_doctors_word_releases_what_only_a_doctor_may(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    asked = ask(db, clinic, HEART)
    assert send(amara, asked, **{**YES, **DOCTOR}, expires_on="2027-01-31").status_code == 303
    db.expire_all()
    assert (asked.status, asked.expires_on) == (ClearanceStatus.ALLOWED, date(2027, 1, 31))


def test_somebody_decided_meanwhile_and_what_was_typed_is_kept(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    asked = ask(db, clinic)
    old = asked.version
    send(amara, asked, decision="refused", reason="No.")
    answer = amara.post(f"/practice/clearances/{asked.id}", data={**YES, "version": old})
    assert answer.status_code == 409
    assert "Someone changed this meanwhile" in answer.text
    assert "It is refused" in answer.text
    assert "Rang: easing." in answer.text


def test_a_reply_is_given_as_a_file_and_that_is_recorded(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    asked, other = ask(db, clinic), ask(db, clinic, name="Other")
    made = documents.add(db, NOW, asked, a_letter("Fine."), "A reply.pdf", "client", within_hours=48)
    db.commit()
    assert "1 file sent in" in amara.get("/practice/clearances").text
    answer = amara.get(f"/practice/clearances/{asked.id}/files/{made.id}")
    assert answer.data.startswith(b"%PDF")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=reply-{made.id}.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert db.scalar(sa.select(AuditEvent.actor).where(AuditEvent.action == "open_document"))
    assert amara.get(f"/practice/clearances/{other.id}/files/{made.id}").status_code == 404
    assert amara.get(f"/practice/clearances/{asked.id}/files/999").status_code == 404


def test_reception_does_not_reach_the_therapists_page(app: Flask, db: Session, clinic: makers.Clinic) -> None:
    asked = ask(db, clinic)
    makers.user(db, NOW, RoleName.RECEPTION)
    db.commit()
    desk = sign_in(app, "desk@clinic.example")
    for address in ("", f"/{asked.id}", f"/{asked.id}/files/1"):
        assert desk.get(f"/practice/clearances{address}").status_code == 403
    assert db.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0
    assert app.test_client().get(f"/practice/clearances/{asked.id}").status_code == 302


def test_a_request_that_is_none_is_not_found(amara: FlaskClient) -> None:
    assert amara.get("/practice/clearances/999").status_code == 404
    assert amara.post("/practice/clearances/999", data=YES).status_code == 404


def test_the_queue_costs_the_same_statements_however_many_wait(
    app: Flask, db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    seen: list[str] = []
    sa.event.listen(
        app.extensions["clinic.engine"], "before_cursor_execute", lambda *args: seen.append(args[2])
    )

    def count() -> int:
        seen.clear()
        assert amara.get("/practice/clearances").status_code == 200
        return len(seen)

    keep(db, clinic, ask(db, clinic))
    few = count()
    for number in range(5):
        keep(db, clinic, ask(db, clinic, name=f"Name {number}"), hours=73 + 24 * number)
    assert count() == few


def test_a_session_is_held_upwards_and_its_time_is_kept(
    db: Session, clinic: makers.Clinic, amara: FlaskClient
) -> None:
    client = makers.client(db, NOW)
    made = booking.book(
        db, NOW, clinic.wish(therapist_id=clinic.therapists[0].id), NOW + timedelta(hours=49), client,
        makers.intake(db, NOW), actor="test",
    )  # fmt: skip
    db.commit()
    address = f"/practice/session/{made.reference}/hold"
    assert f'href="{address}"' in amara.get(f"/practice/session/{made.reference}").text
    assert amara.get(address).status_code == 200
    assert "Write down why." in amara.post(address, data={"reason": ""}).text
    answer = amara.post(address, data={"reason": "Looked grey last week."})
    assert answer.status_code == 303
    page = amara.get(answer.location).text
    assert "Held for clearance by a therapist" in page
    assert "Looked grey last week." in page
    db.expire_all()
    assert made.status is Status.PROVISIONAL
    assert amara.post(address, data={"reason": "Again"}).status_code == 409


def test_a_colleagues_session_cannot_be_held(db: Session, clinic: makers.Clinic, amara: FlaskClient) -> None:
    made = booking.book(
        db, NOW, clinic.wish(therapist_id=clinic.therapists[1].id), NOW + timedelta(hours=49),
        makers.client(db, NOW), makers.intake(db, NOW), actor="test",
    )  # fmt: skip
    db.commit()
    assert amara.get(f"/practice/session/{made.reference}/hold").status_code == 404
    assert amara.post(f"/practice/session/{made.reference}/hold", data={"reason": "x"}).status_code == 404
