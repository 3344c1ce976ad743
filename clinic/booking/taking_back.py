"""Taking a cancellation back where two come together: the room for two has to be there for it."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import companions, services
from clinic.booking.models import Appointment, PartyMember, SharedRoom
from clinic.booking.statuses import Status
from clinic.kernel.errors import SlotTaken
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import DiarySpan, EntryKind, OwnerKind

ROOM_GONE = "Somebody else has the room for two by now."


def reactivate(
    session: Session, now: datetime, appointment_id: int, *, actor: str, version: int | None = None
) -> Appointment:
    """Takes a cancellation back as `services.reactivate` does; of two in one room, back into that room.

    While the other one comes, the room is taken for both already. Where it went back it is taken for two
    again, so that the other cancellation can be taken back too. SlotTaken says where the room is gone.
    Who comes along is told.
    """
    appointment = services.locked(session, appointment_id, version)
    if appointment.status is not Status.CANCELLED:
        return services.reactivate(session, now, appointment_id, actor=actor, version=version)
    shared = room_of_two(session, appointment)
    with session.begin_nested():
        if shared is not None:
            _take_room(session, now, appointment, shared)
        back = services.reactivate(session, now, appointment_id, actor=actor, shares_room=shared is not None)
    companions.tell_back(session, now, back)
    return back


def room_of_two(session: Session, appointment: Appointment) -> SharedRoom | None:
    """The room for two that the appointment was in, locked; None for whoever had a room alone.

    That may have been the same room at another time, where one of the two was moved.
    """
    shared = session.scalar(
        sa.select(SharedRoom)
        .join(PartyMember, PartyMember.party_id == SharedRoom.party_id)
        .where(PartyMember.appointment_id == appointment.id, SharedRoom.room_id == appointment.room_id)
        .with_for_update(of=SharedRoom)
        .execution_options(populate_existing=True)
    )
    return shared if shared is not None and _was_in(session, appointment, shared) else None


def _was_in(session: Session, appointment: Appointment, shared: SharedRoom) -> bool:
    """Whether it was in the room for both: the other one was too, or the room is still kept for then."""
    others = [each.appointment for each in shared.party.members if each.appointment_id != appointment.id]
    if any((o.starts_at, o.room_id) == (appointment.starts_at, appointment.room_id) for o in others):
        return True
    claim = Claim(OwnerKind.ROOM, appointment.room_id, appointment.starts_at, appointment.ends_at)
    return shared.entry_id is not None and _covers(session, shared.entry_id, claim)


def _take_room(session: Session, now: datetime, appointment: Appointment, shared: SharedRoom) -> None:
    """Lets the party's entry hold the room for as long as whoever comes at that start needs it."""
    start = appointment.starts_at
    claim = Claim(OwnerKind.ROOM, appointment.room_id, start, start + _needed(appointment, shared))
    if shared.entry_id is not None:
        if _covers(session, shared.entry_id, claim):
            return
        if _is_used(shared, appointment):
            raise SlotTaken(ROOM_GONE, who=OwnerKind.ROOM)
        diary.strike(session, shared.entry_id)
        shared.entry_id = None
    try:
        shared.entry_id = diary.enter(session, EntryKind.APPOINTMENT, [claim], now)
    except SlotTaken:
        raise SlotTaken(ROOM_GONE, who=OwnerKind.ROOM) from None
    session.flush()


def kept_room(session: Session, appointment: Appointment) -> SharedRoom | None:
    """The room for two that is taken for the appointment by its party, locked; None where it has its own."""
    shared = room_of_two(session, appointment)
    return shared if shared is not None and shared.entry_id is not None else None


def fit_room(session: Session, now: datetime, appointment: Appointment, shared: SharedRoom) -> None:
    """Keeps the party's room for as long as they need it now; SlotTaken where somebody else has it then."""
    start = appointment.starts_at
    claim = Claim(OwnerKind.ROOM, shared.room_id, start, start + _needed(appointment, shared))
    if shared.entry_id is not None:
        diary.move(session, shared.entry_id, [claim], now)


def _needed(appointment: Appointment, shared: SharedRoom) -> timedelta:
    """The longest of those who came at that start, with the turnover after it."""
    return max(
        each.ends_at - each.starts_at + timedelta(minutes=each.option.turnover_minutes)
        for each in (member.appointment for member in shared.party.members)
        if each.starts_at == appointment.starts_at
    )


def _covers(session: Session, entry_id: int, claim: Claim) -> bool:
    """Whether an entry has the room for all of a claim."""
    ticks = claim.ticks()
    covering = sa.select(DiarySpan.entry_id).where(
        DiarySpan.entry_id == entry_id,
        DiarySpan.kind == claim.kind,
        DiarySpan.owner_id == claim.owner_id,
        DiarySpan.from_tick <= ticks.start,
        DiarySpan.to_tick >= ticks.stop,
    )
    return session.scalar(covering) is not None


def _is_used(shared: SharedRoom, appointment: Appointment) -> bool:
    """Whether somebody else of the party is expected in the room."""
    return any(
        each.id != appointment.id and each.entry_id is not None and each.room_id == shared.room_id
        for each in (member.appointment for member in shared.party.members)
    )
