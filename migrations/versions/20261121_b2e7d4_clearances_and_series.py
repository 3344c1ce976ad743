"""clearances_and_series

Revision ID: b2e7d4
Revises: a1f0c2
Create Date: 2026-11-21 15:43:46.840274+00:00
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b2e7d4"
down_revision = "a1f0c2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "party",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
    )
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rules_version", sa.String(length=20), nullable=False),
        sa.Column("rules_digest", sa.String(length=64), nullable=False),
        sa.Column("questionnaire_version", sa.String(length=20), nullable=False),
        sa.Column("questionnaire_digest", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )
    op.create_table(
        "guardian",
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("guardian_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["client.id"], name=op.f("fk_guardian_child_id_client")),
        sa.ForeignKeyConstraint(["guardian_id"], ["client.id"], name=op.f("fk_guardian_guardian_id_client")),
        sa.PrimaryKeyConstraint("child_id", name=op.f("pk_guardian")),
    )
    with op.batch_alter_table("guardian", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_guardian_guardian_id"), ["guardian_id"], unique=False)

    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column(
            "every",
            sa.Enum(
                "week",
                "two_weeks",
                "month",
                name="every",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_series_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
    )
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_series_client_id"), ["client_id"], unique=False)

    op.create_table(
        "clearance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("intake_id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "more_needed",
                "allowed",
                "limited",
                "refused",
                "ended",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "release_by",
            sa.Enum(
                "reception",
                "therapist",
                "clinician",
                name="release_by",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("best_time", sa.String(length=40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("scope", sa.LargeBinary(), nullable=True),
        sa.Column("limits", sa.LargeBinary(), nullable=True),
        sa.Column("by_rules", sa.LargeBinary(), nullable=True),
        sa.Column("answers_digest", sa.LargeBinary(), nullable=True),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("wrong_openings", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["intake_id"], ["intake.id"], name=op.f("fk_clearance_intake_id_intake"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_clearance_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearance")),
        sa.UniqueConstraint("intake_id", name=op.f("uq_clearance_intake_id")),
    )
    with op.batch_alter_table("clearance", schema=None) as batch_op:
        batch_op.create_index("ix_clearance_status_waiting_since", ["status", "waiting_since"], unique=False)

    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("intake_id", sa.Integer(), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "judged",
                "carried",
                "asked",
                "allowed",
                "limited",
                "refused",
                "more_needed",
                "held",
                "reopened",
                "ended",
                "checked",
                "declined",
                "chosen",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "level",
            sa.Enum(
                "CLEAR",
                "ADAPT",
                "CLEARANCE",
                "URGENT",
                "EMERGENCY",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("rules_version", sa.String(length=20), nullable=False),
        sa.Column("rules_digest", sa.String(length=64), nullable=False),
        sa.Column("answers_digest", sa.LargeBinary(), nullable=False),
        sa.Column("matched", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.LargeBinary(), nullable=True),
        sa.Column("limits", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("who", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("registration", sa.String(length=60), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["intake_id"], ["intake.id"], name=op.f("fk_decision_intake_id_intake"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_intake_id"), ["intake_id"], unique=False)

    op.create_table(
        "clearance_document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("clearance_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("pdf", "png", "jpeg", name="kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["clearance_id"],
            ["clearance.id"],
            name=op.f("fk_clearance_document_clearance_id_clearance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clearance_document")),
    )
    with op.batch_alter_table("clearance_document", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_clearance_document_clearance_id"), ["clearance_id"], unique=False
        )

    op.create_table(
        "party_member",
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_party_member_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_party_member_party_id_party")),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_party_member")),
    )
    with op.batch_alter_table("party_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_party_member_party_id"), ["party_id"], unique=False)

    op.create_table(
        "series_part",
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_series_part_appointment_id_appointment")
        ),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name=op.f("fk_series_part_series_id_series")),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_series_part")),
    )
    with op.batch_alter_table("series_part", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_series_part_series_id"), ["series_id"], unique=False)

    op.create_table(
        "session_outcome",
        sa.Column("appointment_id", sa.Integer(), nullable=False),
        sa.Column("pain_before", sa.LargeBinary(), nullable=True),
        sa.Column("pain_after", sa.LargeBinary(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_session_outcome_appointment_id_appointment")
        ),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_session_outcome")),
    )
    # Columns are added one by one and not in batches: a batch would rebuild the table on SQLite, and dropping
    # the old one would take with it whatever hangs on its rows.
    op.add_column("appointment", sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=True))
    for table in ("hold", "journey"):
        op.add_column(
            table, sa.Column("is_provisional", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.add_column("hold", sa.Column("visitor_digest", sa.String(length=64), nullable=True))
    op.add_column("hold", sa.Column("address_digest", sa.String(length=64), nullable=True))
    op.create_index("ix_hold_address_digest", "hold", ["address_digest"], unique=False)
    op.add_column("intake", sa.Column("based_on_id", sa.Integer(), nullable=True))
    op.add_column("intake", sa.Column("cleared_until_on", sa.Date(), nullable=True))
    op.add_column("intake", sa.Column("answered_on", sa.LargeBinary(), nullable=True))
    op.add_column("site", sa.Column("decide_within_hours", sa.Integer(), server_default="48", nullable=False))
    op.add_column("site", sa.Column("provisional_hours", sa.Integer(), server_default="120", nullable=False))


def downgrade() -> None:
    op.drop_column("site", "provisional_hours")
    op.drop_column("site", "decide_within_hours")
    op.drop_column("intake", "answered_on")
    op.drop_column("intake", "cleared_until_on")
    op.drop_column("intake", "based_on_id")
    op.drop_index("ix_hold_address_digest", table_name="hold")
    op.drop_column("hold", "address_digest")
    op.drop_column("hold", "visitor_digest")
    for table in ("journey", "hold"):
        op.drop_column(table, "is_provisional")
    op.drop_column("appointment", "lapses_at")

    op.drop_table("session_outcome")
    with op.batch_alter_table("series_part", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_series_part_series_id"))

    op.drop_table("series_part")
    with op.batch_alter_table("party_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_party_member_party_id"))

    op.drop_table("party_member")
    with op.batch_alter_table("clearance_document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_clearance_document_clearance_id"))

    op.drop_table("clearance_document")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_intake_id"))
        batch_op.drop_index(batch_op.f("ix_decision_at"))

    op.drop_table("decision")
    with op.batch_alter_table("clearance", schema=None) as batch_op:
        batch_op.drop_index("ix_clearance_status_waiting_since")

    op.drop_table("clearance")
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_series_client_id"))

    op.drop_table("series")
    with op.batch_alter_table("guardian", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_guardian_guardian_id"))

    op.drop_table("guardian")
    op.drop_table("publication")
    op.drop_table("party")
