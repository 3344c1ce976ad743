"""Openings: therapist, room and client free together, against an oracle that looks at every minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.kernel.spans import Span
from clinic.kernel.walltime import epoch_minute, minute_at
from clinic.roster.availability import (
    Demand,
    Opening,
    RoomTime,
    TherapistTime,
    WorkingPattern,
    grid_of,
    openings,
    starts,
    working_spans,
)
from clinic.roster.choosing import by_local_day, nearest
from clinic.roster.soonest import Placed, SiteTime, first_anywhere, first_openings
from tests.rules.minute_by_minute import Case, cases, plain_openings, spans

LONDON = ZoneInfo("Europe/London")
MONDAY = date(2027, 6, 7)
NINE, FIVE = 9 * 60, 17 * 60


def openings_of(case: Case) -> list[Opening]:
    return openings(case.demand, case.therapists, case.rooms, case.client_busy)


def marks(found: list[Opening]) -> list[bool]:
    return [opening.leaves_no_hole for opening in found]


# A clinic takes long to draw, the longer the busier the machine: no fault of what is tested.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(patient, max_examples=300)
@given(cases())
def test_openings_are_those_at_which_everyone_is_free_and_no_limit_breaks(case: Case) -> None:
    found, expected = openings_of(case), plain_openings(case)
    assert found == expected
    assert marks(found) == marks(expected)


@patient
@given(cases(), st.integers(0, 12))
def test_the_first_openings_are_the_first_of_all(case: Case, limit: int) -> None:
    first = first_openings(case.demand, case.therapists, case.rooms, case.client_busy, limit=limit)
    expected = openings_of(case)[:limit]
    assert first == expected
    assert marks(first) == marks(expected)


@patient
@given(st.lists(cases(), max_size=3), spans(2), st.integers(0, 12))
def test_the_first_anywhere_are_the_first_of_all_sites_together(
    sites: list[Case], client_busy: list[Span], limit: int
) -> None:
    times = [SiteTime(n, each.demand, each.therapists, each.rooms) for n, each in enumerate(sites)]
    everything = [
        Placed(opening, n)
        for n, each in enumerate(sites)
        for opening in plain_openings(replace(each, client_busy=client_busy))
    ]
    everything.sort(key=lambda placed: placed.opening.start)
    assert first_anywhere(times, client_busy, limit=limit) == everything[:limit]


@patient
@given(cases(), st.data())
def test_more_busy_time_never_makes_more_openings(case: Case, data: st.DataObject) -> None:
    room_free_at = {opening.start for opening in openings_of(case)}
    busier = [
        TherapistTime(each.therapist_id, each.working, [*each.busy, *data.draw(spans(2))], each.hands)
        for each in case.therapists
    ]
    found = openings(case.demand, busier, case.rooms, case.client_busy)
    assert {opening.start for opening in found} <= room_free_at


@patient
@given(cases())
def test_avoiding_holes_hides_no_time(case: Case) -> None:
    either = [replace(case, demand=replace(case.demand, avoids_holes=avoids)) for avoids in (True, False)]
    assert sorted(openings_of(either[0])) == sorted(openings_of(either[1]))


def test_a_therapist_free_with_no_room_free_is_not_free() -> None:
    ann = TherapistTime(1, [(0, 300)])
    want = Demand(60, grid=tuple(range(0, 300, 15)))
    assert openings(want, [ann], []) == []
    assert openings(want, [ann], [RoomTime(7, [(0, 300)])]) == []
    assert openings(want, [ann], [RoomTime(7, [(0, 225)])]) == [Opening(225, 1, 7), Opening(240, 1, 7)]


def test_turnover_holds_the_room_and_not_the_therapist() -> None:
    want = Demand(60, grid=(0, 60), turnover=15)
    assert openings(want, [TherapistTime(1, [(0, 60)])], [RoomTime(7)]) == [Opening(0, 1, 7)]
    assert openings(want, [TherapistTime(1, [(0, 60)])], [RoomTime(7, [(70, 80)])]) == []


def test_rooms_are_taken_in_the_order_given() -> None:
    want = Demand(60, grid=(0, 60))
    rooms = [RoomTime(9, [(0, 30)]), RoomTime(3)]
    found = openings(want, [TherapistTime(1, [(0, 120)])], rooms)
    assert found == [Opening(0, 1, 3), Opening(60, 1, 9)]


def test_nearest_gives_three_starts_closest_first_and_the_earlier_of_equals() -> None:
    found = [Opening(at, who, 1) for at in (0, 60, 90, 120, 240) for who in (5, 6)]
    assert nearest(found, 90) == [Opening(90, 5, 1), Opening(60, 5, 1), Opening(120, 5, 1)]
    assert nearest([], 90) == []
    assert nearest(found, 1000, count=1) == [Opening(240, 5, 1)]


def test_openings_are_listed_under_the_day_on_the_wall() -> None:
    late = Opening(minute_at(MONDAY, 23 * 60 + 30, LONDON, 0), 1, 1)
    early = Opening(minute_at(MONDAY, 1440, LONDON, 0), 1, 1)
    listed = by_local_day([late, early], LONDON)
    assert listed == {MONDAY: [late], MONDAY + timedelta(days=1): [early]}
    assert epoch_minute(late.starts_at) == late.start


def at(day: date, minute: int) -> int:
    return minute_at(day, minute, LONDON, 0)


def test_breaks_cut_working_hours() -> None:
    pattern = WorkingPattern(0, NINE, FIVE, ((780, 840), (600, 615)))
    assert working_spans([pattern], MONDAY, 7, LONDON) == [
        (at(MONDAY, NINE), at(MONDAY, 600)),
        (at(MONDAY, 615), at(MONDAY, 780)),
        (at(MONDAY, 840), at(MONDAY, FIVE)),
    ]


def test_breaks_inside_the_gap_of_a_spring_night_are_taken_out_as_instants() -> None:
    night = date(2027, 3, 28)
    pattern = WorkingPattern(6, 0, 240, ((50, 55), (70, 180)))
    midnight = at(night, 0)  # the second break starts at ten past one, which that night is ten past midnight
    assert working_spans([pattern], night, 1, LONDON) == [
        (midnight, midnight + 10),
        (midnight + 120, midnight + 180),
    ]


def test_hours_count_from_the_first_to_the_last_day_of_their_validity() -> None:
    week = timedelta(days=7)
    pattern = WorkingPattern(0, NINE, FIVE, (), MONDAY + week, MONDAY + 2 * week)
    worked = working_spans([pattern], MONDAY, 28, LONDON)
    assert [start for start, _ in worked] == [at(MONDAY + week, NINE), at(MONDAY + 2 * week, NINE)]


def test_a_closed_day_is_not_worked() -> None:
    pattern = WorkingPattern(0, NINE, FIVE)
    worked = working_spans([pattern], MONDAY, 8, LONDON, closed_days={MONDAY})
    assert [start for start, _ in worked] == [at(MONDAY + timedelta(days=7), NINE)]


def test_two_stretches_of_one_day_come_in_order_and_stay_apart() -> None:
    later, earlier = WorkingPattern(0, 780, FIVE), WorkingPattern(0, NINE, 780)
    assert working_spans([later, earlier], MONDAY, 1, LONDON) == [
        (at(MONDAY, NINE), at(MONDAY, 780)),
        (at(MONDAY, 780), at(MONDAY, FIVE)),
    ]


def test_a_start_found_in_two_overlapping_spans_is_given_once() -> None:
    found = starts([(0, 120), (60, 180)], [], range(0, 180, 30), before=0, length=60, after=0)
    assert found == [0, 30, 60, 90, 120]


def test_a_grid_that_does_not_divide_the_day_begins_anew_at_midnight() -> None:
    grid = grid_of(MONDAY, 1, 100, LONDON)
    today = [each for each in grid if at(MONDAY, 0) <= each < at(MONDAY, 1440)]
    assert today == [at(MONDAY, minute) for minute in range(0, 1440, 100)]


@pytest.mark.parametrize("wrong", [{"length": 0}, {"before": -1}, {"after": -1}])
def test_a_session_without_length_or_with_a_negative_buffer_is_refused(wrong: dict[str, int]) -> None:
    lengths = {"before": 0, "length": 60, "after": 0} | wrong
    with pytest.raises(ValueError, match="session"):
        starts([(0, 100)], [], (0,), **lengths)


def test_a_grid_without_a_step_is_refused() -> None:
    with pytest.raises(ValueError, match="step"):
        grid_of(MONDAY, 1, 0, LONDON)
