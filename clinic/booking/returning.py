"""Somebody who is back: a journey begun from their last answers, and what new answers do to what is booked.

Services: they take `session` and `now` and leave the commit to whoever called.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions, services
from clinic.booking.kept import LIFETIME, Back, Details, back_of, client_id_of, digest, keep
from clinic.booking.models import Appointment, Journey
from clinic.booking.screening import check_allowed
from clinic.booking.statuses import Status
from clinic.catalog.models import OfferingOption
from clinic.intake import ledger
from clinic.intake import returning as intakes
from clinic.intake.models import Intake
from clinic.kernel.errors import Excluded, NotCleared, WrongState
from clinic.people import services as people
from clinic.people.models import Client

_COMING = (Status.BOOKED, Status.PROVISIONAL)


def begin(
    session: Session, now: datetime, token: str, appointment: Appointment, *, tells_changes: bool, clinic: str
) -> Journey:
    """A journey for the client of an appointment, with the short form: what holds is carried over.

    WrongState where there is nothing to carry over: the first question comes first then.
    """
    client = appointment.client
    before = intakes.newest_of(session, client.id)
    if before is None:
        raise WrongState("The questions have to be asked from the start.")
    made = Journey(
        token_digest=digest(token),
        intake=intakes.begin_again(session, now, before, {}, clinic=clinic),
        created_at=now,
        expires_at=now + LIFETIME,
        outcome_seen=False,
    )
    back = Back(
        client_id=client.id,
        appointment_id=appointment.id,
        tells_changes=tells_changes,
        was_here=was_here(session, client.id),
        option_id=appointment.option_id,
    )
    keep(made, back=asdict(back))
    if client.email and client.phone:
        details = Details(client.name, client.email, client.phone, client.wants_reminders)
        keep(made, details=asdict(details))
    session.add(made)
    session.flush()
    return made


def was_here(session: Session, client_id: int | None) -> bool:
    """Whether a session was ever given to this client."""
    if client_id is None:
        return False
    return bool(
        session.scalar(
            sa.select(Appointment.id)
            .where(Appointment.client_id == client_id, Appointment.status == Status.FULFILLED)
            .limit(1)
        )
    )


def suggest_the_same(session: Session, now: datetime, journey: Journey) -> None:
    """Chooses the session they had, where it may still be had and nothing else is chosen yet."""
    back = back_of(journey)
    option = session.get(OfferingOption, back.option_id) if back and journey.option_id is None else None
    if option is None or not option.is_active or not option.offering.is_active:
        return
    try:
        check_allowed(journey.intake, option, now.date(), provisionally=journey.is_provisional)
    except (Excluded, NotCleared):
        return
    journey.option = option


def client_of(session: Session, journey: Journey, details: Details | None = None) -> Client | None:
    """The client who is back, with the telephone and the wish for reminders that were typed; else None."""
    back = back_of(journey)
    client = session.get(Client, back.client_id) if back else None
    if client is None or client.erased_at is not None:
        return None
    if details is not None:
        client.email = client.email or details.email
        client.phone, client.wants_reminders = details.phone, details.wants_reminders
    return client


def as_known(session: Session, journey: Journey, details: Details) -> Details:
    """What was typed, with the name and e-mail of who is back: no link makes anybody somebody else."""
    client = client_of(session, journey)
    if client is None:
        return details
    return replace(details, name=client.name, email=client.email or details.email)


# --- what new answers do to what is booked -----------------------------------------------------------


def make_theirs(session: Session, now: datetime, journey: Journey) -> list[Appointment]:
    """Lets what a known client has booked rest on the answers just judged; gives what must wait now.

    At once and not first when they book again: who must not come at all will never book. Where nothing is
    booked the answers stay nobody's until something is, and go as all answers do that lead to nothing.
    """
    client_id, intake = client_id_of(journey), journey.intake
    client = session.get(Client, client_id) if client_id is not None else None
    if client is None or intake is None or client.erased_at is not None:
        return []
    intakes.keep_hold(session, now, intake)
    reopened = decisions.renew(session, now, client, intake)
    rests = sa.select(Appointment).where(Appointment.intake_id == intake.id).order_by(Appointment.id).limit(1)
    first = session.scalar(rests)
    if first is not None:
        decisions.ask_for(session, now, first, intake)
        belong_to(session, intake, client)
    return reopened


def belong_to(session: Session, intake: Intake, client: Client) -> None:
    """Makes answers, and the consent that goes with them, the client's own."""
    intake.client_id = client.id
    people.name_consents(session, intake_id=intake.id, client_id=client.id)
    session.flush()


def reopen_worse(session: Session, now: datetime, client: Client, intake: Intake) -> list[Appointment]:
    """Makes what a client has booked wait where the answers that a new booking came with do not let it stand.

    Whoever books by name and address alone has not shown that they are that client: such answers may make
    things stricter, and never take a limit away or settle what waits.
    """
    coming = session.scalars(
        sa.select(Appointment)
        .where(
            Appointment.client_id == client.id,
            Appointment.status == Status.BOOKED,
            Appointment.starts_at > now,
            sa.or_(Appointment.intake_id.is_(None), Appointment.intake_id != intake.id),
        )
        .order_by(Appointment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    worse = [each for each in coming if not _would_stand(each, intake)]
    for appointment in worse:
        appointment.intake = intake
        decisions.reopen(session, now, appointment, actor=ledger.RULES)
    session.flush()
    return worse


def _would_stand(appointment: Appointment, intake: Intake) -> bool:
    day = services.day_at(appointment.site, appointment.starts_at)
    try:
        check_allowed(intake, appointment.option, day)
    except (NotCleared, Excluded):
        return False
    return True


def coming_of(session: Session, now: datetime, client_id: int) -> list[Appointment]:
    """What a client has booked or has had kept, soonest first."""
    return list(
        session.scalars(
            sa.select(Appointment)
            .where(
                Appointment.client_id == client_id,
                Appointment.status.in_(_COMING),
                Appointment.starts_at > now,
            )
            .order_by(Appointment.starts_at, Appointment.id)
        )
    )
