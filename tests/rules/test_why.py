"""The reason a search is empty: the first condition that leaves nothing, judged by plain walks."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clinic.roster.availability import Demand, RoomTime
from clinic.roster.limits import Limits
from clinic.roster.why import Case, Person, Reason, why_nothing
from tests.rules import minute_by_minute as plain

DAY = (0, plain.SOME_TIME)


@st.composite
def asked(draw: st.DrawFn) -> tuple[plain.Case, bool, bool]:
    """A clinic, whether anybody has the skill, and whether the site is closed."""
    case = draw(plain.cases())
    return case, draw(st.integers(0, 5)) > 0, draw(st.integers(0, 5)) == 0


CLOSED_AND_OVER = plain.Case(
    Demand(10, range(0, plain.SOME_TIME, 5), earliest=plain.SOME_TIME),
    [plain.Person(0, [(0, 100)])],
    [RoomTime(0, [])],
    [],
)


def as_case(case: plain.Case, is_skilled: bool, is_closed: bool) -> Case:
    people = [
        Person(
            replace(person.time(), working=[] if is_closed else person.working), person.working, person.away
        )
        for person in case.people
    ]
    return Case(case.demand, *DAY, is_skilled, people, case.rooms, case.client_busy)


def expected(case: plain.Case, is_skilled: bool, is_closed: bool) -> Reason | None:
    """Give up everything, then take the conditions back one by one until nothing is left."""
    want = case.demand
    whenever = replace(want, earliest=None, latest=None)
    if not is_skilled:
        return Reason.NO_SKILL
    if not case.people:
        return Reason.NOBODY_SUITS
    if not case.rooms:
        return Reason.NO_ROOM
    if want.earliest is not None and want.earliest >= DAY[1]:
        return Reason.TOO_SOON  # the days are over, whatever else they were
    if is_closed:
        return Reason.CLOSED
    idle = [replace(person, away=[], stints=[], limits=Limits()) for person in case.people]
    rested = [replace(person, stints=[], limits=Limits()) for person in case.people]
    tireless = [replace(person, limits=Limits()) for person in case.people]
    steps = [
        (Reason.TOO_LONG, whenever, idle),
        (Reason.TOO_SOON, replace(want, latest=None), idle),
        (Reason.NOT_OPEN_YET, want, idle),
        (Reason.AWAY, want, rested),
        (Reason.FULL, want, tireless),
        (Reason.LIMITS, want, case.people),
    ]
    for reason, demand, people in steps:
        if not starts(demand, people):
            return reason
    if not plain.plain_openings(replace(case, client_busy=[])):
        return Reason.ROOMS_FULL
    return None if plain.plain_openings(case) else Reason.CLIENT_BUSY


def starts(demand: Demand, people: list[plain.Person]) -> set[int]:
    return {
        start
        for start in demand.grid
        if demand.earliest is None or start >= demand.earliest
        if demand.latest is None or start <= demand.latest
        for person in people
        if plain.fits(person, start, demand) and plain.keeps_to_limits(person, start, demand)
    }


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(asked())
@example((CLOSED_AND_OVER, True, True))
def test_the_reason_is_the_first_condition_that_leaves_nothing(asked: tuple[plain.Case, bool, bool]) -> None:
    assert why_nothing(as_case(*asked)) == expected(*asked)


def test_days_beyond_what_may_be_booked_and_days_that_are_over_are_told_without_a_look_at_anybody() -> None:
    case = Case(Demand(60, range(0, 300, 15), latest=-1), *DAY, True, [Person(None, [])], [None])  # type: ignore[arg-type, list-item]
    assert why_nothing(case) == Reason.NOT_OPEN_YET
    over = replace(case, demand=Demand(60, range(0, 300, 15), earliest=300))
    assert why_nothing(over) == Reason.TOO_SOON
