"""Two clients at once against a limit that the diary's key cannot know."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.slots import Wish, slots_at
from clinic.catalog.models import OfferingOption
from clinic.db import transaction
from clinic.intake.models import Intake
from clinic.kernel.errors import SlotTaken
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.hands import effort_of
from clinic.roster.models import DiaryEntry, EntryKind, OwnerKind
from tests import makers
from tests.race.crowd import at_once, faults_of_diary

pytestmark = [pytest.mark.database, pytest.mark.race]
HOUR = timedelta(hours=1)
MOST = 2


@dataclass(frozen=True)
class Rush:
    """A clinic with one therapist whose hands bear two hours a day, and five clients who want one each."""

    wish: Wish
    intake_id: int
    starts: list[datetime]


@pytest.fixture
def rush(engine: Engine, now: datetime) -> Rush:
    with Session(engine) as session, transaction(session):
        clinic = makers.clinic(session)
        clinic.therapists[1].is_active = False
        clinic.therapists[0].most_hands_on_minutes_a_day = MOST * 60
        tomorrow = now.replace(hour=0) + timedelta(days=1)
        starts = [tomorrow + hour * HOUR for hour in (9, 10.25, 12.5, 13.75, 15)]
        return Rush(clinic.wish(), makers.intake(session, now).id, starts)


def taken(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(sa.select(sa.func.count()).select_from(DiaryEntry)) or 0


def test_who_looks_first_and_enters_later_goes_past_the_limit(
    engine: Engine, rush: Rush, now: datetime
) -> None:
    """The race is real: all look while the day is free, and the key refuses none of them."""
    looked = threading.Barrier(len(rush.starts))

    def act(index: int) -> int:
        start = rush.starts[index]
        with Session(engine) as session:
            slot = slots_at(session, rush.wish, start, now)[0]
            effort = effort_of(session.get_one(OfferingOption, rush.wish.option_id))
        looked.wait()
        with Session(engine) as session, transaction(session):
            claims = [Claim(OwnerKind.THERAPIST, slot.therapist_id, start, start + HOUR)]
            return diary.enter(session, EntryKind.APPOINTMENT, claims, now, effort=effort)

    answers = at_once(len(rush.starts), act)
    assert sum(isinstance(answer, int) for answer in answers) > MOST, answers


def test_whoever_looks_again_under_the_lock_keeps_to_it(engine: Engine, rush: Rush, now: datetime) -> None:
    def act(index: int) -> int:
        with Session(engine) as session, transaction(session):
            intake = session.get_one(Intake, rush.intake_id)
            return services.hold(session, now, rush.wish, rush.starts[index], intake).id

    answers = at_once(len(rush.starts), act)
    assert sum(isinstance(answer, int) for answer in answers) == MOST, answers
    assert all(isinstance(answer, int | SlotTaken) for answer in answers), answers
    assert taken(engine) == MOST
    assert faults_of_diary(engine) == []
