"""The room that a party has for two: whose it is, who fits into it, and for how long it is kept.

Its squares belong to an entry of the party (`SharedRoom`), and to neither appointment.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import services, slots, supposing
from clinic.booking.models import Appointment, PartyMember, SharedRoom
from clinic.booking.slots import Slot
from clinic.booking.taking import claims_of
from clinic.catalog.models import OfferingOption
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import DiarySpan, EntryKind, OwnerKind


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


def kept_room(session: Session, appointment: Appointment) -> SharedRoom | None:
    """The room for two that is taken for the appointment by its party, locked; None where it has its own."""
    shared = room_of_two(session, appointment)
    return shared if shared is not None and shared.entry_id is not None else None


def place(
    session: Session,
    now: datetime,
    appointment: Appointment,
    option: OfferingOption,
    therapist_id: int,
    shared: SharedRoom | None,
) -> Slot | None:
    """Where a therapist can give a session at the time of an appointment: in their room for two, if they have
    one. None where that cannot be.
    """
    same = services.wish_of(appointment, therapist_id=therapist_id, is_desk=True)
    wish = replace(same, option_id=option.id)
    known = slots.around(session, wish, option, appointment.site, appointment.starts_at, now)
    if shared is not None:
        theirs = supposing.taken_by(session, [shared.entry_id or 0])
        rooms = {site_id: [each for each in ids if each == shared.room_id]
                 for site_id, ids in known.room_ids.items()}  # fmt: skip
        known = replace(known, diary=supposing.changed(known.diary, theirs), room_ids=rooms)
    free = slots.free_at(known, appointment.starts_at)
    return free[0] if free else None


def claims_beside(
    option: OfferingOption, slot: Slot, ends_at: datetime, client_id: int, shared: SharedRoom | None
) -> list[Claim]:
    """The squares of a session; without those of the room where a room for two is kept for it."""
    claims = claims_of(option, slot, slot.starts_at, ends_at, client_id)
    return [claim for claim in claims if shared is None or claim.kind is not OwnerKind.ROOM]


def fit_room(session: Session, now: datetime, appointment: Appointment, shared: SharedRoom) -> None:
    """Keeps the party's room for as long as they need it now, again where its entry is gone.

    SlotTaken where somebody else has it then.
    """
    start = appointment.starts_at
    claim = Claim(OwnerKind.ROOM, shared.room_id, start, start + needed(appointment, shared))
    if shared.entry_id is not None:
        diary.move(session, shared.entry_id, [claim], now)
    else:
        shared.entry_id = diary.enter(session, EntryKind.APPOINTMENT, [claim], now)


def _was_in(session: Session, appointment: Appointment, shared: SharedRoom) -> bool:
    """Whether it was in the room for both: the other one was too, or the room is still kept for then."""
    others = [each.appointment for each in shared.party.members if each.appointment_id != appointment.id]
    if any((o.starts_at, o.room_id) == (appointment.starts_at, appointment.room_id) for o in others):
        return True
    claim = Claim(OwnerKind.ROOM, appointment.room_id, appointment.starts_at, appointment.ends_at)
    return shared.entry_id is not None and covers(session, shared.entry_id, claim)


def needed(appointment: Appointment, shared: SharedRoom) -> timedelta:
    """The longest of those who came at that start, with the turnover after it."""
    return max(
        each.ends_at - each.starts_at + timedelta(minutes=each.option.turnover_minutes)
        for each in (member.appointment for member in shared.party.members)
        if each.starts_at == appointment.starts_at
    )


def covers(session: Session, entry_id: int, claim: Claim) -> bool:
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
