"""Finding people, the queue, who may see the desk, and what reception never sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.statuses import Status
from clinic.intake import services as intakes
from clinic.intake.models import CallBack, CallBackStatus
from clinic.intake.questionnaire import load_questionnaire
from clinic.intake.rules import load_rules
from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import TUESDAY_TEN, Book, sign_in

pytestmark = pytest.mark.database

FULL = {
    "pregnancy": "weeks_13_27", "pregnancy_signs": [], "sensitivity": ["bruise_easily", "flare_after_touch"],
    "goal": "ease_pain", "pressure_pref": 5, "blood": ["past_clot"], "heart": ["bp_controlled"],
    "skin": ["ecz_pso"], "skin_areas": ["B07_low_back"],
    "body_map": {"hurts": ["B07_low_back"], "work": ["B07_low_back"], "leave": []},
    "pain_score": 6, "pain_length": "chronic",
    "anything_else": {"doctor_said_no": False, "text": "my late husband"},
}  # fmt: skip


@pytest.mark.parametrize("words", ["petrova", "Anna P", "020 7946 0000", "7946 0000", "anna@client"])
def test_a_client_is_found_by_name_phone_and_email(desk: FlaskClient, book: Book, words: str) -> None:
    made = book()
    page = desk.get("/desk/find", query_string={"q": words}).get_data(as_text=True)
    assert f"/desk/client/{made.client_id}" in page
    assert "Tuesday 24 November, 10:00" in page


def test_a_reference_leads_straight_to_its_appointment(desk: FlaskClient, book: Book) -> None:
    made = book()
    shown = f"{made.reference[:3]}-{made.reference[3:]}".lower()
    answer = desk.get("/desk/find", query_string={"q": shown})
    assert answer.location == f"/desk/appointment/{made.reference}"


def test_nobody_found_says_what_to_do(desk: FlaskClient) -> None:
    assert "Nobody found" in desk.get("/desk/find?q=zzz").get_data(as_text=True)


def test_one_letter_is_too_little_to_look_for_and_nobody_is_said_to_be_missing(
    desk: FlaskClient, book: Book
) -> None:
    book()
    page = desk.get("/desk/find?q=%20A").get_data(as_text=True)
    assert "Type one sign more" in page
    assert "Nobody found" not in page
    assert "Type a name" in desk.get("/desk/find").get_data(as_text=True)


def test_a_client_has_coming_and_past_appointments(
    app: Flask, desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    address = f"/desk/client/{made.client_id}"
    assert "Not been here yet" in desk.get(address).get_data(as_text=True)
    app.config["CLOCK"] = lambda: TUESDAY_TEN + timedelta(days=1)
    assert "Nothing is booked" in desk.get(address).get_data(as_text=True)
    assert desk.get("/desk/client/999").status_code == 404
    made.client.erased_at = NOW
    db.commit()
    assert desk.get(address).status_code == 404


def test_the_queue_shows_who_waits_and_marks_a_call_as_done(
    app: Flask, desk: FlaskClient, db: Session, clinic: makers.Clinic, book: Book
) -> None:
    made = book(name="Ivy Marlow")
    made.status = Status.PROVISIONAL
    call = intakes.ask_for_call_back(
        db, NOW, site_id=clinic.site.id, name="Noah Pierce", phone="+442079460555", best_time="morning",
        note="about my heart",
    )  # fmt: skip
    db.commit()
    app.config["CLOCK"] = lambda: NOW + timedelta(hours=3)
    page = desk.get("/desk/queue").get_data(as_text=True)
    for words in ("Ivy Marlow", "Noah Pierce", "In the morning", "3 h"):
        assert words in page
    assert "about my heart" not in page
    assert "<b>1</b> <span>call-back</span>" in page
    for _click in range(2):
        assert desk.post(f"/desk/queue/{call.id}/done").status_code == 303
    db.rollback()
    db.expire_all()
    done = db.get(CallBack, call.id)
    assert done is not None
    assert done.status is CallBackStatus.DONE
    assert "Nobody waits to be rung" in desk.get("/desk/queue").get_data(as_text=True)
    assert desk.post("/desk/queue/999/done").status_code == 404


def test_a_therapist_has_no_desk_and_the_owner_has(app: Flask, db: Session, clinic: makers.Clinic) -> None:
    makers.user(db, NOW, RoleName.THERAPIST, email="amara@clinic.example")
    makers.user(db, NOW, RoleName.OWNER, email="owner@clinic.example")
    db.commit()
    therapist = sign_in(app, "amara@clinic.example")
    for address in (
        "/desk/",
        "/desk/week",
        "/desk/find?q=a",
        "/desk/queue",
        "/desk/caller",
        "/desk/client/1",
    ):
        assert therapist.get(address).status_code == 403, address
    assert therapist.post("/desk/queue/1/done").status_code == 403
    assert sign_in(app, "owner@clinic.example").get("/desk/").status_code == 200


def test_reception_never_sees_an_answer_a_rule_or_a_reason(
    app: Flask, desk: FlaskClient, db: Session, clinic: makers.Clinic
) -> None:
    client = makers.client(db, NOW)
    intake = makers.intake(db, NOW, FULL)
    assert intake.findings
    intake.level = "ADAPT"  # type: ignore[assignment]
    limits = intakes.restrictions_of(intake)
    assert limits.reasons
    skill = clinic.therapists[0].skills[0]
    option = makers.option(db, skill, "Pregnancy", "pregnancy", pressure_firmest=3)
    option.offering.desk_name = "Side-lying"
    wish = clinic.wish(is_desk=True, option_id=option.id)
    made = services.book(db, NOW, wish, TUESDAY_TEN, client, intake, actor="user:1")
    db.commit()
    call = desk.post("/desk/caller", data={"client": client.id}).location
    base = call.rsplit("/", 1)[0]
    addresses = [
        "/desk/?on=2026-11-24", "/desk/?on=2026-11-24&view=list", "/desk/week?on=2026-11-24",
        f"/desk/appointment/{made.reference}", f"/desk/appointment/{made.reference}/move",
        f"/desk/appointment/{made.reference}/cancel", f"/desk/client/{client.id}", "/desk/find?q=anna",
        "/desk/caller?q=anna", "/desk/queue", call,
    ]  # fmt: skip
    pages = {address: desk.get(address).get_data(as_text=True) for address in addresses}
    after = desk.post(f"{base}/health", data={"step": "changed", "changed": "no"}).location
    pages[after] = desk.get(after, follow_redirects=True).get_data(as_text=True)
    for address, page in pages.items():
        for words in health_words(limits.reasons.values()):
            assert words not in page, (address, words)
    assert "Side-lying" in pages[f"/desk/appointment/{made.reference}"]


def health_words(reasons: object) -> set[str]:
    """Every label of what was answered, every rule's id and texts, and the reasons of what is left out."""
    questionnaire, rules = load_questionnaire(), load_rules()
    words = {"my late husband", *map(str, reasons)}  # type: ignore[call-overload]
    for question_id, value in FULL.items():
        for code in value if isinstance(value, list) else [value]:
            if isinstance(code, str) and "_" in code and not code.startswith("B0"):
                words.add(questionnaire.question(question_id).label(code))
                words.add(code)
    for rule in rules.rules:
        words |= {rule.client, rule.therapist}
    return {word for word in words if len(word) > 4}
