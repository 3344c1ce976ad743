"""'My appointments': a fresh link by mail, and never a word on whether there is such an appointment."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment
from clinic.notify.models import OutboxMessage
from clinic.web.limits import limiter
from tests import makers
from tests.conftest import NOW


@pytest.fixture
def appointment(db: Session) -> Appointment:
    clinic = makers.clinic(db)
    made = services.book(
        db,
        NOW,
        clinic.wish(),
        NOW + timedelta(days=2, hours=1),
        makers.client(db, NOW),
        makers.intake(db, NOW),
        actor="test",
    )
    db.commit()
    return made


@pytest.fixture
def web(app: Flask) -> FlaskClient:
    return app.test_client()


def ask(web: FlaskClient, reference: str, email: str) -> tuple[int, str]:
    answer = web.post("/manage", data={"reference": reference, "email": email})
    return answer.status_code, answer.headers.get("Location", answer.text)


def links(db: Session) -> list[OutboxMessage]:
    db.rollback()
    return list(db.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == "link")))


def test_a_link_is_mailed_where_reference_and_address_go_together(
    db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    shown = f"{appointment.reference[:3]}-{appointment.reference[3:]}".lower()
    assert ask(web, shown, " Anna@Client.example ") == (303, "/manage/sent")
    (message,) = links(db)
    assert message.to_address == "anna@client.example"
    assert "/appointment/" not in message.payload
    assert json.loads(message.payload)["appointment_id"] == appointment.id


def test_the_page_is_the_same_where_they_do_not(
    db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    right = ask(web, appointment.reference, "anna@client.example")
    assert ask(web, appointment.reference, "ben@client.example") == right
    assert ask(web, "222222", "anna@client.example") == right
    assert len(links(db)) == 1
    page = web.get("/manage/sent").text
    assert "If the reference and the address go together" in page


def test_asking_again_and_again_mails_once(db: Session, web: FlaskClient, appointment: Appointment) -> None:
    for _ in range(3):
        ask(web, appointment.reference, "anna@client.example")
    assert len(links(db)) == 1


def test_what_was_typed_is_kept_and_each_mistake_named(web: FlaskClient) -> None:
    status, page = ask(web, "K7", "anna@client")
    assert status == 422
    assert "Enter a reference like K7M-2PX." in page
    assert "Enter an e-mail address like name@example.com." in page
    assert 'value="K7"' in page
    assert 'value="anna@client"' in page
    assert "<title>Error: Find my appointment" in page


def test_an_erased_client_gets_no_link(db: Session, web: FlaskClient, appointment: Appointment) -> None:
    appointment.client.erased_at = NOW
    db.commit()
    ask(web, appointment.reference, "anna@client.example")
    assert links(db) == []


def test_an_appointment_of_long_ago_gets_no_link_that_has_expired(
    app: Flask, db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    app.config["CLOCK"] = lambda: appointment.ends_at + timedelta(days=61)
    assert ask(web, appointment.reference, "anna@client.example") == (303, "/manage/sent")
    assert links(db) == []


def test_trying_many_references_is_slowed_down(own_app: Flask) -> None:
    own_app.config["RATELIMIT_ENABLED"] = True
    limiter.init_app(own_app)
    web = own_app.test_client()
    limiter.enabled = True
    try:
        statuses = [ask(web, "222222", "anna@client.example")[0] for _ in range(6)]
    finally:
        limiter.reset()
        limiter.enabled = False
    assert statuses == [303] * 5 + [429]
