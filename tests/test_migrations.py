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
