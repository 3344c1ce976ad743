"""spans_of_a_day

Revision ID: f7a9c4
Revises: e6f3d1
Create Date: 2026-11-21 19:15:03.720114+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "f7a9c4"
down_revision = "e6f3d1"
branch_labels = None
depends_on = None

DAY = 288
COLUMNS = "entry_id, kind, owner_id, from_tick, to_tick"


def _rebuild(rows: list[dict[str, object]], check: str, key: tuple[str, ...], by: str) -> None:
    """Makes the table anew with these rows: nothing refers to it, so it can be."""
    op.drop_index("ix_diary_span_owner", table_name="diary_span")
    op.drop_table("diary_span")
    made = op.create_table(
        "diary_span",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "therapist",
                "room",
                "client",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("from_tick", sa.Integer(), nullable=False),
        sa.Column("to_tick", sa.Integer(), nullable=False),
        sa.CheckConstraint(check, name=op.f("ck_diary_span_span")),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["diary_entry.id"],
            name=op.f("fk_diary_span_entry_id_diary_entry"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_diary_span")),
    )
    op.create_index("ix_diary_span_owner", "diary_span", ["kind", "owner_id", by])
    if rows:
        op.bulk_insert(made, rows)


def _rows() -> list[sa.Row[tuple[int, str, int, int, int]]]:
    found = op.get_bind().execute(sa.text(f"SELECT {COLUMNS} FROM diary_span ORDER BY {COLUMNS}"))  # noqa: S608
    return list(found)


def _row(entry_id: int, kind: str, owner_id: int, from_tick: int, to_tick: int) -> dict[str, object]:
    return {
        "entry_id": entry_id, "kind": kind, "owner_id": owner_id, "from_tick": from_tick, "to_tick": to_tick
    }  # fmt: skip


def upgrade() -> None:
    """What takes longer than a day gets a row for each day begun."""
    rows = [
        _row(entry_id, kind, owner_id, start, min(start + DAY, to_tick))
        for entry_id, kind, owner_id, from_tick, to_tick in _rows()
        for start in range(from_tick, to_tick, DAY)
    ]
    key = ("entry_id", "kind", "owner_id", "from_tick")
    _rebuild(rows, "to_tick - from_tick BETWEEN 1 AND 288", key, "from_tick")


def downgrade() -> None:
    """The rows of one owner in one entry become one again."""
    whole: dict[tuple[int, str, int], tuple[int, int]] = {}
    for entry_id, kind, owner_id, from_tick, to_tick in _rows():
        begun = whole.get((entry_id, kind, owner_id), (from_tick, to_tick))
        whole[entry_id, kind, owner_id] = (min(begun[0], from_tick), max(begun[1], to_tick))
    rows = [_row(*owner, *ticks) for owner, ticks in whole.items()]
    _rebuild(rows, "from_tick < to_tick", ("entry_id", "kind", "owner_id"), "to_tick")
