"""A therapist holds an intake that the rules let pass: upwards anybody may, downwards only a decision."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions
from clinic.booking.models import Appointment
from clinic.booking.screening import BOOKABLE
from clinic.booking.statuses import Status
from clinic.intake import clearances, ledger
from clinic.intake.ledger import Grounds, Signed
from clinic.intake.level import Level, Releaser
from clinic.intake.models import Clearance, DecisionKind, Intake
from clinic.kernel import signs
from clinic.kernel.errors import BadInput, NotFound, WrongState
from clinic.people.models import Client
from clinic.roster.models import Site, Therapist


def hold_session(
    session: Session, now: datetime, reference: str, therapist: Therapist, reason: str, *, actor: str
) -> Clearance:
    """Holds the answers that a therapist's own session rests on. NotFound for a colleague's session."""
    appointment = session.scalar(
        sa.select(Appointment).where(
            Appointment.reference == reference, Appointment.therapist_id == therapist.id
        )
    )
    if appointment is None or appointment.intake is None:
        raise NotFound()
    return hold_back(
        session,
        now,
        appointment.intake,
        appointment.client,
        appointment.site,
        reason,
        actor=actor,
        signed=Signed(therapist.name, "therapist", therapist.registration),
    )


def hold_back(
    session: Session,
    now: datetime,
    intake: Intake,
    client: Client,
    site: Site,
    reason: str,
    *,
    actor: str,
    signed: Signed,
) -> Clearance:
    """Holds an intake for a decision, opens the request, and lets its coming appointments wait.

    BadInput without a reason (field 'reason'), WrongState for what is held or stopped already. The client
    is told that the time is kept; the reason stays, encrypted, in the ledger.
    """
    if not reason.strip():
        raise BadInput("Write down why.", "reason")
    signs.check(reason, "reason")
    if intake.level not in BOOKABLE:
        raise WrongState("These answers are held already.")
    intake.level, intake.release_by = Level.CLEARANCE, Releaser.THERAPIST
    intake.cleared_until_on = None
    grounds = Grounds(reason=reason.strip(), signed=signed)
    ledger.write(session, now, intake, DecisionKind.HELD, actor=actor, grounds=grounds)
    contact = decisions.contact_of(client, site)
    coming = session.scalars(
        sa.select(Appointment)
        .where(
            Appointment.intake_id == intake.id,
            Appointment.status == Status.BOOKED,
            Appointment.starts_at > now,
        )
        .order_by(Appointment.id)
        .with_for_update()
    ).all()
    if not coming:
        return decisions.ask(session, now, intake, contact, site, actor=actor)
    found = clearances.ask(
        session,
        now,
        intake,
        contact,
        site_id=site.id,
        within_hours=site.decide_within_hours,
        actor=actor,
    )
    for appointment in coming:
        decisions.reopen(session, now, appointment, actor=actor)
    return found
