"""Journeys on their way, holds, appointments and what happened to them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from clinic.booking.pair_steps import Turn
from clinic.booking.series_dates import Every
from clinic.booking.statuses import HoldStatus, Status
from clinic.catalog.models import OfferingOption
from clinic.db import Base, EncryptedText, UtcDateTime, one_of
from clinic.intake.models import Intake
from clinic.kernel.money import Money
from clinic.people.models import Client
from clinic.roster.models import Room, Site, Therapist


class Hold(Base):
    """A time kept for someone for some minutes. `minutes` is the client's whole time, talk included.

    `is_provisional`: confirming it gives a provisional appointment, as somebody has to decide first.
    `visitor_digest` and `address_digest` say from which browser and network it came, as digests, so that
    one of them cannot hold the whole diary.
    """

    __tablename__ = "hold"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int | None] = mapped_column(sa.ForeignKey("diary_entry.id", ondelete="SET NULL"))
    status: Mapped[HoldStatus] = mapped_column(one_of(HoldStatus, "status"))
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("site.id"))
    therapist_id: Mapped[int] = mapped_column(sa.ForeignKey("therapist.id"))
    room_id: Mapped[int] = mapped_column(sa.ForeignKey("room.id"))
    option_id: Mapped[int] = mapped_column(sa.ForeignKey("offering_option.id"))
    intake_id: Mapped[int | None] = mapped_column(sa.ForeignKey("intake.id"))
    client_id: Mapped[int | None] = mapped_column(sa.ForeignKey("client.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    talk_minutes: Mapped[int] = mapped_column(default=0)
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_provisional: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    visitor_digest: Mapped[str | None] = mapped_column(sa.String(64))
    address_digest: Mapped[str | None] = mapped_column(sa.String(64))
    site: Mapped[Site] = relationship(viewonly=True)
    therapist: Mapped[Therapist] = relationship(viewonly=True)
    room: Mapped[Room] = relationship(viewonly=True)
    option: Mapped[OfferingOption] = relationship(viewonly=True)

    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="span"),
        sa.Index("ix_hold_status_expires_at", "status", "expires_at"),
        sa.Index("ix_hold_entry_id", "entry_id"),
        sa.Index("ix_hold_address_digest", "address_digest"),
        sa.Index("ix_hold_visitor_digest", "visitor_digest"),
    )


class Appointment(Base):
    """A session agreed with a client. Cancelled, lapsed and no-show are statuses; rows are never deleted.

    `entry_id` is the diary entry while it occupies time; `hold_id` makes confirming a hold twice
    impossible; `sequence` counts changes for the calendar file; `lapses_at` is when a provisional one
    gives its time back if nobody has decided.
    """

    __tablename__ = "appointment"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(sa.String(12), unique=True)
    hold_id: Mapped[int | None] = mapped_column(sa.ForeignKey("hold.id"), unique=True)
    entry_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("diary_entry.id", ondelete="SET NULL"), unique=True
    )
    client_id: Mapped[int] = mapped_column(sa.ForeignKey("client.id"), index=True)
    site_id: Mapped[int] = mapped_column(sa.ForeignKey("site.id"))
    therapist_id: Mapped[int] = mapped_column(sa.ForeignKey("therapist.id"))
    room_id: Mapped[int] = mapped_column(sa.ForeignKey("room.id"))
    option_id: Mapped[int] = mapped_column(sa.ForeignKey("offering_option.id"))
    intake_id: Mapped[int | None] = mapped_column(sa.ForeignKey("intake.id"), index=True)
    status: Mapped[Status] = mapped_column(one_of(Status, "status"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    talk_minutes: Mapped[int] = mapped_column(default=0)
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    sequence: Mapped[int] = mapped_column(default=0)
    via: Mapped[str] = mapped_column(sa.String(10), default="web")
    cancel_reason: Mapped[str] = mapped_column(sa.String(80), default="")
    desk_note: Mapped[str] = mapped_column(EncryptedText("appointment.desk_note"), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lapses_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship(viewonly=True)
    site: Mapped[Site] = relationship(viewonly=True)
    therapist: Mapped[Therapist] = relationship(viewonly=True)
    room: Mapped[Room] = relationship(viewonly=True)
    option: Mapped[OfferingOption] = relationship()
    intake: Mapped[Intake | None] = relationship()
    events: Mapped[list[AppointmentEvent]] = relationship(
        back_populates="appointment", order_by="AppointmentEvent.id"
    )

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="span"),
        sa.Index("ix_appointment_site_id_starts_at", "site_id", "starts_at"),
        sa.Index("ix_appointment_therapist_id_starts_at", "therapist_id", "starts_at"),
    )

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)


class AppointmentEvent(Base):
    """What happened to an appointment, by whom, when; only ever added. `detail` has no health word."""

    __tablename__ = "appointment_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    appointment_id: Mapped[int] = mapped_column(sa.ForeignKey("appointment.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(sa.String(80))
    kind: Mapped[str] = mapped_column(sa.String(30))
    detail: Mapped[str] = mapped_column(sa.String(200), default="")
    appointment: Mapped[Appointment] = relationship(back_populates="events")


class Journey(Base):
    """A client's way to an appointment: what has been chosen so far, kept by us and not in the form.

    `token_digest` is the SHA-256 of the token in the client's cookie. `details` (JSON: name, e-mail,
    phone, reminders, terms) is encrypted until it becomes a client. `is_provisional`: the client goes on
    while somebody decides. Swept when it expires.
    """

    __tablename__ = "journey"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    intake_id: Mapped[int | None] = mapped_column(sa.ForeignKey("intake.id"))
    outcome_seen: Mapped[bool] = mapped_column(default=False)
    is_provisional: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    option_id: Mapped[int | None] = mapped_column(sa.ForeignKey("offering_option.id"))
    hold_id: Mapped[int | None] = mapped_column(sa.ForeignKey("hold.id"))
    details: Mapped[str | None] = mapped_column(EncryptedText("journey.details"))
    appointment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("appointment.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    intake: Mapped[Intake | None] = relationship()
    option: Mapped[OfferingOption | None] = relationship()
    hold: Mapped[Hold | None] = relationship(viewonly=True)
    appointment: Mapped[Appointment | None] = relationship(viewonly=True)

    def take_hold(self, hold: Hold | None) -> None:
        """Keeps which hold is this journey's: one that is written already, or none."""
        number = hold.id if hold is not None else None
        if self.hold_id != number:  # where it is written already, nothing is to be looked for
            self.hold_id = number
        set_committed_value(self, "hold", hold)

    def take_appointment(self, made: Appointment) -> None:
        """Keeps which appointment has come of it: one that is written already."""
        if self.appointment_id != made.id:
            self.appointment_id = made.id
        set_committed_value(self, "appointment", made)


class JourneyPair(Base):
    """Two who book together from one browser: whose turn it is, and what they chose on the pages for both.

    Each has a journey of their own, with their own answers. `details` (JSON: names) is encrypted.
    `entry_id` is the entry of the one room for two while its time is held. Goes with the first journey.
    """

    __tablename__ = "journey_pair"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(sa.ForeignKey("journey.id", ondelete="CASCADE"), unique=True)
    second_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("journey.id", ondelete="SET NULL"), unique=True
    )
    turn: Mapped[Turn] = mapped_column(one_of(Turn, "turn"))
    is_only_one: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    is_one_room: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    details: Mapped[str] = mapped_column(EncryptedText("journey_pair.details"))
    entry_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("diary_entry.id", ondelete="SET NULL"), index=True
    )
    party_id: Mapped[int | None] = mapped_column(sa.ForeignKey("party.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    first: Mapped[Journey] = relationship(foreign_keys=[first_id], passive_deletes=True)
    second: Mapped[Journey | None] = relationship(foreign_keys=[second_id])
    party: Mapped[Party | None] = relationship()


class Series(Base):
    """Appointments agreed together, at the same time of day, week by week or month by month."""

    __tablename__ = "series"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(sa.ForeignKey("client.id"), index=True)
    every: Mapped[Every] = mapped_column(one_of(Every, "every"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(sa.String(80))
    parts: Mapped[list[SeriesPart]] = relationship(order_by="SeriesPart.position", back_populates="series")


class SeriesPart(Base):
    """That an appointment belongs to a series, and its place in it from 1."""

    __tablename__ = "series_part"

    appointment_id: Mapped[int] = mapped_column(sa.ForeignKey("appointment.id"), primary_key=True)
    series_id: Mapped[int] = mapped_column(sa.ForeignKey("series.id"), index=True)
    position: Mapped[int]
    appointment: Mapped[Appointment] = relationship()
    series: Mapped[Series] = relationship(back_populates="parts")


class Party(Base):
    """People who come together: their appointments start at the same time.

    `booked_by` is the actor ('client:12') who booked for both on the client's pages, None for the desk.
    """

    __tablename__ = "party"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    booked_by: Mapped[str | None] = mapped_column(sa.String(80))
    shared_room: Mapped[SharedRoom | None] = relationship(back_populates="party")
    members: Mapped[list[PartyMember]] = relationship(
        order_by="PartyMember.appointment_id", back_populates="party"
    )


class PartyMember(Base):
    """One appointment of a party."""

    __tablename__ = "party_member"

    appointment_id: Mapped[int] = mapped_column(sa.ForeignKey("appointment.id"), primary_key=True)
    party_id: Mapped[int] = mapped_column(sa.ForeignKey("party.id"), index=True)
    appointment: Mapped[Appointment] = relationship()
    party: Mapped[Party] = relationship(back_populates="members")


class SharedRoom(Base):
    """The one room of a party. Its squares belong to an entry of its own, and to neither appointment's."""

    __tablename__ = "shared_room"

    id: Mapped[int] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(sa.ForeignKey("party.id"), unique=True)
    room_id: Mapped[int] = mapped_column(sa.ForeignKey("room.id"))
    entry_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("diary_entry.id", ondelete="SET NULL"), index=True
    )
    party: Mapped[Party] = relationship(back_populates="shared_room")
