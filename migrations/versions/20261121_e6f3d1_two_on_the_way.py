"""two_on_the_way

Revision ID: e6f3d1
Revises: d5c8b2
Create Date: 2026-11-21 18:55:40.118203+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e6f3d1"
down_revision = "d5c8b2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "journey_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=True),
        sa.Column(
            "turn",
            sa.Enum(
                "first", "second", "both", name="turn", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("is_only_one", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_one_room", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["first_id"], ["journey.id"], name=op.f("fk_journey_pair_first_id_journey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["journey.id"], name=op.f("fk_journey_pair_second_id_journey"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["diary_entry.id"],
            name=op.f("fk_journey_pair_entry_id_diary_entry"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_journey_pair_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journey_pair")),
        sa.UniqueConstraint("first_id", name=op.f("uq_journey_pair_first_id")),
        sa.UniqueConstraint("second_id", name=op.f("uq_journey_pair_second_id")),
    )
    op.create_index(op.f("ix_journey_pair_entry_id"), "journey_pair", ["entry_id"])
    op.add_column("party", sa.Column("booked_by", sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_column("party", "booked_by")
    op.drop_index(op.f("ix_journey_pair_entry_id"), table_name="journey_pair")
    op.drop_table("journey_pair")
