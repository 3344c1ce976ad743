"""Who comes together with whom, as it stands now; and the room for two, given back once nobody needs it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import lifecycle
from clinic.booking.models import Appointment, JourneyPair, Party, PartyMember, SharedRoom
from clinic.booking.statuses import HoldStatus
from clinic.kernel.ticks import tick_of
from clinic.roster import diary
from clinic.roster.models import DiarySpan


def party_of(session: Session, appointment_id: int) -> Party | None:
    """The party an appointment belongs to while both of it still come, or None."""
    member = session.get(PartyMember, appointment_id)
    if member is None or len(coming(member.party)) < 2:
        return None
    return member.party


def coming(party: Party) -> list[Appointment]:
    """The appointments of a party that still stand."""
    return [each.appointment for each in party.members if each.appointment.status in lifecycle.LIVE]


def companion(session: Session, appointment_id: int) -> Appointment | None:
    """Who comes together with an appointment, at the same start."""
    party = party_of(session, appointment_id)
    if party is None:
        return None
    both = coming(party)
    here = next((each for each in both if each.id == appointment_id), None)
    other = next((each for each in both if each.id != appointment_id), None)
    return other if here is not None and other is not None and here.starts_at == other.starts_at else None


def is_one_room(party: Party) -> bool:
    """Whether they have one room for two."""
    return party.shared_room is not None and party.shared_room.entry_id is not None


def entries_of(party: Party) -> list[int]:
    """The diary entries of a party: both appointments' and the room's."""
    owned = [each.entry_id for each in coming(party)]
    owned.append(party.shared_room.entry_id if party.shared_room is not None else None)
    return [entry_id for entry_id in owned if entry_id is not None]


def tidy(session: Session) -> int:
    """Gives back the rooms for two in which nobody of the party is expected any more; says how many."""
    rows = session.execute(
        sa.select(SharedRoom, DiarySpan.from_tick)
        .join(DiarySpan, DiarySpan.entry_id == SharedRoom.entry_id)
        .order_by(SharedRoom.id)
        .with_for_update(of=SharedRoom, skip_locked=True)  # who takes a cancellation back needs it
        .execution_options(populate_existing=True)
    ).all()
    given_back = tidy_held(session)
    for shared, from_tick in rows:
        expected = [each for each in coming(shared.party) if each.room_id == shared.room_id]
        if any(tick_of(each.starts_at) == from_tick for each in expected):
            continue
        diary.strike(session, shared.entry_id)
        shared.entry_id = None
        given_back += 1
    session.flush()
    return given_back


def tidy_held(session: Session) -> int:
    """Gives back the rooms that were held for two whose hold is over; says how many."""
    held = (
        sa.select(JourneyPair)
        .where(JourneyPair.entry_id.is_not(None))
        .order_by(JourneyPair.id)
        .with_for_update(skip_locked=True)  # who books at this moment gives the room to the party
        .execution_options(populate_existing=True)
    )
    over = [each for each in session.scalars(held) if not _are_held(each)]
    for pair in over:
        diary.strike(session, pair.entry_id)
        pair.entry_id = None
    return len(over)


def _are_held(pair: JourneyPair) -> bool:
    holds = [each.hold for each in (pair.first, pair.second) if each is not None]
    return bool(holds) and all(each is not None and each.status is HoldStatus.OPEN for each in holds)
