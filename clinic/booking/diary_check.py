"""Whether the diary and what owns its entries say the same; and putting right what can be.

The database's key keeps squares from being written twice. This looks for what no key can know: entries
nobody owns, owners whose entry is gone or stands elsewhere, and spans that differ from the squares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import room_for_two
from clinic.booking.lifecycle import LIVE
from clinic.booking.models import Appointment, Hold, JourneyPair, PartyMember, SharedRoom
from clinic.booking.slots import Slot
from clinic.booking.statuses import HoldStatus
from clinic.kernel.errors import SlotTaken
from clinic.kernel.ticks import ticks_between
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.hands import effort_of
from clinic.roster.models import (
    DiaryEntry,
    DiarySpan,
    EntryKind,
    Maintenance,
    OwnerKind,
    SlotClaim,
    TimeOff,
)

PAST_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, with the number of what it is about.

    'ownerless' and 'uneven' are about an entry, 'missing' and 'astray' about an appointment, 'time_off' and
    'maintenance' about one of those that is missing.
    """

    kind: str
    number: int
    sentence: str


Progress = Callable[[int, int], None]


def look(session: Session, now: datetime, progress: Progress = lambda _done, _all: None) -> list[Fault]:
    """Every fault of the diary from yesterday on."""
    found: list[Fault] = []
    for number, part in enumerate(PARTS, 1):
        found.extend(part(session, now))
        progress(number, len(PARTS))
    return found


def repair(session: Session, now: datetime, faults: list[Fault]) -> list[Fault]:
    """Puts right what can be; gives back what a person must decide (two who want one time).

    Where squares and spans differ the squares count; what an appointment lacks by them is written after.
    """
    for fault in faults:
        if fault.kind == "uneven":
            diary.redraw(session, fault.number)
        elif fault.kind == "ownerless":
            diary.strike(session, fault.number)
    gone = [fault for fault in faults if fault.kind in ("missing", *_AWAY)]
    left = [fault for fault in gone if not _is_put_right(session, now, fault)]
    session.flush()
    left += [fault for fault in list(_astray(session, now)) if not _is_put_right(session, now, fault)]
    session.flush()
    return left


def _is_put_right(session: Session, now: datetime, fault: Fault) -> bool:
    try:
        if fault.kind in _AWAY:
            _take_away_again(session, now, fault)
        else:
            _enter_again(session, now, fault.number)
    except SlotTaken:
        return False
    return True


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


def _ownerless(session: Session, _now: datetime) -> Iterator[Fault]:
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


# What takes a therapist or a room away: table, kind of its entry, whose time it is, and the column of that.
_AWAY: dict[str, tuple[Any, EntryKind, OwnerKind, str]] = {
    "time_off": (TimeOff, EntryKind.TIME_OFF, OwnerKind.THERAPIST, "therapist_id"),
    "maintenance": (Maintenance, EntryKind.MAINTENANCE, OwnerKind.ROOM, "room_id"),
}


def _away(session: Session, now: datetime) -> Iterator[Fault]:
    """Time off and rooms out of use that do not stand in the diary: they could be booked."""
    for kind, (table, *_rest) in _AWAY.items():
        wanted = sa.select(table.id).where(
            table.entry_id.is_(None), table.cancelled_at.is_(None), table.ends_at > now - PAST_KEPT
        )
        words = "Time off" if table is TimeOff else "Room out of use"
        for number in session.scalars(wanted.order_by(table.id)):
            yield Fault(kind, number, f"{words} number {number} does not stand in the diary.")


def _astray(session: Session, now: datetime) -> Iterator[Fault]:
    """Live appointments whose entry leaves some of their time, or of whoever they need, to somebody else."""
    coming = sa.and_(
        Appointment.status.in_(LIVE),
        Appointment.entry_id.is_not(None),
        Appointment.ends_at > now - PAST_KEPT,
    )
    own = sa.select(
        Appointment.id, DiarySpan.kind, DiarySpan.owner_id, DiarySpan.from_tick, DiarySpan.to_tick
    )
    of_party = own.join(PartyMember, PartyMember.appointment_id == Appointment.id).join(
        SharedRoom, SharedRoom.party_id == PartyMember.party_id
    )
    spans: dict[tuple[int, OwnerKind, int], list[tuple[int, int]]] = {}
    for query in (
        own.join(DiarySpan, DiarySpan.entry_id == Appointment.entry_id),
        of_party.join(DiarySpan, DiarySpan.entry_id == SharedRoom.entry_id),
    ):
        for number, kind, owner_id, *span in session.execute(query.where(coming)):
            spans.setdefault((number, kind, owner_id), []).append((span[0], span[1]))
    for each in session.execute(_WHO_AND_WHEN.where(coming).order_by(Appointment.id)):
        ticks = ticks_between(each.starts_at, each.ends_at)
        needed = [(OwnerKind.THERAPIST, each.therapist_id), (OwnerKind.ROOM, each.room_id)]
        needed.append((OwnerKind.CLIENT, each.client_id))
        if not all(_covers(spans.get((each.id, *owner), ()), ticks) for owner in needed):
            sentence = f"Appointment {each.reference} stands elsewhere in the diary than it says."
            yield Fault("astray", each.id, sentence)


_WHO_AND_WHEN = sa.select(
    Appointment.id,
    Appointment.reference,
    Appointment.therapist_id,
    Appointment.room_id,
    Appointment.client_id,
    Appointment.starts_at,
    Appointment.ends_at,
)


def _covers(spans: Sequence[tuple[int, int]], ticks: range) -> bool:
    """Whether spans, which may follow one another, take all of these ticks."""
    reached = ticks.start
    for low, high in sorted(spans):
        if low <= reached:
            reached = max(reached, high)
    return reached >= ticks.stop


def _uneven(session: Session, _now: datetime) -> Iterator[Fault]:
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


PARTS = (_ownerless, _missing, _away, _astray, _uneven)


def _enter_again(session: Session, now: datetime, appointment_id: int) -> None:
    """Writes an appointment where it says that it is; SlotTaken if somebody else stands there."""
    appointment = session.get_one(Appointment, appointment_id, with_for_update=True)
    slot = Slot(appointment.starts_at, appointment.therapist_id, appointment.room_id)
    shared = room_for_two.room_of_two(session, appointment)
    if shared is not None:
        room_for_two.fit_room(session, now, appointment, shared)
    claims = room_for_two.claims_beside(
        appointment.option, slot, appointment.ends_at, appointment.client_id, shared
    )
    effort = effort_of(appointment.option)
    if appointment.entry_id is not None:
        diary.move(session, appointment.entry_id, claims, now, effort)
        return
    appointment.entry_id = diary.enter(
        session, EntryKind.APPOINTMENT, claims, now, expires_at=appointment.lapses_at, effort=effort
    )


def _take_away_again(session: Session, now: datetime, fault: Fault) -> None:
    table, kind, owner, column = _AWAY[fault.kind]
    found = session.get_one(table, fault.number, with_for_update=True)
    claim = Claim(owner, getattr(found, column), found.starts_at, found.ends_at)
    found.entry_id = diary.enter(session, kind, [claim], now)
