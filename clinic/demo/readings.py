"""How past sessions went: pain before and after, as the therapists would have noted it."""

from __future__ import annotations

from datetime import datetime
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.care.models import SessionOutcome
from clinic.care.outcomes import WORST
from clinic.roster.models import Therapist

_ASKED = 0.8
_FORGOTTEN_AFTER = 0.08
_EASES_BY = (-1, 0, 1, 1, 2, 2, 3)
_BETWEEN = (-1, -1, 0, 0, 0, 1)


def add_readings(session: Session, dice: Random, now: datetime) -> int:
    """Notes most sessions that were given, each client on a way of their own; says how many."""
    given = session.execute(
        sa.select(Appointment.id, Appointment.client_id, Appointment.ends_at, Therapist.user_id)
        .join(Therapist, Therapist.id == Appointment.therapist_id)
        .where(Appointment.status == Status.FULFILLED)
        .order_by(Appointment.starts_at, Appointment.id)
    )
    pain: dict[int, int] = {}
    made = []
    for row in given:
        before = _within(pain.get(row.client_id, dice.randint(3, 7)) + dice.choice(_BETWEEN))
        after = _within(before - dice.choice(_EASES_BY))
        pain[row.client_id] = before
        if dice.random() < _ASKED:
            is_forgotten = dice.random() < _FORGOTTEN_AFTER
            made.append(
                SessionOutcome(
                    appointment_id=row.id,
                    pain_before=str(before),
                    pain_after=None if is_forgotten else str(after),
                    noted_at=min(row.ends_at, now),
                    actor=f"user:{row.user_id}" if row.user_id else "system",
                )
            )
    session.add_all(made)
    session.flush()
    return len(made)


def _within(pain: int) -> int:
    return max(0, min(WORST, pain))
