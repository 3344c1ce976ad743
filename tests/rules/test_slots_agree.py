"""The engine behind `flask clinic slots` finds exactly what the minute-by-minute oracle finds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from clinic.cli.slots import free_starts
from tests.rules.scenarios import NIGHTS, busy_clinic, fingerprint, nasty_scenarios, oracle


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(nasty_scenarios())
def test_the_engine_agrees_with_the_oracle_to_the_slot(scenario: dict[str, Any]) -> None:
    assert free_starts(scenario) == oracle(scenario)


@pytest.mark.parametrize(
    ("therapists", "days", "expected"),
    [(5, 14, (236, "45b363a1222940f5")), (25, 28, (1934, "eeda089e5a682062"))],
    ids=["five therapists", "twenty-five therapists"],
)
def test_a_busy_clinic_keeps_its_free_starts(therapists: int, days: int, expected: tuple[int, str]) -> None:
    scenario = busy_clinic(20271031, therapists, days)
    found = free_starts(scenario)
    assert found == oracle(scenario)
    assert fingerprint(found) == expected


def one_therapist(
    tz: str, day: str, start: str, end: str, breaks: list[list[str]] | None = None, **meta: Any
) -> dict[str, Any]:
    weekdays = {str(weekday): {"start": start, "end": end, "breaks": breaks or []} for weekday in range(7)}
    return {
        "meta": {
            "tz": tz,
            "first_day": day,
            "days": 1,
            "grid": 60,
            "query": {"technique": "shiatsu", "duration": 60, "buffer_after": 0},
        }
        | meta,
        "therapists": [
            {"id": 1, "offers": ["shiatsu"], "working_hours": weekdays, "time_off": [], "appointments": []}
        ],
    }


@pytest.mark.parametrize(
    ("tz", "day", "hours", "starts"),
    [
        ("Europe/London", "2027-03-28", ("00:00", "04:00"), ["00:00", "01:00", "02:00"]),
        ("Europe/London", "2027-10-31", ("01:00", "02:00"), ["00:00", "01:00"]),
        ("America/New_York", "2027-03-14", ("02:15", "02:45"), []),
        ("America/New_York", "2027-11-07", ("01:00", "02:00"), ["05:00", "06:00"]),
    ],
    ids=["spring forward", "autumn back", "hours inside the gap", "an hour worked twice"],
)
def test_nights_on_which_the_clocks_change(
    tz: str, day: str, hours: tuple[str, str], starts: list[str]
) -> None:
    found = free_starts(one_therapist(tz, day, *hours))
    assert found == {"1": [f"{day}T{start}:00Z" for start in starts]}


def test_half_hour_clocks_change_the_grid_in_utc_but_not_on_the_wall() -> None:
    scenario = one_therapist("Australia/Lord_Howe", "2027-10-03", "00:00", "06:00")
    # Until 02:00 the wall is ten and a half hours ahead, from 02:30 on eleven.
    assert [start[11:16] for start in free_starts(scenario)["1"]] == [
        "13:30",
        "14:30",
        "16:00",
        "17:00",
        "18:00",
    ]
    assert free_starts(scenario) == oracle(scenario)


def test_a_day_that_the_calendar_left_out_has_no_starts() -> None:
    assert free_starts(one_therapist("Pacific/Apia", "2011-12-30", "09:00", "17:00")) == {"1": []}


def test_spans_that_touch_at_midnight_are_not_joined() -> None:
    scenario = one_therapist("Europe/London", "2027-06-01", "00:00", "24:00", days=2, grid=30)
    starts = free_starts(scenario)["1"]
    assert "2027-06-01T22:00:00Z" in starts  # ends at local midnight
    assert "2027-06-01T22:30:00Z" not in starts  # would reach over it
    assert "2027-06-01T23:00:00Z" in starts


def test_notice_counts_from_the_minute_of_now() -> None:
    scenario = one_therapist("Europe/London", "2027-06-01", "09:00", "14:00")
    scenario["meta"] |= {"now": "2027-06-01T08:00:59Z", "min_notice": 120}
    assert [start[11:16] for start in free_starts(scenario)["1"]] == ["10:00", "11:00", "12:00"]


def test_a_therapist_without_a_start_is_listed_and_one_who_does_not_offer_is_not() -> None:
    scenario = one_therapist("Europe/London", "2027-06-01", "09:00", "09:30")
    scenario["therapists"].append(scenario["therapists"][0] | {"id": 2, "offers": ["swedish"]})
    assert free_starts(scenario) == {"1": []}


def test_the_leap_day_is_a_day_like_any_other() -> None:
    starts = free_starts(one_therapist("Asia/Kolkata", "2028-02-28", "09:00", "10:00", days=3))["1"]
    assert starts == [f"2028-0{day}T03:30:00Z" for day in ("2-28", "2-29", "3-01")]


def test_an_appointment_across_midnight_takes_from_both_days() -> None:
    scenario = one_therapist("Europe/London", "2027-11-01", "00:00", "24:00", days=2, grid=60)
    scenario["therapists"][0]["appointments"] = [["2027-11-01T23:30", "2027-11-02T00:30", 15, 15]]
    starts = free_starts(scenario)["1"]
    assert [start for start in starts if "2027-11-01T21" <= start <= "2027-11-02T02"] == [
        "2027-11-01T21:00:00Z",
        "2027-11-01T22:00:00Z",
        "2027-11-02T01:00:00Z",
    ]
    assert free_starts(scenario) == oracle(scenario)


def test_all_nights_of_many_zones_agree_with_the_oracle() -> None:
    """Every night named, worked around the clock: each minute that comes twice or not at all."""
    for zone, nights in NIGHTS.items():
        for night in nights:
            scenario = one_therapist(zone, night, "00:00", "24:00", [["03:00", "03:20"]], grid=10)
            assert free_starts(scenario) == oracle(scenario), (zone, night)
