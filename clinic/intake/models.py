"""What is kept of a screening: the answers (encrypted), what they led to, and who asked to be rung."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.db import Base, EncryptedText, UtcDateTime, one_of
from clinic.intake.level import Level, Releaser


class IntakeStatus(StrEnum):
    DRAFT = "draft"
    JUDGED = "judged"


class CallBackStatus(StrEnum):
    OPEN = "open"
    DONE = "done"


class Intake(Base):
    """One filled-in questionnaire. Not tied to a client until a time is booked.

    `answers` and `restrictions` are JSON, encrypted; `level` is not, for the desk
    must know whether a time may be booked. Versions and digests let it be judged again later.
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
    version: Mapped[int] = mapped_column(default=1)
    findings: Mapped[list[Finding]] = relationship(
        back_populates="intake", cascade="all, delete-orphan", order_by="Finding.id"
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
