"""What clerks ask of two who were booked apart: to come together, and to part again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import companions, parties
from clinic.booking.models import Appointment, PartyMember
from clinic.booking.parties import Guest
from clinic.booking.slots import Wish
from clinic.booking.statuses import Status
from clinic.people.models import Client
from tests.race.clerks import Args, Clerk, Kind, instant, minute, told_with_room
from tests.race.work_of_two import a_held_intake, a_start_for_two, an_intake, sign, told_party

MOVABLE = (Status.BOOKED, Status.PROVISIONAL)


def _one(clerk: Clerk, *, alone: bool = True) -> sa.Row[tuple[int, int, int, datetime]] | None:
    """A recent appointment; mostly one that is no party's, or of a party."""
    recent = sa.select(Appointment.id, Appointment.version, Appointment.client_id, Appointment.starts_at)
    if clerk.chance.random() < 0.9:
        recent = recent.where(Appointment.status.in_(MOVABLE))
    if clerk.chance.random() < 0.85:
        member = sa.select(PartyMember.appointment_id).where(PartyMember.appointment_id == Appointment.id)
        recent = recent.where(~member.exists() if alone else member.exists())
    return clerk.one_of(recent.order_by(Appointment.id.desc()).limit(25))  # type: ignore[no-any-return]


def _a_start(clerk: Clerk, *own: datetime) -> int:
    """One of the times that they have, or another."""
    return minute(clerk.chance.choice(own)) if clerk.chance.random() < 0.5 else a_start_for_two(clerk)


def want_unite(clerk: Clerk) -> Args | None:
    one, other = _one(clerk), _one(clerk, alone=clerk.chance.random() < 0.8)
    if one is None or other is None or one.client_id == other.client_id:
        return None
    return {
        "appointments": [one.id, other.id], "version": clerk.a_version(one),
        "starts": _a_start(clerk, one.starts_at, other.starts_at), "one_room": clerk.chance.random() < 0.5,
    }  # fmt: skip


def want_bring(clerk: Clerk) -> Args | None:
    """Somebody to come along; now and then one whose answers wait for a decision."""
    row = _one(clerk, alone=clerk.chance.random() < 0.6)
    if row is None:
        return None
    is_held = clerk.chance.random() < 0.15
    others = [each for each in clerk.orders.clients if each != row.client_id]
    return {
        "appointment": row.id, "version": clerk.a_version(row), "client": clerk.chance.choice(others),
        "option": clerk.orders.options[0] if is_held else clerk.chance.choice(clerk.orders.options),
        "starts": _a_start(clerk, row.starts_at), "one_room": clerk.chance.random() < 0.5, "held": is_held,
    }  # fmt: skip


def want_part(clerk: Clerk) -> Args | None:
    """One of two at another time; now and then at the same, with a therapist who is named."""
    row, stays = _one(clerk, alone=False), clerk.chance.random() < 0.2
    return row and {
        "appointment": row.id, "version": clerk.a_version(row),
        "starts": minute(row.starts_at) if stays else clerk.a_start(),
        "therapist": clerk.chance.choice(clerk.orders.therapists) if stays else None,
    }  # fmt: skip


def do_unite(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    first, second = args["appointments"]
    party = parties.unite(
        session, now, first, second, instant(args["starts"]), actor=me, version=args["version"],
        one_room=args["one_room"],
    )  # fmt: skip
    sign(session, now, me, [session.get_one(Appointment, each) for each in (first, second)])
    return told_party(session, party)


def do_bring(clerk: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    intake = a_held_intake(clerk, session, now) if args["held"] else an_intake(clerk, session)
    wish = Wish(clerk.orders.site, args["option"], client_id=args["client"], is_desk=True)
    guest = Guest(session.get_one(Client, args["client"]), intake, wish)
    party = parties.bring(
        session, now, args["appointment"], guest, instant(args["starts"]), actor=me, version=args["version"],
        one_room=args["one_room"],
    )  # fmt: skip
    sign(session, now, me, [session.get_one(Appointment, args["appointment"])])
    return told_party(session, party)


def do_part(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    made = companions.move(
        session, now, args["appointment"], instant(args["starts"]), actor=me, version=args["version"],
        therapist_id=args["therapist"],
    )  # fmt: skip
    session.flush()
    return told_with_room(session, made)


WORK_TOGETHER: dict[Kind, float] = {
    Kind("unite", want_unite, do_unite): 5,
    Kind("bring", want_bring, do_bring): 5,
    Kind("move", want_part, do_part): 3,
}
