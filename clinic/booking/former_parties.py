"""Whom somebody came with before: left behind when they come with somebody else.

Two who were moved apart, or of whom one does not come any more, are still a party, so that they may come
together again. Whoever comes with another one belongs to that party alone, and a room for two in which nobody
is expected then goes back.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import lifecycle
from clinic.booking.models import Appointment, Party, PartyMember, SharedRoom
from clinic.kernel.ticks import tick_of
from clinic.roster import diary
from clinic.roster.models import DiarySpan


def rooms_of(session: Session, leaving: Sequence[int], *, only_look: bool = False) -> list[SharedRoom]:
    """The rooms for two that nobody would need if these appointments left their parties.

    They are locked, unless it is `only_look`: who takes a cancellation back locks that room too, so it is
    settled whether they are expected in it.
    """
    theirs = (
        sa.select(SharedRoom)
        .join(PartyMember, PartyMember.party_id == SharedRoom.party_id)
        .where(PartyMember.appointment_id.in_(leaving))
        .order_by(SharedRoom.id)
        .execution_options(populate_existing=True)
    )
    rooms = session.scalars(theirs if only_look else theirs.with_for_update(of=SharedRoom)).unique()
    return [each for each in rooms if each.entry_id is not None and not _is_needed(session, each, leaving)]


def _is_needed(session: Session, shared: SharedRoom, leaving: Sequence[int]) -> bool:
    """Whether somebody else of the party is expected in the room."""
    begins = session.scalar(sa.select(DiarySpan.from_tick).where(DiarySpan.entry_id == shared.entry_id))
    others = session.scalars(
        sa.select(Appointment.starts_at)
        .join(PartyMember, PartyMember.appointment_id == Appointment.id)
        .where(
            PartyMember.party_id == shared.party_id,
            Appointment.id.not_in(leaving),
            Appointment.room_id == shared.room_id,
            Appointment.status.in_(lifecycle.LIVE),
        )
    )
    return any(tick_of(starts_at) == begins for starts_at in others)


def leave(session: Session, leaving: Sequence[int], rooms: Sequence[SharedRoom]) -> None:
    """Takes these appointments out of the parties they belong to, and gives those `rooms_of` them back."""
    for room in rooms:
        diary.strike(session, room.entry_id)
        room.entry_id = None
    parties = session.scalars(
        sa.select(Party).join(Party.members).where(PartyMember.appointment_id.in_(leaving))
    ).all()
    for number in leaving:
        member = session.get(PartyMember, number)
        if member is not None:
            session.delete(member)
    session.flush()
    for party in parties:
        session.expire(party, ["members"])
