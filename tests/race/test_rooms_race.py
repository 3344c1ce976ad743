"""Who loses a room to another at the same moment gets the next one: nobody is refused what is free."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.db import transaction
from clinic.kernel.errors import SlotTaken
from clinic.roster.models import Room
from tests import makers
from tests.race.crowd import at_once, faults_of_diary

pytestmark = [pytest.mark.database, pytest.mark.race]
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
THREADS, PLACES = 12, 4


@pytest.fixture
def clinic(engine: Engine) -> makers.Clinic:
    """Four therapists and as many rooms."""
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        made = makers.clinic(session)
        skills = list(made.therapists[0].skills)
        for number in range(2, PLACES):
            makers.therapist(session, made.site, f"Therapist {number}", skills)
            session.add(Room(site_id=made.site.id, name=f"Room {number + 1}"))
        return made


def test_as_many_hold_one_start_as_there_are_therapists_and_rooms(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        intakes = [makers.intake(session, now).id for _ in range(THREADS)]

    def act(index: int) -> int:
        with Session(engine) as session, transaction(session):
            intake = session.get_one(services.Intake, intakes[index])
            return services.hold(session, now, clinic.wish(), TEN, intake).id

    answers = at_once(THREADS, act)
    assert sum(isinstance(answer, int) for answer in answers) == PLACES, answers
    assert all(isinstance(answer, int | SlotTaken) for answer in answers), answers
    assert faults_of_diary(engine) == []
