"""What a client is told of an appointment: the facts for the templates, with no health word in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.policy import Policy
from clinic.booking.statuses import Status
from clinic.intake.models import Clearance
from clinic.kernel import walltime
from clinic.kernel.codes import shown_reference
from clinic.notify import calendar, outbox
from clinic.notify.links import KEPT_DAYS
from clinic.people import contact, household
from clinic.people.models import Client
from clinic.roster.models import Site

LINK_EVERY_SECONDS = 600
_UNCERTAIN = frozenset({"provisional", "reopened"})


def long_when(instant: datetime, zone: str) -> str:
    """'Tuesday 24 November 2026 at 10:15' at the place."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B %Y} at {walltime.clock(instant, ZoneInfo(zone))}"


def facts(appointment: Appointment) -> dict[str, object]:
    """Plain values for the templates of booked, moved and cancelled.

    `sequence` is the state they report: a mail about an older state is not sent any more.
    """
    site = appointment.site
    zone = ZoneInfo(site.tz)
    starts = appointment.starts_at.astimezone(zone)
    hours = [walltime.clock(at, zone) for at in (appointment.starts_at, appointment.ends_at)]
    policy = Policy(site.min_notice_minutes, site.change_until_minutes)
    return {
        "name": appointment.client.name,
        "appointment_id": appointment.id,
        "reference": shown_reference(appointment.reference),
        "sequence": appointment.sequence,
        "day": f"{starts:%A} {starts.day} {starts:%B}",
        "hours": " to ".join(hours),
        "when": long_when(appointment.starts_at, site.tz),
        "zone": site.tz.rsplit("/", 1)[-1].replace("_", " "),
        "minutes": int((appointment.ends_at - appointment.starts_at).total_seconds() // 60),
        "therapist": appointment.therapist.name,
        "clinic": site.clinic_name,
        "site": site.name,
        "address": site.address,
        "directions": site.directions,
        "phone": site.phone,
        "phone_shown": contact.shown_phone(site.phone, contact.REGIONS.get(site.locale, "GB")),
        "email": site.email,
        "price": str(appointment.price),
        "kept_until": long_when(appointment.lapses_at, site.tz) if appointment.lapses_at else "",
        "change_until": long_when(policy.change_until(appointment.starts_at), site.tz),
    }


def invite(appointment: Appointment, now: datetime) -> str:
    """The calendar file of `appointment` as it stands."""
    return calendar.write(invite_of(appointment, now))


def invite_of(appointment: Appointment, now: datetime) -> calendar.Invite:
    """What a calendar file says of `appointment` as it stands."""
    site = appointment.site
    return calendar.Invite(
        uid=f"{appointment.reference.lower()}@appointments.{site.slug}",
        sequence=appointment.sequence,
        title=site.clinic_name,
        where=f"{site.clinic_name}, {', '.join(site.address.splitlines())}",
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        zone=site.tz,
        organiser=site.email,
        stamp=now,
        note=f"Reference {shown_reference(appointment.reference)}",
        is_cancelled=appointment.status in {Status.CANCELLED, Status.LAPSED},
    )


def tell(session: Session, now: datetime, kind: str, appointment: Appointment) -> None:
    """Owes the client a mail of `kind` (booked, moved, cancelled, provisional, lapsed, reopened).

    Once for each state it reports. A time that is not certain yet goes into nobody's calendar.
    """
    if not appointment.client.email:
        return
    told = {**facts(appointment), **household.spoken_to(session, appointment.client)}
    outbox.owe(
        session,
        now,
        kind=kind,
        key=f"{kind}:{appointment.id}:{appointment.sequence}",
        to_address=appointment.client.email,
        to_name=str(told["name"]),
        payload=told,
        invites=[] if kind in _UNCERTAIN else [invite_of(appointment, now)],
    )


def tell_clinic(session: Session, now: datetime, appointment: Appointment) -> None:
    """Owes the clinic a mail that an appointment waits for somebody again."""
    outbox.owe(
        session,
        now,
        kind="to_decide",
        key=f"to_decide:{appointment.id}:{appointment.sequence}",
        to_address=appointment.site.email,
        to_name=appointment.site.clinic_name,
        payload=facts(appointment),
    )


def tell_clearance(session: Session, now: datetime, kind: str, clearance: Clearance, site: Site) -> None:
    """Owes a mail about a request for clearance (clearance_asked, _yes, _no, _more), with no health word."""
    if not clearance.email:
        return
    zone = ZoneInfo(site.tz)
    until = clearance.expires_on
    outbox.owe(
        session,
        now,
        kind=kind,
        key=f"{kind}:{clearance.id}:{int((clearance.decided_at or clearance.opened_at).timestamp())}",
        to_address=clearance.email,
        to_name=clearance.name,
        payload={
            "name": clearance.name,
            "clearance_id": clearance.id,
            "clinic": site.clinic_name,
            "site": site.name,
            "address": site.address,
            "phone": site.phone,
            "phone_shown": contact.shown_phone(site.phone, contact.REGIONS.get(site.locale, "GB")),
            "email": site.email,
            "answer_by": long_when(clearance.due_at, site.tz),
            "opened": f"{clearance.opened_at.astimezone(zone):%A} {clearance.opened_at.astimezone(zone).day}"
            f" {clearance.opened_at.astimezone(zone):%B}",
            "until": f"{until.day} {until:%B %Y}" if until else "",
        },
    )


def tell_link(session: Session, now: datetime, reference: str, email: str) -> bool:
    """Owes a fresh link to the appointment of this reference and e-mail address; whether there is one.

    None for an appointment so long ago that its link would have expired.
    At most one mail in ten minutes for an appointment, however often it is asked for.
    """
    appointment = session.scalar(
        sa.select(Appointment)
        .join(Appointment.client)
        .where(
            Appointment.reference == reference,
            sa.func.lower(Client.email) == email.lower(),
            Client.erased_at.is_(None),
            Appointment.ends_at > now - timedelta(days=KEPT_DAYS),
        )
    )
    if appointment is None:
        return False
    outbox.owe(
        session,
        now,
        kind="link",
        key=f"link:{appointment.id}:{int(now.timestamp()) // LINK_EVERY_SECONDS}",
        to_address=email,
        to_name=appointment.client.name,
        payload=facts(appointment),
    )
    return True
