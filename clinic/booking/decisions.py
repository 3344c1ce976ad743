"""What a decision about an intake does to appointments: they are confirmed, given back, or wait again.

Services: they take `session` and `now` and leave the commit to whoever called.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import companions, lifecycle, messages, parties, screening, services
from clinic.booking.models import Appointment
from clinic.booking.provisional_times import is_over
from clinic.booking.statuses import Status
from clinic.intake import clearances, ledger
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.level import Level, Releaser
from clinic.intake.models import Clearance, ClearanceStatus, DecisionKind, Intake
from clinic.kernel.errors import BadInput, Excluded, NotCleared
from clinic.people.models import Client
from clinic.roster import diary
from clinic.roster.models import Site

SYSTEM = "system"
NOT_DECIDED = "not decided in time"
NOT_CLEARED = "not cleared"


def ask(
    session: Session,
    now: datetime,
    intake: Intake,
    contact: Contact,
    site: Site,
    *,
    actor: str = ledger.CLIENT,
) -> Clearance:
    """Opens the request for a held intake at a site and owes the client a mail with the way back to it."""
    found = clearances.ask(
        session,
        now,
        intake,
        contact,
        site_id=site.id,
        within_hours=site.decide_within_hours,
        actor=actor,
    )
    messages.tell_clearance(session, now, "clearance_asked", found, site)
    return found


def decide(
    session: Session,
    now: datetime,
    clearance_id: int,
    ruling: Ruling,
    *,
    actor: str,
    power: Releaser,
    version: int | None = None,
) -> Clearance:
    """Keeps a person's decision, settles the times that waited for it, and tells the client.

    Refuses as `clearances.decide` does. A yes makes provisional appointments booked where the session goes
    with its limits; a no gives their time back; a question leaves them waiting. Decided anew, what an earlier
    yes had booked is given back by a no, and waits again where it may not stand by the new word.
    """
    about = session.execute(
        sa.select(Clearance.intake_id, Site).join(Site).where(Clearance.id == clearance_id)
    ).one_or_none()
    today = services.day_at(about.Site, now) if about else now.date()
    if about is not None:  # appointments before the request about them, as where answers are renewed
        _resting(session, now, about.intake_id)
    found = clearances.decide(
        session, now, clearance_id, ruling, actor=actor, power=power, today=today, version=version
    )
    settled = _settle(session, now, found, actor)
    if found.status is ClearanceStatus.REFUSED:
        messages.tell_clearance(session, now, "clearance_no", found, session.get_one(Site, found.site_id))
    elif found.status is ClearanceStatus.MORE_NEEDED:
        messages.tell_clearance(session, now, "clearance_more", found, session.get_one(Site, found.site_id))
    elif not settled:
        messages.tell_clearance(session, now, "clearance_yes", found, session.get_one(Site, found.site_id))
    return found


def _settle(session: Session, now: datetime, clearance: Clearance, actor: str) -> list[Appointment]:
    """Settles what rests on a decided intake; gives the appointments that are booked by it."""
    booked = []
    for appointment in _resting(session, now, clearance.intake_id):
        if clearance.status is ClearanceStatus.REFUSED:
            _give_back(session, now, appointment, actor, Status.CANCELLED, NOT_CLEARED)
        elif appointment.status is Status.BOOKED:
            if not _may_stand(appointment):
                reopen(session, now, appointment, actor=actor)
        elif clearance.status is ClearanceStatus.MORE_NEEDED:
            continue
        elif is_over(appointment.lapses_at, now):
            lapse(session, now, appointment)
        elif _may_stand(appointment):
            stand(session, now, appointment, actor=actor)
            booked.append(appointment)
    return booked


def _resting(session: Session, now: datetime, intake_id: int) -> Sequence[Appointment]:
    """What waits for a decision about an intake, and what is still to come by an earlier one; locked."""
    return session.scalars(
        sa.select(Appointment)
        .where(
            Appointment.intake_id == intake_id,
            sa.or_(
                Appointment.status == Status.PROVISIONAL,
                sa.and_(Appointment.status == Status.BOOKED, Appointment.starts_at > now),
            ),
        )
        .order_by(Appointment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _may_stand(appointment: Appointment) -> bool:
    day = services.day_at(appointment.site, appointment.starts_at)
    try:
        screening.check_allowed(appointment.intake, appointment.option, day)
    except (NotCleared, Excluded):
        return False
    return True


def stand(session: Session, now: datetime, appointment: Appointment, *, actor: str) -> None:
    """Makes a provisional appointment booked, and tells the client. Its time is its own already."""
    if appointment.entry_id is None or not diary.keep_until(session, appointment.entry_id, None):
        lapse(session, now, appointment)
        return
    appointment.status, appointment.lapses_at = Status.BOOKED, None
    appointment.sequence += 1
    services.note(session, now, appointment, actor, "confirmed")
    messages.tell(session, now, "booked", appointment)


def lapse(session: Session, now: datetime, appointment: Appointment) -> None:
    """Gives back a provisional time about which nobody decided, and tells the client."""
    _give_back(session, now, appointment, SYSTEM, Status.LAPSED, NOT_DECIDED)


def _give_back(
    session: Session, now: datetime, appointment: Appointment, actor: str, status: Status, why: str
) -> None:
    other = parties.companion(session, appointment.id)
    diary.strike(session, appointment.entry_id)
    appointment.entry_id = appointment.lapses_at = None
    appointment.status = status
    appointment.cancel_reason = why
    appointment.sequence += 1
    services.note(session, now, appointment, actor, status.value, why)
    messages.tell(session, now, "lapsed" if status is Status.LAPSED else "cancelled", appointment)
    if other is not None:
        companions.tell_other(session, now, appointment, other, companions.What.CANCELLED)


def lapse_provisional(session: Session, now: datetime, at_most: int = 200) -> int:
    """Gives back the provisional times whose waiting is over; says how many."""
    over = session.scalars(
        sa.select(Appointment)
        .where(Appointment.status == Status.PROVISIONAL, Appointment.lapses_at <= now)
        .order_by(Appointment.id)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    ).all()
    for appointment in over:
        lapse(session, now, appointment)
    return len(over)


# --- when an answer changes --------------------------------------------------------------------------


def renew(session: Session, now: datetime, client: Client, intake: Intake) -> list[Appointment]:
    """Lets a client's coming appointments rest on new answers; gives those that became provisional.

    What the answers no longer let stand becomes provisional, with its time kept; the client is told and so
    is the clinic, and somebody is asked to decide. What waited and may stand now is booked.
    """
    coming = session.scalars(
        sa.select(Appointment)
        .where(
            Appointment.client_id == client.id,
            Appointment.status.in_((Status.BOOKED, Status.PROVISIONAL)),
            Appointment.starts_at > now,
            sa.or_(Appointment.intake_id.is_(None), Appointment.intake_id != intake.id),
        )
        .order_by(Appointment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    reopened = []
    for appointment in coming:
        appointment.intake = intake
        if _may_stand(appointment):
            if appointment.status is Status.PROVISIONAL and not is_over(appointment.lapses_at, now):
                stand(session, now, appointment, actor=ledger.RULES)
        elif appointment.status is Status.BOOKED:
            reopen(session, now, appointment, actor=ledger.RULES)
            reopened.append(appointment)
    clearances.supersede(session, now, client.id, intake)
    session.flush()
    return reopened


def reopen(session: Session, now: datetime, appointment: Appointment, *, actor: str) -> None:
    """Makes a booked appointment wait again, its time kept until somebody decides; both sides are told."""
    lifecycle.check(appointment.status, Status.PROVISIONAL)
    appointment.status = Status.PROVISIONAL
    appointment.sequence += 1
    services.note(session, now, appointment, actor, "reopened")
    intake = appointment.intake
    if intake is not None:
        ledger.write(
            session,
            now,
            intake,
            DecisionKind.REOPENED,
            actor=actor,
            grounds=ledger.Grounds(appointment_id=appointment.id),
        )
        ask_for(session, now, appointment, intake, actor=actor)
    messages.tell(session, now, "reopened", appointment)
    messages.tell_clinic(session, now, appointment)


def ask_for(
    session: Session, now: datetime, appointment: Appointment, intake: Intake, *, actor: str = ledger.CLIENT
) -> None:
    """Somebody is asked to decide about what holds an appointment, unless that is so or they have decided."""
    found = intake.clearance
    if intake.level is not Level.CLEARANCE or intake.cleared_until_on is not None:
        return
    if found is not None and found.status is not ClearanceStatus.ENDED:
        return
    clearances.ask(
        session,
        now,
        intake,
        contact_of(appointment.client, appointment.site),
        site_id=appointment.site_id,
        within_hours=appointment.site.decide_within_hours,
        actor=actor,
    )


def contact_of(client: Client, site: Site) -> Contact:
    """How a client is reached; by way of the site where they left neither address nor telephone."""
    return Contact(client.name, client.email, client.phone or (None if client.email else site.phone))


def decline(
    session: Session,
    now: datetime,
    appointment: Appointment,
    *,
    actor: str,
    reason: str,
    signed: ledger.Signed,
) -> None:
    """A therapist declines a session on the day; the reason goes, encrypted, into the ledger."""
    if not reason.strip():
        raise BadInput("Write down why.", "reason")
    if appointment.intake is not None:
        grounds = ledger.Grounds(reason=reason, signed=signed, appointment_id=appointment.id)
        ledger.write(session, now, appointment.intake, DecisionKind.DECLINED, actor=actor, grounds=grounds)
    companions.cancel(session, now, appointment.id, actor=actor, reason="declined by the therapist")
