"""What `flask clinic slots` prints, and how it refuses what it cannot read."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clinic.cli.slots import slots

SCENARIO: dict[str, Any] = {
    "meta": {
        "tz": "Europe/London",
        "first_day": "2027-06-01",
        "days": 1,
        "grid": 30,
        "query": {"technique": "shiatsu", "duration": 60, "buffer_after": 0, "buffer_before": 30},
    },
    "therapists": [
        {
            "id": 4,
            "offers": ["shiatsu"],
            "working_hours": {
                "1": {"start": "09:00", "end": "13:00", "breaks": [["10:30", "11:00"]]},
                "2": {},
            },
            "time_off": [["2027-06-01T00:00", "2027-06-01T08:00Z"]],
            "appointments": [
                ["2027-06-01T15:00", "2027-06-01T16:00", 15],
                ["2027-06-02T08:00Z", "2027-06-02T09:00Z", 0, 5],
            ],
        }
    ],
}


def run(text: str | bytes) -> Result:
    return CliRunner().invoke(slots, ["-"], input=text)


def test_it_prints_the_starts_in_utc(tmp_path: Path) -> None:
    expected = {"4": ["2027-06-01T08:30:00Z", "2027-06-01T10:30:00Z", "2027-06-01T11:00:00Z"]}
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(SCENARIO))
    for result in (run(json.dumps(SCENARIO)), CliRunner().invoke(slots, [str(file)])):
        assert result.exit_code == 0
        assert result.stderr == ""
        assert json.loads(result.stdout) == expected


Change = Callable[[dict[str, Any]], object]

BROKEN: dict[str, tuple[Change, str]] = {
    "no meta": (lambda s: s.pop("meta"), "meta is missing"),
    "no therapists": (lambda s: s.pop("therapists"), "therapists is missing"),
    "therapists no list": (lambda s: s.update(therapists={}), "therapists must be a list"),
    "no zone": (lambda s: s["meta"].pop("tz"), "tz is missing"),
    "unknown zone": (lambda s: s["meta"].update(tz="Europe/Atlantis"), "Europe/Atlantis"),
    "zone is a folder": (lambda s: s["meta"].update(tz="Europe"), "no time zone"),
    "empty zone": (lambda s: s["meta"].update(tz=""), "no time zone"),
    "zone climbs": (lambda s: s["meta"].update(tz="../../etc/passwd"), "no time zone"),
    "zone is a number": (lambda s: s["meta"].update(tz=3), "tz must be text"),
    "no such day": (lambda s: s["meta"].update(first_day="2027-02-30"), "2027-02-30"),
    "end of the calendar": (lambda s: s["meta"].update(first_day="9999-12-31"), "9999"),
    "a year before clocks": (lambda s: s["meta"].update(first_day="0001-01-01"), "year 1"),
    "now in the year 9999": (lambda s: s["meta"].update(now="9999-12-31T23:59Z"), "9999"),
    "time off for ever": (
        lambda s: s["therapists"][0]["time_off"].append(["2027-06-02T00:00", "9999-12-31T00:00"]),
        "9999",
    ),
    "a session of two days": (lambda s: s["meta"]["query"].update(duration=2880), "from 1 to 1440"),
    "half a minute's session": (lambda s: s["meta"]["query"].update(duration=37.5), "whole number"),
    "a buffer of two days": (lambda s: s["meta"]["query"].update(buffer_after=2880), "from 0 to 1440"),
    "a lead of two days": (lambda s: s["meta"]["query"].update(buffer_before=2880), "from 0 to 1440"),
    "an appointment's buffer of two days": (
        lambda s: s["therapists"][0]["appointments"][0].__setitem__(2, 2880),
        "longer than a day",
    ),
    "days below nought": (lambda s: s["meta"].update(days=-1), "days"),
    "too many days": (lambda s: s["meta"].update(days=10**9), "days"),
    "days as text": (lambda s: s["meta"].update(days="1"), "days must be a whole number"),
    "days true": (lambda s: s["meta"].update(days=True), "days must be a whole number"),
    "grid of nought": (lambda s: s["meta"].update(grid=0), "grid"),
    "half a minute": (lambda s: s["meta"].update(grid=7.5), "grid"),
    "now is local": (lambda s: s["meta"].update(now="2027-06-01T09:00"), "UTC"),
    "now is no time": (lambda s: s["meta"].update(now="soon"), "soon"),
    "no query": (lambda s: s["meta"].pop("query"), "query is missing"),
    "no duration": (lambda s: s["meta"]["query"].pop("duration"), "duration is missing"),
    "no length": (lambda s: s["meta"]["query"].update(duration=0), "duration"),
    "no buffer": (lambda s: s["meta"]["query"].pop("buffer_after"), "buffer_after is missing"),
    "buffer below nought": (lambda s: s["meta"]["query"].update(buffer_before=-5), "buffer_before"),
    "no technique": (lambda s: s["meta"]["query"].pop("technique"), "technique is missing"),
    "therapist is text": (lambda s: s["therapists"].append("Ann"), "must be an object"),
    "no id": (lambda s: s["therapists"][0].pop("id"), "id"),
    "same id": (lambda s: s["therapists"].append(s["therapists"][0] | {"id": "4"}), "Two therapists"),
    "no offers": (lambda s: s["therapists"][0].pop("offers"), "offers is missing"),
    "offers of numbers": (lambda s: s["therapists"][0].update(offers=["shiatsu", 7]), "a technique is text"),
    "offers as text": (lambda s: s["therapists"][0].update(offers="shiatsu"), "offers must be a list"),
    "a notice below nought": (lambda s: s["meta"].update(min_notice=-5), "min_notice must be at least 0"),
    "a notice in words": (lambda s: s["meta"].update(min_notice="soon"), "min_notice must be a whole number"),
    "a grid below nought": (lambda s: s["meta"].update(grid=-15), "grid must be at least 1"),
    "a grid of forty figures": (lambda s: s["meta"].update(grid=10**40), "grid must be a whole number"),
    "figures of another script": (
        lambda s: s["therapists"][0]["working_hours"]["1"].update(start="٠٩:٠٠"),
        "is not a time from 00:00 to 24:00",
    ),
    "a NUL in the zone": (lambda s: s["meta"].update(tz="Europe/London\x00"), "no time zone"),
    "no hours": (lambda s: s["therapists"][0].pop("working_hours"), "working_hours is missing"),
    "an eighth weekday": (lambda s: s["therapists"][0]["working_hours"].update({"7": {}}), "weekday"),
    "hours without end": (lambda s: s["therapists"][0]["working_hours"]["1"].pop("end"), "end is missing"),
    "hours backwards": (
        lambda s: s["therapists"][0]["working_hours"]["1"].update(end="08:00"),
        "before it starts",
    ),
    "hours past midnight": (lambda s: s["therapists"][0]["working_hours"]["1"].update(end="24:30"), "24:30"),
    "sixty minutes": (lambda s: s["therapists"][0]["working_hours"]["1"].update(end="12:60"), "12:60"),
    "no breaks": (lambda s: s["therapists"][0]["working_hours"]["1"].pop("breaks"), "breaks is missing"),
    "break of one": (lambda s: s["therapists"][0]["working_hours"]["1"].update(breaks=[["12:00"]]), "breaks"),
    "break backwards": (
        lambda s: s["therapists"][0]["working_hours"]["1"].update(breaks=[["12:00", "11:00"]]),
        "before it starts",
    ),
    "no time off": (lambda s: s["therapists"][0].pop("time_off"), "time_off is missing"),
    "time off of one": (lambda s: s["therapists"][0]["time_off"].append(["2027-06-01T00:00"]), "time_off"),
    "time off backwards": (
        lambda s: s["therapists"][0]["time_off"].append(["2027-06-02T00:00", "2027-06-01T00:00"]),
        "before it starts",
    ),
    "time off as a number": (lambda s: s["therapists"][0]["time_off"].append([0, 1]), "text"),
    "time off by the day": (
        lambda s: s["therapists"][0]["time_off"].append(["2027-06-01", "2027-06-02"]),
        "2027-06-01",
    ),
    "another offset": (
        lambda s: s["therapists"][0]["time_off"].append(["2027-06-01T09:00+02:00", "2027-06-02T09:00"]),
        "+02:00",
    ),
    "no appointments": (lambda s: s["therapists"][0].pop("appointments"), "appointments is missing"),
    "appointment of two": (lambda s: s["therapists"][0]["appointments"][0].pop(), "appointments"),
    "appointment backwards": (lambda s: s["therapists"][0]["appointments"][0].reverse(), "text"),
    "appointment ends early": (
        lambda s: s["therapists"][0]["appointments"][0].__setitem__(1, "2027-06-01T14:00"),
        "before it starts",
    ),
    "buffer as text": (lambda s: s["therapists"][0]["appointments"][0].__setitem__(2, "15"), "buffer"),
    "buffer of an appointment below nought": (
        lambda s: s["therapists"][0]["appointments"][0].__setitem__(2, -15),
        "buffer",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_scenario_is_refused_in_one_sentence(name: str) -> None:
    change, word = BROKEN[name]
    scenario = copy.deepcopy(SCENARIO)
    change(scenario)
    refused(run(json.dumps(scenario)), word)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"a"', b"\xff\xfe\x00", "[" * 100_000], ids=lambda text: repr(text[:4])
)
def test_what_is_no_scenario_is_refused(text: str | bytes) -> None:
    refused(run(text), "scenario")


@pytest.mark.parametrize("name", ["nothing.json", "."], ids=["missing", "a folder"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    refused(CliRunner().invoke(slots, [str(tmp_path / name)]), "cannot be read")


def test_a_span_that_a_spring_night_turns_round_is_empty_and_not_broken() -> None:
    scenario = copy.deepcopy(SCENARIO)
    scenario["therapists"][0]["time_off"] = [["2027-03-28T01:45", "2027-03-28T02:15"]]
    assert run(json.dumps(scenario)).exit_code == 0


def refused(result: Result, word: str) -> None:
    assert result.exit_code == 2
    assert result.stdout == ""
    assert word in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith(".\n")
