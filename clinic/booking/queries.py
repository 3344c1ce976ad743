"""Appointments as lists: frozen values for the desk, the practice and the client, in few statements.

None of these values holds a health answer, a rule or a reason. `desk_line` of a card says what reception
has to prepare and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment, AppointmentEvent, Hold
from clinic.booking.screening import BOOKABLE, suits
from clinic.booking.standing import Mark, Standing, standing
from clinic.booking.statuses import HoldStatus, Status
from clinic.catalog.models import Offering, OfferingOption
from clinic.intake import services as intakes
from clinic.intake.level import Level, level_on
from clinic.intake.models import ClearanceStatus, Intake
from clinic.intake.restrictions import desk_line
from clinic.kernel import walltime
from clinic.kernel.money import Money
from clinic.people.models import Client, User
from clinic.roster.models import Room, Site, Therapist

GONE = frozenset({Status.CANCELLED, Status.LAPSED})
LATE_EVENT = "late"


@dataclass(frozen=True, slots=True)
class Listed:
    """An appointment in a list. `minutes` are hands-on, `talk_minutes` come on top; times are instants."""

    id: int
    reference: str
    status: Status
    starts_at: datetime
    ends_at: datetime
    minutes: int
    talk_minutes: int
    checked_in_at: datetime | None
    client_id: int
    client: str
    therapist_id: int
    therapist: str
    hue: int
    room: str
    site_id: int
    site: str
    tz: str
    desk_name: str
    offering: str
    technique: str
    intake_id: int | None
    version: int
    lapses_at: datetime | None = None

    @property
    def local_day(self) -> date:
        """The day on which the clock at the place sees it start."""
        return walltime.local(self.starts_at, walltime.zone(self.tz)).date()

    def standing(self, now: datetime) -> Standing:
        """How it stands at `now`: late, in session, kept until …"""
        found = standing(self.status, self.starts_at, self.ends_at, now)
        if found.mark is Mark.PROVISIONAL and self.lapses_at is not None:
            return Standing(found.mark, self.kept_until)
        return found

    @property
    def kept_until(self) -> str:
        """'kept until Tue 14:00' for a provisional time that goes back then, else ''."""
        if self.lapses_at is None:
            return ""
        zone = walltime.zone(self.tz)
        return f"kept until {walltime.local(self.lapses_at, zone):%a} {walltime.clock(self.lapses_at, zone)}"


@dataclass(frozen=True, slots=True)
class Held:
    """A time that a visitor of the web pages is just taking; it lapses at `expires_at`."""

    id: int
    starts_at: datetime
    ends_at: datetime
    minutes: int
    expires_at: datetime
    therapist_id: int
    therapist: str
    hue: int
    room: str
    site_id: int
    site: str
    tz: str
    desk_name: str

    def minutes_left(self, now: datetime) -> int:
        """Whole minutes, rounded up."""
        return max(0, -int((now - self.expires_at).total_seconds() // 60))


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an appointment; `actor` is a name fit for a page."""

    at: datetime
    actor: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Card:
    """All that the desk may know of one appointment."""

    listed: Listed
    option_id: int
    offering_id: int
    phone: str | None
    email: str | None
    price: Money
    desk_line: str
    is_ready: bool
    cancel_reason: str
    via: str
    created_at: datetime
    late_note: str
    events: tuple[Event, ...]


_COLUMNS = (
    Appointment.id,
    Appointment.reference,
    Appointment.status,
    Appointment.starts_at,
    Appointment.ends_at,
    OfferingOption.minutes,
    Appointment.talk_minutes,
    Appointment.checked_in_at,
    Appointment.client_id,
    Client.name.label("client"),
    Appointment.therapist_id,
    Therapist.name.label("therapist"),
    Therapist.hue,
    Room.name.label("room"),
    Appointment.site_id,
    Site.name.label("site"),
    Site.tz,
    Offering.desk_name,
    Offering.name.label("offering"),
    Offering.technique,
    Appointment.intake_id,
    Appointment.version,
    Appointment.lapses_at,
)


def listed() -> sa.Select[*tuple[Any, ...]]:
    """The select of `Listed` values, in order of time; add what it shall be narrowed to."""
    return (
        sa.select(*_COLUMNS)
        .join(Client, Client.id == Appointment.client_id)
        .join(Therapist, Therapist.id == Appointment.therapist_id)
        .join(Room, Room.id == Appointment.room_id)
        .join(Site, Site.id == Appointment.site_id)
        .join(OfferingOption, OfferingOption.id == Appointment.option_id)
        .join(Offering, Offering.id == OfferingOption.offering_id)
        .order_by(Appointment.starts_at, Therapist.name, Appointment.id)
    )


def appointments_between(
    session: Session,
    first: datetime,
    until: datetime,
    *,
    site_ids: Collection[int] | None = None,
    therapist_id: int | None = None,
    with_gone: bool = False,
) -> list[Listed]:
    """The appointments that start in [first, until), by start; cancelled and lapsed ones if asked for."""
    wanted = listed().where(Appointment.starts_at >= first, Appointment.starts_at < until)
    if site_ids is not None:
        wanted = wanted.where(Appointment.site_id.in_(site_ids))
    if therapist_id is not None:
        wanted = wanted.where(Appointment.therapist_id == therapist_id)
    if not with_gone:
        wanted = wanted.where(Appointment.status.not_in(GONE))
    return [Listed(**row._mapping) for row in session.execute(wanted)]


def appointments_on(
    session: Session,
    first_day: date,
    days: int,
    *,
    site_ids: Collection[int] | None = None,
    therapist_id: int | None = None,
    with_gone: bool = False,
) -> list[Listed]:
    """The appointments whose local day (each at its own place) is one of `days` days from `first_day`."""
    first, until = span_of(first_day, days)
    last = first_day + timedelta(days=days)
    found = appointments_between(
        session, first, until, site_ids=site_ids, therapist_id=therapist_id, with_gone=with_gone
    )
    return [each for each in found if first_day <= each.local_day < last]


def span_of(first_day: date, days: int) -> tuple[datetime, datetime]:
    """Instants that surely enclose those days in every time zone there is."""
    utc = walltime.zone("UTC")
    first = walltime.instant(first_day, 0, utc, 0) - timedelta(hours=15)
    return first, first + timedelta(days=days, hours=30)


def appointments_of(session: Session, client_id: int) -> list[Listed]:
    """Everything a client ever had, cancelled too, by start."""
    wanted = listed().where(Appointment.client_id == client_id)
    return [Listed(**row._mapping) for row in session.execute(wanted)]


def appointments_of_all(session: Session, client_ids: Collection[int]) -> dict[int, list[Listed]]:
    """The same for several clients at once, without what was cancelled."""
    found: dict[int, list[Listed]] = {client_id: [] for client_id in client_ids}
    wanted = listed().where(Appointment.client_id.in_(client_ids), Appointment.status.not_in(GONE))
    for row in session.execute(wanted):
        found[row.client_id].append(Listed(**row._mapping))
    return found


def holds_on(
    session: Session, now: datetime, first_day: date, days: int, *, site_ids: Collection[int] | None = None
) -> list[Held]:
    """The holds that are still good at `now`, on those days of their places."""
    first, until = span_of(first_day, days)
    wanted = (
        sa.select(
            Hold.id,
            Hold.starts_at,
            Hold.ends_at,
            OfferingOption.minutes,
            Hold.expires_at,
            Hold.therapist_id,
            Therapist.name.label("therapist"),
            Therapist.hue,
            Room.name.label("room"),
            Hold.site_id,
            Site.name.label("site"),
            Site.tz,
            Offering.desk_name,
        )
        .join(Therapist, Therapist.id == Hold.therapist_id)
        .join(Room, Room.id == Hold.room_id)
        .join(Site, Site.id == Hold.site_id)
        .join(OfferingOption, OfferingOption.id == Hold.option_id)
        .join(Offering, Offering.id == OfferingOption.offering_id)
        .where(
            Hold.status == HoldStatus.OPEN,
            Hold.entry_id.is_not(None),
            Hold.expires_at > now,
            Hold.starts_at >= first,
            Hold.starts_at < until,
        )
        .order_by(Hold.starts_at, Hold.id)
    )
    if site_ids is not None:
        wanted = wanted.where(Hold.site_id.in_(site_ids))
    last = first_day + timedelta(days=days)
    found = [Held(**row._mapping) for row in session.execute(wanted)]
    return [
        held
        for held in found
        if first_day <= walltime.local(held.starts_at, walltime.zone(held.tz)).date() < last
    ]


def late_notes(session: Session, appointment_ids: Collection[int]) -> dict[int, str]:
    """What those who rang said of being late, the last word of each."""
    if not appointment_ids:
        return {}
    rows = session.execute(
        sa.select(AppointmentEvent.appointment_id, AppointmentEvent.detail)
        .where(
            AppointmentEvent.appointment_id.in_(appointment_ids),
            AppointmentEvent.kind == LATE_EVENT,
        )
        .order_by(AppointmentEvent.id)
    )
    return {row.appointment_id: row.detail for row in rows}


def card(session: Session, reference: str) -> Card | None:
    """All that the desk may know of the appointment with that reference, or None. Eight statements."""
    row = session.execute(
        listed()
        .add_columns(
            Appointment.option_id,
            OfferingOption.offering_id,
            Client.phone,
            Client.email,
            Appointment.price_minor,
            Appointment.currency,
            Appointment.cancel_reason,
            Appointment.via,
            Appointment.created_at,
        )
        .where(Appointment.reference == reference)
    ).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    shown = Listed(**{name: values[name] for name in Listed.__slots__})
    option_id = _open_option(shown, row.option_id)
    line, is_ready = desk_line_of(session, shown.intake_id, shown.local_day, option_id)
    events = _events(session, shown.id)
    return Card(
        listed=shown,
        option_id=row.option_id,
        offering_id=row.offering_id,
        phone=row.phone,
        email=row.email,
        price=Money(row.price_minor, row.currency),
        desk_line=line,
        is_ready=is_ready,
        cancel_reason=row.cancel_reason,
        via=row.via,
        created_at=row.created_at,
        late_note=next((each.detail for each in reversed(events) if each.kind == LATE_EVENT), ""),
        events=events,
    )


def _open_option(shown: Listed, option_id: int) -> int | None:
    """The option of a session that is still to be given."""
    return option_id if shown.status in (Status.PROVISIONAL, Status.BOOKED) else None


def desk_line_of(
    session: Session, intake_id: int | None, on: date, option_id: int | None = None
) -> tuple[str, bool]:
    """What reception prepares for a session on that day, and whether it may be given as it stands.

    What was cleared until then is ready. With `option_id`, a session that the answers rule out by now says
    that another has to be chosen, never why.
    """
    intake = session.get(Intake, intake_id) if intake_id else None
    if intake is None or intake.level is None or intake.restrictions is None:
        return "No health questions yet", False
    limits = intakes.restrictions_of(intake)
    level = level_on(intake.level, intake.cleared_until_on, on)
    if level is Level.CLEARANCE and _is_refused(intake):
        return "Not to be booked", False
    option = session.get(OfferingOption, option_id) if option_id else None
    if option is not None and not level.stops and not suits(limits, option):
        return "Choose another session", False
    return desk_line(limits, level), level in BOOKABLE


def _is_refused(intake: Intake) -> bool:
    return intake.clearance is not None and intake.clearance.status is ClearanceStatus.REFUSED


def _events(session: Session, appointment_id: int) -> tuple[Event, ...]:
    rows = session.execute(
        sa.select(AppointmentEvent.at, AppointmentEvent.actor, AppointmentEvent.kind, AppointmentEvent.detail)
        .where(AppointmentEvent.appointment_id == appointment_id)
        .order_by(AppointmentEvent.id)
    ).all()
    names = _names(session, {row.actor for row in rows})
    return tuple(Event(row.at, names.get(row.actor, row.actor), row.kind, row.detail) for row in rows)


def _names(session: Session, actors: Collection[str]) -> dict[str, str]:
    """'user:7' → 'Sam Webb', 'client:3' → 'the client'; what is neither keeps its word."""
    numbers = {
        int(actor.removeprefix("user:")): actor
        for actor in actors
        if actor.startswith("user:") and actor.removeprefix("user:").isdigit()
    }
    found = {actor: "the client" for actor in actors if actor.startswith("client")}
    if numbers:
        for number, name in session.execute(sa.select(User.id, User.name).where(User.id.in_(numbers))):
            found[numbers[number]] = name
    return found
