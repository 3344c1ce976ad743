"""Two who come together, and a change to one of them: whoever still comes is told, whoever made it.

Services: they take `session` and `now` and leave the commit to whoever called.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from clinic.booking import lifecycle, messages, parties, services
from clinic.booking.models import Appointment, Party
from clinic.booking.policy import Policy
from clinic.kernel.errors import Forbidden, Stale
from clinic.notify import outbox
from clinic.people import household


class What(StrEnum):
    """What happened to the one; the other's appointment stays as it is."""

    MOVED = "moved"
    CANCELLED = "cancelled"
    BACK = "back"


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
    party = as_seen(session, seen, appointment_id)
    appointment, other = (
        session.get_one(Appointment, appointment_id),
        parties.companion(session, appointment_id),
    )
    if party is None or other is None:
        raise Stale("You do not come together any more. This is how it stands now.")
    if not may_change_both(session, appointment, other):
        raise Forbidden()
    return party


def as_seen(session: Session, seen: dict[int, int], appointment_id: int) -> Party | None:
    """The party of an appointment, both locked as they were `seen`; None where they come together no more.

    Stale where either has changed, or another one comes along than was seen.
    """
    for number in sorted(seen):
        services.locked(session, number, seen[number])
    other = parties.companion(session, appointment_id)
    if other is None:
        return None
    if other.id not in seen:
        raise Stale()
    return parties.party_of(session, appointment_id)


# --- changing one of the two -------------------------------------------------------------------------


def move(
    session: Session,
    now: datetime,
    appointment_id: int,
    starts_at: datetime,
    *,
    actor: str,
    therapist_id: int | None = None,
    version: int | None = None,
    is_client: bool = False,
) -> Appointment:
    """Moves one appointment as `services.move` does; who comes along is told where the start is another.

    Moved back to the start of the other one, they come together again, and that is told too.
    """
    services.locked(session, appointment_id, version)  # before it is read: somebody may change it in between
    other = parties.companion(session, appointment_id)
    moved = services.move(
        session, now, appointment_id, starts_at, actor=actor, therapist_id=therapist_id,
        version=version, is_client=is_client,
    )  # fmt: skip
    if other is None:
        tell_back(session, now, moved)
    elif moved.starts_at != other.starts_at:
        tell_other(session, now, moved, other, What.MOVED)
    return moved


def cancel(
    session: Session,
    now: datetime,
    appointment_id: int,
    *,
    actor: str,
    reason: str = "",
    version: int | None = None,
    is_client: bool = False,
) -> Appointment:
    """Calls one appointment off as `services.cancel` does; who would come along is told."""
    services.locked(session, appointment_id, version)
    other = parties.companion(session, appointment_id)
    gone = services.cancel(
        session, now, appointment_id, actor=actor, reason=reason, version=version, is_client=is_client
    )
    if other is not None:
        tell_other(session, now, gone, other, What.CANCELLED)
    return gone


def tell_back(session: Session, now: datetime, changed: Appointment) -> None:
    """Tells the other one that they come together again, where they do."""
    other = parties.companion(session, changed.id)
    if other is not None:
        tell_other(session, now, changed, other, What.BACK)


def tell_other(session: Session, now: datetime, changed: Appointment, other: Appointment, what: What) -> None:
    """Owes the other one a mail of what happened to who would come along, and that theirs stays.

    It does not say where to, nor why, nor who did it: a client, the desk, or a decision. Who is here already
    or was here is told nothing.
    """
    if not other.client.email or other.status not in lifecycle.MOVABLE:
        return
    site = other.site
    told = {**messages.facts(other), **household.spoken_to(session, other.client)}
    policy = Policy(site.min_notice_minutes, site.change_until_minutes)
    about = {
        "changed_id": changed.id,
        "other": changed.client.name.split()[0],
        "what": what.value,
        "may_change": policy.may_change(other.status, other.starts_at, now),
    }
    outbox.owe(
        session,
        now,
        kind="companion",
        key=f"companion:{other.id}:{changed.id}:{changed.sequence}",
        to_address=other.client.email,
        to_name=str(told["name"]),
        payload={**told, **about},
    )
