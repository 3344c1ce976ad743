"""Couples who want overlapping starts at once: never half a couple."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import companions, diary_check, parties, services, taking_back
from clinic.booking.models import Appointment, Party
from clinic.booking.parties import Guest
from clinic.booking.statuses import Status
from clinic.db import transaction
from clinic.kernel.errors import SlotTaken, WrongState
from clinic.roster.models import Room
from tests import makers
from tests.race.crowd import at_once

pytestmark = [pytest.mark.database, pytest.mark.race]
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
COUPLES = 6


@pytest.fixture
def clinic(engine: Engine) -> makers.Clinic:
    """Two therapists, two rooms and one for two: one couple at a time."""
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        made = makers.clinic(session)
        session.add(Room(site_id=made.site.id, name="Room for two", places=2))
        return made


def _guest(session: Session, now: datetime, clinic: makers.Clinic, name: str, therapist_id: int) -> Guest:
    who = makers.client(session, now, name=name, email=f"{name.replace(' ', '')}@client.example")
    wish = clinic.wish(client_id=who.id, therapist_id=therapist_id, is_desk=True)
    return Guest(who, makers.intake(session, now), wish)


def test_of_couples_who_overlap_one_comes_and_the_others_not_at_all(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    """Every other couple names the therapists the other way round, and starts a quarter of an hour later."""
    ids = [each.id for each in clinic.therapists]

    def act(index: int) -> int:
        turned = ids if index % 2 else ids[::-1]
        with Session(engine) as session, transaction(session):
            one, other = (
                _guest(session, now, clinic, f"Guest {index} {number}", turned[number]) for number in (0, 1)
            )
            at = TEN + timedelta(minutes=15 * (index % 2))
            return parties.book(session, now, one, other, at, actor="desk", one_room=index % 3 == 0).id

    answers = at_once(COUPLES, act)
    assert sum(isinstance(answer, int) for answer in answers) == 1, answers
    assert sum(isinstance(answer, SlotTaken) for answer in answers) == COUPLES - 1
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 2
        assert diary_check.look(session, now) == []


def test_two_couples_who_change_places_both_stay_or_both_go(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    ids = [each.id for each in clinic.therapists]
    starts = (TEN, TEN + timedelta(hours=3))
    with Session(engine) as session, transaction(session):
        made = [
            parties.book(
                session,
                now,
                _guest(session, now, clinic, f"Guest {number} 0", ids[0]),
                _guest(session, now, clinic, f"Guest {number} 1", ids[1]),
                at,
                actor="desk",
            ).id
            for number, at in enumerate(starts)
        ]

    def act(index: int) -> object:
        with Session(engine) as session, transaction(session):
            parties.move_together(session, now, made[index], starts[1 - index], actor="desk")
        return "moved"

    at_once(2, act)
    with Session(engine) as session:
        for party in session.scalars(sa.select(Party)):
            both = parties.coming(party)
            assert len({each.starts_at for each in both}) == 1
            assert [each.status for each in both] == [Status.BOOKED] * 2
        assert diary_check.look(session, now) == []


def test_one_of_two_called_off_by_many_is_called_off_once_and_the_others_are_told(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    """Nobody reads how it stands before it is theirs to change: that would have to be asked once more."""
    ids = [each.id for each in clinic.therapists]
    with Session(engine) as session, transaction(session):
        guests = [_guest(session, now, clinic, f"Guest {number}", ids[number]) for number in (0, 1)]
        party = parties.book(session, now, *guests, TEN, actor="desk")
        number = parties.coming(party)[0].id

    def act(_index: int) -> str:
        with Session(engine) as session, transaction(session):
            return companions.cancel(session, now, number, actor="desk").status.value

    answers = at_once(COUPLES, act)
    assert answers.count("cancelled") == 1, answers
    assert sum(isinstance(answer, WrongState) for answer in answers) == COUPLES - 1, answers


def test_of_many_who_bring_somebody_along_to_one_appointment_one_does(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    """The other one of her former party, who comes back at this moment, comes alone or not at all."""
    ids = [each.id for each in clinic.therapists]
    with Session(engine) as session, transaction(session):
        guests = [_guest(session, now, clinic, f"Guest {number}", ids[number]) for number in (0, 1)]
        party = parties.book(session, now, *guests, TEN, actor="desk", one_room=True)
        stays, gone = (each.id for each in parties.coming(party))
        services.cancel(session, now, gone, actor="desk")

    def act(index: int) -> str:
        with Session(engine) as session, transaction(session):
            if index == 0:
                return taking_back.reactivate(session, now, gone, actor="desk").status.value
            guest = _guest(session, now, clinic, f"Another {index}", ids[1])
            parties.bring(session, now, stays, guest, TEN, actor="desk", one_room=True)
            return "brought"

    answers = at_once(COUPLES, act)
    assert len([answer for answer in answers if isinstance(answer, str)]) == 1, answers
    assert all(isinstance(each, str | SlotTaken | WrongState) for each in answers), answers
    with Session(engine) as session:
        here = parties.companion(session, stays)
        assert here is not None
        assert here.room_id == session.get_one(Appointment, stays).room_id
        assert diary_check.look(session, now) == []
