"""Users who sign in, clients, and what they agreed to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.db import Base, UtcDateTime, one_of


class RoleName(StrEnum):
    """What a user may be; one user may be several."""

    RECEPTION = "reception"
    THERAPIST = "therapist"
    OWNER = "owner"


class ConsentKind(StrEnum):
    HEALTH = "health"
    TERMS = "terms"
    REMINDERS = "reminders"


class Role(Base):
    """A role; the rows are made with the first user."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[RoleName] = mapped_column(one_of(RoleName, "name"), unique=True)


user_role = sa.Table(
    "user_role",
    Base.metadata,
    sa.Column("user_id", sa.ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role_id", sa.ForeignKey("role.id"), primary_key=True),
)


class User(Base):
    """Someone of the clinic who signs in. Changing `session_key` ends all their sessions."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    password: Mapped[str | None] = mapped_column(sa.String(255))
    is_active: Mapped[bool] = mapped_column(default=True)
    session_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    roles: Mapped[list[Role]] = relationship(secondary=user_role, lazy="selectin")

    __mapper_args__ = {"version_id_col": version}

    @property
    def role_names(self) -> frozenset[RoleName]:
        return frozenset(role.name for role in self.roles)


class Client(Base):
    """A person who is massaged, or who books for one. `name_key` and `phone` (E.164) are for finding."""

    __tablename__ = "client"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    name_key: Mapped[str] = mapped_column(sa.String(120), index=True)
    email: Mapped[str | None] = mapped_column(sa.String(254), index=True)
    phone: Mapped[str | None] = mapped_column(sa.String(20), index=True)
    wants_reminders: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    answered_for: Mapped[Guardian | None] = relationship(
        primaryjoin="Client.id == foreign(Guardian.child_id)", viewonly=True, uselist=False
    )

    __mapper_args__ = {"version_id_col": version}


class Consent(Base):
    """What was agreed to, in which words, when; withdrawn by date, never deleted."""

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int | None] = mapped_column(sa.ForeignKey("client.id"), index=True)
    intake_id: Mapped[int | None] = mapped_column(sa.Integer, index=True)
    kind: Mapped[ConsentKind] = mapped_column(one_of(ConsentKind, "kind"))
    wording: Mapped[str] = mapped_column(sa.Text)
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Guardian(Base):
    """Who answers for a child: both are clients, of one household."""

    __tablename__ = "guardian"

    child_id: Mapped[int] = mapped_column(sa.ForeignKey("client.id"), primary_key=True)
    guardian_id: Mapped[int] = mapped_column(sa.ForeignKey("client.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
