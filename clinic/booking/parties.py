"""Two people at once: the same start, two therapists, two rooms or one that holds two; both or neither.

Each of the two has their own answers, session, appointment and mail. A room for two is taken by an entry of
its own (`SharedRoom`): while one of the two still comes it stays taken, whatever becomes of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from clinic.booking import former_parties, lifecycle, pairs, provisional_times, services
from clinic.booking.models import Appointment, Hold, Party, PartyMember, SharedRoom
from clinic.booking.pairs import Pair, Side
from clinic.booking.pairs import find as find
from clinic.booking.policy import Policy
from clinic.booking.screening import check_allowed, is_bookable
from clinic.booking.slots import Slot, Wish
from clinic.booking.statuses import Status
from clinic.booking.taking import check_start, day_at, new_hold, option_and_site
from clinic.booking.who_comes import coming as coming
from clinic.booking.who_comes import companion as companion
from clinic.booking.who_comes import entries_of as entries_of
from clinic.booking.who_comes import is_one_room as is_one_room
from clinic.booking.who_comes import party_of as party_of
from clinic.booking.who_comes import tidy as tidy
from clinic.booking.who_comes import tidy_held as tidy_held
from clinic.catalog.models import OfferingOption
from clinic.intake.models import Intake
from clinic.kernel.errors import BadInput, NotOffered, SlotTaken, WrongState
from clinic.people.models import Client
from clinic.roster import diary


@dataclass(frozen=True, slots=True)
class Guest:
    """One of the two: who, what they told, and what they wish; the wish names the client."""

    client: Client
    intake: Intake | None
    wish: Wish


# --- booking -----------------------------------------------------------------------------------------


def book(
    session: Session,
    now: datetime,
    first: Guest,
    second: Guest,
    starts_at: datetime,
    *,
    actor: str,
    one_room: bool = False,
    via: str = "desk",
) -> Party:
    """Books both at that start, or neither. Each is judged alone: one may be kept until somebody decides.

    NotCleared and Excluded by the answers of either, NotOffered for a start the site never offers, SlotTaken
    where two therapists (or the rooms) are not free then.
    """
    _check_two(first.client, second.client)
    for guest in (first, second):
        option, site = option_and_site(session, guest.wish)
        check_start(guest.wish, starts_at, site, now)
        _check_guest(guest, option, day_at(site, starts_at), starts_at, now)
    wishes = (first.wish, second.wish)
    sides = pairs.sides_at(session, wishes, starts_at, now, ())
    shared = pairs.shared_rooms(session, first.wish.site_id, sides) if one_room else None
    with session.begin_nested():
        pair, entries = pairs.enter(session, now, wishes, sides, shared, starts_at)
        made = []
        for guest, slot, entry_id in zip((first, second), (pair.first, pair.second), entries, strict=False):
            held = _held(session, now, guest, slot, entry_id)
            made.append(services.confirm(session, now, held.id, guest.client, actor=actor, via=via))
        return join(session, now, made, room_entry_id(pair, entries), actor)


def bring(
    session: Session,
    now: datetime,
    appointment_id: int,
    guest: Guest,
    starts_at: datetime,
    *,
    actor: str,
    version: int | None = None,
    one_room: bool = False,
) -> Party:
    """Books somebody who comes along with an appointment, which is moved where that start is another one.

    Both or neither. WrongState where the appointment is not to come, or comes together with somebody already;
    whom it came with before is left behind.
    """
    appointment = services.locked(session, appointment_id, version)
    if appointment.status not in lifecycle.MOVABLE or appointment.entry_id is None:
        raise WrongState()
    if companion(session, appointment_id) is not None:
        raise WrongState("Two people come together already.")
    _check_two(appointment.client, guest.client)
    option, site = option_and_site(session, guest.wish)
    check_start(guest.wish, starts_at, site, now)
    _check_guest(guest, option, day_at(site, starts_at), starts_at, now)
    _check_move(appointment, starts_at, now)
    stays = appointment.starts_at == starts_at
    own = replace(services.wish_of(appointment, is_desk=True), ignore_entry_id=None)
    own = replace(own, therapist_id=appointment.therapist_id) if stays else own
    wishes = (own, guest.wish)
    rooms = former_parties.rooms_of(session, [appointment_id])
    sides = pairs.sides_at(session, wishes, starts_at, now, _entries_that_go([appointment], rooms))
    shared = pairs.shared_rooms(session, site.id, sides) if one_room else None
    with session.begin_nested():
        former_parties.leave(session, [appointment_id], rooms)
        diary.strike(session, appointment.entry_id)
        pair, entries = pairs.enter(session, now, wishes, sides, shared, starts_at)
        diary.become_appointment(session, entries[0], appointment.lapses_at)
        _resettle(session, now, appointment, pair.first, entries[0], actor)
        held = _held(session, now, guest, pair.second, entries[1])
        other = services.confirm(session, now, held.id, guest.client, actor=actor, via="desk")
        return join(session, now, [appointment, other], room_entry_id(pair, entries), actor)


def _check_two(one: Client, other: Client) -> None:
    if one.id == other.id:
        raise BadInput("That is the same person. Choose who comes too.", "client")


def _check_guest(guest: Guest, option: OfferingOption, on: date, starts_at: datetime, now: datetime) -> None:
    check_allowed(guest.intake, option, on, provisionally=True)
    if guest.intake is not None and not is_bookable(guest.intake, on):
        provisional_times.check_far_enough(starts_at, now)


def _check_move(appointment: Appointment, starts_at: datetime, now: datetime) -> None:
    is_provisional = appointment.status is Status.PROVISIONAL
    provisional_times.check_kept(appointment.lapses_at, now)
    on = day_at(appointment.site, starts_at)
    check_allowed(appointment.intake, appointment.option, on, provisionally=is_provisional)
    if is_provisional:
        provisional_times.check_far_enough(starts_at, now)


def _held(session: Session, now: datetime, guest: Guest, slot: Slot, entry_id: int) -> Hold:
    option, site = option_and_site(session, guest.wish)
    on = day_at(site, slot.starts_at)
    waits = guest.intake is not None and not is_bookable(guest.intake, on)
    held = new_hold(
        now, guest.wish, slot, option, site, guest.intake, entry_id=entry_id, is_provisional=waits
    )
    session.add(held)
    session.flush()
    return held


def room_entry_id(pair: Pair, entries: Sequence[int]) -> int | None:
    """The entry of the room for two among those of a pair; None where they are in two rooms."""
    return entries[2] if pair.is_one_room else None


def join(
    session: Session,
    now: datetime,
    made: Sequence[Appointment],
    room_entry: int | None,
    actor: str,
    *,
    booked_by: str | None = None,
) -> Party:
    """Makes a party of two appointments at the same start; `room_entry` is the entry of their one room."""
    party = Party(created_at=now, booked_by=booked_by)
    session.add(party)
    session.flush()
    for appointment in made:
        session.add(PartyMember(appointment_id=appointment.id, party_id=party.id))
    if room_entry is not None:
        diary.become_appointment(session, room_entry)
        session.add(SharedRoom(party_id=party.id, room_id=made[0].room_id, entry_id=room_entry))
    for appointment, other in ((made[0], made[1]), (made[1], made[0])):
        services.note(session, now, appointment, actor, "together", f"with {other.reference}")
    session.flush()
    return party


# --- afterwards --------------------------------------------------------------------------------------


def cancel_together(
    session: Session,
    now: datetime,
    party_id: int,
    *,
    actor: str,
    reason: str = "",
    is_client: bool = False,
) -> list[Appointment]:
    """Calls off whatever of a party still stands, and gives the room back. TooLate for a client."""
    party = _locked(session, party_id)
    gone = [
        services.cancel(session, now, each.id, actor=actor, reason=reason, is_client=is_client)
        for each in coming(party)
    ]
    tidy(session)
    return gone


def move_together(
    session: Session,
    now: datetime,
    party_id: int,
    starts_at: datetime,
    *,
    actor: str,
    is_client: bool = False,
) -> list[Appointment]:
    """Gives both another start, each with their own therapist where that can be; both or neither.

    SlotTaken, with everything as it was, where they cannot both come then. Their room stays one for two, or
    two.
    """
    party = _locked(session, party_id)
    both = coming(party)
    if len(both) != 2:
        raise WrongState("They do not come together any more. Move each alone.")
    room = party.shared_room
    is_shared = room is not None and room.entry_id is not None
    check_both(both, starts_at, now, is_client=is_client)
    with session.begin_nested():
        ignore = entries_of(party)
        _pair, entries = _shift(
            session, now, both, starts_at, ignore, actor=actor, is_shared=is_shared, is_client=is_client
        )
        if room is not None and is_shared:
            diary.become_appointment(session, entries[2])
            room.room_id, room.entry_id = both[0].room_id, entries[2]
        session.flush()
    return both


def unite(
    session: Session,
    now: datetime,
    appointment_id: int,
    other_id: int,
    starts_at: datetime,
    *,
    actor: str,
    version: int | None = None,
    one_room: bool = False,
) -> Party:
    """Makes a party of two appointments that are booked already, both at that start; both or neither.

    WrongState where one of them is not to come, or comes together with somebody already; whom they came with
    before are left behind.
    """
    first, last = sorted((appointment_id, other_id))
    found = {each: services.locked(session, each, version if each == appointment_id else None)
             for each in (first, last)}  # fmt: skip
    both = [found[appointment_id], found[other_id]]
    _check_two(both[0].client, both[1].client)
    if any(companion(session, each.id) is not None for each in both):
        raise WrongState("Two people come together already.")
    if both[0].site_id != both[1].site_id:
        raise NotOffered("They are booked at two sites. Move one of them first.")
    check_both(both, starts_at, now, is_client=False)
    rooms = former_parties.rooms_of(session, [first, last])
    ignore = _entries_that_go(both, rooms)
    with session.begin_nested():
        former_parties.leave(session, [first, last], rooms)
        pair, entries = _shift(session, now, both, starts_at, ignore, actor=actor, is_shared=one_room)
        return join(session, now, both, room_entry_id(pair, entries), actor)


def entries_that_go(session: Session, both: Sequence[Appointment]) -> list[int]:
    """The diary entries that go when these are brought together: theirs, and rooms nobody needs any more."""
    rooms = former_parties.rooms_of(session, [each.id for each in both], only_look=True)
    return _entries_that_go(both, rooms)


def _entries_that_go(both: Sequence[Appointment], rooms: Sequence[SharedRoom]) -> list[int]:
    owned = [*(each.entry_id for each in both), *(each.entry_id for each in rooms)]
    return [entry_id for entry_id in owned if entry_id is not None]


def check_both(both: Sequence[Appointment], starts_at: datetime, now: datetime, *, is_client: bool) -> None:
    """Refuses, for each of them, a start that their state, their answers or the site do not allow."""
    for appointment in both:
        if appointment.status not in lifecycle.MOVABLE or appointment.entry_id is None:
            raise WrongState()
        site = appointment.site
        if is_client:
            policy = Policy(site.min_notice_minutes, site.change_until_minutes)
            policy.check_change(appointment.status, appointment.starts_at, now)
        check_start(services.wish_of(appointment, is_desk=not is_client), starts_at, site, now)
        _check_move(appointment, starts_at, now)


def _shift(
    session: Session,
    now: datetime,
    both: Sequence[Appointment],
    starts_at: datetime,
    ignore: Sequence[int],
    *,
    actor: str,
    is_shared: bool,
    is_client: bool = False,
) -> tuple[Pair, list[int]]:
    """Enters both at another start in place of `ignore`, their entries; SlotTaken where that cannot be."""
    asked = [replace(services.wish_of(each, is_desk=not is_client), ignore_entry_id=None) for each in both]
    theirs = [replace(wish, therapist_id=each.therapist_id) for wish, each in zip(asked, both, strict=True)]
    wishes = [(theirs[0], theirs[1]), (asked[0], asked[1])]
    found = [(each, pairs.sides_at(session, each, starts_at, now, ignore)) for each in wishes]
    for entry_id in ignore:
        diary.strike(session, entry_id)
    pair, entries = _first_of(session, now, found, starts_at, is_shared=is_shared)
    for appointment, slot, entry_id in zip(both, (pair.first, pair.second), entries, strict=False):
        diary.become_appointment(session, entry_id, appointment.lapses_at)
        _resettle(session, now, appointment, slot, entry_id, actor)
    return pair, entries


def _first_of(
    session: Session,
    now: datetime,
    found: Sequence[tuple[tuple[Wish, Wish], tuple[Side, Side]]],
    starts_at: datetime,
    *,
    is_shared: bool,
) -> tuple[Pair, list[int]]:
    """The first of several wishes that can be entered; SlotTaken where none can."""
    for wishes, sides in found:
        shared = pairs.shared_rooms(session, wishes[0].site_id, sides) if is_shared else None
        try:
            return pairs.enter(session, now, wishes, sides, shared, starts_at)
        except SlotTaken:
            continue
    raise SlotTaken("They cannot both come then.")


def _locked(session: Session, party_id: int) -> Party:
    """The party with its appointments locked, always in the order of their numbers."""
    party = session.get_one(Party, party_id, populate_existing=True)
    for member in party.members:
        services.locked(session, member.appointment_id)
    session.expire(party, ["members"])  # whoever was waited for may come with somebody else by now
    return party


def _resettle(
    session: Session, now: datetime, appointment: Appointment, slot: Slot, entry_id: int, actor: str
) -> None:
    """Gives an appointment the squares entered for it; told as a move only where the client would notice."""
    appointment.entry_id = entry_id
    if (appointment.starts_at, appointment.therapist_id) != (slot.starts_at, slot.therapist_id):
        services.settle_move(session, now, appointment, slot, actor=actor)
        return
    appointment.room_id = slot.room_id
    session.flush()
    session.expire(appointment, ["room"])
