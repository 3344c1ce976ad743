"""Sites, therapists, rooms, when they work, and the diary that makes double booking impossible."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.catalog.models import Skill
from clinic.db import Base, UtcDateTime, one_of


class Gender(StrEnum):
    WOMAN = "woman"
    MAN = "man"


class EntryKind(StrEnum):
    HOLD = "hold"
    APPOINTMENT = "appointment"
    TIME_OFF = "time_off"
    MAINTENANCE = "maintenance"


class OwnerKind(StrEnum):
    """Whose time a claim takes."""

    THERAPIST = "therapist"
    ROOM = "room"
    CLIENT = "client"


class Site(Base):
    """A place with its own time zone, telephone and policies (minutes, hours, days).

    `decide_within_hours` is the promise to whoever waits for a clearance, `provisional_hours` how long a
    time is kept for them meanwhile. `prefers_adjacent` names times first that leave no hole in a day.
    """

    __tablename__ = "site"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80), unique=True)
    slug: Mapped[str] = mapped_column(sa.String(40), unique=True)
    clinic_name: Mapped[str] = mapped_column(sa.String(80))
    address: Mapped[str] = mapped_column(sa.Text)
    directions: Mapped[str] = mapped_column(sa.Text, default="")
    phone: Mapped[str] = mapped_column(sa.String(20))
    email: Mapped[str] = mapped_column(sa.String(254))
    tz: Mapped[str] = mapped_column(sa.String(64))
    locale: Mapped[str] = mapped_column(sa.String(8), default="UK")
    currency: Mapped[str] = mapped_column(sa.String(3), default="GBP")
    grid_minutes: Mapped[int] = mapped_column(default=15)
    min_notice_minutes: Mapped[int] = mapped_column(default=120)
    horizon_days: Mapped[int] = mapped_column(default=60)
    hold_minutes: Mapped[int] = mapped_column(default=10)
    change_until_minutes: Mapped[int] = mapped_column(default=24 * 60)
    talk_minutes: Mapped[int] = mapped_column(default=15)
    decide_within_hours: Mapped[int] = mapped_column(default=48, server_default="48")
    provisional_hours: Mapped[int] = mapped_column(default=120, server_default="120")
    prefers_adjacent: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("grid_minutes IN (5, 10, 15, 20, 30)", name="grid"),
        sa.CheckConstraint("hold_minutes BETWEEN 1 AND 60", name="hold"),
        sa.CheckConstraint("talk_minutes BETWEEN 0 AND 60 AND talk_minutes % 5 = 0", name="talk"),
        sa.CheckConstraint("horizon_days BETWEEN 1 AND 730", name="horizon"),
        sa.CheckConstraint("min_notice_minutes >= 0 AND change_until_minutes >= 0", name="notice"),
    )


therapist_skill = sa.Table(
    "therapist_skill",
    Base.metadata,
    sa.Column("therapist_id", sa.ForeignKey("therapist.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("skill_id", sa.ForeignKey("skill.id"), primary_key=True),
)


class Therapist(Base):
    """Someone who gives sessions. `hue` (1 to 8) is the colour of their column, after their name.

    The three limits protect their hands (see `roster.limits`): None, and a break of nought, set none.
    """

    __tablename__ = "therapist"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("user_account.id"), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    gender: Mapped[Gender | None] = mapped_column(one_of(Gender, "gender"))
    registration: Mapped[str] = mapped_column(sa.String(60), default="")
    about: Mapped[str] = mapped_column(sa.Text, default="")
    hue: Mapped[int] = mapped_column(default=1)
    most_deep_in_row: Mapped[int | None]
    most_hands_on_minutes_a_day: Mapped[int | None]
    least_break_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    skills: Mapped[list[Skill]] = relationship(secondary=therapist_skill, order_by=Skill.name)

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("hue BETWEEN 1 AND 8", name="hue"),
        sa.CheckConstraint("most_deep_in_row BETWEEN 1 AND 20", name="deep_in_row"),
        sa.CheckConstraint("most_hands_on_minutes_a_day BETWEEN 5 AND 1440", name="hands_on"),
        sa.CheckConstraint("least_break_minutes BETWEEN 0 AND 240", name="least_break"),
    )


class Room(Base):
    """A room at a site. `places`: how many can be massaged in it at once; 2 where two may come together."""

    __tablename__ = "room"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("site.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    is_step_free: Mapped[bool] = mapped_column(default=False)
    places: Mapped[int] = mapped_column(default=1, server_default="1")
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.UniqueConstraint("site_id", "name"),
        sa.CheckConstraint("places BETWEEN 1 AND 2", name="places"),
    )


# The rooms in which an offering can be given; an offering without rows here can be given in any.
offering_room = sa.Table(
    "offering_room",
    Base.metadata,
    sa.Column("offering_id", sa.ForeignKey("offering.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("room_id", sa.ForeignKey("room.id", ondelete="CASCADE"), primary_key=True),
)


class WorkingHours(Base):
    """A therapist's weekly hours at a site: wall times as minutes of the day (0 to 1440), Monday is 0.

    Valid from `valid_from_on` to `valid_until_on`, both included; no end where that is None.
    """

    __tablename__ = "working_hours"

    id: Mapped[int] = mapped_column(primary_key=True)
    therapist_id: Mapped[int] = mapped_column(sa.ForeignKey("therapist.id"), index=True)
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("site.id"), index=True)
    weekday: Mapped[int]
    opens: Mapped[int]
    closes: Mapped[int]
    valid_from_on: Mapped[date]
    valid_until_on: Mapped[date | None]
    breaks: Mapped[list[WorkingBreak]] = relationship(
        cascade="all, delete-orphan", order_by="WorkingBreak.starts", lazy="selectin"
    )

    __table_args__ = (
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        sa.CheckConstraint("opens >= 0 AND closes <= 1440 AND opens < closes", name="span"),
        sa.CheckConstraint("valid_until_on IS NULL OR valid_until_on >= valid_from_on", name="valid"),
    )


class WorkingBreak(Base):
    """A break inside working hours, as minutes of the day."""

    __tablename__ = "working_break"

    id: Mapped[int] = mapped_column(primary_key=True)
    working_hours_id: Mapped[int] = mapped_column(
        sa.ForeignKey("working_hours.id", ondelete="CASCADE"), index=True
    )
    starts: Mapped[int]
    ends: Mapped[int]

    __table_args__ = (sa.CheckConstraint("starts >= 0 AND ends <= 1440 AND starts < ends", name="span"),)


class Closure(Base):
    """Days on which a site is closed, both included."""

    __tablename__ = "closure"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("site.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    starts_on: Mapped[date]
    ends_on: Mapped[date]

    __table_args__ = (sa.CheckConstraint("ends_on >= starts_on", name="span"),)


class DiaryEntry(Base):
    """Whatever occupies someone's time. After `expires_at` (holds, provisional times) it is air."""

    __tablename__ = "diary_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(one_of(EntryKind, "kind"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hands_on_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    is_deep: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    buffer_before_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    buffer_after_minutes: Mapped[int] = mapped_column(default=0, server_default="0")

    # SQLite would give the number of a struck entry away again; striking twice must do no harm.
    __table_args__ = {"sqlite_autoincrement": True}


# The longest stretch that one row of `diary_span` says: a day.
SPAN_TICKS = 288


class DiarySpan(Base):
    """What an entry occupies, by owner: ticks `[from_tick, to_tick)`. Availability reads it.

    No row is longer than a day, what takes longer has several: so whatever touches some hours begins at
    most a day before them, and an index finds it, however long the diary.
    """

    __tablename__ = "diary_span"

    entry_id: Mapped[int] = mapped_column(
        sa.ForeignKey("diary_entry.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[OwnerKind] = mapped_column(one_of(OwnerKind, "kind"), primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True)
    from_tick: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    to_tick: Mapped[int]

    __table_args__ = (
        sa.CheckConstraint("to_tick - from_tick BETWEEN 1 AND 288", name="span"),
        sa.Index("ix_diary_span_owner", "kind", "owner_id", "from_tick"),
    )

    @classmethod
    def touches(cls, low: Any, high: Any) -> sa.ColumnElement[bool]:
        """That a row touches the ticks `[low, high)`, said so that the index can find it."""
        return sa.and_(cls.from_tick > low - SPAN_TICKS, cls.from_tick < high, cls.to_tick > low)


class RosterState(Base):
    """One row: the mark of today's hours, rooms, sites and closures. Triggers draw another at any change."""

    __tablename__ = "roster_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    mark: Mapped[int] = mapped_column(sa.BigInteger)


class SlotClaim(Base):
    """One square of the diary: an owner's five minutes. The primary key makes taking it twice impossible."""

    __tablename__ = "slot_claim"

    kind: Mapped[OwnerKind] = mapped_column(one_of(OwnerKind, "kind"), primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tick: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(sa.ForeignKey("diary_entry.id", ondelete="CASCADE"), index=True)


class TimeOff(Base):
    """A therapist is away; claims the diary like an appointment."""

    __tablename__ = "time_off"

    id: Mapped[int] = mapped_column(primary_key=True)
    therapist_id: Mapped[int] = mapped_column(sa.ForeignKey("therapist.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(sa.String(80), default="")
    entry_id: Mapped[int | None] = mapped_column(sa.ForeignKey("diary_entry.id", ondelete="SET NULL"))
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.CheckConstraint("ends_at > starts_at", name="span"),)


class Maintenance(Base):
    """A room is out of use; claims the diary like an appointment."""

    __tablename__ = "maintenance"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(sa.ForeignKey("room.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(sa.String(80), default="")
    entry_id: Mapped[int | None] = mapped_column(sa.ForeignKey("diary_entry.id", ondelete="SET NULL"))
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.CheckConstraint("ends_at > starts_at", name="span"),)
