"""The sequential model: what one hold, appointment or absence may be, one thing after another.

It says by itself what may follow what; the clinic's own tables are not asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.race.history import NEVER, TICK, House, Operation

HELD, LET_GO, RUN_OUT = "held", "let go", "run out"
AWAY, BACK = "away", "back"
BOOKED, CANCELLED = "booked", "cancelled"

STANDING = frozenset({HELD, AWAY, BOOKED, "provisional", "checked_in", "fulfilled", "no_show"})
MOVABLE = frozenset({BOOKED, "provisional"})
MAY_BE_FOLLOWED = frozenset({BOOKED, "checked_in", "fulfilled"})
NEXT = {
    "provisional": {BOOKED, CANCELLED, "lapsed"},
    BOOKED: {"checked_in", CANCELLED, "no_show"},
    "checked_in": {"fulfilled", BOOKED, CANCELLED},
    "fulfilled": {"checked_in"},
    "no_show": {BOOKED, "checked_in"},
    CANCELLED: {BOOKED},
    "lapsed": set(),
}

Square = tuple[str, int | None, int, int]  # kind, owner (None: not known which), first tick, tick after


@dataclass(frozen=True, slots=True)
class State:
    """How a visit or an absence stands; `room`, `therapist` and `version` are None where nobody knows."""

    stage: str
    therapist: int | None
    starts: int
    ends: int
    room: int | None = None
    client: int | None = None
    option: int | None = None
    expires: float = NEVER
    version: int | None = None

    def squares(self, house: House) -> list[Square]:
        """What it takes of the diary, as one stretch of ticks for each owner."""
        if self.stage not in STANDING:
            return []
        if self.option is None:
            return [("therapist", self.therapist, *ticks(self.starts, self.ends))]
        return place(house, self.option, self.starts, self.ends, self.therapist, self.room, self.client)


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


def answers(state: State, asked: Operation, may_be_struck: bool) -> set[str]:
    """Every answer that `asked` may have got while `state` stood: 'ok' with an effect, 'same' without.

    Whether a place was really taken is not judged here: SlotTaken is among the answers wherever one may be.
    """
    if asked.kind == "confirm":
        return _of_confirm(state, asked, may_be_struck)
    if asked.kind in ("release", "end_time_off"):
        return {"ok"} if state.stage in (HELD, AWAY) else {"same"}
    found = set()
    version = asked.args.get("version")
    if version is not None and state.version != version:
        if state.version is not None:
            return {"Stale"}
        found.add("Stale")
    return found | _of_change(state, asked)


def _of_confirm(state: State, asked: Operation, may_be_struck: bool) -> set[str]:
    if state.stage in (LET_GO, RUN_OUT):
        return {"HoldLapsed"}
    if state.stage != HELD:
        return {"same"}
    if asked.now >= state.expires:
        return {"HoldLapsed"}
    return {"ok", "SlotTaken"} | ({"HoldLapsed"} if may_be_struck else set())


def _of_change(state: State, asked: Operation) -> set[str]:
    follows = NEXT.get(state.stage, set())
    if asked.kind == "move":
        return {"ok", "SlotTaken", "NotOffered"} if state.stage in MOVABLE else {"WrongState"}
    if asked.kind == "cancel":
        return {"ok"} if CANCELLED in follows else {"WrongState"}
    if asked.kind == "reactivate":
        if BOOKED not in follows:
            return {"WrongState"}
        return {"ok", "SlotTaken"} if state.stage == CANCELLED else {"ok"}
    if asked.kind == "status":
        wanted = asked.args["status"]
        if wanted == state.stage:
            return {"same"}
        if wanted not in follows:
            return {"WrongState"}
        return {"BadInput"} if CANCELLED in (wanted, state.stage) else {"ok"}
    raise ValueError(f"no model for {asked.kind}")


def after(state: State, asked: Operation) -> State:
    """How it stands once `asked` has taken effect, as far as the asking and the answer tell."""
    said = asked.facts
    if asked.kind == "move":
        starts = asked.args["starts"]
        state = replace(
            state,
            starts=starts,
            ends=starts + state.ends - state.starts,
            therapist=said.get("therapist", asked.args.get("therapist")),
            room=said.get("room"),
        )
    elif asked.kind in ("confirm", "book", "series"):
        state = replace(state, stage=BOOKED, client=asked.args["client"], expires=NEVER)
    elif asked.kind == "cancel":
        state = replace(state, stage=CANCELLED)
    elif asked.kind == "reactivate":
        state = replace(state, stage=BOOKED)
    elif asked.kind == "status":
        state = replace(state, stage=asked.args["status"])
    return replace(state, version=said.get("version"))


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
    """A visit (a hold and the appointment it became) or an absence, with everything that changed it."""

    name: str
    hold: int | None = None
    appointment: int | None = None
    absence: int | None = None
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
