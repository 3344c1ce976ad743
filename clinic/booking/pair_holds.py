"""Holding and booking a time for two from the web: both or neither, each judged by their own answers.

Whose answers wait for a decision has a provisional appointment, and the other one is booked: a no, or nobody
who decides in time, gives back theirs alone, and the other is told (`companions`).

A hold of two is two holds with one end, and in one room a third entry for the room, which the pair owns. The
limits of web holds count it as two; a visitor has one such pair, or one hold, at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from clinic.booking import hold_limits, journeys, pair_journeys, pairs, parties, provisional_times, services
from clinic.booking.hold_limits import Share, Source, WebHolds
from clinic.booking.journeys import Filters
from clinic.booking.kept import Details, details_of
from clinic.booking.models import Appointment, Hold, Journey, JourneyPair, Party
from clinic.booking.pair_journeys import both, locked, state_of
from clinic.booking.pair_steps import PairStep, Turn, is_ready, may_open
from clinic.booking.pairs import Pair
from clinic.booking.screening import check_allowed, is_bookable
from clinic.booking.slots import Slot, Wish
from clinic.booking.taking import check_start, day_at, new_hold, option_and_site
from clinic.catalog.models import OfferingOption
from clinic.kernel.errors import HoldLapsed, NotFound, SlotTaken, Stale
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import Site

ACTOR = "client"


def wishes_of(pair: JourneyPair, site: Site) -> tuple[Wish, Wish]:
    """What each of the two wants a time for, at that site, with anybody."""
    first, second = (
        replace(journeys.wish_of(each, site, Filters()), ignore_entry_id=None) for each in both(pair)
    )
    return first, second


def entries_of(pair: JourneyPair) -> list[int]:
    """The diary entries of what is held for the two."""
    held = pair_journeys.holds_of(pair) or ()
    found = [*(each.entry_id for each in held), pair.entry_id]
    return [entry_id for entry_id in found if entry_id is not None]


def take_time(
    session: Session,
    now: datetime,
    pair_id: int,
    site: Site,
    starts_at: datetime,
    *,
    one_room: bool,
    looked_at: tuple[int, int],
    source: Source,
) -> None:
    """Holds `starts_at` for both and gives what they held before back; the same asked again changes nothing.

    `looked_at` are the sessions the page was drawn for: Stale if they are others by now. Refuses with
    NotCleared or Excluded by the answers of either, NotOffered, SlotTaken, TooMany; then all is as it was.
    """
    pair = locked(session, now, pair_id)
    first, second = both(pair)
    if pair.party_id is not None:  # booked meanwhile, in another tab
        raise Stale()
    if pair.turn is not Turn.BOTH or not all(is_ready(journeys.state_of(each)) for each in (first, second)):
        raise Stale()
    if (first.option_id, second.option_id) != looked_at:
        raise Stale("One of you chose another session meanwhile. These are the times for that one.")
    if _is_same(pair, site, starts_at, one_room, now):
        return
    wishes = wishes_of(pair, site)
    for journey, wish in zip((first, second), wishes, strict=True):
        _check(session, now, journey, wish, starts_at)
    on = day_at(site, starts_at)
    web = hold_limits.admit(session, now, _as_two(source), site, on)
    with session.begin_nested():
        pair_journeys.give_back(session, pair)
        for each in web.own:
            services.release(session, each)
        found, entries = _place(session, now, wishes, site, starts_at, web, one_room=one_room)
        _keep(session, now, pair, wishes, site, found, entries, source)
        pair.is_one_room = one_room
        session.flush()


def _as_two(source: Source) -> Source:
    """A source whose address may have one hold less, as what is asked for is two."""
    return replace(source, most_open=source.most_open - 1, most_an_hour=source.most_an_hour - 1)


def _is_same(pair: JourneyPair, site: Site, starts_at: datetime, one_room: bool, now: datetime) -> bool:
    held = pair_journeys.holds_of(pair)
    if held is None or not pair_journeys.are_live(pair, now) or pair.is_one_room is not one_room:
        return False
    journeys_options = [each.option_id for each in both(pair)]
    return all(
        (each.starts_at, each.site_id, each.option_id) == (starts_at, site.id, option_id)
        for each, option_id in zip(held, journeys_options, strict=True)
    )


def _check(session: Session, now: datetime, journey: Journey, wish: Wish, starts_at: datetime) -> None:
    """Refuses what neither the answers nor the site allow."""
    option, site = option_and_site(session, wish)
    check_start(wish, starts_at, site, now)
    on = day_at(site, starts_at)
    check_allowed(journey.intake, option, on, provisionally=journey.is_provisional)
    if _waits(journey, on):
        provisional_times.check_far_enough(starts_at, now)


def _waits(journey: Journey, on: date) -> bool:
    """Whether somebody decides first about a session of theirs on that day."""
    return journey.is_provisional and journey.intake is not None and not is_bookable(journey.intake, on)


@dataclass(frozen=True, slots=True)
class _Half:
    """Whether the day leaves enough to others when one of two takes their part of it."""

    share: Share
    talk_minutes: int

    def leaves_enough(self, slot: Slot, claims: Sequence[Claim]) -> bool:
        return self.share.leaves_enough(slot, claims, self.talk_minutes)


def _place(
    session: Session,
    now: datetime,
    wishes: tuple[Wish, Wish],
    site: Site,
    starts_at: datetime,
    web: WebHolds,
    *,
    one_room: bool,
) -> tuple[Pair, list[int]]:
    """Who and where for both, and the entries; none where the day holds enough: it is only chosen."""
    sides = pairs.sides_at(session, wishes, starts_at, now, ())
    shared = pairs.shared_rooms(session, site.id, sides) if one_room else None
    options = _options(session, wishes)
    on = day_at(site, starts_at)
    halves = [
        _Half(hold_limits.share_of(session, side.known, on, web), wish.talk_minutes)
        for side, wish in zip(sides, wishes, strict=True)
    ]
    not_kept = None
    start = pairs.minute_of(starts_at)
    for tried, pair in enumerate(pairs.candidates(sides, shared, start)):
        if tried >= pairs.TRIES:
            break
        claims = [claim for each in pairs.claims_of_pair(options, wishes, pair) for claim in each]
        slots = (pair.first, pair.second)
        if not all(half.leaves_enough(slot, claims) for half, slot in zip(halves, slots, strict=True)):
            not_kept = not_kept or pair
            continue
        entries = pairs.try_one(session, now, wishes, options, pair, site.tz)
        if entries is not None:
            return pair, entries
    if not_kept is not None:
        return not_kept, []
    raise SlotTaken("You cannot both come then any more.")


def _options(session: Session, wishes: tuple[Wish, Wish]) -> tuple[OfferingOption, OfferingOption]:
    first, second = (session.get_one(OfferingOption, wish.option_id) for wish in wishes)
    return first, second


def _keep(
    session: Session,
    now: datetime,
    pair: JourneyPair,
    wishes: tuple[Wish, Wish],
    site: Site,
    found: Pair,
    entries: Sequence[int],
    source: Source,
) -> None:
    """The two holds, with one end for all that is entered."""
    first, second = both(pair)
    ends_at = now + timedelta(minutes=site.hold_minutes)
    for entry_id in entries:
        diary.keep_until(session, entry_id, ends_at)
    halves = zip((first, second), wishes, (found.first, found.second), strict=True)
    for at, (journey, wish, slot) in enumerate(halves):
        option, _site = option_and_site(session, wish)
        own = entries[at] if entries else None
        waits = _waits(journey, day_at(site, slot.starts_at))
        held = new_hold(now, wish, slot, option, site, journey.intake, entry_id=own, is_provisional=waits)
        held.visitor_digest, held.address_digest = source.visitor, source.address
        session.add(held)
        session.flush()
        journey.take_hold(held)
    pair.entry_id = parties.room_entry_id(found, entries) if entries else None


# --- contact and booking -----------------------------------------------------------------------------


def keep_details(session: Session, now: datetime, pair_id: int, first: Details, second: Details) -> None:
    """Keeps who comes and how to reach them, until they become clients. Stale before a time is held."""
    pair = locked(session, now, pair_id)
    if not may_open(state_of(pair), PairStep.DETAILS):
        raise Stale()
    for journey, details in zip(both(pair), (first, second), strict=True):
        journeys.keep_details(session, now, journey.id, details)


def confirm(session: Session, now: datetime, pair_id: int, hold_ids: tuple[int, int], *, terms: str) -> Party:
    """Books what was checked, both or neither. Asked again, it gives the same party.

    `hold_ids` are the holds that were looked at. Stale if they are others by now, HoldLapsed if the time went
    back, SlotTaken if either is elsewhere then, NotCleared or Excluded by the answers as they stand.
    """
    pair = locked(session, now, pair_id)
    if pair.party is not None:
        return pair.party
    held = pair_journeys.holds_of(pair)
    if held is None or not may_open(state_of(pair), PairStep.CHECK):
        raise Stale()
    if tuple(each.id for each in held) != hold_ids:
        raise Stale("You chose another time meanwhile. Check this one before you book it.")
    if not pair_journeys.are_live(pair, now):
        raise HoldLapsed()
    with session.begin_nested():
        _enter_now(session, now, pair, held)
        made = _book(session, now, pair, held, terms)
        lead = made[0] if pair_journeys.lead_of(pair) is Turn.FIRST else made[1]
        pair.party = parties.join(
            session, now, made, pair.entry_id, ACTOR, booked_by=f"client:{lead.client_id}"
        )
        pair.entry_id = None
        session.flush()
    return pair.party


def _book(
    session: Session, now: datetime, pair: JourneyPair, held: tuple[Hold, Hold], terms: str
) -> list[Appointment]:
    """The appointments of both, in their order; who answers for the other becomes a client first."""
    halves = list(zip(both(pair), held, strict=True))
    order = halves if pair_journeys.lead_of(pair) is Turn.FIRST else halves[::-1]
    for journey, each in order:
        journeys.confirm(session, now, journey.id, each.id, terms=terms)
    made = [journey.appointment for journey in both(pair) if journey.appointment is not None]
    if len(made) != len(halves):
        raise Stale()
    return made


def _enter_now(session: Session, now: datetime, pair: JourneyPair, held: tuple[Hold, Hold]) -> None:
    """Enters what was chosen and not kept; SlotTaken where somebody else has it by now."""
    if all(each.entry_id is not None for each in held):
        return
    wishes = (_wish_of(held[0]), _wish_of(held[1]))
    slots = [Slot(each.starts_at, each.therapist_id, each.room_id) for each in held]
    chosen = Pair(slots[0], slots[1])
    options = _options(session, wishes)
    entries = pairs.try_one(session, now, wishes, options, chosen, held[0].site.tz)
    if entries is None:
        raise SlotTaken("You cannot both come then any more.")
    for each, entry_id in zip(held, entries, strict=False):
        each.entry_id = entry_id
    pair.entry_id = parties.room_entry_id(chosen, entries)
    session.flush()


def _wish_of(held: Hold) -> Wish:
    return Wish(
        site_id=held.site_id,
        option_id=held.option_id,
        talk_minutes=held.talk_minutes,
        client_id=held.client_id,
    )


def appointments_of(pair: JourneyPair) -> tuple[Appointment, Appointment]:
    """What was booked for the two, in the order of their journeys; NotFound before it is."""
    first, second = both(pair)
    if first.appointment is None or second.appointment is None:
        raise NotFound()
    return first.appointment, second.appointment


def contact_of(pair: JourneyPair) -> tuple[Details | None, Details | None]:
    """What was typed of the two, once it could be taken."""
    first, second = both(pair)
    return details_of(first), details_of(second)
