"""The way to an appointment always leads on, and forgetting never leaves a step standing in the air."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clinic.booking.journey import (
    ORDER,
    State,
    Step,
    Verdict,
    forget_after,
    may_open,
    next_step,
    previous_step,
)

steps = st.sampled_from(Step)
states = st.builds(
    State,
    verdict=st.sampled_from(Verdict),
    outcome_seen=st.booleans(),
    has_option=st.booleans(),
    has_hold=st.booleans(),
    has_details=st.booleans(),
    is_booked=st.booleans(),
)


def take(state: State, step: Step) -> State:
    """What a client does at a step."""
    match step:
        case Step.QUESTIONS:
            return replace(state, verdict=Verdict.BOOK)
        case Step.OUTCOME:
            return replace(state, outcome_seen=True)
        case Step.SESSION:
            return replace(state, has_option=True)
        case Step.TIME:
            return replace(state, has_hold=True)
        case Step.DETAILS:
            return replace(state, has_details=True)
        case _:
            return replace(state, is_booked=True)


def walked(number: int) -> State:
    state = State()
    for _ in range(number):
        state = take(state, next_step(state))
    return state


@given(states)
def test_taking_the_next_step_always_reaches_the_end(state: State) -> None:
    if state.verdict in (Verdict.CLEARANCE, Verdict.STOP) and not state.is_booked:
        assert next_step(state) is Step.OUTCOME
        return
    for _ in ORDER:
        state = take(state, next_step(state))
    assert next_step(state) is Step.BOOKED


@given(states)
def test_nothing_ahead_of_the_next_step_can_be_opened(state: State) -> None:
    at = ORDER.index(next_step(state))
    for step in Step:
        if state.is_booked:
            assert may_open(state, step) is (step is Step.BOOKED)
        else:
            assert may_open(state, step) is (ORDER.index(step) <= at)


@given(st.integers(0, 5), steps)
def test_forgetting_never_leads_ahead_and_leaves_no_state_ahead_of_itself(number: int, step: Step) -> None:
    state = walked(number)
    if not may_open(state, step):
        return
    changed = forget_after(state, step)
    assert ORDER.index(next_step(changed)) <= ORDER.index(next_step(state))
    assert may_open(changed, step)
    # What stands rests on what stands before it; who comes rests on nothing.
    assert not changed.outcome_seen or changed.verdict is Verdict.BOOK
    assert not changed.has_option or changed.outcome_seen
    assert not changed.has_hold or changed.has_option
    assert changed.has_details == state.has_details


@given(st.integers(0, 5), st.sampled_from([Step.QUESTIONS, Step.OUTCOME, Step.SESSION]))
def test_a_change_before_the_time_gives_the_held_time_back(number: int, step: Step) -> None:
    assert not forget_after(walked(number), step).has_hold


@given(states, steps)
def test_forgetting_twice_forgets_no_more(state: State, step: Step) -> None:
    once = forget_after(state, step)
    assert forget_after(once, step) == once


def test_back_links_lead_to_the_first_step() -> None:
    step: Step | None = Step.BOOKED
    seen = []
    while step is not None:
        seen.append(step)
        step = previous_step(step)
    assert tuple(reversed(seen)) == ORDER
