"""What clerks ask for two people at once: the desk's parties, and what two hold and book from the web."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from clinic.booking import decisions, pair_holds, pair_journeys, parties, services
from clinic.booking.hold_limits import Source
from clinic.booking.kept import LIFETIME, Details, digest
from clinic.booking.models import (
    Appointment,
    AppointmentEvent,
    Hold,
    Journey,
    JourneyPair,
    Party,
    PartyMember,
)
from clinic.booking.pair_journeys import Names
from clinic.booking.pair_steps import Turn
from clinic.booking.parties import Guest
from clinic.booking.slots import Wish
from clinic.booking.statuses import Status
from clinic.intake.clearances import Contact
from clinic.intake.models import Intake
from clinic.people.models import Client
from clinic.roster.models import DiarySpan, OwnerKind, Site
from tests import makers
from tests.race.clerks import Args, Clerk, Kind, instant, minute, told_each
from tests.race.model import ticks

HELD_ANSWERS = {"heart": ["bp_not_controlled"]}  # wait for a decision, and leave out what is deep
CONTACT = Contact("Anna Petrova", "anna@client.example", "+442079460000")
LONGEST = 90  # minutes, rest included
NAMES = Names("Ruth Carver", "Carl Hall")

# --- What is wanted


def a_start_for_two(clerk: Clerk) -> int:
    """A minute at which both therapists were free when the clerk looked; now and then any."""
    if clerk.chance.random() < 0.25:
        return clerk.a_start()
    day = clerk.a_start() // 1440 * 1440
    taken = clerk.all_of(
        sa.select(DiarySpan.from_tick, DiarySpan.to_tick).where(
            DiarySpan.kind == OwnerKind.THERAPIST, DiarySpan.touches(*ticks(day, day + 1440))
        )
    )
    free = [
        start
        for start in range(day + 9 * 60, day + 16 * 60, 15)
        if not any(a < ticks(start, start + LONGEST)[1] and ticks(start, start)[0] < b for a, b in taken)
    ]
    return clerk.chance.choice(free) if free else clerk.a_start()


def want_party(clerk: Clerk) -> Args:
    """Two whom the desk books; now and then the answers of the second wait for a decision."""
    named, is_held = clerk.chance.random() < 0.4, clerk.chance.random() < 0.15
    staff = clerk.chance.sample(clerk.orders.therapists, 2) if named else [None, None]
    options = clerk.chance.choices(clerk.orders.options, k=2)
    return {
        "starts": a_start_for_two(clerk), "clients": clerk.chance.sample(clerk.orders.clients, 2),
        "options": [options[0], clerk.orders.options[0] if is_held else options[1]], "therapists": staff,
        "one_room": clerk.chance.random() < 0.5, "held": is_held,
    }  # fmt: skip


def want_hold_pair(clerk: Clerk) -> Args:
    """Two on their way; now and then the answers of the second wait for a decision."""
    options, is_held = clerk.chance.choices(clerk.orders.options, k=2), clerk.chance.random() < 0.35
    return {
        "starts": a_start_for_two(clerk), "one_room": clerk.chance.random() < 0.5,
        "options": [options[0], clerk.orders.options[0] if is_held else options[1]], "held": is_held,
    }  # fmt: skip


def want_choose_again(clerk: Clerk) -> Args | None:
    """Two who hold a time, or have given one back, choose another; now and then the same once more."""
    pairs = _pairs() if clerk.chance.random() < 0.1 else _pairs().where(JourneyPair.party_id.is_(None))
    row = clerk.one_of(pairs.order_by(JourneyPair.id.desc()).limit(6))
    if row is None:
        return None
    is_same = row.starts_at is not None and clerk.chance.random() < 0.15
    return {
        "pair": row.id, "options": [row.option, row.other_option],
        "starts": minute(row.starts_at) if is_same else a_start_for_two(clerk),
        "one_room": row.is_one_room if is_same else clerk.chance.random() < 0.5,
    }  # fmt: skip


def _pairs() -> sa.Select[Any]:
    """Two on their way, with what they hold and which sessions they chose."""
    first, second = aliased(Journey), aliased(Journey)
    return (
        sa.select(
            JourneyPair.id, JourneyPair.is_one_room, first.hold_id.label("one"), Hold.starts_at,
            second.hold_id.label("other"), first.option_id.label("option"),
            second.option_id.label("other_option"),
        )
        .join(first, first.id == JourneyPair.first_id)
        .join(second, second.id == JourneyPair.second_id)
        .outerjoin(Hold, Hold.id == first.hold_id)
    )  # fmt: skip


def a_pair(clerk: Clerk, recent: int) -> Args | None:
    """Two on their way who hold a time, and their holds as a page showed them."""
    held = _pairs().where(Hold.id.is_not(None))
    row = clerk.one_of(held.order_by(JourneyPair.id.desc()).limit(recent))
    return row and {"pair": row.id, "holds": [row.one, row.other]}


def want_confirm_pair(clerk: Clerk) -> Args | None:
    pair = a_pair(clerk, 4)
    return pair and {**pair, "clients": clerk.chance.sample(clerk.orders.clients, 2)}


def want_release_pair(clerk: Clerk) -> Args | None:
    return a_pair(clerk, 15)


def a_party(clerk: Clerk) -> Args | None:
    """A recent one; mostly one of which both still come."""
    recent = sa.select(Party.id).order_by(Party.id.desc())
    if clerk.chance.random() < 0.85:
        coming = sa.select(PartyMember.party_id).join(
            Appointment, PartyMember.appointment_id == Appointment.id
        )
        booked = coming.where(Appointment.status.in_((Status.BOOKED, Status.PROVISIONAL)))
        recent = recent.where(
            Party.id.in_(booked.group_by(PartyMember.party_id).having(sa.func.count() == 2))
        )
    row = clerk.one_of(recent.limit(12))
    return row and {"party": row.id}


def want_move_party(clerk: Clerk) -> Args | None:
    party = a_party(clerk)
    return party and {**party, "starts": a_start_for_two(clerk), "therapist": None}


def want_cancel_party(clerk: Clerk) -> Args | None:
    return a_party(clerk)


# --- How it is asked


def an_intake(clerk: Clerk, session: Session) -> Intake:
    """Answers of somebody who is well."""
    return session.get_one(Intake, clerk.chance.choice(clerk.orders.intakes))


def a_held_intake(clerk: Clerk, session: Session, now: datetime) -> Intake:
    """Answers about which somebody has been asked to decide."""
    intake = makers.intake(session, now, HELD_ANSWERS)
    decisions.ask(session, now, intake, CONTACT, session.get_one(Site, clerk.orders.site))
    return intake


def do_party(clerk: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    guests = []
    for half, number in enumerate(args["clients"]):
        is_held = args["held"] and half == 1
        intake = a_held_intake(clerk, session, now) if is_held else an_intake(clerk, session)
        wish = Wish(
            clerk.orders.site, args["options"][half], therapist_id=args["therapists"][half], client_id=number,
            is_desk=True,
        )  # fmt: skip
        guests.append(Guest(session.get_one(Client, number), intake, wish))
    made = parties.book(
        session, now, *guests, instant(args["starts"]), actor=me, one_room=args["one_room"]
    )  # fmt: skip
    return told_party(session, made)


def told_party(session: Session, party: Party) -> Args:
    """Which party, and how both of it stand."""
    session.flush()
    return {"party": party.id, **told_each(members(session, party.id))}


def members(session: Session, party_id: int) -> Sequence[Appointment]:
    both = sa.select(Appointment).join(PartyMember, PartyMember.appointment_id == Appointment.id)
    return session.scalars(both.where(PartyMember.party_id == party_id).order_by(Appointment.id)).all()


def do_hold_pair(clerk: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    """Both are through their questions and have chosen their sessions; now they choose a time."""
    ways = [a_way(clerk, session, now, f"{me} 0"), a_way(clerk, session, now, f"{me} 1", held=args["held"])]
    ways[0].option_id, ways[1].option_id = args["options"]
    pair = pair_journeys.begin(session, now, ways[0].id, NAMES)
    pair.second, pair.turn = ways[1], Turn.BOTH
    session.flush()
    return do_choose_again(clerk, session, now, me, {**args, "pair": pair.id})


def do_choose_again(clerk: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    pair_holds.take_time(
        session, now, args["pair"], session.get_one(Site, clerk.orders.site), instant(args["starts"]),
        one_room=args["one_room"], looked_at=tuple(args["options"]), source=Source(visitor=me, address=me),
    )  # fmt: skip
    held = pair_journeys.holds_of(session.get_one(JourneyPair, args["pair"]))
    assert held is not None
    is_new = held[0].created_at == now
    return {"pair": args["pair"], "is_kept": held[0].entry_id is not None, "is_new": is_new}


def a_way(clerk: Clerk, session: Session, now: datetime, token: str, *, held: bool = False) -> Journey:
    """Somebody who is through the questions; whose answers are held, goes on while somebody decides."""
    intake = a_held_intake(clerk, session, now) if held else an_intake(clerk, session)
    made = Journey(
        token_digest=digest(token), intake=intake, created_at=now, expires_at=now + LIFETIME,
        outcome_seen=True, is_provisional=held,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def do_confirm_pair(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    """The two type who they are and press the button; who presses again has the same answer."""
    pair = pair_journeys.locked(session, now, args["pair"])
    if pair.party_id is None:
        pair_holds.keep_details(
            session, now, pair.id, *(details_of(session, each) for each in args["clients"])
        )
    first, second = args["holds"]
    party = pair_holds.confirm(session, now, pair.id, (first, second), terms="You can move or cancel online.")
    if party.created_at == now:
        return told_party(session, party)
    return {"party": party.id, "each": {str(each.id): {} for each in members(session, party.id)}}


def details_of(session: Session, client_id: int) -> Details:
    client = session.get_one(Client, client_id)
    return Details(client.name, client.email or "", client.phone or "", wants_reminders=True)


def do_release_pair(_c: Clerk, session: Session, now: datetime, _me: str, args: Args) -> Args:
    pair_journeys.give_back(session, pair_journeys.locked(session, now, args["pair"]))
    return {}


def do_move_party(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    both = parties.move_together(session, now, args["party"], instant(args["starts"]), actor=me)
    sign(session, now, me, both)
    return told_each(both)


def sign(session: Session, now: datetime, me: str, changed: Sequence[Appointment]) -> None:
    """Whoever keeps start and therapist has no line of its own: the clerk signs it, so its order is known."""
    lines = sa.select(AppointmentEvent.appointment_id).where(
        AppointmentEvent.at == now, AppointmentEvent.kind == "moved"
    )
    moved = set(session.scalars(lines))
    for each in changed:
        if each.id not in moved:
            services.note(session, now, each, me, "resettled")
    session.flush()


def do_cancel_party(_c: Clerk, session: Session, now: datetime, me: str, args: Args) -> Args:
    made = parties.cancel_together(session, now, args["party"], actor=me)
    session.flush()
    return told_each(made)


WORK_OF_TWO: dict[Kind, float] = {
    Kind("party", want_party, do_party): 6,
    Kind("hold_pair", want_hold_pair, do_hold_pair): 5,
    Kind("choose_again", want_choose_again, do_choose_again): 3,
    Kind("confirm_pair", want_confirm_pair, do_confirm_pair): 7,
    Kind("release_pair", want_release_pair, do_release_pair): 1,
    Kind("move_party", want_move_party, do_move_party): 4,
    Kind("cancel_party", want_cancel_party, do_cancel_party): 2,
}
