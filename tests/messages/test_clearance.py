"""The mails of somebody who waits for a decision: word for word, plain, and silent about health."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from clinic.booking import decisions, messages, services
from clinic.booking.models import Appointment
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import Clearance, ClearanceStatus
from clinic.notify.models import OutboxMessage
from clinic.notify.wording import Wording, Words
from tests import makers
from tests.messages.test_golden import HEALTH, LINKS, compare, wording
from tests.rules.readability import grade

__all__ = ["wording"]
REQUESTS = ("clearance_asked", "clearance_yes", "clearance_no", "clearance_more")
TIMES = ("provisional", "lapsed", "reopened", "to_decide")
RULED = {
    "clearance_yes": ClearanceStatus.ALLOWED,
    "clearance_no": ClearanceStatus.REFUSED,
    "clearance_more": ClearanceStatus.MORE_NEEDED,
}
# What the client wrote and the therapist asked: none of it may come into a mail.
SECRET = ("Fosamax", "bone", "Swedish", "Dr Mehta")


@pytest.fixture
def clinic(session: Session) -> makers.Clinic:
    return makers.clinic(session)


@pytest.fixture
def asked(session: Session, now: datetime, clinic: makers.Clinic) -> Clearance:
    intake = makers.intake(session, now, {"bones": ["fragility_fracture"]})
    contact = Contact("Anna O’Petrova", "anna@client.example", "+442079460000")
    return decisions.ask(session, now, intake, contact, clinic.site)


def kept(session: Session, now: datetime, clinic: makers.Clinic, asked: Clearance) -> Appointment:
    client = makers.client(session, now, "Anna O’Petrova")
    made = services.book(
        session,
        now,
        clinic.wish(),
        now + timedelta(days=2, hours=1),
        client,
        asked.intake,
        actor="test",
        provisionally=True,
    )
    made.reference = "K7M2PX"
    return made


def told(
    kind: str,
    session: Session,
    now: datetime,
    clinic: makers.Clinic,
    asked: Clearance,
    wording: Wording,
) -> Words:
    """The words of a kind, brought about as it comes about."""
    if kind in RULED:
        ruling = Ruling(
            RULED[kind],
            "Takes Fosamax; bone clinic agrees.",
            Signed("Dr Mehta", "Doctor", "GMC 7012345"),
            expires_on=date(2027, 5, 23) if kind == "clearance_yes" else None,
            question="Do you still take Fosamax?",
        )
        decisions.decide(
            session, now, asked.id, ruling, actor="user:1", power=Releaser.CLINICIAN, version=asked.version
        )
    if kind in REQUESTS:
        owed = session.query(OutboxMessage).filter_by(kind=kind).one()
        return wording.render(kind, {**json.loads(owed.payload), **LINKS})
    appointment = kept(session, now, clinic, asked)
    if kind == "lapsed":
        decisions.lapse(session, now, appointment)
    return wording.render(kind, {**messages.facts(appointment), **LINKS})


@pytest.mark.parametrize("kind", REQUESTS + TIMES)
def test_a_mail_reads_as_it_did(
    kind: str, session: Session, now: datetime, clinic: makers.Clinic, asked: Clearance, wording: Wording
) -> None:
    words = told(kind, session, now, clinic, asked, wording)
    compare(
        kind, {"subject.txt": words.subject + "\n", "body.txt": words.text, "body.html": words.html + "\n"}
    )


@pytest.mark.parametrize("kind", REQUESTS + TIMES)
def test_a_mail_is_silent_about_health(
    kind: str, session: Session, now: datetime, clinic: makers.Clinic, asked: Clearance, wording: Wording
) -> None:
    words = told(kind, session, now, clinic, asked, wording)
    for text in (words.subject, words.text, words.html):
        assert not HEALTH.search(text), HEALTH.search(text)
        assert not any(secret in text for secret in SECRET)


@pytest.mark.parametrize("kind", REQUESTS + TIMES)
def test_a_mail_is_read_by_a_ten_year_old(
    kind: str, session: Session, now: datetime, clinic: makers.Clinic, asked: Clearance, wording: Wording
) -> None:
    text = told(kind, session, now, clinic, asked, wording).text.partition("\n-- \n")[0]
    sentences = [line for line in text.splitlines() if line.endswith((".", "?")) and "://" not in line]
    assert grade(" ".join(sentences)) <= 5


@pytest.mark.parametrize("kind", REQUESTS + TIMES)
def test_the_html_has_the_same_button_and_number(
    kind: str, session: Session, now: datetime, clinic: makers.Clinic, asked: Clearance, wording: Wording
) -> None:
    words = told(kind, session, now, clinic, asked, wording)
    links = {"to_decide": "staff_url", **dict.fromkeys(REQUESTS, "clearance_url")}
    facts = [LINKS[links.get(kind, "manage_url")]]
    facts += [] if kind == "to_decide" else ["020 7946 0142"]
    facts += ["K7M-2PX", "London time"] if kind in TIMES else []
    for fact in facts:
        assert fact in words.text
        assert fact in words.html


def test_the_clinic_s_own_mail_does_not_name_the_client(
    session: Session, now: datetime, clinic: makers.Clinic, asked: Clearance, wording: Wording
) -> None:
    words = told("to_decide", session, now, clinic, asked, wording)
    assert "Anna" not in words.text + words.html
    assert LINKS["manage_url"] not in words.text + words.html
