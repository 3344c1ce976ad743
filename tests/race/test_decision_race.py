"""A decision in the very moment its client confirms the time that was kept: the appointment is booked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import decisions, services
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.db import transaction
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import ClearanceStatus
from clinic.people.models import Client
from tests import makers
from tests.race.crowd import at_once, faults_of_diary

pytestmark = [pytest.mark.database, pytest.mark.race]
TEN = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
HELD = {"heart": ["bp_not_controlled"]}
YES = Ruling(
    status=ClearanceStatus.ALLOWED,
    reason="Spoke to the practice.",
    signed=Signed("Amara Osei", "therapist", "FHT 1200"),
)
ROUNDS = 12


def test_a_yes_while_the_client_confirms_leaves_nothing_waiting(engine: Engine, now: datetime) -> None:
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        clinic = makers.clinic(session)
        client_id = makers.client(session, now).id
    contact = Contact("Anna Petrova", "anna@client.example", "+442079460000")
    for day in range(ROUNDS):
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            intake = makers.intake(session, now, HELD)
            intake.client_id = client_id
            asked = decisions.ask(session, now, intake, contact, clinic.site).id
            at = TEN + timedelta(days=day)
            held = services.hold(session, now, clinic.wish(), at, intake, provisionally=True).id

        def act(index: int, held: int = held, asked: int = asked) -> None:
            with Session(engine) as session, transaction(session):
                if index % 2:
                    services.confirm(session, now, held, session.get_one(Client, client_id), actor="client")
                else:
                    decisions.decide(session, now, asked, YES, actor="user:1", power=Releaser.CLINICIAN)

        assert at_once(2, act) == []
    with Session(engine) as session:
        statuses = session.scalars(sa.select(Appointment.status)).all()
    assert statuses == [Status.BOOKED] * ROUNDS
    assert faults_of_diary(engine) == []


def test_who_decide_at_the_same_moment_are_all_heard(engine: Engine, now: datetime) -> None:
    """Nobody is told that somebody else changed what they had not even looked at."""
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        clinic = makers.clinic(session)
    contact = Contact("Anna Petrova", "anna@client.example", "+442079460000")
    for _round in range(ROUNDS):
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            asked = decisions.ask(session, now, makers.intake(session, now, HELD), contact, clinic.site).id

        def act(index: int, asked: int = asked) -> None:
            with Session(engine) as session, transaction(session):
                at = now + timedelta(seconds=index)
                decisions.decide(session, at, asked, YES, actor=f"user:{index}", power=Releaser.CLINICIAN)

        assert at_once(4, act) == []
