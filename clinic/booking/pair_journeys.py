"""Two who book together, as they are kept: one row beside their two journeys, changed only here.

All take `session` and `now` where time matters and leave the commit to whoever called. Each locks the pair
first, then the journeys, the one who began before the other.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import journeys, kept, services
from clinic.booking.journey import goes_on
from clinic.booking.kept import details_of, digest
from clinic.booking.models import Hold, Journey, JourneyPair
from clinic.booking.pair_steps import PairState, Turn, is_ready, waits
from clinic.booking.screening import waits as is_asked
from clinic.intake import services as intakes
from clinic.kernel.errors import BadInput, Stale
from clinic.people import contact
from clinic.roster import diary

GROWN_UP = 18


@dataclass(frozen=True, slots=True)
class Names:
    """How the two are called; `second_is_child` where a parent books for themselves and a child."""

    first: str
    second: str
    second_is_child: bool = False

    def of(self, turn: Turn) -> str:
        return self.first if turn is Turn.FIRST else self.second

    def short(self, turn: Turn) -> str:
        """The first name: how a page speaks to them."""
        return self.of(turn).split()[0]


# --- reading -----------------------------------------------------------------------------------------


def find(session: Session, now: datetime, token: str) -> JourneyPair | None:
    """The pair whose first journey has this token, unless that has expired."""
    found = session.scalar(
        sa.select(JourneyPair).join(JourneyPair.first).where(Journey.token_digest == digest(token))
    )
    return found if found is not None and found.first.expires_at > now else None


def state_of(pair: JourneyPair) -> PairState:
    """How far the two are. A lapsed hold still counts: its page says so and offers it again."""
    first = journeys.state_of(pair.first)
    second = journeys.state_of(pair.second) if pair.second is not None else None
    return PairState(
        turn=pair.turn,
        first=first,
        second=second or PairState().second,
        is_only_one=pair.is_only_one,
        has_time=first.has_hold and second is not None and second.has_hold,
        has_details=first.has_details and second is not None and second.has_details,
        is_booked=pair.party_id is not None,
    )


def names_of(pair: JourneyPair) -> Names:
    return Names(**json.loads(pair.details))


def both(pair: JourneyPair) -> tuple[Journey, Journey]:
    """Their journeys; Stale before the second has one."""
    if pair.second is None:
        raise Stale()
    return pair.first, pair.second


def journey_of(pair: JourneyPair, turn: Turn) -> Journey | None:
    """The journey of whoever has the screen; None while it is for both."""
    if turn is Turn.BOTH:
        return None
    return pair.first if turn is Turn.FIRST else pair.second


def is_child(journey: Journey | None) -> bool:
    """Whether by the answers a child comes: somebody has to answer for them."""
    intake = journey.intake if journey is not None else None
    age = intakes.answers_of(intake).get("age_years") if intake is not None else None
    return isinstance(age, int) and age < GROWN_UP


def lead_of(pair: JourneyPair) -> Turn:
    """Who books for both: the one who began, unless that is a child."""
    return Turn.SECOND if is_child(pair.first) else Turn.FIRST


def holds_of(pair: JourneyPair) -> tuple[Hold, Hold] | None:
    """The times held for both; None before there are two."""
    one, other = pair.first.hold, pair.second.hold if pair.second is not None else None
    return (one, other) if one is not None and other is not None else None


def are_live(pair: JourneyPair, now: datetime) -> bool:
    """Whether both times are still kept."""
    held = holds_of(pair)
    return held is not None and all(journeys.is_live(each, now) for each in held)


# --- beginning and turns -----------------------------------------------------------------------------


def begin(session: Session, now: datetime, journey_id: int, names: Names) -> JourneyPair:
    """Makes two of one who may book and has chosen a session; a time held for one goes back.

    Stale where the way is not that far, BadInput where both have the same name. Asked again, it keeps the
    new names.
    """
    journey = session.get(Journey, journey_id, with_for_update=True, populate_existing=True)
    if journey is None or journey.expires_at <= now or journey.appointment_id is not None:
        raise Stale()
    if not is_ready(journeys.state_of(journey)):
        raise Stale()
    _check_names(names)
    pair = session.scalar(sa.select(JourneyPair).where(JourneyPair.first_id == journey.id))
    if pair is None:
        pair = JourneyPair(first=journey, turn=Turn.BOTH, details="{}", created_at=now)
        session.add(pair)
        services.release(session, journey.hold_id)
        journey.take_hold(None)
    pair.details = json.dumps(asdict(names))
    session.flush()
    return pair


def rename(session: Session, now: datetime, pair_id: int, names: Names) -> None:
    """Keeps how the two are called; what was typed about reaching them is asked again where that changes."""
    pair = locked(session, now, pair_id)
    _check_names(names)
    was = names_of(pair)
    pair.details = json.dumps(asdict(names))
    for journey, name in ((pair.first, was.first != names.first), (pair.second, was.second != names.second)):
        if journey is not None and name and details_of(journey) is not None:
            kept.keep(journey, details={})
    session.flush()


def _check_names(names: Names) -> None:
    if contact.name_key(names.first) == contact.name_key(names.second):
        raise BadInput("That is the same name twice. Enter the name of who comes with you.", "second")


def attach(session: Session, now: datetime, pair_id: int, journey: Journey) -> None:
    """The journey of whoever comes too, begun in their turn. Stale where it is not their turn any more."""
    pair = locked(session, now, pair_id)
    if pair.turn is not Turn.SECOND or pair.second is not None:
        raise Stale()
    pair.second = journey
    session.flush()


def give_turn(session: Session, now: datetime, pair_id: int, turn: Turn) -> None:
    """Gives the screen to one of the two, or to both. A time held for both goes back when one takes it.

    Whoever gives it back and cannot be booked here leaves the other the choice: `is_only_one`.
    """
    pair = locked(session, now, pair_id)
    if turn is Turn.BOTH:
        pair.is_only_one = pair.turn is not Turn.BOTH and not is_ready(state_of(pair).of(pair.turn))
    else:
        pair.is_only_one = False
        give_back(session, pair)
    pair.turn = turn
    session.flush()


def wait_no_more(session: Session, now: datetime, pair_id: int) -> None:
    """Leaves the choice to the other one where nobody decides about one of the two any more.

    It was a no, or an answer has changed. The time held for both goes back; does nothing where all may go on.
    """
    pair = locked(session, now, pair_id)
    if pair.party_id is not None:
        return
    for each in (pair.first, pair.second):
        if each is None or not waits(journeys.state_of(each)):
            continue
        if each.intake is None or not is_asked(each.intake):
            each.is_provisional = False
            pair.turn, pair.is_only_one = Turn.BOTH, True
            give_back(session, pair)
    session.flush()


def part_again(session: Session, now: datetime, pair_id: int) -> None:
    """Whoever comes too begins their questions anew; what they said is left behind."""
    pair = locked(session, now, pair_id)
    second, pair.second = pair.second, None
    give_back(session, pair)
    session.flush()
    if second is not None:
        journeys.leave(session, now, second.id)


def withdraw_second(session: Session, now: datetime, pair_id: int) -> None:
    """Forgets everything of the one who comes too and no longer lets us keep their answers."""
    pair = locked(session, now, pair_id)
    second, pair.second = pair.second, None
    pair.turn, pair.is_only_one = Turn.BOTH, True
    give_back(session, pair)
    session.flush()
    if second is not None:
        journeys.withdraw(session, now, second.id)


def withdraw_first(session: Session, now: datetime, pair_id: int) -> None:
    """Ends the way of both, and forgets everything of the one who began and no longer lets us keep it."""
    pair = locked(session, now, pair_id)
    give_back(session, pair)
    first, second = pair.first, pair.second
    session.delete(pair)
    session.flush()
    journeys.withdraw(session, now, first.id)
    if second is not None:
        journeys.leave(session, now, second.id)


def go_alone(session: Session, now: datetime, pair_id: int, who: Turn, token: str) -> Journey:
    """One of the two goes on without the other, under a new token; Stale where that one may not be booked."""
    pair = locked(session, now, pair_id)
    stays = journey_of(pair, who)
    goes = pair.second if who is Turn.FIRST else pair.first
    if stays is None or pair.party_id is not None or not goes_on(journeys.state_of(stays)):
        raise Stale()
    give_back(session, pair)
    stays.token_digest = digest(token)
    session.delete(pair)
    session.flush()
    if goes is not None:
        journeys.leave(session, now, goes.id)
    return stays


def leave(session: Session, now: datetime, pair_id: int) -> None:
    """Ends the way of both: what was held goes back, what was booked stays booked."""
    pair = locked(session, now, pair_id)
    give_back(session, pair)
    ways = [pair.first, pair.second]
    session.delete(pair)
    session.flush()
    for each in ways:
        if each is not None:
            journeys.leave(session, now, each.id)


def give_back(session: Session, pair: JourneyPair) -> None:
    """Gives back what is held for the two. Does nothing to what is booked."""
    if pair.party_id is not None:
        return
    for journey in (pair.first, pair.second):
        if journey is not None:
            services.release(session, journey.hold_id)
            journey.take_hold(None)
    diary.strike(session, pair.entry_id)
    pair.entry_id = None
    session.flush()


def locked(session: Session, now: datetime, pair_id: int) -> JourneyPair:
    """The pair, locked, with its journeys as they stand; Stale where it has ended."""
    pair = session.get(JourneyPair, pair_id, with_for_update=True, populate_existing=True)
    if pair is None or pair.first.expires_at <= now:
        raise Stale("This visit to our pages has ended. Start again from the first question.")
    for journey in (pair.first, pair.second):
        if journey is not None:
            session.get(Journey, journey.id, with_for_update=True, populate_existing=True)
    return pair
