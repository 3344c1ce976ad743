"""Two who come together, and a change to one of them: whoever still comes is told, whoever made it.

Services: they take `session` and `now` and leave the commit to whoever called.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from clinic.booking import lifecycle, messages, parties, room_for_two, services
from clinic.booking.models import Appointment, Party, SharedRoom
from clinic.booking.policy import Policy
from clinic.kernel.errors import Forbidden, SlotTaken, Stale
from clinic.notify import outbox
from clinic.people import household
from clinic.roster import diary
from clinic.roster.hands import check_limits, effort_of


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

    Moved back to the start of the other one, they come together again, and that is told too. With another
    therapist at the same start, one of two stays in their room for two.
    """
    appointment = services.locked(session, appointment_id, version)  # before it is read who comes along
    other = parties.companion(session, appointment_id)
    stays = other is not None and starts_at == appointment.starts_at
    shared = room_for_two.kept_room(session, appointment) if stays else None
    if shared is not None and therapist_id is not None:
        parties.check_both([appointment], starts_at, now, is_client=is_client)
        return _with_another(session, now, appointment, therapist_id, shared, actor)
    moved = services.move(
        session, now, appointment_id, starts_at, actor=actor, therapist_id=therapist_id,
        version=version, is_client=is_client,
    )  # fmt: skip
    if other is None:
        tell_back(session, now, moved)
    elif moved.starts_at != other.starts_at:
        tell_other(session, now, moved, other, What.MOVED)
    return moved


def _with_another(
    session: Session,
    now: datetime,
    appointment: Appointment,
    therapist_id: int,
    shared: SharedRoom,
    actor: str,
) -> Appointment:
    """Gives an appointment another therapist in the room for two; SlotTaken where that one is not free."""
    option, entry_id = appointment.option, appointment.entry_id
    assert entry_id is not None
    slot = room_for_two.place(session, now, appointment, option, therapist_id, shared)
    if slot is None:
        raise SlotTaken(who="therapist")
    starts_at, ends_at, effort = appointment.starts_at, appointment.ends_at, effort_of(option)
    claims = room_for_two.claims_beside(option, slot, ends_at, appointment.client_id, shared)
    tz = appointment.site.tz
    check_limits(session, claims, effort, starts_at, ends_at, tz, now, ignore_entry_id=entry_id)
    diary.move(session, entry_id, claims, now)
    services.settle_move(session, now, appointment, slot, actor=actor)
    return appointment


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
