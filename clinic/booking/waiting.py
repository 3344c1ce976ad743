"""Going on while somebody decides, from the link of a request: a new way, to have a time kept meanwhile.

Services; the commit is left to whoever called.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.journeys import digest
from clinic.booking.models import Appointment, Journey
from clinic.booking.screening import waits
from clinic.booking.statuses import Status
from clinic.intake.models import Intake
from clinic.kernel.errors import Stale

LIFETIME = timedelta(hours=24)


def is_kept(session: Session, intake: Intake) -> bool:
    """Whether a time is kept for these answers already."""
    wanted = sa.select(Appointment.id).where(
        Appointment.intake_id == intake.id, Appointment.status == Status.PROVISIONAL
    )
    return session.scalar(wanted.limit(1)) is not None


def go_on_waiting(session: Session, now: datetime, token: str, intake: Intake) -> Journey:
    """A new journey for answers that wait for a decision, at the choice of a session.

    Stale where they do not wait, or a time is kept already: one for each request.
    """
    if not waits(intake) or is_kept(session, intake):
        raise Stale()
    journey = Journey(
        token_digest=digest(token),
        intake=intake,
        created_at=now,
        expires_at=now + LIFETIME,
        outcome_seen=True,
        is_provisional=True,
    )
    session.add(journey)
    session.flush()
    return journey
