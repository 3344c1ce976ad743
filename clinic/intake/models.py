"""What is kept of a screening: the answers (encrypted), what they led to, and who decided what about them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.db import Base, EncryptedBytes, EncryptedText, UtcDateTime, one_of
from clinic.intake.level import Level, Releaser


class IntakeStatus(StrEnum):
    DRAFT = "draft"
    JUDGED = "judged"


class CallBackStatus(StrEnum):
    OPEN = "open"
    DONE = "done"


class ClearanceStatus(StrEnum):
    """Where a request for clearance stands. `ended`: it was decided, but an answer has changed since."""

    OPEN = "open"
    MORE_NEEDED = "more_needed"
    ALLOWED = "allowed"
    LIMITED = "limited"
    REFUSED = "refused"
    ENDED = "ended"


class DocumentKind(StrEnum):
    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"


class DecisionKind(StrEnum):
    """What was decided, by the rules or by a person."""

    JUDGED = "judged"
    CARRIED = "carried"
    ASKED = "asked"
    ALLOWED = "allowed"
    LIMITED = "limited"
    REFUSED = "refused"
    MORE_NEEDED = "more_needed"
    HELD = "held"
    REOPENED = "reopened"
    ENDED = "ended"
    CHECKED = "checked"
    DECLINED = "declined"
    CHOSEN = "chosen"


class Intake(Base):
    """One filled-in questionnaire. Not tied to a client until a time is booked.

    `answers` and `restrictions` are JSON, encrypted; `level` is not, for the desk
    must know whether a time may be booked. Versions and digests let it be judged again later.
    `based_on_id` is the intake whose answers were carried over into this one, `answered_on` (JSON,
    question id: date) when each was really given; left out, all were given on the day it was begun.
    `cleared_until_on`: the last day on which a clearance lets it be booked, kept in step with `clearance`.
    """

    __tablename__ = "intake"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int | None] = mapped_column(sa.ForeignKey("client.id"), index=True)
    status: Mapped[IntakeStatus] = mapped_column(one_of(IntakeStatus, "status"))
    channel: Mapped[str] = mapped_column(sa.String(10), default="web")
    answers: Mapped[str] = mapped_column(EncryptedText("intake.answers"))
    level: Mapped[Level | None] = mapped_column(one_of(Level, "level"))
    restrictions: Mapped[str | None] = mapped_column(EncryptedText("intake.restrictions"))
    release_by: Mapped[Releaser | None] = mapped_column(one_of(Releaser, "release_by"))
    questionnaire_version: Mapped[str] = mapped_column(sa.String(20))
    rules_version: Mapped[str | None] = mapped_column(sa.String(20))
    rules_digest: Mapped[str | None] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    judged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cleared_until_on: Mapped[date | None]
    based_on_id: Mapped[int | None] = mapped_column(sa.Integer)
    answered_on: Mapped[str | None] = mapped_column(EncryptedText("intake.answered_on"))
    version: Mapped[int] = mapped_column(default=1)
    clearance: Mapped[Clearance | None] = relationship(
        back_populates="intake", uselist=False, cascade="all, delete-orphan", passive_deletes=True
    )
    findings: Mapped[list[Finding]] = relationship(
        back_populates="intake", cascade="all, delete-orphan", order_by="Finding.id"
    )
    decisions: Mapped[list[Decision]] = relationship(
        back_populates="intake", cascade="all, delete-orphan", passive_deletes=True, order_by="Decision.id"
    )

    __mapper_args__ = {"version_id_col": version}


class Finding(Base):
    """A rule that matched an intake. The rule's id speaks of health, so it is encrypted."""

    __tablename__ = "finding"

    id: Mapped[int] = mapped_column(primary_key=True)
    intake_id: Mapped[int] = mapped_column(sa.ForeignKey("intake.id", ondelete="CASCADE"), index=True)
    rule: Mapped[str] = mapped_column(EncryptedText("finding.rule"))
    level: Mapped[Level] = mapped_column(one_of(Level, "level"))
    intake: Mapped[Intake] = relationship(back_populates="findings")


class CallBack(Base):
    """Someone who wants to be rung about their intake; how to reach them and when it suits."""

    __tablename__ = "call_back"

    id: Mapped[int] = mapped_column(primary_key=True)
    intake_id: Mapped[int | None] = mapped_column(sa.ForeignKey("intake.id"), index=True)
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("site.id"))
    name: Mapped[str] = mapped_column(sa.String(120))
    phone: Mapped[str] = mapped_column(sa.String(20))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    best_time: Mapped[str] = mapped_column(sa.String(40), default="")
    status: Mapped[CallBackStatus] = mapped_column(one_of(CallBackStatus, "status"))
    note: Mapped[str] = mapped_column(EncryptedText("call_back.note"), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"))


class ScreeningCount(Base):
    """How many forms stopped on page one on a day, by level. Nothing else is kept of them."""

    __tablename__ = "screening_count"

    on: Mapped[date] = mapped_column("on_date", primary_key=True)
    level: Mapped[Level] = mapped_column(one_of(Level, "level"), primary_key=True)
    number: Mapped[int] = mapped_column(default=0)


class Clearance(Base):
    """A request that somebody look at an intake that is held, and how it was decided.

    One for an intake. `waiting_since` starts anew when the client has answered a question of ours;
    `due_at` is the clinic's promise. `scope` (JSON, rule ids), `limits` (JSON restrictions of the decision),
    `by_rules` (those of the intake without them) and `answers_digest` (what the decision rests on) are
    encrypted; `expires_on` is the last day it counts.
    """

    __tablename__ = "clearance"

    id: Mapped[int] = mapped_column(primary_key=True)
    intake_id: Mapped[int] = mapped_column(sa.ForeignKey("intake.id", ondelete="CASCADE"), unique=True)
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("site.id"))
    status: Mapped[ClearanceStatus] = mapped_column(one_of(ClearanceStatus, "status"))
    release_by: Mapped[Releaser] = mapped_column(one_of(Releaser, "release_by"))
    name: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    phone: Mapped[str | None] = mapped_column(sa.String(20))
    best_time: Mapped[str] = mapped_column(sa.String(40), default="")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    waiting_since: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_on: Mapped[date | None]
    scope: Mapped[str | None] = mapped_column(EncryptedText("clearance.scope"))
    limits: Mapped[str | None] = mapped_column(EncryptedText("clearance.limits"))
    by_rules: Mapped[str | None] = mapped_column(EncryptedText("clearance.by_rules"))
    answers_digest: Mapped[str | None] = mapped_column(EncryptedText("clearance.answers_digest"))
    question: Mapped[str] = mapped_column(EncryptedText("clearance.question"), default="")
    wrong_openings: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    intake: Mapped[Intake] = relationship(back_populates="clearance")
    documents: Mapped[list[ClearanceDocument]] = relationship(
        back_populates="clearance", cascade="all, delete-orphan", order_by="ClearanceDocument.id"
    )

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_clearance_status_waiting_since", "status", "waiting_since"),)


class ClearanceDocument(Base):
    """A doctor's reply as it was sent in: content and name encrypted, kind told by its content."""

    __tablename__ = "clearance_document"

    id: Mapped[int] = mapped_column(primary_key=True)
    clearance_id: Mapped[int] = mapped_column(sa.ForeignKey("clearance.id", ondelete="CASCADE"), index=True)
    kind: Mapped[DocumentKind] = mapped_column(one_of(DocumentKind, "kind"))
    name: Mapped[str] = mapped_column(EncryptedText("clearance_document.name"))
    content: Mapped[bytes] = mapped_column(EncryptedBytes("clearance_document.content"), deferred=True)
    size: Mapped[int]
    actor: Mapped[str] = mapped_column(sa.String(80))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    clearance: Mapped[Clearance] = relationship(back_populates="documents")


class Decision(Base):
    """The ledger of the screening: what the rules or a person decided about an intake; only ever added.

    `actor` is 'rules', 'client' or 'user:3'. `matched` and `scope` (JSON, rule ids), `reason` and `limits`
    are encrypted; `who`, `role` and `registration` are those of the person whose word it rests on.
    """

    __tablename__ = "decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    intake_id: Mapped[int] = mapped_column(sa.ForeignKey("intake.id", ondelete="CASCADE"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(sa.Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(sa.String(80))
    kind: Mapped[DecisionKind] = mapped_column(one_of(DecisionKind, "kind"))
    level: Mapped[Level | None] = mapped_column(one_of(Level, "level"))
    rules_version: Mapped[str] = mapped_column(sa.String(20), default="")
    rules_digest: Mapped[str] = mapped_column(sa.String(64), default="")
    answers_digest: Mapped[str] = mapped_column(EncryptedText("decision.answers_digest"), default="")
    matched: Mapped[str] = mapped_column(EncryptedText("decision.matched"), default="[]")
    scope: Mapped[str | None] = mapped_column(EncryptedText("decision.scope"))
    limits: Mapped[str | None] = mapped_column(EncryptedText("decision.limits"))
    reason: Mapped[str] = mapped_column(EncryptedText("decision.reason"), default="")
    who: Mapped[str] = mapped_column(EncryptedText("decision.who"), default="")
    role: Mapped[str] = mapped_column(sa.String(40), default="")
    registration: Mapped[str] = mapped_column(sa.String(60), default="")
    expires_on: Mapped[date | None]
    intake: Mapped[Intake] = relationship(back_populates="decisions")


class Publication(Base):
    """That a version of the rules, with the questions it goes with, came into force. Only ever added."""

    __tablename__ = "publication"

    id: Mapped[int] = mapped_column(primary_key=True)
    rules_version: Mapped[str] = mapped_column(sa.String(20))
    rules_digest: Mapped[str] = mapped_column(sa.String(64))
    questionnaire_version: Mapped[str] = mapped_column(sa.String(20))
    questionnaire_digest: Mapped[str] = mapped_column(sa.String(64))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(sa.String(80))
    note: Mapped[str] = mapped_column(sa.Text, default="")
