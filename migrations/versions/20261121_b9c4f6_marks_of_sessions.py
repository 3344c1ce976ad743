"""marks_of_sessions

Revision ID: b9c4f6
Revises: a8b3e5
Create Date: 2026-11-21 22:40:12.118204+00:00
"""

from __future__ import annotations

from alembic import op

revision = "b9c4f6"
down_revision = "a8b3e5"
branch_labels = None
depends_on = None

# How long sessions are is kept under the mark of the roster too.
TABLES = ("offering", "offering_option")
DOING = ("insert", "update", "delete")
BODY = "BEGIN UPDATE roster_state SET mark = abs(random() % 9007199254740991); END"


def upgrade() -> None:
    for table in TABLES:
        if op.get_bind().dialect.name != "sqlite":
            op.execute(
                f"CREATE TRIGGER roster_{table} AFTER INSERT OR UPDATE OR DELETE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION roster_changed()"
            )
            continue
        for doing in DOING:
            op.execute(f"CREATE TRIGGER roster_{table}_{doing} AFTER {doing.upper()} ON {table} {BODY}")


def downgrade() -> None:
    for table in TABLES:
        if op.get_bind().dialect.name != "sqlite":
            op.execute(f"DROP TRIGGER roster_{table} ON {table}")
            continue
        for doing in DOING:
            op.execute(f"DROP TRIGGER roster_{table}_{doing}")
