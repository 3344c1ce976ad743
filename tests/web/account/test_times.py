"""A week of free times as the page draws it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from clinic.booking.slots import Slot
from clinic.web import times

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)  # a Wednesday
MONDAY = date(2026, 11, 23)
LONDON = "Europe/London"


def slot(*when: int, therapist: int = 1) -> Slot:
    return Slot(datetime(*when, tzinfo=UTC), therapist, 1)  # type: ignore[arg-type, misc]


def test_a_start_stands_once_though_two_could_take_it() -> None:
    week = times.week_of(
        [slot(2026, 11, 26, 9, 15), slot(2026, 11, 26, 9, 15, therapist=2)], LONDON, MONDAY, NOW, 60
    )
    assert week.count == 1
    assert week.days[3].parts == (("Morning", (("2026-11-26T09:15Z", "09:15"),)),)


def test_only_parts_with_a_time_in_the_week_are_rows_and_every_day_has_the_same() -> None:
    week = times.week_of([slot(2026, 11, 26, 9, 0), slot(2026, 11, 27, 18, 0)], LONDON, MONDAY, NOW, 60)
    assert {tuple(part for part, _ in day.parts) for day in week.days} == {("Morning", "Evening")}


def test_a_day_without_times_says_why() -> None:
    week = times.week_of([], LONDON, MONDAY, NOW, 2, words={date(2026, 11, 26): "Closed"})
    assert [day.word for day in week.days] == [
        "Over", "Over", "Full", "Closed", "Full", "Not yet open", "Not yet open",
    ]  # fmt: skip


def test_one_may_turn_to_weeks_that_can_be_booked_and_to_no_other() -> None:
    first = times.week_of([], LONDON, MONDAY, NOW, 10)
    assert (first.before, first.after) == (None, date(2026, 11, 30))
    second = times.week_of([], LONDON, date(2026, 11, 30), NOW, 10)
    assert (second.before, second.after) == (MONDAY, None)
    assert second.title == "30 November to 6 December"
    assert second.before_word == "23 Nov"


@pytest.mark.parametrize(
    ("asked", "monday"),
    [
        ("2026-12-02", date(2026, 11, 30)),
        ("2020-01-01", MONDAY),
        ("9999-12-31", date(2026, 12, 14)),
        ("tomorrow", date(2026, 12, 7)),
        (None, date(2026, 12, 7)),
    ],
)
def test_the_week_asked_for_is_kept_within_what_is_booked(asked: str | None, monday: date) -> None:
    assert times.read_monday(asked, NOW, LONDON, 21, date(2026, 12, 8)) == monday


def test_a_time_comes_back_from_the_form_as_it_went() -> None:
    start = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert times.read_slot(times.slot_value(start)) == start
    assert times.read_slot("2027-03-28 01:30") is None
    assert times.read_slot(None) is None


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    slots = [Slot(night, 1, 1), Slot(night + timedelta(hours=1), 1, 1)]
    week = times.week_of(slots, LONDON, date(2026, 10, 19), datetime(2026, 10, 20, tzinfo=UTC), 60)
    assert [label for _value, label in week.days[6].parts[0][1]] == ["01:30 BST", "01:30 GMT"]


def test_labels_are_in_the_time_of_the_place() -> None:
    start = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
    assert times.slot_label(start, "Asia/Kolkata") == "Thu 26 Nov, 09:30"
    assert times.choices([Slot(start, 1, 1), Slot(start, 2, 2)], "Asia/Kolkata") == [
        ("2026-11-26T04:00Z", "09:30", "Thu 26 Nov")
    ]
