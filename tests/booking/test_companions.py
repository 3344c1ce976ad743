"""A change to one of two who come together, whoever makes it: the other keeps theirs and is told."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import companions, decisions, diary_check, parties, taking_back
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.notify.models import OutboxMessage
from tests import makers
from tests.booking.test_parties import HOUR, TEN, both_of, guest
from tests.makers import Clinic

pytestmark = pytest.mark.database
Pair = list[Appointment]


@pytest.fixture
def clinic(session: Session) -> Clinic:
    return makers.clinic(session)


@pytest.fixture
def pair(session: Session, now: datetime, clinic: Clinic) -> Pair:
    anna, ben = (guest(session, now, clinic, name) for name in ("Anna Petrova", "Ben Hall"))
    return both_of(session, parties.book(session, now, anna, ben, TEN, actor="desk"))


def told(session: Session) -> list[dict[str, Any]]:
    """What those who come along were told so far."""
    found = session.scalars(
        sa.select(OutboxMessage).where(OutboxMessage.kind == "companion").order_by(OutboxMessage.id)
    )
    return [{**json.loads(each.payload), "to": each.to_address} for each in found]


def test_who_comes_along_is_told_of_a_cancellation_and_keeps_theirs(
    session: Session, now: datetime, pair: Pair
) -> None:
    one, other = pair
    companions.cancel(session, now, one.id, actor="desk", reason="The therapist is away")
    (mail,) = told(session)
    assert (mail["to"], mail["other"], mail["what"]) == ("ben@client.example", "Anna", "cancelled")
    assert mail["appointment_id"] == other.id
    assert "away" not in json.dumps(mail)
    assert (other.status, other.starts_at) == (Status.BOOKED, TEN)


def test_another_time_is_told_and_another_therapist_is_not(
    session: Session, now: datetime, clinic: Clinic, pair: Pair
) -> None:
    one, other = pair
    third = makers.therapist(session, clinic.site, "Nia Bell", clinic.therapists[0].skills)
    companions.move(session, now, one.id, TEN, actor="desk", therapist_id=third.id)
    assert told(session) == []
    assert parties.companion(session, one.id) == other
    companions.move(session, now, one.id, TEN + 3 * HOUR, actor="desk")
    assert [mail["what"] for mail in told(session)] == ["moved"]
    companions.move(session, now, one.id, TEN + 4 * HOUR, actor="desk")  # they come apart already
    assert [mail["what"] for mail in told(session)] == ["moved"]


def test_moved_back_and_taken_back_they_come_together_again_and_that_is_told(
    session: Session, now: datetime, pair: Pair
) -> None:
    one, _other = pair
    companions.move(session, now, one.id, TEN + 3 * HOUR, actor="desk")
    companions.move(session, now, one.id, TEN, actor="desk")
    companions.cancel(session, now, one.id, actor="desk")
    taking_back.reactivate(session, now, one.id, actor="desk")
    assert [mail["what"] for mail in told(session)] == ["moved", "back", "cancelled", "back"]
    assert diary_check.look(session, now) == []


def test_both_changed_together_tell_nobody_that_one_was(session: Session, now: datetime, pair: Pair) -> None:
    party = parties.party_of(session, pair[0].id)
    assert party is not None
    parties.move_together(session, now, party.id, TEN + 3 * HOUR, actor="desk")
    parties.cancel_together(session, now, party.id, actor="desk")
    assert told(session) == []


def test_who_has_no_address_or_is_here_already_is_written_nothing(
    session: Session, now: datetime, pair: Pair
) -> None:
    one, other = pair
    other.status = Status.CHECKED_IN
    companions.move(session, now, one.id, TEN + 3 * HOUR, actor="desk")
    other.status, other.client.email = Status.BOOKED, None
    companions.move(session, now, one.id, TEN, actor="desk")
    assert told(session) == []


def test_too_late_to_change_theirs_the_mail_asks_to_ring(
    session: Session, now: datetime, clinic: Clinic, pair: Pair
) -> None:
    late = TEN - timedelta(minutes=clinic.site.change_until_minutes) + timedelta(minutes=1)
    companions.cancel(session, late, pair[0].id, actor="desk")
    (mail,) = told(session)
    assert mail["may_change"] is False


def test_a_session_declined_or_not_decided_in_time_is_told_as_a_cancellation_is(
    session: Session, now: datetime, pair: Pair
) -> None:
    one, other = pair
    decisions.reopen(session, now, one, actor="rules")
    decisions.lapse(session, now, one)
    assert one.status is Status.LAPSED
    (mail,) = told(session)
    assert (mail["appointment_id"], mail["what"]) == (other.id, "cancelled")
    assert other.status is Status.BOOKED
