"""What one of two may do for both from the client's pages; and that the other is told what was done alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from clinic.booking import messages, parties, services
from clinic.booking.models import Appointment, Party
from clinic.kernel.errors import Forbidden, Stale
from clinic.notify import outbox
from clinic.people import household


def may_change_both(session: Session, appointment: Appointment, other: Appointment) -> bool:
    """Whether whoever has the link of one may change both: they booked both, answer for the other, or are
    written to at the same address.
    """
    party = parties.party_of(session, appointment.id)
    if party is not None and party.booked_by == f"client:{appointment.client_id}":
        return True
    mine, theirs = appointment.client.email, other.client.email
    if mine and theirs and mine.casefold() == theirs.casefold():
        return True
    return household.guardian_id_of(session, other.client_id) == appointment.client_id


def both_of(session: Session, seen: dict[int, int], appointment_id: int) -> Party:
    """The party to change for one of the two, with both appointments locked as they were `seen` (versions).

    Stale where either has changed or they do not come together any more, Forbidden where this one may not
    change the other's.
    """
    for number in sorted(seen):
        services.locked(session, number, seen[number])
    appointment = session.get_one(Appointment, appointment_id)
    other, party = parties.companion(session, appointment_id), parties.party_of(session, appointment_id)
    if other is None or party is None or other.id not in seen:
        raise Stale("You do not come together any more. This is how it stands now.")
    if not may_change_both(session, appointment, other):
        raise Forbidden()
    return party


def tell_other(session: Session, now: datetime, changed: Appointment, other: Appointment, what: str) -> None:
    """Owes the other one a mail that who would come along has `moved` or `cancelled`, and that theirs stays.

    It does not say where to, nor why.
    """
    if not other.client.email:
        return
    told = {**messages.facts(other), **household.spoken_to(session, other.client)}
    outbox.owe(
        session,
        now,
        kind="companion",
        key=f"companion:{other.id}:{changed.id}:{changed.sequence}",
        to_address=other.client.email,
        to_name=str(told["name"]),
        payload={**told, "other": changed.client.name.split()[0], "what": what},
    )
