"""What stands behind a link: the appointment, and how the client sees it now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import current_app
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.policy import Policy
from clinic.booking.statuses import Status
from clinic.kernel.codes import shown_reference
from clinic.kernel.errors import NotFound
from clinic.notify.links import Links
from clinic.people.contact import REGIONS
from clinic.web import filters


class State(StrEnum):
    """What a client may do with an appointment."""

    OPEN = "open"  # may be moved and cancelled
    LATE = "late"  # stands, but the time for changing it online is over
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Shown:
    """An appointment in the words of its page; times in the zone of its site."""

    token: str
    state: State
    version: int
    session: str
    technique: str
    minutes: int
    talk_minutes: int
    therapist: str
    hue: int
    day: str
    day_lines: tuple[str, str]
    hours: str
    zone: str
    until: str
    site: str
    clinic: str
    address: tuple[str, ...]
    directions: str
    phone: str
    phone_href: str
    price: str
    reference: str
    is_mailed: bool
    waits: bool
    kept_until: str
    has_lapsed: bool
    request_token: str

    @property
    def name_line(self) -> str:
        """'Swedish, 60 minutes, with Amara Osei'."""
        return f"{self.session}, {self.minutes} minutes, with {self.therapist}"


def links() -> Links:
    """The links of this clinic."""
    settings = current_app.config["SETTINGS"]
    return Links(settings.secret_key, settings.base_url)


def appointment_behind(session: Session, token: str, now: datetime) -> Appointment:
    """The appointment; NotFound for an unknown link or an erased client, LinkExpired for an old one."""
    appointment = session.get(Appointment, links().read_manage(token, now))
    if appointment is None or appointment.client.erased_at is not None:
        raise NotFound()
    return appointment


def token_of(appointment: Appointment) -> str:
    """A fresh token: it lasts as long as the appointment's time as it stands now asks for."""
    return links().manage_token(appointment.id, appointment.ends_at)


def actor_of(appointment: Appointment) -> str:
    """The name under which what the client does is written down."""
    return f"client:{appointment.client_id}"


def state_of(appointment: Appointment, now: datetime) -> State:
    """What the client may do now, by the site's policy."""
    if appointment.status in {Status.CANCELLED, Status.LAPSED}:
        return State.CANCELLED
    site = appointment.site
    policy = Policy(site.min_notice_minutes, site.change_until_minutes)
    if policy.may_change(appointment.status, appointment.starts_at, now):
        return State.OPEN
    if appointment.status in {Status.BOOKED, Status.PROVISIONAL} and now < appointment.ends_at:
        return State.LATE
    return State.OVER


def _request_token(appointment: Appointment, now: datetime) -> str:
    """The way to the request for clearance that the appointment waits for, or waited for in vain."""
    clearance = appointment.intake.clearance if appointment.intake is not None else None
    if clearance is None or appointment.status not in {Status.PROVISIONAL, Status.LAPSED}:
        return ""
    return links().clearance_token(clearance.id, now)


def shown(appointment: Appointment, token: str, now: datetime) -> Shown:
    """The appointment as its page says it."""
    site, option = appointment.site, appointment.option
    day = filters.local_date(appointment.starts_at, site.tz)
    until = Policy(site.min_notice_minutes, site.change_until_minutes).change_until(appointment.starts_at)
    kept_until = appointment.lapses_at if appointment.status is Status.PROVISIONAL else None
    phone = filters.shown_phone(site.phone, REGIONS.get(site.locale, "GB"))
    return Shown(
        token=token,
        state=state_of(appointment, now),
        version=appointment.version,
        session=option.offering.name,
        technique=option.offering.technique,
        minutes=option.minutes,
        talk_minutes=appointment.talk_minutes,
        therapist=appointment.therapist.name,
        hue=appointment.therapist.hue,
        day=filters.long_day(day),
        day_lines=(f"{day:%A}", f"{day.day} {day:%B}"),
        hours=f"{filters.clock_time(appointment.starts_at, site.tz)} to "
        f"{filters.clock_time(appointment.ends_at, site.tz)}",
        zone=filters.zone_place(site.tz),
        until=filters.when(until, site.tz),
        site=site.name,
        clinic=site.clinic_name,
        address=tuple(site.address.splitlines()),
        directions=site.directions,
        phone=phone,
        phone_href=filters.phone_href(site.phone),
        price=str(appointment.price),
        reference=shown_reference(appointment.reference),
        is_mailed=bool(appointment.client.email),
        waits=appointment.status is Status.PROVISIONAL,
        kept_until=filters.when(kept_until, site.tz) if kept_until else "",
        has_lapsed=appointment.status is Status.LAPSED,
        request_token=_request_token(appointment, now),
    )
