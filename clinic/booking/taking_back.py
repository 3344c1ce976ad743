"""Taking a cancellation back where two come together: the room for two has to be there for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from clinic.booking import companions, room_for_two, services
from clinic.booking.models import Appointment, SharedRoom
from clinic.booking.statuses import Status
from clinic.kernel.errors import SlotTaken
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import EntryKind, OwnerKind

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
    shared = room_for_two.room_of_two(session, appointment)
    with session.begin_nested():
        if shared is not None:
            _take_room(session, now, appointment, shared)
        back = services.reactivate(session, now, appointment_id, actor=actor, shares_room=shared is not None)
    companions.tell_back(session, now, back)
    return back


def _take_room(session: Session, now: datetime, appointment: Appointment, shared: SharedRoom) -> None:
    """Lets the party's entry hold the room for as long as whoever comes at that start needs it."""
    start = appointment.starts_at
    claim = Claim(
        OwnerKind.ROOM, appointment.room_id, start, start + room_for_two.needed(appointment, shared)
    )
    if shared.entry_id is not None:
        if room_for_two.covers(session, shared.entry_id, claim):
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


def _is_used(shared: SharedRoom, appointment: Appointment) -> bool:
    """Whether somebody else of the party is expected in the room."""
    return any(
        each.id != appointment.id and each.entry_id is not None and each.room_id == shared.room_id
        for each in (member.appointment for member in shared.party.members)
    )
