"""A request for clearance as its own page says it: where it stands, and what the client can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.intake import clearances
from clinic.intake import services as intakes
from clinic.intake.documents import MOST_FILES
from clinic.intake.level import Level, Releaser
from clinic.intake.models import Clearance, ClearanceStatus
from clinic.intake.openings import Opening, way_in
from clinic.kernel.errors import NotFound
from clinic.people.contact import REGIONS
from clinic.people.models import Client
from clinic.roster.models import Site
from clinic.web import filters, remembered
from clinic.web.account import behind


class Stand(StrEnum):
    """Where a request stands, for the client."""

    WAITS = "waits"
    MORE = "more"
    YES = "yes"
    NO = "no"
    CHANGED = "changed"  # an answer has changed since, or the yes is over


@dataclass(frozen=True, slots=True)
class Kept:
    """The time that is kept while somebody decides, or booked by now; `until` is '' where it has no end."""

    when: str
    is_booked: bool
    until: str
    token: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that came in."""

    name: str
    on: str


@dataclass(frozen=True, slots=True)
class Request:
    """The page's words. Nothing of health is in it unless `is_open`."""

    token: str
    stand: Stand
    is_open: bool
    way_in: Opening
    release_by: Releaser
    asked_on: str
    answer_by: str
    is_late: bool
    until: str
    question: str
    has_letter: bool
    takes_files: bool
    files: int
    sent: tuple[Sent, ...]
    kept: Kept | None
    may_keep: bool
    clinic: str
    phone: str
    phone_href: str
    mailed_to: str


def behind_token(session: Session, token: str, now: datetime) -> Clearance:
    """The request; NotFound for an unknown link or an erased client, LinkExpired for an old one."""
    found = session.get(Clearance, behind.links().read_clearance(token, now))
    if found is None or _is_erased(session, found):
        raise NotFound()
    return found


def _is_erased(session: Session, clearance: Clearance) -> bool:
    client_id = clearance.intake.client_id
    if client_id is None:
        return False
    client = session.get(Client, client_id)
    return client is None or client.erased_at is not None


def stand_of(clearance: Clearance, now: datetime) -> Stand:
    """Where it stands at this instant."""
    if clearance.status is ClearanceStatus.REFUSED:
        return Stand.NO
    if clearance.status in clearances.RELEASED:
        until = clearance.intake.cleared_until_on
        return Stand.YES if until is not None and until >= now.date() else Stand.CHANGED
    if clearance.status in clearances.WAITING and clearance.intake.level is Level.CLEARANCE:
        return Stand.MORE if clearance.status is ClearanceStatus.MORE_NEEDED else Stand.WAITS
    return Stand.CHANGED


def shown(session: Session, clearance: Clearance, token: str, now: datetime) -> Request:
    """The request in the words of its page, as far as this browser may see it."""
    site = session.get_one(Site, clearance.site_id)
    is_open = remembered.is_trusted(clearance.id, now)
    stand = stand_of(clearance, now)
    waits = stand in (Stand.WAITS, Stand.MORE)
    kept = _kept(session, clearance, now) if is_open else None
    has_letter = waits and asks_a_doctor(clearance)
    return Request(
        token=token,
        stand=stand,
        is_open=is_open,
        way_in=way_in(clearance),
        release_by=clearance.release_by,
        asked_on=_day(clearance.opened_at, site),
        answer_by=filters.when(clearance.due_at, site.tz),
        is_late=waits and clearance.due_at <= now,
        until=filters.long_day_year(clearance.expires_on) if clearance.expires_on else "",
        question=clearance.question if is_open and stand is Stand.MORE else "",
        has_letter=has_letter,
        takes_files=(has_letter or stand is Stand.MORE) and len(clearance.documents) < MOST_FILES,
        files=len(clearance.documents),
        sent=_sent(clearance, site) if is_open else (),
        kept=kept,
        may_keep=is_open and waits and kept is None,
        clinic=site.clinic_name,
        phone=filters.shown_phone(site.phone, REGIONS.get(site.locale, "GB")),
        phone_href=filters.phone_href(site.phone),
        mailed_to=(clearance.email or "") if is_open else "",
    )


def asks_a_doctor(clearance: Clearance) -> bool:
    """Whether a clinician's word helps: not where a guardian's yes or our own look is all that is wanted."""
    intake = clearance.intake
    if intake.level is not Level.CLEARANCE:
        return False
    return clearance.release_by is not Releaser.RECEPTION or bool(intakes.outcome_of(intake).send)


def kept_time(session: Session, clearance: Clearance, now: datetime) -> Appointment | None:
    """The coming appointment that rests on this request's answers."""
    return session.scalar(
        sa.select(Appointment)
        .where(
            Appointment.intake_id == clearance.intake_id,
            Appointment.status.in_((Status.PROVISIONAL, Status.BOOKED)),
            Appointment.starts_at > now,
        )
        .order_by(Appointment.starts_at)
        .limit(1)
    )


def _kept(session: Session, clearance: Clearance, now: datetime) -> Kept | None:
    found = kept_time(session, clearance, now)
    if found is None:
        return None
    return Kept(
        when=filters.when(found.starts_at, found.site.tz),
        is_booked=found.status is Status.BOOKED,
        until=filters.when(found.lapses_at, found.site.tz) if found.lapses_at else "",
        token=behind.token_of(found),
    )


def _sent(clearance: Clearance, site: Site) -> tuple[Sent, ...]:
    return tuple(Sent(each.name, _day(each.added_at, site)) for each in clearance.documents)


def _day(instant: datetime, site: Site) -> str:
    day = filters.local_date(instant, site.tz)
    return f"{day.day} {day:%B}"
