"""Whether somebody would be at two places at once: on the wall clock of one zone, by instants between two."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from clinic.kernel.walltime import minute_at
from clinic.roster.overlaps import Weekly, first_meeting

LONDON, KOLKATA, NEW_YORK = (ZoneInfo(name) for name in ("Europe/London", "Asia/Kolkata", "America/New_York"))
MONDAY, TUESDAY, SUNDAY = 0, 1, 6
DECEMBER = date(2026, 12, 1)  # a Tuesday
MARCH = date(
    2027, 3, 28
)  # the Sunday on which Europe's clocks go forward; those of New York did two weeks ago


def hour(text: str) -> int:
    hours, _colon, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def span(
    zone: ZoneInfo, weekday: int, text: str, from_on: date = DECEMBER, until_on: date | None = None
) -> Weekly:
    """The hours of '9:00-12:30'."""
    opens, _dash, closes = text.partition("-")
    return Weekly(hash(zone.key), zone, weekday, hour(opens), hour(closes), from_on, until_on)


def on(one: Weekly, other: Weekly) -> date | None:
    found = first_meeting([one], [other])
    turned = first_meeting([other], [one])
    assert (found is None) is (turned is None)
    return found.on if found else None


def test_the_same_hours_on_two_clocks_may_lie_apart() -> None:
    assert on(span(LONDON, TUESDAY, "9:00-12:00"), span(KOLKATA, TUESDAY, "9:00-12:00")) is None


def test_other_hours_on_two_clocks_may_be_the_same_time() -> None:
    # 18:00 to 22:00 in Kolkata is 12:30 to 16:30 in London's winter
    assert on(span(LONDON, TUESDAY, "9:00-13:00"), span(KOLKATA, TUESDAY, "18:00-22:00")) == DECEMBER


def test_hours_may_meet_on_another_day_of_the_week() -> None:
    # Monday 1:00 to 5:00 in Kolkata is Sunday evening in London
    assert on(span(LONDON, SUNDAY, "20:00-23:00"), span(KOLKATA, MONDAY, "1:00-5:00")) == date(2026, 12, 6)
    assert on(span(LONDON, MONDAY, "20:00-23:00"), span(KOLKATA, MONDAY, "1:00-5:00")) is None


def test_what_touches_does_not_overlap() -> None:
    assert on(span(LONDON, TUESDAY, "9:00-12:30"), span(KOLKATA, TUESDAY, "18:00-22:00",
              until_on=date(2027, 3, 1))) is None  # fmt: skip


def test_what_lies_apart_in_winter_may_meet_in_summer() -> None:
    # 12:30 to 14:30 in Kolkata is 7:00 to 9:00 in London's winter, and until 10:00 in its summer
    london, kolkata = span(LONDON, MONDAY, "9:00-12:00"), span(KOLKATA, MONDAY, "12:30-14:30")
    assert on(london, kolkata) == date(2027, 3, 29)
    assert on(span(LONDON, MONDAY, "9:00-12:00", until_on=date(2027, 3, 28)), kolkata) is None
    assert on(london, span(KOLKATA, MONDAY, "12:30-14:30", until_on=date(2027, 3, 28))) is None


def test_two_that_meet_only_while_one_clock_has_changed_and_the_other_has_not() -> None:
    # New York is five hours behind London, and four in the two weeks in March between the two changes
    london, york = span(LONDON, MONDAY, "9:00-13:30"), span(NEW_YORK, MONDAY, "9:00-12:00")
    assert on(london, york) == date(2027, 3, 15)
    assert on(span(LONDON, MONDAY, "9:00-13:30", from_on=MARCH, until_on=date(2027, 10, 30)), york) is None


def test_only_the_weeks_in_which_both_hold_count() -> None:
    later = span(KOLKATA, TUESDAY, "18:00-22:00", from_on=date(2030, 1, 1))
    assert on(span(LONDON, TUESDAY, "9:00-13:00"), later) == date(2030, 1, 1)
    assert on(span(LONDON, TUESDAY, "9:00-13:00", until_on=date(2029, 12, 31)), later) is None


@pytest.mark.parametrize("weekday", [TUESDAY, MONDAY])
def test_in_one_zone_the_wall_clock_says_it(weekday: int) -> None:
    morning = span(LONDON, TUESDAY, "9:00-12:00")
    assert (on(morning, span(LONDON, weekday, "11:00-13:00")) is not None) is (weekday == TUESDAY)
    assert on(morning, span(LONDON, TUESDAY, "12:00-13:00")) is None


def test_on_the_night_itself_hours_are_counted_as_they_are_worked() -> None:
    # From 1:00 to 3:00 is one hour on the Sunday in March: 1:00 to 2:00 UTC, 6:30 to 7:30 in Kolkata.
    night = span(LONDON, SUNDAY, "1:00-3:00", from_on=MARCH, until_on=MARCH)
    assert minute_at(MARCH, 180, LONDON, 1) - minute_at(MARCH, 60, LONDON, 0) == 60
    assert on(night, span(KOLKATA, SUNDAY, "7:30-9:00")) is None
    assert on(night, span(KOLKATA, SUNDAY, "7:25-9:00")) == MARCH


def test_of_many_the_soonest_is_named() -> None:
    new = [span(LONDON, MONDAY, "9:00-12:00"), span(LONDON, TUESDAY, "9:00-13:00")]
    others = [span(KOLKATA, MONDAY, "12:30-14:30"), span(KOLKATA, TUESDAY, "18:00-22:00")]
    found = first_meeting(new, others)
    assert found is not None
    assert (found.one, found.other, found.on) == (new[1], others[1], DECEMBER)
    assert first_meeting([*new, *others], []) == found
