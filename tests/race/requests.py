"""Requests about held answers, as the screening's ledger tells of them: asked, decided, decided anew, ended.

And what a change of many must have reached: whatever was surely meant by it when it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.race.history import History, Operation, Violation
from tests.race.model import (
    BOOKED,
    ENDED,
    MOVABLE,
    NO,
    NOT_ASKED,
    PROVISIONAL,
    STANDING,
    WAITS,
    YES,
    Moment,
    State,
    Thing,
)

if TYPE_CHECKING:
    from tests.race.timeline import Timeline

BECOMES = {"asked": WAITS, "allowed": YES, "refused": NO, "ended": ENDED}
ASKS = {"hold", "renew", "party", "hold_pair", "bring"}
BY = {"asked": ASKS, "allowed": {"decide"}, "refused": {"decide"}, "ended": {"renew"}}


class Requests:
    """What may have been said of each intake at any moment, and what of it nobody asked for."""

    def __init__(self, history: History, operations: Mapping[str, Operation]) -> None:
        self.found: list[Violation] = []
        self.effective: set[str] = set()
        self._things: dict[int, Thing] = {}
        for intake, actor, kind in history.afterwards.rulings:
            asked = operations.get(actor)
            if asked is None or asked.kind not in BY[kind] or asked.is_refused or asked.answer == "error":
                self.found.append(Violation("phantom", f"intake {intake} was {kind} by {asked or actor}"))
                continue
            if asked.kind == "decide":
                self.effective.add(asked.id)
                if (asked.args["intake"], asked.args["says"]) != (intake, kind):
                    self.found.append(Violation("state", f"{asked} left intake {intake} {kind}"))
            thing = self._things.setdefault(intake, Thing(f"the request about intake {intake}"))
            if kind in ("allowed", "refused") and thing.moments and thing.last.stage == ENDED:
                self.found.append(Violation("state", f"{asked} decided what had ended"))
            state = State(BECOMES[kind], None, 0, 0)
            thing.moments.append(Moment(asked.at, asked.done, state, asked.id))
        for thing in self._things.values():
            if not thing.tighten():
                self.found.append(Violation("order", f"{thing.name} cannot have gone in that order"))

    def said(self, intake: int | None, asked: Operation) -> frozenset[str]:
        """What may have been said of an intake at some moment between asking and answer."""
        thing = self._things.get(intake or 0)
        if thing is None:
            return frozenset({NOT_ASKED})
        stages = {state.stage for state in thing.states_during(asked)}
        if thing.moments[0].latest >= asked.at:
            stages.add(NOT_ASKED)
        return frozenset(stages)


def worse_answers(asked: Operation, history: History) -> Operation | None:
    """What else booking for two asks where the answers of the second are held: that all they have waits."""
    if asked.kind != "confirm_pair":
        return None
    intake = history.afterwards.holds[asked.args["holds"][1]].get("intake")
    if intake not in {each for each, _actor, _kind in history.afterwards.rulings}:
        return None
    args = {"client": asked.args["clients"][1], "held": True, "intake": intake}
    return replace(asked, kind="worse", args=args)


Meant = Callable[[Thing, State], bool]


def half_done(timeline: Timeline) -> Iterator[Violation]:
    """What a change of many left out, though it was meant with them from the asking to the answer."""
    for asked in timeline.history.operations:
        if asked.id not in timeline.effective:
            continue
        meant = _meant_by(asked, timeline)
        for thing in timeline.things:
            if meant is None or thing.appointment is None or thing.moments[0].latest >= asked.at:
                continue
            states = list(thing.states_during(asked))
            if all(meant(thing, state) for state in states) and asked.id not in {m.by for m in thing.moments}:
                yield Violation("lost", f"{asked} was done, and {thing.name} was left out")


def _meant_by(asked: Operation, timeline: Timeline) -> Meant | None:
    """Whether a change is meant for an appointment that stands so; None for what changes one alone."""
    args, history = asked.args, timeline.history
    house = history.house
    if asked.kind == "decide":
        return lambda _thing, state: (
            state.stage == PROVISIONAL
            and state.intake == args["intake"]
            and (args["says"] == "refused" or state.option not in house.too_deep)
        )
    if asked.kind == "renew":
        return lambda _thing, state: state.stage in (BOOKED, PROVISIONAL) and state.client == args["client"]
    worse = worse_answers(asked, history)
    if worse is not None:
        waits = timeline.requests.said(worse.args["intake"], asked) == {WAITS}
        return lambda _thing, state: (
            state.stage == BOOKED
            and state.client == worse.args["client"]
            and (waits or state.option in house.too_deep)
        )
    if asked.kind in ("move_party", "cancel_party"):
        party = timeline.party_keys.get(args["party"])
        return lambda _thing, state: party is not None and state.party == party and state.stage in STANDING
    if asked.kind not in ("move_series", "cancel_series") or args["reach"] == "this":
        return None
    series = history.afterwards.series
    this = next(each for each in timeline.things if each.appointment == args["appointment"])
    starts = {state.starts for state in this.states_during(asked)}

    def is_meant(thing: Thing, state: State) -> bool:
        number, begun_by = series.get(thing.appointment or 0, (0, ""))
        began = next((m.latest for m in thing.moments if m.by == begun_by), None)
        begun = began if began is not None else _done(begun_by, history)
        follows = args["reach"] == "all" or state.starts > max(starts, default=0)
        return number == args["series"] and begun < asked.at and state.stage in MOVABLE and follows

    return is_meant


def _done(operation: str, history: History) -> float:
    return next((o.done for o in history.operations if o.id == operation), float("inf"))
