"""The moment a hold lapses: who confirms it, lets it go or takes its place, and the worker, all at once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Hold
from clinic.db import transaction
from clinic.intake.models import Intake
from clinic.kernel.errors import Refusal
from clinic.people.models import Client
from tests import makers
from tests.race.crowd import at_once, faults_of_diary

pytestmark = [pytest.mark.database, pytest.mark.race]
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ROUNDS = 12


@pytest.fixture
def clinic(engine: Engine) -> makers.Clinic:
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        return makers.clinic(session)


def test_at_the_moment_a_hold_lapses_nobody_meets_a_deadlock(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        intakes = [makers.intake(session, now).id for _ in range(8)]
        client_id = makers.client(session, now).id
    met: Counter[str] = Counter()
    for day in range(ROUNDS):
        at = TEN + timedelta(days=day)
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            held = services.hold(session, now, wish, at, session.get_one(Intake, intakes[0]))

        def act(index: int, held: Hold = held, at: datetime = at) -> str:
            over = held.expires_at
            with Session(engine) as session, transaction(session):
                if index % 4 == 0:
                    who = session.get_one(Client, client_id)
                    return services.confirm(session, over - SECOND, held.id, who, actor="client").reference
                if index % 4 == 1:
                    return str(services.lapse_holds(session, over))
                if index % 4 == 2:
                    services.release(session, held.id)
                    return "released"
                intake = session.get_one(Intake, intakes[index])
                return str(services.hold(session, over, wish, at, intake).id)

        for answer in at_once(8, act):
            if isinstance(answer, Exception) and not isinstance(answer, Refusal):
                met[f"{type(answer).__name__}: {answer}"[:200]] += 1
    assert not met
    assert faults_of_diary(engine) == []
