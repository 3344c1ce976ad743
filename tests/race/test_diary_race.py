"""The race is real without the key, and gone with it."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.db import transaction
from clinic.kernel.errors import SlotTaken
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import EntryKind, OwnerKind, SlotClaim
from tests.race.crowd import at_once

pytestmark = [pytest.mark.database, pytest.mark.race]
MINUTE = timedelta(minutes=1)
CROWD = 16


def drop_the_key(engine: Engine) -> None:
    """The table of claims without its primary key: what nearly every other system has."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE slot_claim DROP CONSTRAINT pk_slot_claim")
        else:
            connection.exec_driver_sql("DROP TABLE slot_claim")
            connection.exec_driver_sql(
                "CREATE TABLE slot_claim (kind VARCHAR(24), owner_id INTEGER, tick INTEGER, entry_id INTEGER)"
            )


def enter_all_at_once(engine: Engine, now: datetime, step: int = 0) -> list[int | Exception]:
    """Sixteen threads want one therapist's hour, each `step` minutes later than the one before."""

    def act(index: int) -> int:
        start = now + index * step * MINUTE
        with Session(engine) as session, transaction(session):
            claims = [
                Claim(OwnerKind.THERAPIST, 1, start, start + 60 * MINUTE),
                Claim(OwnerKind.ROOM, 1 + index % 2, start, start + 60 * MINUTE),
            ]
            return diary.enter(session, EntryKind.APPOINTMENT, claims, now)

    return at_once(CROWD, act)


def test_without_the_key_an_hour_is_sold_many_times(engine: Engine, now: datetime) -> None:
    drop_the_key(engine)
    answers = enter_all_at_once(engine, now)
    assert sum(isinstance(answer, int) for answer in answers) > 1


def test_with_the_key_it_is_sold_once(engine: Engine, now: datetime) -> None:
    answers = enter_all_at_once(engine, now)
    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert sum(isinstance(answer, SlotTaken) for answer in answers) == CROWD - 1
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SlotClaim)) == 24


def test_half_overlapping_hours_never_share_a_square(engine: Engine, now: datetime) -> None:
    answers = enter_all_at_once(engine, now, step=30)
    won = [index for index, answer in enumerate(answers) if isinstance(answer, int)]
    assert won
    assert all(later - earlier >= 2 for earlier, later in itertools.pairwise(won))
    assert all(isinstance(answer, int | SlotTaken) for answer in answers)


def test_two_who_change_places_do_not_wait_for_each_other(engine: Engine, now: datetime) -> None:
    hours = [[Claim(OwnerKind.THERAPIST, owner, now, now + 60 * MINUTE)] for owner in (1, 2)]
    with Session(engine) as session, transaction(session):
        entries = [diary.enter(session, EntryKind.APPOINTMENT, claims, now) for claims in hours]

    def swap(index: int) -> None:
        with Session(engine) as session, transaction(session):
            diary.move(session, entries[index], hours[1 - index], now)

    answers = at_once(2, swap)
    assert all(isinstance(answer, SlotTaken) for answer in answers)
    with Session(engine) as session:
        owners = session.execute(sa.select(SlotClaim.entry_id, SlotClaim.owner_id).distinct()).all()
    assert sorted(tuple(row) for row in owners) == sorted(zip(entries, (1, 2), strict=True))
