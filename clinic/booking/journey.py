"""The way to an appointment: which step comes next (pure).

No page knows its neighbours. A step ahead of `next_step` cannot be opened; changing an earlier answer
forgets what came after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Step(StrEnum):
    """The steps in their order; the questions have pages of their own."""

    QUESTIONS = "questions"
    OUTCOME = "outcome"
    SESSION = "session"
    TIME = "time"
    DETAILS = "details"
    CHECK = "check"
    BOOKED = "booked"


class Verdict(StrEnum):
    """What the screening said, as far as the way goes."""

    NONE = "none"
    BOOK = "book"
    CLEARANCE = "clearance"
    STOP = "stop"


ORDER = tuple(Step)


@dataclass(frozen=True, slots=True)
class State:
    """What has been done so far. `is_provisional`: the client goes on while somebody decides."""

    verdict: Verdict = Verdict.NONE
    outcome_seen: bool = False
    is_provisional: bool = False
    has_option: bool = False
    has_hold: bool = False
    has_details: bool = False
    is_booked: bool = False


def goes_on(state: State) -> bool:
    """Whether the way leads beyond the outcome: to a booking, or to a time kept until somebody decides."""
    return state.verdict is Verdict.BOOK or (state.verdict is Verdict.CLEARANCE and state.is_provisional)


def next_step(state: State) -> Step:
    """The first step not yet taken."""
    if state.is_booked:
        return Step.BOOKED
    if state.verdict is Verdict.NONE:
        return Step.QUESTIONS
    if not goes_on(state) or not state.outcome_seen:
        return Step.OUTCOME
    if not state.has_option:
        return Step.SESSION
    if not state.has_hold:
        return Step.TIME
    if not state.has_details:
        return Step.DETAILS
    return Step.CHECK


def may_open(state: State, step: Step) -> bool:
    """Whether `step` lies behind or at the next one. Once booked, only 'booked' does."""
    if state.is_booked:
        return step is Step.BOOKED
    return ORDER.index(step) <= ORDER.index(next_step(state))


def previous_step(step: Step) -> Step | None:
    """The step a back link leads to."""
    at = ORDER.index(step)
    return ORDER[at - 1] if at else None


def forget_after(state: State, step: Step) -> State:
    """`state` when the answer at `step` has changed: what rested on it is forgotten.

    Details of the person rest on nothing and stay.
    """
    at = ORDER.index(step)
    changed = state
    if at <= ORDER.index(Step.QUESTIONS):
        changed = replace(changed, verdict=Verdict.NONE, outcome_seen=False, is_provisional=False)
    if at < ORDER.index(Step.SESSION):
        changed = replace(changed, has_option=False)
    if at < ORDER.index(Step.TIME):
        changed = replace(changed, has_hold=False)
    return changed
