"""limits_of_hands

Revision ID: c4a1e9
Revises: b2e7d4
Create Date: 2026-11-21 16:08:12.104415+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c4a1e9"
down_revision = "b2e7d4"
branch_labels = None
depends_on = None

# Whatever is booked already counts from the first day on. The techniques are those that were deep work then.
FILL = """
UPDATE diary_entry SET
    hands_on_minutes = (SELECT o.minutes FROM {owner} x JOIN offering_option o ON o.id = x.option_id
                        WHERE x.entry_id = diary_entry.id),
    buffer_before_minutes = (SELECT o.buffer_before_minutes FROM {owner} x
                             JOIN offering_option o ON o.id = x.option_id WHERE x.entry_id = diary_entry.id),
    buffer_after_minutes = (SELECT o.buffer_after_minutes FROM {owner} x
                            JOIN offering_option o ON o.id = x.option_id WHERE x.entry_id = diary_entry.id),
    is_deep = EXISTS (SELECT 1 FROM {owner} x JOIN offering_option o ON o.id = x.option_id
                      JOIN offering f ON f.id = o.offering_id
                      WHERE x.entry_id = diary_entry.id AND (o.pressure_lightest >= 4 OR f.technique IN
                      ('deep_tissue', 'trigger_point', 'sports', 'thai')))
WHERE id IN (SELECT entry_id FROM {owner} WHERE {live})
"""


def upgrade() -> None:
    # Columns with their checks, one by one and not in batches: a batch would rebuild the table on SQLite, and
    # dropping the old one would take with it whatever hangs on its rows.
    for name, rest in (
        ("most_deep_in_row", "CONSTRAINT ck_therapist_deep_in_row CHECK (most_deep_in_row BETWEEN 1 AND 20)"),
        (
            "most_hands_on_minutes_a_day",
            "CONSTRAINT ck_therapist_hands_on CHECK (most_hands_on_minutes_a_day BETWEEN 5 AND 1440)",
        ),
        (
            "least_break_minutes",
            "DEFAULT '0' NOT NULL "
            "CONSTRAINT ck_therapist_least_break CHECK (least_break_minutes BETWEEN 0 AND 240)",
        ),
    ):
        op.execute(f"ALTER TABLE therapist ADD COLUMN {name} INTEGER {rest}")
    op.add_column(
        "site", sa.Column("prefers_adjacent", sa.Boolean(), server_default=sa.true(), nullable=False)
    )
    for name in ("hands_on_minutes", "buffer_before_minutes", "buffer_after_minutes"):
        op.add_column("diary_entry", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "diary_entry", sa.Column("is_deep", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(FILL.format(owner="hold", live="status = 'open' AND entry_id IS NOT NULL"))
    op.execute(FILL.format(owner="appointment", live="entry_id IS NOT NULL"))


def downgrade() -> None:
    for name in ("is_deep", "buffer_after_minutes", "buffer_before_minutes", "hands_on_minutes"):
        op.drop_column("diary_entry", name)
    op.drop_column("site", "prefers_adjacent")
    for name in ("least_break_minutes", "most_hands_on_minutes_a_day", "most_deep_in_row"):
        op.drop_column("therapist", name)
