"""What a therapist writes about a session: for now, that it was given."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import services as booking
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.care.day_check import not_to_be_given
from clinic.care.sheets import may_finish
from clinic.kernel.errors import NotCleared, NotFound, Stale, WrongState


def finish(
    session: Session,
    now: datetime,
    reference: str,
    therapist_id: int,
    *,
    actor: str,
    version: int | None = None,
) -> Appointment:
    """Marks a therapist's own session as given; also checks in a client whom nobody did.

    NotFound for another's session, Stale when it changed meanwhile, WrongState before it has begun or when
    it was called off or missed, NotCleared while its answers do not let it be given on its day. Asked again,
    it gives the same appointment.
    """
    appointment = session.scalar(
        sa.select(Appointment)
        .where(Appointment.reference == reference, Appointment.therapist_id == therapist_id)
        .with_for_update()
    )
    if appointment is None:
        raise NotFound()
    if appointment.status is Status.FULFILLED:
        return appointment
    if version is not None and appointment.version != version:
        raise Stale()
    if not may_finish(appointment.status, appointment.starts_at, now):
        raise WrongState("A session can be marked as done once it has begun, and not when it was called off.")
    if not_to_be_given(appointment):
        raise NotCleared("This session waits for a decision. It cannot be given until then.")
    if appointment.status is Status.BOOKED:
        booking.set_status(session, now, appointment.id, Status.CHECKED_IN, actor=actor)
    return booking.set_status(session, now, appointment.id, Status.FULFILLED, actor=actor)
