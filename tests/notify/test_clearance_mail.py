"""Mails to somebody who waits: with their link, and only as long as they are still so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from clinic.booking import decisions, services
from clinic.booking.models import Appointment
from clinic.booking.slots import Wish
from clinic.catalog.models import OfferingOption
from clinic.db import transaction
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import Clearance, ClearanceStatus
from clinic.notify.models import MessageStatus, OutboxMessage
from clinic.notify.wording import Wording
from config import ROOT
from tests import makers
from tests.notify import mailing
from tests.notify.mailing import Box, send

pytestmark = pytest.mark.database
WORDING = Wording(ROOT / "templates", ROOT / "clinic/static/css/email.css")
LINKS = {
    "home_url": "https://c.example/",
    "staff_url": "https://c.example/s",
    "manage_url": "https://c.example/m",
}


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose commits are real: the job has sessions of its own."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def asked(session: Session, now: datetime) -> Clearance:
    with transaction(session):
        clinic = makers.clinic(session)
        intake = makers.intake(session, now, {"bones": ["fragility_fracture"]})
        contact = Contact("Anna Petrova", "anna@client.example")
        return decisions.ask(session, now, intake, contact, clinic.site)


@pytest.fixture
def kept(session: Session, now: datetime, asked: Clearance) -> Appointment:
    with transaction(session):
        swedish = session.scalars(sa.select(sa.func.min(OfferingOption.id))).one()
        wish = Wish(site_id=asked.site_id, option_id=swedish)
        return services.book(
            session,
            now,
            wish,
            now + timedelta(days=2, hours=1),
            makers.client(session, now),
            asked.intake,
            actor="test",
            provisionally=True,
        )


def decide(session: Session, now: datetime, asked: Clearance, status: ClearanceStatus) -> None:
    with transaction(session):
        signed = Signed("Dr Mehta", "Doctor", "GMC 7")
        ruling = Ruling(status, "Letter seen.", signed, question="What did they say?")
        decisions.decide(session, now, asked.id, ruling, actor="user:1", power=Releaser.CLINICIAN)


def subjects(box: Box) -> list[str]:
    return [mail.subject for mail in box.came]


def dropped(engine: Engine) -> dict[str, str | None]:
    with Session(engine) as session:
        rows = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.status == MessageStatus.DROPPED))
        return {row.kind: row.last_error for row in rows}


def test_the_mail_brings_a_link_that_no_row_holds(engine: Engine, now: datetime, asked: Clearance) -> None:
    box = Box()
    send(engine, now, box)
    (mail,) = box.came
    token = mail.text.partition("/request/")[2].split()[0]
    assert mailing.SENDER.links.read_clearance(token, now + timedelta(days=60)) == asked.id
    with Session(engine) as session:
        assert token not in session.scalars(sa.select(OutboxMessage.payload)).one()


@pytest.mark.parametrize(
    ("status", "subject"),
    [
        (ClearanceStatus.ALLOWED, "Good news from Test Rooms"),
        (ClearanceStatus.REFUSED, "About your request, Test Rooms"),
        (ClearanceStatus.MORE_NEEDED, "We have a question for you, Test Rooms"),
    ],
)
def test_each_decision_is_told_once(
    engine: Engine,
    session: Session,
    now: datetime,
    asked: Clearance,
    status: ClearanceStatus,
    subject: str,
) -> None:
    decide(session, now, asked, status)
    box = Box()
    send(engine, now, box)
    send(engine, now, box)
    assert subject in subjects(box)
    goes_on = status is ClearanceStatus.MORE_NEEDED  # then the mail about the request is still true
    assert len(box.came) == (2 if goes_on else 1)


def test_what_was_said_before_a_later_word_is_not_sent_any_more(
    engine: Engine, session: Session, now: datetime, asked: Clearance
) -> None:
    decide(session, now, asked, ClearanceStatus.MORE_NEEDED)
    decide(session, now + timedelta(minutes=1), asked, ClearanceStatus.ALLOWED)
    box = Box()
    send(engine, now + timedelta(minutes=2), box)
    assert subjects(box) == ["Good news from Test Rooms"]
    assert dropped(engine) == {"clearance_asked": "outdated", "clearance_more": "outdated"}


def test_a_time_that_is_booked_by_now_is_not_called_uncertain(
    engine: Engine, session: Session, now: datetime, asked: Clearance, kept: Appointment
) -> None:
    decide(session, now, asked, ClearanceStatus.ALLOWED)
    box = Box()
    send(engine, now, box)
    assert subjects(box) == ["Booked: Wednesday 25 November, 10:00"]
    assert dropped(engine)["provisional"] == "outdated"


def test_a_time_that_went_back_is_told_with_a_file_that_takes_it_out(
    engine: Engine, session: Session, now: datetime, kept: Appointment
) -> None:
    later = now + timedelta(days=2)
    with transaction(session):
        assert decisions.lapse_provisional(session, later) == 1
    box = Box()
    send(engine, later, box)
    lapsed = next(mail for mail in box.came if "gone back" in mail.subject)
    assert "METHOD:CANCEL" in (lapsed.calendar or "")
    assert dropped(engine)["provisional"] == "outdated"


def test_an_erased_client_is_told_nothing_more(
    engine: Engine, session: Session, now: datetime, asked: Clearance, kept: Appointment
) -> None:
    with transaction(session):
        kept.client.erased_at = now
    box = Box()
    send(engine, now, box)
    assert box.came == []
    assert dropped(engine) == {"clearance_asked": "gone", "provisional": "gone"}


def test_a_time_that_is_moved_while_it_waits_is_told_as_not_certain_and_goes_into_no_calendar(
    engine: Engine, session: Session, now: datetime, kept: Appointment
) -> None:
    with transaction(session):
        services.move(session, now, kept.id, kept.starts_at + timedelta(days=1), actor="test")
    box = Box()
    send(engine, now, box)
    mail = next(each for each in box.came if each.key.startswith("moved:"))
    assert mail.calendar is None
    assert mail.text.startswith("We keep a new time for you")
    for text in (mail.text, mail.html):
        assert "not certain yet" in text
        assert "Do not come before you have a mail that says you are booked." in text
        assert "calendar" not in text


def test_what_waits_with_no_end_is_told_as_kept_until_somebody_has_decided(
    engine: Engine, session: Session, now: datetime, asked: Clearance
) -> None:
    """Booked before the answers got worse, or before a therapist held it."""
    with transaction(session):
        swedish = session.scalars(sa.select(sa.func.min(OfferingOption.id))).one()
        wish, who = Wish(site_id=asked.site_id, option_id=swedish), makers.client(session, now)
        well, start = makers.intake(session, now), now + timedelta(days=2, hours=1)
        made = services.book(session, now, wish, start, who, well, actor="test")
        decisions.reopen(session, now, made, actor="rules")
        services.move(session, now, made.id, start + timedelta(days=1), actor="test", version=made.version)
    assert made.lapses_at is None
    sent = {}
    for row in session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id)):
        facts = {**json.loads(row.payload), **LINKS, "waits": True}
        if row.kind in ("reopened", "to_decide", "moved"):
            sent[row.kind] = WORDING.render(row.kind, facts)
    assert len(sent) == 3
    for words in sent.values():
        for text in (words.text, words.html):
            assert "until somebody has decided" in text
            assert "until ." not in text
            assert "until ," not in text
