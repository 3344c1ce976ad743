"""The sequential model: what one hold, appointment or absence may be, one thing after another.

It says by itself what may follow what; the clinic's own tables are not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.race.history import NEVER, TICK, House, Operation

HELD, LET_GO, RUN_OUT = "held", "let go", "run out"
CHOSEN = "chosen"  # held for two without a square: the day holds enough
AWAY, BACK = "away", "back"
PROVISIONAL, BOOKED, CANCELLED, LAPSED = "provisional", "booked", "cancelled", "lapsed"
NOT_ASKED, WAITS, YES, NO, ENDED = "not asked", "waits", "yes", "no", "ended"  # a request about held answers

STANDING = frozenset({HELD, AWAY, BOOKED, PROVISIONAL, "checked_in", "fulfilled", "no_show"})
MOVABLE = frozenset({BOOKED, PROVISIONAL})
MAY_BE_FOLLOWED = frozenset({BOOKED, "checked_in", "fulfilled"})
MOVES = frozenset({"moved", "resettled"})  # events after which it may be elsewhere; the second tells nobody
NEXT = {
    PROVISIONAL: {BOOKED, CANCELLED, LAPSED},
    BOOKED: {"checked_in", CANCELLED, "no_show"},
    "checked_in": {"fulfilled", BOOKED, CANCELLED},
    "fulfilled": {"checked_in"},
    "no_show": {BOOKED, "checked_in"},
    CANCELLED: {BOOKED},
    LAPSED: set(),
}
# What an event of the ledger says of the stage; those not named leave it as it was.
BECOMES = {"confirmed": BOOKED, "reactivated": BOOKED, "reopened": PROVISIONAL} | {
    each: each for each in NEXT
}
BOOKS = frozenset({"confirm", "book", "series", "party", "confirm_pair", "bring"})
DECIDED_BEFORE = 12 * 60
MICROSECONDS = 60_000_000  # a minute of the service's clock

Square = tuple[str, int | None, int, int]  # kind, owner (None: not known which), first tick, tick after


@dataclass(frozen=True, slots=True)
class State:
    """How a visit or an absence stands; `room`, `therapist` and `version` are None where nobody knows.

    `intake` are the answers it rests on, where they were held for somebody's yes; `expires` is when a hold or
    a provisional time goes back. `shares` is the operation that made two in one room, while it is in it: then
    the room is taken for both, and not by this one. `party` is the operation that made two of them, until it
    is brought together with somebody else.
    """

    stage: str
    therapist: int | None
    starts: int
    ends: int
    room: int | None = None
    client: int | None = None
    option: int | None = None
    expires: float = NEVER
    version: int | None = None
    intake: int | None = None
    shares: str | None = None
    party: str | None = None

    def squares(self, house: House) -> list[Square]:
        """What it takes of the diary, as one stretch of ticks for each owner."""
        if self.stage not in STANDING:
            return []
        if self.option is None:
            return [("therapist", self.therapist, *ticks(self.starts, self.ends))]
        taken = place(house, self.option, self.starts, self.ends, self.therapist, self.room, self.client)
        return [square for square in taken if self.shares is None or square[0] != "room"]


def place(
    house: House,
    option: int,
    starts: int,
    ends: int,
    therapist: int | None,
    room: int | None,
    client: int | None,
) -> list[Square]:
    """Therapist with buffers, room with turnover, client bare."""
    session = house.sessions[option]
    taken: list[Square] = [
        ("therapist", therapist, *ticks(starts - session.before, ends + session.after)),
        ("room", room, *ticks(starts, ends + session.turnover)),
    ]
    if client is not None:
        taken.append(("client", client, *ticks(starts, ends)))
    return taken


def ticks(start: int, end: int) -> tuple[int, int]:
    return start // TICK, -(-end // TICK)


def answers(
    state: State,
    asked: Operation,
    house: House,
    *,
    may_be_struck: bool,
    rulings: frozenset[str] = frozenset(),
) -> set[str]:
    """Every answer that `asked` may have got while `state` stood: 'ok' with an effect, 'same' without.

    `rulings` is what may have been said of the answers it rests on. Whether a place was really taken is not
    judged here: SlotTaken is among the answers wherever one may be.
    """
    if asked.kind in ("confirm", "confirm_pair"):
        return _of_confirm(state, asked, may_be_struck, rulings)
    if asked.kind in ("release", "end_time_off"):
        return {"ok"} if state.stage in (HELD, AWAY) else {"same"}
    found = set()
    version = asked.args.get("version")
    if version is not None and state.version != version:
        if state.version is not None:
            return {"Stale"}
        found.add("Stale")
    if asked.kind in ("move", "move_series", "move_party", "join"):
        return found | _of_move(state, asked, house, may_be_struck, rulings)
    return found | _of_change(state, asked, house, rulings)


def _of_confirm(state: State, asked: Operation, may_be_struck: bool, rulings: frozenset[str]) -> set[str]:
    if state.stage in (LET_GO, RUN_OUT):
        return {"HoldLapsed"}
    if state.stage not in (HELD, CHOSEN):
        return {"same"}
    if asked.now >= state.expires:
        return {"HoldLapsed"}
    found = {"HoldLapsed"} if may_be_struck else set()
    if state.intake is not None and rulings - {WAITS, YES}:
        found.add("NotCleared")
    if state.intake is None or rulings & {WAITS, YES}:
        found |= {"ok", "SlotTaken"}
    return found


def _of_move(
    state: State, asked: Operation, house: House, may_be_struck: bool, rulings: frozenset[str]
) -> set[str]:
    if state.stage not in MOVABLE:
        return {"WrongState"}
    is_provisional = state.stage == PROVISIONAL
    if is_provisional and asked.now >= state.expires:
        return {"WrongState"}
    found = {"WrongState"} if is_provisional and may_be_struck else set()
    return found | _screened(state, house, rulings, {"ok", "SlotTaken", "NotOffered"}, is_provisional)


def _screened(
    state: State, house: House, rulings: frozenset[str], then: set[str], is_provisional: bool = False
) -> set[str]:
    """What is answered where the answers it rests on let it be booked, or else why not."""
    if state.intake is None:
        return then
    good = {YES, WAITS} if is_provisional else {YES}
    found = {"NotCleared"} if rulings - good else set()
    if rulings & good:
        found |= {"Excluded"} if state.option in house.too_deep else then
    return found


def _of_change(state: State, asked: Operation, house: House, rulings: frozenset[str]) -> set[str]:
    follows = NEXT.get(state.stage, set())
    if asked.kind in ("cancel", "cancel_series", "cancel_party"):
        return {"ok"} if CANCELLED in follows else {"WrongState"}
    if asked.kind == "reactivate":
        if BOOKED not in follows or state.stage == PROVISIONAL:
            return {"WrongState"}
        if state.stage == CANCELLED:
            room_first = {"SlotTaken"} if state.shares else set()  # it is asked for before the answers are
            return room_first | _screened(state, house, rulings, {"ok", "SlotTaken"})
        return {"ok"}
    if asked.kind == "status":
        wanted = asked.args["status"]
        if wanted == state.stage:
            return {"same"}
        if wanted not in follows:
            return {"WrongState"}
        if CANCELLED in (wanted, state.stage):
            return {"BadInput"}
        return {"WrongState"} if PROVISIONAL in (wanted, state.stage) else {"ok"}
    raise ValueError(f"no model for {asked.kind}")


def may_have_done(
    state: State,
    asked: Operation,
    event: str,
    house: House,
    *,
    may_be_struck: bool,
    rulings: frozenset[str] = frozenset(),
) -> bool:
    """Whether `asked`, meeting `state`, may have left `event` in the ledger."""
    if asked.kind in ("decide", "renew", "worse", "lapse"):
        return _may_have_settled(state, asked, event, house, may_be_struck)
    if asked.kind in ("confirm", "confirm_pair"):
        wants = {PROVISIONAL: WAITS, BOOKED: YES}.get(event)
        if wants is None or (state.intake is None and event != BOOKED):
            return False
        if state.intake is not None and wants not in rulings:
            return False
    return "ok" in answers(state, asked, house, may_be_struck=may_be_struck, rulings=rulings)


def _may_have_settled(state: State, asked: Operation, event: str, house: House, may_be_struck: bool) -> bool:
    """What a decision, new answers or the worker's chores make of one that waits, or stood."""
    waited, is_over = state.stage == PROVISIONAL, asked.now >= state.expires
    if asked.kind == "lapse":
        return waited and is_over and event == LAPSED
    if asked.kind == "decide":
        if state.intake != asked.args["intake"]:
            return False
        if asked.args["says"] == "refused":  # a no takes an earlier yes back as well
            return event == CANCELLED and state.stage in (PROVISIONAL, BOOKED)
        if not waited:
            return False
        if event == LAPSED:
            return is_over or may_be_struck
        return event == "confirmed" and not is_over and state.option not in house.too_deep
    if state.client != asked.args["client"]:
        return False
    if event == "reopened":
        return state.stage == BOOKED and asked.args["held"]
    if event == "renewed":
        return (waited and (asked.args["held"] or is_over)) or (
            state.stage == BOOKED and not asked.args["held"]
        )
    stands = waited and not asked.args["held"] and not is_over
    return stands and (event == "confirmed" or (event == LAPSED and may_be_struck))


def after(state: State, asked: Operation, event: str, house: House, told: Mapping[str, Any]) -> State:
    """How it stands once `asked` has left `event` in the ledger; `told` is what its answer said of it."""
    stage = BECOMES.get(event, state.stage)
    if event in MOVES:
        state = replace(
            state,
            starts=told["starts"],
            ends=told["starts"] + state.ends - state.starts,
            therapist=told.get("therapist", asked.args.get("therapist", state.therapist)),
            room=told.get("room"),
            shares=told.get("shares"),
        )
    expires = state.expires
    if stage != PROVISIONAL or event == "reopened":
        expires = NEVER
    elif event == PROVISIONAL:
        expires = kept_until(state, asked, house)
    elif event == "moved" and expires != NEVER:
        expires = min(expires, kept_until(state, asked, house))
    client = asked.args["client"] if asked.kind in BOOKS else state.client
    intake = told.get("intake") if asked.kind in ("renew", "worse") else state.intake
    version = told.get("version")
    return replace(state, stage=stage, expires=expires, client=client, intake=intake, version=version)


def kept_until(state: State, asked: Operation, house: House) -> float:
    """Until when a provisional time is kept, decided or not."""
    latest = (state.starts - DECIDED_BEFORE) * MICROSECONDS
    return min(asked.now + house.kept_minutes * MICROSECONDS, latest)


@dataclass(slots=True)
class Moment:
    """A change: when it took effect at the earliest and at the latest, and how things stood from then on."""

    earliest: float
    latest: float
    state: State
    by: str
    is_move: bool = False


@dataclass(slots=True)
class Thing:
    """A visit (a hold and the appointment it became) or an absence, with everything that changed it.

    Of two who were asked for together, `two` is the operation that did, and `half` which of them it is.
    """

    name: str
    hold: int | None = None
    appointment: int | None = None
    absence: int | None = None
    two: str | None = None
    half: int = 0
    moments: list[Moment] = field(default_factory=list)

    @property
    def last(self) -> State:
        return self.moments[-1].state

    def states_during(self, asked: Operation) -> Iterator[State]:
        """Every state that may have stood at some moment between asking and answer."""
        for index, moment in enumerate(self.moments):
            until = self.moments[index + 1].latest if index + 1 < len(self.moments) else NEVER
            if moment.earliest <= asked.done and asked.at <= until:
                yield moment.state

    def tighten(self) -> bool:
        """Puts the moments in order within what is known of each; False if no order is possible."""
        for former, later in zip(self.moments, self.moments[1:], strict=False):
            later.earliest = max(former.earliest, later.earliest)
        for former, later in reversed(list(zip(self.moments, self.moments[1:], strict=False))):
            former.latest = min(former.latest, later.latest)
        return all(moment.earliest <= moment.latest for moment in self.moments)

    def fill_in(self, final: State) -> None:
        """Where an unanswered move left therapist and room unknown, takes them from what stands later."""
        known: State | None = final
        for moment in reversed(self.moments):
            here = moment.state
            if known is not None and (here.therapist is None or here.room is None):
                moment.state = replace(here, therapist=known.therapist, room=known.room)
            known = None if moment.is_move else moment.state
