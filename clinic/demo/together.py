"""Who comes together: of those whose sessions begin at once at one site, a few are friends."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import combinations, groupby

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment, AppointmentEvent, Party, PartyMember
from clinic.booking.statuses import Status

PAIRS = 3
_SOONEST = timedelta(hours=30)


def add_pairs(session: Session, now: datetime, desk: str) -> int:
    """Makes parties of the first that begin together, each in a room of their own; says how many."""
    coming = session.scalars(
        sa.select(Appointment)
        .where(Appointment.status == Status.BOOKED, Appointment.starts_at > now + _SOONEST)
        .order_by(Appointment.starts_at, Appointment.site_id, Appointment.id)
    ).all()
    made = 0
    for _start, group in groupby(coming, key=lambda each: (each.starts_at, each.site_id)):
        found = next((both for both in combinations(group, 2) if _may_be_friends(*both)), None)
        if found is None:
            continue
        _join(session, now, found, desk)
        made += 1
        if made == PAIRS:
            break
    session.flush()
    return made


def _may_be_friends(one: Appointment, other: Appointment) -> bool:
    """Whether two could have come to the desk as two: both can be written to, so that both are told."""
    return one.client_id != other.client_id and bool(one.client.email and other.client.email)


def _join(session: Session, now: datetime, both: tuple[Appointment, Appointment], desk: str) -> None:
    party = Party(created_at=max(each.created_at for each in both))
    session.add(party)
    session.flush()
    for each, other in (both, both[::-1]):
        session.add(PartyMember(appointment_id=each.id, party_id=party.id))
        detail = f"with {other.reference}"
        session.add(
            AppointmentEvent(appointment_id=each.id, at=now, actor=desk, kind="together", detail=detail)
        )
