"""The clinic's chores: what time alone makes untrue is put right. Each may run twice without harm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions, parties
from clinic.booking import services as booking
from clinic.booking.models import Appointment, Hold, Journey
from clinic.booking.statuses import HoldStatus
from clinic.intake.models import CallBack, CallBackStatus, Clearance, Intake
from clinic.roster import diary

INTAKE_KEPT = timedelta(days=2)
CLEARANCE_KEPT = timedelta(days=60)
DIARY_KEPT = timedelta(days=1)
AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Done:
    """How many of each were put right."""

    holds: int
    journeys: int
    intakes: int
    entries: int
    provisional: int

    @property
    def total(self) -> int:
        return self.holds + self.journeys + self.intakes + self.entries + self.provisional


def run(session: Session, now: datetime) -> Done:
    """Gives back lapsed holds and provisional times; sweeps ended journeys, lost answers and the past."""
    return Done(
        holds=booking.lapse_holds(session, now),
        journeys=sweep_journeys(session, now),
        intakes=sweep_intakes(session, now),
        provisional=decisions.lapse_provisional(session, now),
        entries=diary.sweep(session, now - DIARY_KEPT) + parties.tidy(session),
    )


def sweep_journeys(session: Session, now: datetime) -> int:
    """Deletes journeys whose time is over, with the details typed in them, and releases what they held."""
    over = session.scalars(
        sa.select(Journey)
        .where(Journey.expires_at <= now)
        .order_by(Journey.id)
        .limit(AT_MOST)
        .with_for_update(skip_locked=True)
    ).all()
    if over:
        parties.tidy_held(session)  # the rooms held for two, which go with the way of who began
    for journey in over:
        booking.release(session, journey.hold_id)
        session.delete(journey)
    session.flush()
    return len(over)


def sweep_intakes(session: Session, now: datetime) -> int:
    """Deletes answers older than two days that belong to nobody: no client, no way, no open call-back.

    Answers that somebody was asked to decide about stay for sixty days more than the last word on them.

    Holds that are over and call-backs that are done stay, and point to no answers any more.
    """
    wanted = session.scalars(
        sa.select(Intake.id)
        .where(
            Intake.client_id.is_(None),
            Intake.created_at < now - INTAKE_KEPT,
            ~sa.exists().where(Journey.intake_id == Intake.id),
            ~sa.exists().where(Appointment.intake_id == Intake.id),
            ~sa.exists().where(
                Hold.intake_id == Intake.id, Hold.status.in_((HoldStatus.OPEN, HoldStatus.CONFIRMED))
            ),
            ~sa.exists().where(CallBack.intake_id == Intake.id, CallBack.status == CallBackStatus.OPEN),
            ~sa.exists().where(
                Clearance.intake_id == Intake.id,
                sa.or_(
                    sa.func.coalesce(Clearance.decided_at, Clearance.waiting_since) > now - CLEARANCE_KEPT,
                    Clearance.expires_on >= now.date(),
                ),
            ),
        )
        .order_by(Intake.id)
        .limit(AT_MOST)
        .with_for_update(skip_locked=True)
    ).all()
    if not wanted:
        return 0
    for table in (Hold, CallBack):
        session.execute(
            sa.update(table)
            .where(table.intake_id.in_(wanted))
            .values(intake_id=None)
            .execution_options(synchronize_session=False)
        )
    session.execute(
        sa.delete(Intake).where(Intake.id.in_(wanted)).execution_options(synchronize_session=False)
    )
    return len(wanted)
