"""The limits that protect hands: each where it begins to bite, and no earlier."""

from __future__ import annotations

import pytest

from clinic.roster.limits import Effort, Hands, Limits, Stint, is_deep

NINE, TEN, ELEVEN, NOON = 540, 600, 660, 720
DEEP, GENTLE = Effort(60, is_deep=True), Effort(60)


def hands(*stints: Stint, midnights: tuple[int, ...] = (0, 1440), **limits: int) -> Hands:
    return Hands(Limits(**limits), stints, midnights)


def deep(start: int, end: int | None = None) -> Stint:
    return Stint(start, end or start + 60, 60, is_deep=True)


def test_without_a_limit_nothing_is_limited() -> None:
    assert not Limits()
    assert hands(deep(NINE), deep(TEN)).allow([ELEVEN], 60, DEEP) == [ELEVEN]


@pytest.mark.parametrize("limit", ["most_deep_in_row", "most_hands_on_minutes", "least_break"])
def test_any_limit_counts_as_set(limit: str) -> None:
    assert Limits(**{limit: 1})


def test_a_third_deep_session_in_a_row_is_one_too_many() -> None:
    mine = hands(deep(NINE), deep(TEN), most_deep_in_row=2)
    assert mine.allow([ELEVEN], 60, DEEP) == []
    assert mine.allow([ELEVEN], 60, GENTLE) == [ELEVEN]


def test_half_an_hour_of_rest_ends_a_row_and_a_minute_less_does_not() -> None:
    mine = hands(deep(NINE), deep(TEN), most_deep_in_row=2)
    assert mine.allow([ELEVEN + 29, ELEVEN + 30], 60, DEEP) == [ELEVEN + 30]


def test_a_gentle_session_between_ends_a_row() -> None:
    gentle = Stint(TEN, ELEVEN, 60)
    assert hands(deep(NINE), gentle, most_deep_in_row=1).allow([ELEVEN], 60, DEEP) == [ELEVEN]


def test_a_session_that_would_join_two_rows_counts_both() -> None:
    mine = hands(deep(NINE), deep(ELEVEN), deep(NOON), most_deep_in_row=3)
    assert mine.allow([TEN], 60, DEEP) == []
    assert mine.allow([TEN], 31, DEEP) == []
    assert mine.allow([TEN], 30, DEEP) == [TEN]  # half an hour is left before the next
    assert hands(deep(NINE), deep(ELEVEN), most_deep_in_row=3).allow([TEN], 60, DEEP) == [TEN]


def test_a_row_goes_on_over_midnight() -> None:
    mine = hands(deep(1380, 1440), most_deep_in_row=1)
    assert mine.allow([1440, 1470], 60, DEEP) == [1470]


def test_hands_on_minutes_are_counted_by_the_local_day_on_which_a_session_starts() -> None:
    mine = hands(deep(NINE), deep(1410, 1470), most_hands_on_minutes=120)
    assert mine.allow([NOON], 60, GENTLE) == []
    assert mine.allow([1440 + NINE], 60, GENTLE) == [1440 + NINE]
    assert hands(deep(NINE), most_hands_on_minutes=120).allow([NOON], 60, GENTLE) == [NOON]


def test_a_session_without_hands_on_minutes_is_never_too_much() -> None:
    mine = hands(deep(NINE), most_hands_on_minutes=30)  # the limit came after the booking
    assert mine.allow([NOON], 15, Effort()) == [NOON]
    assert mine.allow([NOON], 15, Effort(15)) == []


def test_the_least_break_is_kept_on_both_sides() -> None:
    mine = hands(deep(NINE), deep(NOON), least_break=20)
    assert mine.allow([TEN + 19, TEN + 20, TEN + 40, TEN + 41], 60, GENTLE) == [TEN + 20, TEN + 40]


@pytest.mark.parametrize(
    ("technique", "lightest", "expected"),
    [
        ("deep_tissue", 2, True),
        ("trigger_point", 1, True),
        ("sports", 1, True),
        ("thai", 1, True),
        ("swedish", 3, False),
        ("swedish", 4, True),
        ("craniosacral", 1, False),
    ],
)
def test_deep_work_is_told_by_technique_or_by_its_lightest_pressure(
    technique: str, lightest: int, expected: bool
) -> None:
    assert is_deep(technique, lightest) is expected
