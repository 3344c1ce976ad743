"""Ticks claim outward and refuse a time that is no instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.kernel.ticks import TICK_MINUTES, instant_of, tick_of, ticks_between

NINE = datetime(2027, 6, 1, 9, 0, tzinfo=UTC)
instants = st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(instants)
def test_an_instant_lies_in_its_tick(instant: datetime) -> None:
    start = instant_of(tick_of(instant))
    assert start <= instant < start + timedelta(minutes=TICK_MINUTES)


@given(st.integers(-(10**6), 10**8))
def test_a_tick_begins_with_itself(tick: int) -> None:
    assert tick_of(instant_of(tick)) == tick


def test_ticks_do_not_depend_on_the_zone_of_the_datetime() -> None:
    assert tick_of(NINE.astimezone(timezone(timedelta(hours=5, minutes=30)))) == tick_of(NINE)


def test_a_stretch_on_the_grid_takes_exactly_its_ticks() -> None:
    first = tick_of(NINE)
    assert ticks_between(NINE, NINE + timedelta(minutes=60)) == range(first, first + 12)


def test_a_stretch_off_the_grid_takes_every_tick_it_touches() -> None:
    first = tick_of(NINE)
    start, end = NINE + timedelta(minutes=4, seconds=59), NINE + timedelta(minutes=10, microseconds=1)
    assert ticks_between(start, end) == range(first, first + 3)


@given(instants, st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 5_000))
def test_stretches_that_share_a_moment_share_a_tick(start: datetime, one: int, gap: int, other: int) -> None:
    a = ticks_between(start, start + timedelta(seconds=one + gap + 1))
    b = ticks_between(start + timedelta(seconds=gap), start + timedelta(seconds=gap + other))
    assert set(a) & set(b)


def test_nothing_is_taken_by_an_empty_or_backward_stretch() -> None:
    assert list(ticks_between(NINE, NINE)) == []
    assert list(ticks_between(NINE, NINE - timedelta(minutes=30))) == []


def test_a_naive_datetime_is_refused() -> None:
    naive = NINE.replace(tzinfo=None)
    for attempt in (
        lambda: tick_of(naive),
        lambda: ticks_between(naive, NINE),
        lambda: ticks_between(NINE, naive),
    ):
        with pytest.raises(ValueError, match="naive"):
            attempt()
