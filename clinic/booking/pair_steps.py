"""The way of two who book together: whose turn it is, and which step comes next (pure).

Each answers for themselves in a turn of their own; times, contact and booking are for both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from clinic.booking import journey
from clinic.booking.journey import State, Step, Verdict


class Turn(StrEnum):
    """Who has the screen: the one who began, who comes too, or both together."""

    FIRST = "first"
    SECOND = "second"
    BOTH = "both"


class PairStep(StrEnum):
    """The steps of two. PART is a page of one of them, DONE that their part is over."""

    PART = "part"
    DONE = "done"
    HAND_OVER = "hand_over"
    ONLY_ONE = "only_one"
    TIME = "time"
    DETAILS = "details"
    CHECK = "check"
    BOOKED = "booked"


SHARED = (PairStep.TIME, PairStep.DETAILS, PairStep.CHECK, PairStep.BOOKED)


@dataclass(frozen=True, slots=True)
class PairState:
    """How far the two are. `is_only_one`: one of them gave the screen back and cannot be booked here."""

    turn: Turn = Turn.BOTH
    first: State = field(default_factory=State)
    second: State = field(default_factory=State)
    is_only_one: bool = False
    has_time: bool = False
    has_details: bool = False
    is_booked: bool = False

    def of(self, turn: Turn) -> State:
        """How far one of the two is."""
        return self.first if turn is Turn.FIRST else self.second


def is_ready(state: State) -> bool:
    """Whether one of the two may be booked, or kept a time while somebody decides, and has a session."""
    return journey.goes_on(state) and state.outcome_seen and state.has_option


def waits(state: State) -> bool:
    """Whether the time of one of the two would be kept only until somebody has decided."""
    return state.is_provisional and state.verdict is Verdict.CLEARANCE


def next_step(state: PairState) -> PairStep:
    """The first step not yet taken."""
    if state.is_booked:
        return PairStep.BOOKED
    if state.turn is not Turn.BOTH:
        own = journey.next_step(state.of(state.turn))
        return PairStep.PART if own in (Step.QUESTIONS, Step.OUTCOME, Step.SESSION) else PairStep.DONE
    if is_ready(state.first) and is_ready(state.second):
        if not state.has_time:
            return PairStep.TIME
        return PairStep.CHECK if state.has_details else PairStep.DETAILS
    return PairStep.ONLY_ONE if state.is_only_one else PairStep.HAND_OVER


def may_open(state: PairState, step: PairStep) -> bool:
    """Whether a shared page lies behind or at the next step; once booked, only that page does."""
    following = next_step(state)
    if following not in SHARED or following is PairStep.BOOKED:
        return step is following
    return SHARED.index(step) <= SHARED.index(following)


def missing(state: PairState) -> Turn:
    """Who has not done their part yet."""
    return Turn.SECOND if is_ready(state.first) else Turn.FIRST
