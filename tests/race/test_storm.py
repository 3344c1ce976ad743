"""Sixteen threads in four processes do everything at once and are cut off; nothing is lost or doubled.

How long it rages is set by CLINIC_RACE_SECONDS; see docs/correctness.md.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from tests.race.checker import violations
from tests.race.crowd import faults_of_diary
from tests.race.storm import Weather, rage

pytestmark = [pytest.mark.database, pytest.mark.race]
SECONDS = float(os.environ.get("CLINIC_RACE_SECONDS", "0"))
OPERATIONS, FAULTS = 2000, 50
SHOWN = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the clerks write down what they ask."""
    made = tmp_path / "history"
    made.mkdir()
    return made


def drop_the_key(engine: Engine) -> None:
    """The claims without their primary key, and with everything else as it was."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ALTER TABLE slot_claim DROP CONSTRAINT pk_slot_claim")
            return
        connection.exec_driver_sql("DROP TABLE slot_claim")
        connection.exec_driver_sql(
            "CREATE TABLE slot_claim (kind VARCHAR(24), owner_id INTEGER, tick INTEGER,"
            " entry_id INTEGER REFERENCES diary_entry (id) ON DELETE CASCADE)"
        )
        connection.exec_driver_sql("CREATE INDEX ix_slot_claim_entry_id ON slot_claim (entry_id)")


def test_without_the_key_the_checker_finds_the_double_bookings(engine: Engine, folder: Path) -> None:
    drop_the_key(engine)
    run = rage(engine, folder, Weather(operations=250, faults=0))
    found = violations(run.history)
    assert {"double"} <= {each.rule for each in found}, run.figures()
    assert any("both had therapist" in each.sentence for each in found), run.figures()


def test_through_a_storm_nothing_is_lost_and_nothing_doubled(engine: Engine, folder: Path) -> None:
    run = rage(engine, folder, Weather(OPERATIONS, FAULTS, SECONDS, most_seconds=600 + SECONDS))
    print(run.figures())
    found = violations(run.history)
    assert not found, "\n".join([run.figures(), f"{len(found)} violations", *map(str, found[:SHOWN])])
    assert run.faults >= FAULTS
    assert sum(each.is_known for each in run.history.operations) >= OPERATIONS
    assert run.stuck == 0
    assert faults_of_diary(engine) == []
