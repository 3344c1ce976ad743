"""Two people at once at the desk: who comes too, which session, when both can, one room or two; and another
time for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.audit import services as audit
from clinic.booking import calls, lifecycle, offers, parties, provisional_times, services
from clinic.booking.models import Appointment
from clinic.booking.pairs import SHARED_PLACES, Pair
from clinic.booking.parties import Guest
from clinic.booking.queries import Card
from clinic.booking.returning import coming_of, was_here
from clinic.booking.screening import is_bookable
from clinic.booking.slots import Wish
from clinic.booking.statuses import Status
from clinic.catalog.models import OfferingOption
from clinic.intake import services as intakes
from clinic.intake.models import Intake
from clinic.kernel.errors import (
    BadInput,
    Excluded,
    NotCleared,
    NotOffered,
    Refusal,
    SlotTaken,
    Stale,
    TooLate,
    WrongState,
)
from clinic.people import household
from clinic.people.models import Client
from clinic.people.queries import search_clients
from clinic.roster.models import Room, Site, Therapist
from clinic.web import access, database
from clinic.web.desk.appointment import expect, page, version
from clinic.web.desk.blueprint import actor, blueprint, local_day, read_day
from clinic.web.desk.times import day_word
from clinic.web.filters import clock_time, short_day
from clinic.web.numbers import read_whole
from clinic.web.times import read_slot, slot_value

LOOK_DAYS = 28
SHOWN = 8
APART = timedelta(minutes=45)
REFUSALS = (BadInput, Excluded, NotCleared, NotOffered, SlotTaken, TooLate)


@dataclass(frozen=True, slots=True)
class Second:
    """Who comes too: their last answers where they may be used, and the session chosen for them.

    Or `booked`, an appointment of theirs that is to be at the same start.
    """

    client: Client
    intake: Intake | None
    option: OfferingOption | None
    booked: Appointment | None = None


@blueprint.get("/appointment/<reference>/together")
@access.allow(access.DESK)
def together(reference: str) -> ResponseReturnValue:
    """Who comes too, which session, and when both can; for two who come together, other times for both."""
    card = expect(reference)
    if card.listed.status not in lifecycle.MOVABLE:
        return page(card, 409, WrongState.default)
    return _page(card)


@blueprint.post("/appointment/<reference>/together")
@access.allow(access.DESK)
def bring(reference: str) -> ResponseReturnValue:
    """Books the second person at that start; pressed twice, it books once."""
    card = expect(reference)
    session, now = database.session(), database.now()
    second, starts_at = _second(card), read_slot(request.form.get("slot"))
    if second is None or (second.option is None and second.booked is None) or starts_at is None:
        return _page(card, [("slot", "Choose a time for both.")], 422)
    if second.booked is None and request.form.get("unchanged") != "yes":
        return _page(card, [("unchanged", "Ask whether anything has changed, then tick this.")], 422)
    partner = parties.companion(session, card.listed.id)
    if partner is not None and partner.client_id == second.client.id:
        return _done(card)
    try:
        with database.transaction() as opened:
            _book_second(opened, now, card, second, starts_at)
    except REFUSALS as refusal:
        return _page(expect(reference), [("slot", refusal.sentence)], refusal.status)
    except (Stale, WrongState) as refusal:
        return page(expect(reference), 409, refusal.sentence)
    flash(f"{second.client.name} comes too. Both are booked.")
    return _done(card)


def _book_second(opened: Session, now: datetime, card: Card, second: Second, starts_at: datetime) -> None:
    """Books who comes too, or brings together what both have; that nothing has changed is recorded."""
    one_room = request.form.get("rooms") == "one"
    if second.booked is not None:
        parties.unite(
            opened, now, card.listed.id, second.booked.id, starts_at,
            actor=actor(), version=version(), one_room=one_room,
        )  # fmt: skip
        return
    if second.intake is not None:
        audit.record(opened, now, actor(), "confirmed_unchanged", "intake", second.intake.id)
    guest = Guest(second.client, second.intake, _wish(card, second))
    parties.bring(
        opened, now, card.listed.id, guest, starts_at, actor=actor(), version=version(), one_room=one_room
    )


@blueprint.post("/appointment/<reference>/together/move")
@access.allow(access.DESK)
def move_both(reference: str) -> ResponseReturnValue:
    """Gives both another start, or neither."""
    card = expect(reference)
    starts_at = read_slot(request.form.get("slot"))
    if starts_at is None:
        return _page(card, [("slot", "Choose a time for both.")], 422)

    def act(session: Session, party_id: int) -> object:
        return parties.move_together(session, database.now(), party_id, starts_at, actor=actor())

    refused = _of_both(card, act)
    if refused is not None:
        return _page(expect(reference), [("slot", refused.sentence)], refused.status)
    flash("Both are moved.")
    return _done(card)


def _of_both(card: Card, act: Callable[[Session, int], object]) -> Refusal | None:
    """Does something with the party of an appointment in one transaction; gives why not, where it was not."""
    try:
        with database.transaction() as session:
            services.locked(session, card.listed.id, version())
            party = parties.party_of(session, card.listed.id)
            if party is None:
                raise WrongState("They do not come together any more.")
            act(session, party.id)
    except (*REFUSALS, Stale, WrongState) as refusal:
        return refusal
    return None


def _done(card: Card) -> ResponseReturnValue:
    return redirect(url_for("desk.appointment", reference=card.listed.reference), code=303)


# --- what the page shows -----------------------------------------------------------------------------


def _page(card: Card, errors: list[tuple[str, str]] | None = None, status: int = 200) -> ResponseReturnValue:
    session = database.session()
    appointment = session.get_one(Appointment, card.listed.id)
    partner = parties.companion(session, appointment.id)
    second = None if partner is not None else _second(card)
    in_one = _in_one(session, partner)
    found: list[Pair] = []
    if partner is not None or (
        second is not None and (second.option is not None or second.booked is not None)
    ):
        found = _find(card, appointment, partner, second, in_one=in_one)
    html = render_template(
        "desk/together.html",
        card=card,
        visit=card.listed,
        partner=partner,
        second=second,
        people=_people(appointment) if partner is None and second is None else [],
        sessions=_sessions(second, card) if second is not None else [],
        chosen=request.values.get("option", ""),
        times=_rows(found, card, is_moving=partner is not None),
        is_wide=_has_wide(card.listed.site_id),
        in_one=in_one,
        on=read_day(request.values.get("on")),
        who_q=request.values.get("who", ""),
        errors=errors or [],
    )
    return html, status


def _in_one(session: Session, partner: Appointment | None) -> bool:
    """Whether they are to be in one room: those who come together as they are, others as was asked for."""
    party = parties.party_of(session, partner.id) if partner is not None else None
    if party is None:
        return request.values.get("rooms") == "one"
    return parties.is_one_room(party)


def _second(card: Card) -> Second | None:
    """Who was chosen, with what may be used of their answers; None before that."""
    session, now = database.session(), database.now()
    number = read_whole(request.values.get("person"))
    client = session.get(Client, number) if number else None
    if client is None or client.erased_at is not None or client.id == card.listed.client_id:
        return None
    intake = calls.last_intake(session, client.id)
    usable = intake if calls.is_fresh(session, intake, now) else None
    chosen = request.values.get("option", "")
    booked = session.get(Appointment, read_whole(chosen[1:]) or 0) if chosen.startswith("b") else None
    if booked is not None and booked.client_id != client.id:
        booked = None
    option_id = read_whole(chosen)
    option = session.get(OfferingOption, option_id) if option_id and usable is not None else None
    return Second(client, usable, option, booked)


def _people(appointment: Appointment) -> list[Client]:
    """Whom to offer: the household first, or those whom the search finds."""
    session = database.session()
    typed = request.args.get("who", "").strip()[:120]
    if typed:
        found = search_clients(session, typed)
    else:
        found = list(household.household_of(session, appointment.client).members)
    return [each for each in found if each.id != appointment.client_id]


def _sessions(second: Second, card: Card) -> list[tuple[int | str, str, str, str]]:
    """What is booked for them already and may be moved to the same start; then what their answers leave."""
    session, tz = database.session(), card.listed.tz
    coming = [
        each
        for each in coming_of(session, database.now(), second.client.id)
        if each.site_id == card.listed.site_id
    ]
    booked: list[tuple[int | str, str, str, str]] = [
        (
            f"b{each.id}",
            f"{each.option.offering.desk_name}, booked "
            f"{short_day(local_day(each.starts_at, tz))}, {clock_time(each.starts_at, tz)}",
            str(each.option.minutes),
            str(each.price),
        )
        for each in coming[:SHOWN]
    ]
    if second.intake is None:
        return booked
    limits = intakes.restrictions_of(second.intake)
    return booked + [
        (option.id, offer.offering.desk_name, str(option.minutes), str(option.price))
        for offer in offers.within(offers.offered(session), limits)
        for option in offer.options
    ]


def _wish(card: Card, second: Second) -> Wish:
    """What the second person wants a time for, at the site of the first."""
    if second.option is None:
        raise BadInput("Choose a session.", "option")
    session = database.session()
    site = session.get_one(Site, card.listed.site_id)
    extra = intakes.restrictions_of(second.intake).extra_minutes if second.intake is not None else 0
    talk = extra if was_here(session, second.client.id) else extra + site.talk_minutes
    return Wish(
        site_id=site.id,
        option_id=second.option.id,
        talk_minutes=talk,
        client_id=second.client.id,
        is_desk=True,
    )


def _find(
    card: Card, appointment: Appointment, partner: Appointment | None, second: Second | None, *, in_one: bool
) -> list[Pair]:
    """When both can come, from the day asked for or the appointment's own on."""
    session, now = database.session(), database.now()
    own = replace(services.wish_of(appointment, is_desk=True), ignore_entry_id=None)
    other_appointment = partner or (second.booked if second is not None else None)
    both = [each for each in (appointment, other_appointment) if each is not None]
    if other_appointment is not None:
        other = replace(services.wish_of(other_appointment, is_desk=True), ignore_entry_id=None)
    else:
        assert second is not None
        other = _wish(card, second)
    party = parties.party_of(session, appointment.id) if partner is not None else None
    ignore = parties.entries_of(party) if party is not None else parties.entries_that_go(session, both)
    today = local_day(now, card.listed.tz)
    asked = read_day(request.values.get("on"))
    first = max(today, asked or min(card.listed.local_day, today + timedelta(days=60)))
    days = 1 if asked is not None else LOOK_DAYS
    waits = any(each.status is Status.PROVISIONAL for each in both) or _is_held(second, today)
    earliest = provisional_times.earliest(now, waits=waits)
    found = parties.find(session, own, other, first, days, now, one_room=in_one, ignore=ignore)
    return [pair for pair in found if pair.starts_at >= earliest]


def _is_held(second: Second | None, on: date) -> bool:
    """Whether somebody has to decide first about who comes too."""
    intake = second.intake if second is not None and second.booked is None else None
    return intake is not None and not is_bookable(intake, on)


def _rows(found: list[Pair], card: Card, *, is_moving: bool) -> list[tuple[str, str, str, str, int, str]]:
    """What `pick_times` draws: the appointment's own start first where it will do, then others, spread."""
    same = [pair for pair in found if pair.starts_at == card.listed.starts_at and not is_moving]
    found = [pair for pair in found if pair.starts_at != card.listed.starts_at]
    kept: list[Pair] = list(same)
    for pair in found:
        if all(abs(pair.starts_at - each.starts_at) >= APART for each in kept):
            kept.append(pair)
    names = _names(kept)
    now, tz = database.now(), card.listed.tz
    return [
        (
            slot_value(pair.starts_at),
            day_word(local_day(pair.starts_at, tz), local_day(now, tz)),
            clock_time(pair.starts_at, tz),
            f"{names.people[pair.first.therapist_id][0]} and {names.people[pair.second.therapist_id][0]}",
            names.people[pair.first.therapist_id][1],
            names.rooms[pair.first.room_id]
            if pair.is_one_room
            else f"{names.rooms[pair.first.room_id]} and {names.rooms[pair.second.room_id]}",
        )
        for pair in kept[:SHOWN]
    ]


@dataclass(frozen=True, slots=True)
class _Names:
    """Therapists' first names and hues, and rooms' names, by number."""

    people: dict[int, tuple[str, int]]
    rooms: dict[int, str]


def _names(found: list[Pair]) -> _Names:
    session = database.session()
    slots = [slot for pair in found for slot in (pair.first, pair.second)]
    people = session.execute(
        sa.select(Therapist.id, Therapist.name, Therapist.hue).where(
            Therapist.id.in_({slot.therapist_id for slot in slots})
        )
    )
    rooms = session.execute(
        sa.select(Room.id, Room.name).where(Room.id.in_({slot.room_id for slot in slots}))
    )
    return _Names(
        {row.id: (row.name.split()[0], row.hue) for row in people}, {row.id: row.name for row in rooms}
    )


def _has_wide(site_id: int) -> bool:
    """Whether the site has a room for two."""
    wanted = sa.select(Room.id).where(Room.site_id == site_id, Room.is_active, Room.places >= SHARED_PLACES)
    return database.session().scalar(wanted.limit(1)) is not None
