"""marks_of_the_roster

Revision ID: a8b3e5
Revises: f7a9c4
Create Date: 2026-11-21 20:02:41.551903+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a8b3e5"
down_revision = "f7a9c4"
branch_labels = None
depends_on = None

# What a search reads of the roster but for the diary. A table that is rebuilt loses its triggers on SQLite.
TABLES = (
    "site", "therapist", "therapist_skill", "working_hours", "working_break", "room", "offering_room",
    "closure",
)  # fmt: skip
DOING = ("insert", "update", "delete")
FUNCTION = """
CREATE FUNCTION roster_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE roster_state SET mark = (random() * 9007199254740991)::bigint;
    RETURN NULL;
END
$$
"""

BODY = "BEGIN UPDATE roster_state SET mark = abs(random() % 9007199254740991); END"


def upgrade() -> None:
    state = op.create_table(
        "roster_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_state")),
    )
    op.bulk_insert(state, [{"id": 1, "mark": 0}])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.execute(FUNCTION)
    for table in TABLES:
        if not is_sqlite:
            op.execute(
                f"CREATE TRIGGER roster_{table} AFTER INSERT OR UPDATE OR DELETE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION roster_changed()"
            )
            continue
        for doing in DOING:
            head = f"CREATE TRIGGER roster_{table}_{doing} AFTER {doing.upper()} ON {table}"
            op.execute(f"{head} {BODY}")


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in TABLES:
        if not is_sqlite:
            op.execute(f"DROP TRIGGER roster_{table} ON {table}")
            continue
        for doing in DOING:
            op.execute(f"DROP TRIGGER roster_{table}_{doing}")
    if not is_sqlite:
        op.execute("DROP FUNCTION roster_changed()")
    op.drop_table("roster_state")
