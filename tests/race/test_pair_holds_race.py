"""Pairs from the web who want one time at once, and two presses of one button: never half a pair."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import diary_check, pair_holds, pair_journeys, services
from clinic.booking.hold_limits import Source
from clinic.booking.kept import LIFETIME, Details, digest
from clinic.booking.models import Appointment, Hold, Journey, JourneyPair, Party
from clinic.booking.pair_journeys import Names
from clinic.booking.pair_steps import Turn
from clinic.booking.statuses import HoldStatus
from clinic.db import transaction
from clinic.kernel.errors import SlotTaken
from clinic.roster.models import Room
from tests import makers
from tests.race.crowd import at_once

pytestmark = [pytest.mark.database, pytest.mark.race]
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
PAIRS = 5


@pytest.fixture
def clinic(engine: Engine) -> makers.Clinic:
    """Two therapists, two rooms and one for two: one pair at a time."""
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        made = makers.clinic(session)
        session.add(Room(site_id=made.site.id, name="Room for two", places=2))
        return made


def _way(session: Session, now: datetime, token: str, option_id: int) -> Journey:
    made = Journey(
        token_digest=digest(token),
        intake=makers.intake(session, now),
        created_at=now,
        expires_at=now + LIFETIME,
        outcome_seen=True,
        option_id=option_id,
    )
    session.add(made)
    session.flush()
    return made


def _pair(engine: Engine, clinic: makers.Clinic, now: datetime, number: int) -> int:
    with Session(engine) as session, transaction(session):
        first = _way(session, now, f"{number}", clinic.swedish.id)
        pair = pair_journeys.begin(session, now, first.id, Names("Ruth Carver", "Carl Hall"))
        pair_journeys.give_turn(session, now, pair.id, Turn.SECOND)
        pair_journeys.attach(session, now, pair.id, _way(session, now, f"{number} too", clinic.swedish.id))
        pair_journeys.give_turn(session, now, pair.id, Turn.BOTH)
        return pair.id


def _hold(session: Session, clinic: makers.Clinic, now: datetime, pair_id: int, *, one_room: bool) -> None:
    pair_holds.take_time(
        session,
        now,
        pair_id,
        clinic.site,
        TEN,
        one_room=one_room,
        looked_at=(clinic.swedish.id, clinic.swedish.id),
        source=Source(visitor=f"visitor {pair_id}", address=f"address {pair_id}"),
    )


def test_of_pairs_who_want_one_time_one_has_it_and_the_others_nothing(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    ids = [_pair(engine, clinic, now, number) for number in range(PAIRS)]

    def act(index: int) -> bool:
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            _hold(session, clinic, now, ids[index], one_room=index % 2 == 0)
            return True

    answers = at_once(PAIRS, act)
    assert answers.count(True) == 1, answers
    assert sum(isinstance(answer, SlotTaken) for answer in answers) == PAIRS - 1, answers
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Hold)) == 2
        assert diary_check.look(session, now) == []


def test_a_pair_and_people_alone_never_leave_half_a_pair(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    pair_id = _pair(engine, clinic, now, 0)

    def act(index: int) -> bool:
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            if index == 0:
                _hold(session, clinic, now, pair_id, one_room=False)
            else:
                who = makers.client(session, now, name=f"Alone {index}")
                intake = makers.intake(session, now)
                services.book(session, now, clinic.wish(), TEN, who, intake, actor="desk")
        return True

    answers = at_once(3, act)
    with Session(engine) as session:
        held = session.scalar(
            sa.select(sa.func.count()).select_from(Hold).where(Hold.status == HoldStatus.OPEN)
        )
        assert held == (2 if answers[0] is True else 0)
        assert diary_check.look(session, now) == []


def test_one_button_pressed_at_once_books_one_pair(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    pair_id = _pair(engine, clinic, now, 0)
    reach = ("ruth@client.example", "+442079460321")
    with Session(engine) as session, transaction(session):
        _hold(session, clinic, now, pair_id, one_room=True)
        pair_holds.keep_details(
            session,
            now,
            pair_id,
            Details("Ruth Carver", *reach, wants_reminders=False),
            Details("Carl Hall", *reach, wants_reminders=False, booked_by="Ruth Carver"),
        )
        pair = session.get_one(JourneyPair, pair_id)
        held = pair_journeys.holds_of(pair)
        assert held is not None
        ids = (held[0].id, held[1].id)

    def act(_index: int) -> int:
        with Session(engine) as session, transaction(session):
            return pair_holds.confirm(session, now, pair_id, ids, terms="").id

    answers = at_once(4, act)
    assert len(set(answers)) == 1, answers
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Party)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 2
        assert diary_check.look(session, now) == []
