"""The dates of a series: the same time on the wall, whatever the clocks and the months do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.booking.series_dates import MOST, Every, expand, shifted
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
ZONES = [
    "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu",
    "Pacific/Apia",
]  # fmt: skip
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001 - made aware at once
    lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
)


def walls(first: datetime, every: Every, count: int, zone: ZoneInfo = LONDON) -> list[str]:
    found = expand(first, every, count, zone)
    return [f"{walltime.local(each.starts_at, zone):%d %b %H:%M}" for each in found]


@pytest.mark.parametrize(
    ("first", "zone"),
    [
        (datetime(2026, 10, 20, 9, tzinfo=UTC), LONDON),
        (datetime(2026, 3, 24, 10, tzinfo=UTC), LONDON),
        (datetime(2026, 10, 28, 14, tzinfo=UTC), NEW_YORK),
        (datetime(2026, 3, 4, 15, tzinfo=UTC), NEW_YORK),
    ],
)
def test_ten_o_clock_stays_ten_o_clock_when_the_clocks_change(first: datetime, zone: ZoneInfo) -> None:
    found = expand(first, Every.WEEK, 3, zone)
    assert [f"{walltime.local(each.starts_at, zone):%H:%M}" for each in found] == ["10:00"] * 3
    assert found[1].starts_at - found[0].starts_at != timedelta(days=7) or (
        found[2].starts_at - found[1].starts_at != timedelta(days=7)
    )


def test_a_time_that_does_not_exist_that_day_is_the_next_that_does_and_says_so() -> None:
    found = expand(datetime(2026, 3, 22, 1, 30, tzinfo=UTC), Every.WEEK, 3, LONDON)
    assert [(f"{walltime.local(each.starts_at, LONDON):%d %H:%M}", each.is_shifted) for each in found] == [
        ("22 01:30", False),
        ("29 02:00", True),
        ("05 01:30", False),
    ]


def test_a_day_that_was_left_out_altogether_is_the_next_that_was_not() -> None:
    zone = ZoneInfo("Pacific/Apia")
    first = walltime.instant(date(2011, 12, 23), 600, zone, 0)
    found = expand(first, Every.WEEK, 2, zone)
    assert (found[1].day, found[1].is_shifted) == (date(2011, 12, 31), True)
    assert not walltime.exists(date(2011, 12, 30), 600, zone)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (date(2027, 12, 31), ["31 Dec", "31 Jan", "29 Feb", "31 Mar", "30 Apr"]),
        (date(2026, 12, 31), ["31 Dec", "31 Jan", "28 Feb", "31 Mar", "30 Apr"]),
        (date(2028, 2, 29), ["29 Feb", "29 Mar", "29 Apr", "29 May", "29 Jun"]),
        (date(2027, 1, 30), ["30 Jan", "28 Feb", "30 Mar", "30 Apr", "30 May"]),
        (date(2027, 1, 15), ["15 Jan", "15 Feb", "15 Mar", "15 Apr", "15 May"]),
    ],
)
def test_a_month_on_is_the_same_day_or_the_last_of_a_shorter_one(first: date, expected: list[str]) -> None:
    found = walls(walltime.instant(first, 600, LONDON, 0), Every.MONTH, 5)
    assert found == [f"{day} 10:00" for day in expected]


def test_every_two_weeks_skips_one() -> None:
    assert walls(datetime(2026, 11, 24, 10, tzinfo=UTC), Every.TWO_WEEKS, 3) == [
        "24 Nov 10:00",
        "08 Dec 10:00",
        "22 Dec 10:00",
    ]


@pytest.mark.parametrize("count", [0, -1, 27, 1000, 10**9])
def test_a_series_of_a_thousand_dates_is_refused(count: int) -> None:
    with pytest.raises(BadInput, match="at most 26"):
        expand(datetime(2026, 11, 24, 10, tzinfo=UTC), Every.WEEK, count, LONDON)


@pytest.mark.parametrize("every", list(Every))
def test_a_date_in_the_year_9999_is_refused(every: Every) -> None:
    with pytest.raises(BadInput, match="too far ahead"):
        expand(datetime(9999, 12, 31, 10, tzinfo=UTC), every, 2, LONDON)


@given(INSTANTS, st.sampled_from(list(Every)), st.integers(1, MOST), st.sampled_from(ZONES))
def test_the_dates_keep_their_time_on_the_wall_and_their_order(
    first: datetime, every: Every, count: int, name: str
) -> None:
    zone = ZoneInfo(name)
    found = expand(first, every, count, zone)
    assert len(found) == count
    assert found[0].starts_at == first
    wall = walltime.local(first, zone)
    for each in found[1:]:
        at = walltime.local(each.starts_at, zone)
        assert at.date() == each.day
        assert each.is_shifted is ((at.hour, at.minute) != (wall.hour, wall.minute))
    assert [each.starts_at for each in found] == sorted({each.starts_at for each in found})


@given(INSTANTS, st.integers(-400, 400), st.integers(0, 1439), st.sampled_from(ZONES))
def test_another_time_is_that_many_days_on_at_that_minute(
    at: datetime, days: int, minute: int, name: str
) -> None:
    zone = ZoneInfo(name)
    found = shifted(at, days, minute, zone)
    local = walltime.local(found.starts_at, zone)
    if not found.is_shifted:
        assert local.date() == walltime.local(at, zone).date() + timedelta(days=days)
        assert local.hour * 60 + local.minute == minute
