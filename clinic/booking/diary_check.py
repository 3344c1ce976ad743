"""Whether the diary and what owns its entries say the same; and putting right what can be.

The database's key keeps squares from being written twice. This looks for what no key can know: entries
nobody owns, owners whose entry is gone, and spans that differ from the squares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import room_for_two
from clinic.booking.lifecycle import LIVE
from clinic.booking.models import Appointment, Hold, JourneyPair, SharedRoom
from clinic.booking.slots import Slot
from clinic.booking.statuses import HoldStatus
from clinic.kernel.errors import SlotTaken
from clinic.roster import diary
from clinic.roster.hands import effort_of
from clinic.roster.models import (
    DiaryEntry,
    DiarySpan,
    EntryKind,
    Maintenance,
    SlotClaim,
    TimeOff,
)

PAST_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: 'ownerless', 'missing' or 'uneven', with the number of what it is about."""

    kind: str
    number: int
    sentence: str


Progress = Callable[[int, int], None]


def look(session: Session, now: datetime, progress: Progress = lambda _done, _all: None) -> list[Fault]:
    """Every fault of the diary from yesterday on."""
    parts = (_ownerless(session), _missing(session, now), _uneven(session))
    found: list[Fault] = []
    for number, part in enumerate(parts, 1):
        found.extend(part)
        progress(number, len(parts))
    return found


def repair(session: Session, now: datetime, faults: list[Fault]) -> list[Fault]:
    """Puts right what can be; gives back what a person must decide (two who want one time)."""
    left = []
    for fault in faults:
        if fault.kind == "missing":
            if not _enter_again(session, now, fault.number):
                left.append(fault)
        elif fault.kind == "ownerless":
            diary.strike(session, fault.number)
        else:
            diary.redraw(session, fault.number)
    session.flush()
    return left


def _owners() -> sa.CompoundSelect[tuple[int]]:
    return sa.union_all(
        sa.select(Hold.entry_id).where(Hold.entry_id.is_not(None), Hold.status == HoldStatus.OPEN),
        sa.select(Appointment.entry_id).where(
            Appointment.entry_id.is_not(None), Appointment.status.in_(LIVE)
        ),
        sa.select(SharedRoom.entry_id).where(SharedRoom.entry_id.is_not(None)),
        sa.select(JourneyPair.entry_id).where(JourneyPair.entry_id.is_not(None)),
        sa.select(TimeOff.entry_id).where(TimeOff.entry_id.is_not(None), TimeOff.cancelled_at.is_(None)),
        sa.select(Maintenance.entry_id).where(
            Maintenance.entry_id.is_not(None), Maintenance.cancelled_at.is_(None)
        ),
    )


def _ownerless(session: Session) -> Iterator[Fault]:
    for number in session.scalars(
        sa.select(DiaryEntry.id).where(DiaryEntry.id.not_in(_owners())).order_by(DiaryEntry.id)
    ):
        yield Fault("ownerless", number, f"Entry {number} takes time that nobody owns.")


def _missing(session: Session, now: datetime) -> Iterator[Fault]:
    """Live appointments that do not stand in the diary: someone else could take their time."""
    rows = session.execute(
        sa.select(Appointment.id, Appointment.reference)
        .where(
            Appointment.status.in_(LIVE),
            Appointment.entry_id.is_(None),
            Appointment.ends_at > now - PAST_KEPT,
            # A provisional time whose waiting is over has been given back, and is about to be marked so.
            sa.or_(Appointment.lapses_at.is_(None), Appointment.lapses_at > now),
        )
        .order_by(Appointment.id)
    )
    for number, reference in rows:
        yield Fault("missing", number, f"Appointment {reference} does not stand in the diary.")


def _uneven(session: Session) -> Iterator[Fault]:
    """Entries whose squares are more or fewer than their spans say."""
    drawn = (
        sa.select(DiarySpan.entry_id, sa.func.sum(DiarySpan.to_tick - DiarySpan.from_tick).label("squares"))
        .group_by(DiarySpan.entry_id)
        .subquery()
    )
    written = (
        sa.select(SlotClaim.entry_id, sa.func.count().label("squares"))
        .group_by(SlotClaim.entry_id)
        .subquery()
    )
    rows = session.scalars(
        sa.select(DiaryEntry.id)
        .outerjoin(drawn, drawn.c.entry_id == DiaryEntry.id)
        .outerjoin(written, written.c.entry_id == DiaryEntry.id)
        .where(sa.func.coalesce(drawn.c.squares, 0) != sa.func.coalesce(written.c.squares, 0))
        .order_by(DiaryEntry.id)
    )
    for number in rows:
        yield Fault("uneven", number, f"Entry {number} has more or fewer squares than it says.")


def _enter_again(session: Session, now: datetime, appointment_id: int) -> bool:
    appointment = session.get_one(Appointment, appointment_id, with_for_update=True)
    slot = Slot(appointment.starts_at, appointment.therapist_id, appointment.room_id)
    shared = room_for_two.kept_room(session, appointment)
    claims = room_for_two.claims_beside(
        appointment.option, slot, appointment.ends_at, appointment.client_id, shared
    )
    try:
        appointment.entry_id = diary.enter(
            session,
            EntryKind.APPOINTMENT,
            claims,
            now,
            expires_at=appointment.lapses_at,
            effort=effort_of(appointment.option),
        )
    except SlotTaken:
        return False
    return True
