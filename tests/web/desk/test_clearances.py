"""Clearances at the desk: who waits and until when, never why; and the few that reception may decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.booking import decisions, queue, services
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.intake import services as intakes
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import Clearance, ClearanceStatus
from clinic.intake.questionnaire import load_questionnaire
from clinic.intake.restrictions import Restrictions
from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import sign_in

pytestmark = pytest.mark.database

HEART = {"heart": ["bp_not_controlled"], "anything_else": {"doctor_said_no": False, "text": "Dizzy at times"}}
COLD = {"feeling_ill": ["cold_flu_bug"]}
SHINGLES = {"skin": ["shingles"]}
YOUNG = {"age_years": 17}
SIGNED = Signed("Dr Ruth Hallam", "GP", "GMC 7")


def ask(
    db: Session, clinic: makers.Clinic, answers: Mapping[str, Any], name: str = "Ivy Marlow", hours: float = 1
) -> Clearance:
    at = NOW - timedelta(hours=hours)
    contact = Contact(name, "ivy@client.example", "+442079460001", "morning")
    made = decisions.ask(db, at, makers.intake(db, at, answers), contact, clinic.site)
    db.commit()
    return made


def keep(db: Session, clinic: makers.Clinic, asked: Clearance, hours: float = 49) -> Appointment:
    client = makers.client(db, NOW, asked.name, email="ivy@client.example")
    at = NOW + timedelta(hours=hours)
    made = services.book(db, NOW, clinic.wish(), at, client, asked.intake, actor="user:1", provisionally=True)
    db.commit()
    db.refresh(asked)
    db.commit()
    return made


def health_words(asked: Clearance) -> set[str]:
    """Every label, rule text and own word of somebody's answers; the desk may show none of them."""
    questionnaire = load_questionnaire(asked.intake.questionnaire_version)
    answers, outcome = intakes.answers_of(asked.intake), intakes.outcome_of(asked.intake)
    words = {note.text for note in outcome.notes} | {finding.id for finding in outcome.findings}
    for question in questionnaire.questions:
        given = answers.get(question.id)
        if question.id != "health_consent" and isinstance(given, list):
            words |= {question.title, *(question.label(code) for code in given)}
    return words | {"Dizzy"}


@pytest.mark.parametrize("answers", [HEART, COLD, SHINGLES])
def test_no_page_of_the_desk_says_why_somebody_waits(
    db: Session, clinic: makers.Clinic, desk: FlaskClient, answers: dict[str, Any]
) -> None:
    asked = ask(db, clinic, answers)
    kept = keep(db, clinic, asked)
    day = kept.starts_at.date().isoformat()
    addresses = (
        "/desk/queue", f"/desk/clearances/{asked.id}", f"/desk/appointment/{kept.reference}",
        f"/desk/?on={day}", f"/desk/?on={day}&view=list", f"/desk/client/{kept.client_id}",
    )  # fmt: skip
    for address in addresses:
        page = desk.get(address)
        assert page.status_code == 200, address
        assert [word for word in health_words(asked) if word in page.text] == [], address
    assert db.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0


def test_the_queue_flags_what_is_over_the_promise_and_says_how_to_reach_them(
    db: Session, clinic: makers.Clinic, desk: FlaskClient
) -> None:
    keep(db, clinic, ask(db, clinic, HEART, hours=50))
    page = desk.get("/desk/queue").text
    for words in ("over by 2 h", 'class="hot"', "020 7946 0001", "ivy@client.example", "Keeps Wed 10:00"):
        assert words in page
    assert "<b>1</b> <span>clearance, 1 late</span>" in page
    assert "kept until Tue 22:00" in page


def test_what_a_therapist_decides_has_no_form_at_the_desk(
    db: Session, clinic: makers.Clinic, desk: FlaskClient
) -> None:
    asked = ask(db, clinic, HEART)
    page = desk.get(f"/desk/clearances/{asked.id}").text
    assert "A therapist decides" in page
    assert "<textarea" not in page
    form = {"decision": "allowed", "reason": "Sounded fine", "version": asked.version}
    answer = desk.post(f"/desk/clearances/{asked.id}", data=form)
    assert answer.status_code == 403
    db.expire_all()
    assert asked.status is ClearanceStatus.OPEN


@pytest.mark.parametrize("answers", [COLD, SHINGLES, YOUNG])
def test_reception_settles_what_only_needs_a_call(
    db: Session, clinic: makers.Clinic, desk: FlaskClient, answers: dict[str, Any]
) -> None:
    asked = ask(db, clinic, answers)
    kept = keep(db, clinic, asked)
    form = {"decision": "allowed", "reason": "Settled, comes Wednesday", "version": asked.version}
    assert desk.post(f"/desk/clearances/{asked.id}", data=form).status_code == 303
    assert "Ivy Marlow may book. Wed 10:00 is booked." in desk.get("/desk/queue").text
    db.expire_all()
    assert kept.status is Status.BOOKED
    assert "Ready" in desk.get(f"/desk/appointment/{kept.reference}").text


@pytest.mark.parametrize(
    ("form", "field", "sentence"),
    [
        ({"reason": "x"}, "decision", "Choose what was agreed."),
        ({"decision": "allowed"}, "reason", "Write down why."),
        ({"decision": "limited", "reason": "x"}, "decision", "Choose what was agreed."),
        ({"decision": "more_needed", "reason": "x"}, "question", "Write what the client should send"),
        ({"decision": "refused", "reason": "x" * 2001}, "reason", "Use 2000 signs or fewer."),
    ],
)
def test_what_is_missing_at_the_desk_is_said_at_its_field(
    db: Session, clinic: makers.Clinic, desk: FlaskClient, form: dict[str, str], field: str, sentence: str
) -> None:
    asked = ask(db, clinic, COLD)
    answer = desk.post(f"/desk/clearances/{asked.id}", data={**form, "version": asked.version})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text
    assert sentence in answer.text


def test_a_stale_page_of_the_desk_says_so_and_keeps_what_was_typed(
    db: Session, clinic: makers.Clinic, desk: FlaskClient
) -> None:
    asked = ask(db, clinic, COLD)
    form = {"decision": "refused", "reason": "Rings again in spring", "version": 0}
    answer = desk.post(f"/desk/clearances/{asked.id}", data=form)
    assert answer.status_code == 409
    assert "Rings again in spring" in answer.text
    assert desk.get("/desk/clearances/999").status_code == 404


def test_a_session_that_the_limits_rule_out_has_to_be_changed_and_only_to_one_that_goes(
    db: Session, clinic: makers.Clinic, desk: FlaskClient
) -> None:
    asked = ask(db, clinic, HEART)
    kept = keep(db, clinic, asked)
    limits = Restrictions(excluded={"swedish": ("decision",)}, reasons={"swedish": "Not now."})
    ruling = Ruling(ClearanceStatus.LIMITED, "Rang.", SIGNED, limits)
    decisions.decide(db, NOW, asked.id, ruling, actor="user:1", power=Releaser.CLINICIAN)
    db.commit()
    page = desk.get(f"/desk/appointment/{kept.reference}").text
    assert "Choose another session" in page
    db.refresh(kept)
    db.commit()
    wrong = desk.post(
        f"/desk/appointment/{kept.reference}/change",
        data={"option": clinic.deep.id, "version": kept.version},
    )
    assert wrong.status_code == 409
    assert "does not go with what" in wrong.text
    db.expire_all()
    assert kept.option_id == clinic.swedish.id


def test_a_refused_one_is_not_to_be_booked(db: Session, clinic: makers.Clinic, desk: FlaskClient) -> None:
    asked = ask(db, clinic, HEART)
    kept = keep(db, clinic, asked)
    ruling = Ruling(ClearanceStatus.REFUSED, "Rang.", SIGNED)
    decisions.decide(db, NOW, asked.id, ruling, actor="user:1", power=Releaser.CLINICIAN)
    db.commit()
    page = desk.get(f"/desk/appointment/{kept.reference}").text
    assert "Not to be booked" in page
    assert f"/desk/clearances/{asked.id}" not in desk.get("/desk/queue").text


def test_the_queue_at_the_desk_costs_the_same_statements_however_many_wait(
    app: Flask, db: Session, clinic: makers.Clinic, desk: FlaskClient
) -> None:
    seen: list[str] = []
    sa.event.listen(
        app.extensions["clinic.engine"], "before_cursor_execute", lambda *args: seen.append(args[2])
    )

    def count() -> int:
        seen.clear()
        assert desk.get("/desk/queue").status_code == 200
        return len(seen)

    keep(db, clinic, ask(db, clinic, HEART))
    few = count()
    for number in range(5):
        keep(db, clinic, ask(db, clinic, HEART, name=f"Name {number}"), hours=73 + 24 * number)
    assert count() == few


def test_a_therapist_does_not_open_the_desks_page(app: Flask, db: Session, clinic: makers.Clinic) -> None:
    makers.user(db, NOW, RoleName.THERAPIST, email="amara@clinic.example")
    db.commit()
    assert sign_in(app, "amara@clinic.example").get("/desk/clearances/1").status_code == 403


def test_the_bar_counts_what_waits_in_one_statement(app: Flask, db: Session, clinic: makers.Clinic) -> None:
    ask(db, clinic, HEART, hours=50)
    keep(db, clinic, ask(db, clinic, COLD, name="Mo More"))
    assert queue.waiting(db, NOW) == queue.Waiting(0, 1, 2, 1)
    assert queue.number(db, NOW) == (2, 1)
