"""What only the desk does: another session, a client who runs late, what stands in the way of a time."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import lifecycle, messages, provisional_times, room_for_two, services
from clinic.booking.models import Appointment, AppointmentEvent, Hold
from clinic.booking.queries import GONE, LATE_EVENT, late_notes
from clinic.booking.screening import check_allowed
from clinic.booking.slots import Wish
from clinic.booking.statuses import HoldStatus, Status
from clinic.catalog.models import OfferingOption
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, NotFound, NotOffered, SlotTaken, Stale, WrongState
from clinic.people.models import Client
from clinic.roster import diary
from clinic.roster.hands import check_limits, effort_of
from clinic.roster.models import Closure, Site, Therapist, TimeOff, WorkingHours

CHANGED = "changed"
LATE_MINUTES = (5, 10, 15, 20, 30)
_AROUND = timedelta(hours=4)


def note_late(
    session: Session, now: datetime, appointment_id: int, minutes: int, *, actor: str, version: int
) -> Appointment:
    """Keeps that the client will be about `minutes` late; the time of the appointment stays as it is.

    BadInput for other minutes than LATE_MINUTES, Stale and WrongState as with every change.
    """
    if minutes not in LATE_MINUTES:
        raise BadInput("Choose how late from the list.", "minutes")
    appointment = _looked_at(session, appointment_id, version)
    if appointment.status is not Status.BOOKED:
        raise WrongState()
    zone = walltime.zone(appointment.site.tz)
    here_at = walltime.local(appointment.starts_at + timedelta(minutes=minutes), zone)
    detail = f"late, here about {here_at:%H:%M}"
    if detail != late_notes(session, [appointment.id]).get(appointment.id):
        _note(session, now, appointment, actor, LATE_EVENT, detail)
    return appointment


def change_session(
    session: Session, now: datetime, appointment_id: int, option_id: int, *, actor: str, version: int
) -> Appointment:
    """Gives an appointment another session or length at its own time and with its own therapist.

    Excluded, NotCleared and NotOffered as for every booking; SlotTaken where it does not fit in there,
    with everything as it was. The price is that of the new session. One of two stays in their room for two.
    """
    appointment = _looked_at(session, appointment_id, version)
    option = session.get(OfferingOption, option_id)
    if option is None:
        raise BadInput("Choose a session from the list.", "option")
    if not option.is_active or not option.offering.is_active:
        raise NotOffered("That session is not offered any more.")
    is_provisional = appointment.status is Status.PROVISIONAL
    provisional_times.check_kept(appointment.lapses_at, now)
    day = services.day_at(appointment.site, appointment.starts_at)
    check_allowed(appointment.intake, option, day, provisionally=is_provisional)
    if appointment.status not in lifecycle.MOVABLE or appointment.entry_id is None:
        raise WrongState()
    with session.begin_nested():
        _give_session(session, now, appointment, option)
    appointment.sequence += 1
    session.flush()
    session.expire(appointment, ["room"])
    _note(
        session, now, appointment, actor, CHANGED, f"to {option.offering.desk_name}, {option.minutes} minutes"
    )
    messages.tell(session, now, "provisional" if is_provisional else "booked", appointment)
    return appointment


def _give_session(session: Session, now: datetime, appointment: Appointment, option: OfferingOption) -> None:
    """Gives an appointment the squares, the length and the price of another session."""
    shared = room_for_two.kept_room(session, appointment)
    slot = room_for_two.place(session, now, appointment, option, appointment.therapist_id, shared)
    if slot is None:
        raise SlotTaken("That does not fit in at this time with this therapist. Move it first.")
    site, starts_at, entry_id = appointment.site, appointment.starts_at, appointment.entry_id
    assert entry_id is not None
    ends_at = starts_at + timedelta(minutes=option.minutes + appointment.talk_minutes)
    claims = room_for_two.claims_beside(option, slot, ends_at, appointment.client_id, shared)
    effort = effort_of(option)
    check_limits(session, claims, effort, starts_at, ends_at, site.tz, now, ignore_entry_id=entry_id)
    diary.move(session, entry_id, claims, now, effort)
    appointment.option, appointment.ends_at, appointment.room_id = option, ends_at, slot.room_id
    appointment.price_minor, appointment.currency = option.price_minor, option.currency
    if shared is not None:
        room_for_two.fit_room(session, now, appointment, shared)


def _looked_at(session: Session, appointment_id: int, version: int) -> Appointment:
    appointment = session.get(Appointment, appointment_id, with_for_update=True, populate_existing=True)
    if appointment is None:
        raise NotFound()
    if appointment.version != version:
        raise Stale()
    return appointment


def _note(
    session: Session, now: datetime, appointment: Appointment, actor: str, kind: str, detail: str
) -> None:
    session.add(
        AppointmentEvent(appointment_id=appointment.id, at=now, actor=actor, kind=kind, detail=detail)
    )
    session.flush()


def in_the_way(session: Session, now: datetime, wish: Wish, starts_at: datetime) -> list[str]:
    """What stands in the way of that start, in sentences that name it; empty where nothing obvious does.

    For the desk's eyes: it names clients, as reception sees them on the board anyway.
    """
    option = session.get(OfferingOption, wish.option_id)
    site = session.get(Site, wish.site_id)
    if option is None or site is None:
        raise NotFound()
    zone = walltime.zone(site.tz)
    ends_at = starts_at + timedelta(minutes=option.minutes + wish.talk_minutes)
    found = []
    if starts_at < now:
        found.append("That time is over.")
    local = walltime.local(starts_at, zone)
    if (local.hour * 60 + local.minute) % site.grid_minutes:
        found.append(f"Sessions start every {site.grid_minutes} minutes.")
    shut = _closure(session, site.id, local)
    if shut:
        found.append(f"{site.name} is closed that day: {shut}.")
    if wish.therapist_id is not None:
        taken = starts_at - timedelta(minutes=option.buffer_before_minutes)
        until = ends_at + timedelta(minutes=option.buffer_after_minutes)
        found += _therapist_busy(session, now, wish, taken, until, site)
        if not shut:
            found += _outside_hours(session, wish.therapist_id, site, starts_at, ends_at)
    if wish.client_id is not None:
        found += _client_busy(session, wish, starts_at, ends_at, site)
    return found


def _closure(session: Session, site_id: int, local: datetime) -> str | None:
    return session.scalar(
        sa.select(Closure.name).where(
            Closure.site_id == site_id,
            Closure.starts_on <= local.date(),
            Closure.ends_on >= local.date(),
        )
    )


def _therapist_busy(
    session: Session, now: datetime, wish: Wish, starts_at: datetime, ends_at: datetime, site: Site
) -> list[str]:
    zone = walltime.zone(site.tz)
    said = []
    visits = session.execute(
        sa.select(
            Client.name.label("client"), Therapist.name.label("therapist"), Appointment.starts_at,
            Appointment.ends_at, OfferingOption.buffer_before_minutes, OfferingOption.buffer_after_minutes,
        )
        .join(Client, Client.id == Appointment.client_id)
        .join(Therapist, Therapist.id == Appointment.therapist_id)
        .join(OfferingOption, OfferingOption.id == Appointment.option_id)
        .where(
            Appointment.therapist_id == wish.therapist_id,
            Appointment.status.not_in(GONE),
            Appointment.entry_id.is_not(None),
            Appointment.entry_id != (wish.ignore_entry_id or 0),
            Appointment.starts_at < ends_at + _AROUND,
            Appointment.ends_at > starts_at - _AROUND,
        )
        .order_by(Appointment.starts_at)
    )  # fmt: skip
    for visit in visits:
        low = visit.starts_at - timedelta(minutes=visit.buffer_before_minutes)
        high = visit.ends_at + timedelta(minutes=visit.buffer_after_minutes)
        if low < ends_at and starts_at < high:
            at, until = (walltime.local(each, zone) for each in (visit.starts_at, visit.ends_at))
            said.append(f"{visit.client} is with {visit.therapist} from {at:%H:%M} to {until:%H:%M}.")
    held = session.execute(
        sa.select(Hold.starts_at, Hold.ends_at, Hold.expires_at).where(
            Hold.therapist_id == wish.therapist_id,
            Hold.status == HoldStatus.OPEN,
            Hold.entry_id.is_not(None),
            Hold.expires_at > now,
            Hold.starts_at < ends_at,
            Hold.ends_at > starts_at,
        )
    )
    for hold in held:
        at, until = (walltime.local(each, zone) for each in (hold.starts_at, hold.expires_at))
        said.append(f"A web visitor is taking {at:%H:%M}; it is held until {until:%H:%M}.")
    away = session.scalar(
        sa.select(TimeOff.id).where(
            TimeOff.therapist_id == wish.therapist_id,
            TimeOff.cancelled_at.is_(None),
            TimeOff.starts_at < ends_at,
            TimeOff.ends_at > starts_at,
        )
    )
    if away:
        said.append("The therapist is off then.")
    return said


def _outside_hours(
    session: Session, therapist_id: int, site: Site, starts_at: datetime, ends_at: datetime
) -> list[str]:
    local, until = (walltime.local(each, walltime.zone(site.tz)) for each in (starts_at, ends_at))
    day = local.date()
    hours = session.scalars(
        sa.select(WorkingHours).where(
            WorkingHours.therapist_id == therapist_id,
            WorkingHours.site_id == site.id,
            WorkingHours.weekday == day.weekday(),
            WorkingHours.valid_from_on <= day,
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= day),
        )
    ).all()
    name = session.scalar(sa.select(Therapist.name).where(Therapist.id == therapist_id)) or ""
    if not hours:
        return [f"{name} does not work at {site.name} that day."]
    first, last = local.hour * 60 + local.minute, until.hour * 60 + until.minute
    if until.date() > day:
        last += walltime.DAY_MINUTES
    around = [each for each in hours if each.opens <= first and last <= each.closes]
    if not around:
        spans = " and ".join(f"{_clock(each.opens)} to {_clock(each.closes)}" for each in hours)
        return [f"{name} works {spans} that day."]
    pauses = [pause for each in around for pause in each.breaks if pause.starts < last and first < pause.ends]
    return [f"{name} has a break from {_clock(pause.starts)} to {_clock(pause.ends)}." for pause in pauses]


def _client_busy(
    session: Session, wish: Wish, starts_at: datetime, ends_at: datetime, site: Site
) -> list[str]:
    zone = walltime.zone(site.tz)
    visits = session.execute(
        sa.select(Appointment.starts_at, Appointment.ends_at, Therapist.name)
        .join(Therapist, Therapist.id == Appointment.therapist_id)
        .where(
            Appointment.client_id == wish.client_id,
            Appointment.status.not_in(GONE),
            Appointment.entry_id.is_not(None),
            Appointment.entry_id != (wish.ignore_entry_id or 0),
            Appointment.starts_at < ends_at,
            Appointment.ends_at > starts_at,
        )
    )
    return [
        f"The client has an appointment with {visit.name} from "
        f"{walltime.local(visit.starts_at, zone):%H:%M} to {walltime.local(visit.ends_at, zone):%H:%M}."
        for visit in visits
    ]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
