"""Migrations are the schema: they make what the models say, and go up, down and up again."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine

from clinic import schema
from clinic.models import Base

pytestmark = pytest.mark.database


def tables(engine: Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, Base.metadata))


def test_the_migrated_database_is_what_the_models_say(engine: Engine) -> None:
    assert tables(engine) == set(Base.metadata.tables)
    assert differences(engine) == []


def test_the_comparison_would_see_a_difference(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE client ADD COLUMN stray INTEGER")
    assert differences(engine)


def test_up_down_and_up_again(engine: Engine) -> None:
    with engine.connect() as connection:
        command.downgrade(schema.alembic_config(connection), "base")
        connection.commit()
    assert tables(engine) == set()
    schema.migrate(engine)
    assert differences(engine) == []


def test_migrating_twice_does_no_harm(engine: Engine) -> None:
    schema.migrate(engine)
    assert tables(engine) == set(Base.metadata.tables)


def test_every_check_stands_in_the_database(engine: Engine) -> None:
    said = {
        (table.name, constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    inspector = sa.inspect(engine)
    kept = {
        (name, check["name"]) for name in tables(engine) for check in inspector.get_check_constraints(name)
    }
    assert {name for _t, name in said if name} <= {name for _t, name in kept}


def test_what_was_kept_before_is_still_there_afterwards(engine: Engine) -> None:
    """Rows that hang on others above all: a table rebuilt on SQLite would take them with it."""
    with engine.connect() as connection:
        command.downgrade(schema.alembic_config(connection), "a1f0c2")
        connection.commit()
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO client (id, name, name_key, wants_reminders, created_at, version)"
            " VALUES (1, 'Anna', 'anna', true, CURRENT_TIMESTAMP, 1)",
            "INSERT INTO intake (id, client_id, status, channel, answers, questionnaire_version, created_at,"
            " version) VALUES (1, 1, 'judged', 'web', '', '2026-11', CURRENT_TIMESTAMP, 1)",
            "INSERT INTO finding (id, intake_id, rule, level) VALUES (1, 1, '', 'ADAPT')",
            "INSERT INTO diary_entry (id, kind, created_at) VALUES (1, 'appointment', CURRENT_TIMESTAMP)",
            "INSERT INTO slot_claim (kind, owner_id, tick, entry_id) VALUES ('client', 1, 1, 1)",
        ):
            connection.exec_driver_sql(statement)
    schema.migrate(engine)
    with engine.connect() as connection:
        for table in ("client", "intake", "finding", "diary_entry", "slot_claim"):
            rows = sa.select(sa.func.count()).select_from(sa.table(table))
            assert connection.execute(rows).scalar() == 1, table


def test_a_stretch_of_several_days_gets_a_row_for_each_and_back(engine: Engine) -> None:
    with engine.connect() as connection:
        command.downgrade(schema.alembic_config(connection), "e6f3d1")
        connection.commit()
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO diary_entry (id, kind, created_at) VALUES (1, 'time_off', CURRENT_TIMESTAMP)"
        )
        connection.exec_driver_sql("INSERT INTO diary_span VALUES (1, 'therapist', 7, 100, 700)")
        connection.exec_driver_sql("INSERT INTO diary_span VALUES (1, 'room', 7, 100, 388)")
    schema.migrate(engine)
    ticks = sa.text("SELECT kind, from_tick, to_tick FROM diary_span ORDER BY kind, from_tick")
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(ticks)]
        command.downgrade(schema.alembic_config(connection), "e6f3d1")
        connection.commit()
        back = [tuple(row) for row in connection.execute(ticks)]
    day = [("therapist", 100, 388), ("therapist", 388, 676), ("therapist", 676, 700)]
    assert rows == [("room", 100, 388), *day]
    assert back == [("room", 100, 388), ("therapist", 100, 700)]
    schema.migrate(engine)
