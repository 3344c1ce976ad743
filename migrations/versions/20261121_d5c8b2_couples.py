"""couples

Revision ID: d5c8b2
Revises: c4a1e9
Create Date: 2026-11-21 17:00:12.310822+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d5c8b2"
down_revision = "c4a1e9"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_room",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["diary_entry.id"],
            name=op.f("fk_shared_room_entry_id_diary_entry"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_shared_room_party_id_party")),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_shared_room_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_room")),
        sa.UniqueConstraint("party_id", name=op.f("uq_shared_room_party_id")),
    )
    op.create_index(op.f("ix_shared_room_entry_id"), "shared_room", ["entry_id"])
    # With its check and not in a batch, which would rebuild the table on SQLite.
    op.execute(
        "ALTER TABLE room ADD COLUMN places INTEGER DEFAULT '1' NOT NULL "
        "CONSTRAINT ck_room_places CHECK (places BETWEEN 1 AND 2)"
    )
    op.create_index(op.f("ix_hold_visitor_digest"), "hold", ["visitor_digest"])


def downgrade() -> None:
    op.drop_index(op.f("ix_hold_visitor_digest"), table_name="hold")
    op.drop_column("room", "places")
    op.drop_index(op.f("ix_shared_room_entry_id"), table_name="shared_room")
    op.drop_table("shared_room")
