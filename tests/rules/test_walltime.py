"""Wall time becomes an instant in one way only, over both nights on which the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.kernel import walltime
from clinic.kernel.errors import BadInput

LONDON = ZoneInfo("Europe/London")
ZONES = [
    "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia",
    "America/St_Johns", "America/Havana", "Africa/Casablanca", "Asia/Gaza", "UTC",
]  # fmt: skip
zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
minutes = st.integers(21_000_000, 34_000_000)  # the years 2009 to 2034


@given(st.dates(date(1975, 1, 1), date(2060, 1, 1)), st.integers(0, 1439), zones, st.integers(0, 1))
def test_an_instant_is_what_the_wall_clock_says(day: date, minute: int, zone: ZoneInfo, fold: int) -> None:
    wall = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone).replace(fold=fold)
    assert walltime.instant(day, minute, zone, fold) == wall.astimezone(UTC)
    assert walltime.instant(day, minute, zone, fold).tzinfo is UTC


@pytest.mark.parametrize(
    ("day", "minute", "fold", "hour"),
    [
        (date(2027, 10, 31), 90, 0, 30),
        (date(2027, 10, 31), 90, 1, 90),
        (date(2027, 3, 28), 90, 0, 90),
        (date(2027, 3, 28), 90, 1, 30),
        (date(2027, 3, 28), 1440, 0, 1380),
    ],
    ids=["first of two", "second of two", "gap, offset before", "gap, offset after", "end of the day"],
)
def test_clock_changes_in_london(day: date, minute: int, fold: int, hour: int) -> None:
    expected = datetime.combine(day, time(), tzinfo=UTC) + timedelta(minutes=hour)
    assert walltime.instant(day, minute, LONDON, fold) == expected


@pytest.mark.parametrize("minute", [-1, 1441])
def test_a_minute_outside_the_day_is_refused(minute: int) -> None:
    with pytest.raises(ValueError, match="not a minute of a day"):
        walltime.instant(date(2027, 6, 1), minute, LONDON, 0)


@given(minutes)
def test_epoch_minutes_go_there_and_back(minute: int) -> None:
    assert walltime.epoch_minute(walltime.from_epoch_minute(minute)) == minute


def test_an_epoch_minute_is_rounded_down() -> None:
    assert walltime.epoch_minute(datetime(1970, 1, 1, 0, 1, 59, tzinfo=UTC)) == 1
    assert walltime.epoch_minute(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1


def test_local_shows_the_wall_clock() -> None:
    shown = walltime.local(datetime(2027, 6, 1, 8, 0, tzinfo=UTC), LONDON)
    assert (shown.hour, shown.tzinfo) == (9, LONDON)


def test_a_naive_datetime_is_refused() -> None:
    naive = datetime(2027, 6, 1, 8, 0)  # noqa: DTZ001
    with pytest.raises(ValueError, match="naive"):
        walltime.epoch_minute(naive)
    with pytest.raises(ValueError, match="naive"):
        walltime.local(naive, LONDON)


@given(minutes, st.integers(0, 20_000), zones)
def test_steady_stretches_cover_the_whole_with_the_right_offset(
    first: int, length: int, zone: ZoneInfo
) -> None:
    stretches = walltime.steady_stretches(first, first + length, zone)
    edges = [first, *(end for _, end, _ in stretches)]
    assert [start for start, _, _ in stretches] == edges[:-1]
    assert edges[-1] == first + length
    for start, end, offset in stretches:
        assert offset == walltime.offset_at(start, zone) == walltime.offset_at(end - 1, zone)


def test_a_stretch_ends_at_the_very_minute_the_clocks_change() -> None:
    first = walltime.minute_at(date(2027, 10, 31), 0, LONDON, 0)
    change = walltime.epoch_minute(datetime(2027, 10, 31, 1, 0, tzinfo=UTC))
    assert walltime.steady_stretches(first, first + 1440, LONDON) == [
        (first, change, 60),
        (change, first + 1440, 0),
    ]


@pytest.mark.parametrize(
    "name", ["", "Europe", "Europe/Atlantis", "/etc/passwd", "../UTC", "a\0b", "x" * 5000]
)
def test_an_unknown_zone_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(BadInput, match=r"^There is no time zone called .*\.$"):
        walltime.zone(name)


def test_a_known_zone_is_given() -> None:
    assert walltime.zone("Asia/Kolkata") == ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("utc", "shown"),
    [
        ("2026-10-25T00:30+00:00", "01:30 BST"),
        ("2026-10-25T01:30+00:00", "01:30 GMT"),
        ("2026-10-25T02:00+00:00", "02:00"),
        ("2026-10-24T23:59+00:00", "00:59"),
        ("2027-03-28T00:59+00:00", "00:59"),
        ("2027-03-28T01:00+00:00", "02:00"),
    ],
)
def test_a_clock_names_its_zone_in_the_hour_that_comes_twice(utc: str, shown: str) -> None:
    assert walltime.clock(datetime.fromisoformat(utc), ZoneInfo("Europe/London")) == shown
