"""The mail to who comes along is sent only while what it says is so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from clinic.booking import companions, parties, taking_back
from clinic.booking.parties import Guest
from clinic.db import transaction
from tests import makers
from tests.notify.mailing import Box, send

pytestmark = pytest.mark.database
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose commits are real: the job has sessions of its own."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def pair(session: Session, now: datetime) -> tuple[int, int]:
    """Anna and Ben, who come together."""
    with transaction(session):
        clinic = makers.clinic(session)
        guests = []
        for name in ("Anna Petrova", "Ben Hall"):
            who = makers.client(session, now, name, email=f"{name.split()[0].lower()}@client.example")
            guests.append(Guest(who, makers.intake(session, now), clinic.wish(client_id=who.id)))
        party = parties.book(session, now, *guests, TEN, actor="desk")
        one, other = parties.coming(party)
        return one.id, other.id


def subjects(engine: Engine, now: datetime) -> list[str]:
    """What goes to Ben now."""
    box = Box()
    send(engine, now, box)
    return [mail.subject for mail in box.came if mail.to_address == "ben@client.example"]


def test_who_still_comes_is_told_once(
    engine: Engine, session: Session, now: datetime, pair: tuple[int, int]
) -> None:
    subjects(engine, now)
    with transaction(session):
        companions.cancel(session, now, pair[0], actor="desk", reason="The clinic has to close")
    assert subjects(engine, now) == ["Anna’s appointment is cancelled. Your time stays: Tuesday 24 November"]
    assert subjects(engine, now) == []


def test_a_cancellation_taken_back_before_the_mail_has_gone_is_not_told(
    engine: Engine, session: Session, now: datetime, pair: tuple[int, int]
) -> None:
    subjects(engine, now)
    with transaction(session):
        companions.cancel(session, now, pair[0], actor="desk")
        taking_back.reactivate(session, now, pair[0], actor="desk")
    assert subjects(engine, now) == ["Anna comes with you again. Your time stays: Tuesday 24 November"]


def test_moved_and_then_cancelled_the_other_one_still_hears_that_they_come_apart(
    engine: Engine, session: Session, now: datetime, pair: tuple[int, int]
) -> None:
    subjects(engine, now)
    with transaction(session):
        companions.move(session, now, pair[0], TEN + timedelta(hours=3), actor="desk")
        companions.cancel(session, now, pair[0], actor="desk")
    assert subjects(engine, now) == ["Anna has a new time. Your time stays: Tuesday 24 November"]
