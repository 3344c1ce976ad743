"""`flask clinic slots FILE`: the free starts of a scenario, worked out by the same engine as the pages.

A scenario is one JSON object; minutes are whole numbers, a clock is "HH:MM" up to "24:00", and an instant
is local ("2027-10-31T09:00") or in UTC ("2027-10-31T09:00Z").

    meta         tz, first_day, days, grid (minutes), query; optionally now (UTC) and min_notice (minutes)
    meta.query   technique, duration, buffer_after; optionally buffer_before (minutes)
    therapists   each with id, offers (techniques), working_hours, time_off [[from, to], ...] and
                 appointments [[start, end, buffer after], ...], a fourth number being the buffer before
    working_hours  {"0" (Monday) to "6": {start, end, breaks [[from, to], ...]}}

Prints {"therapist id": ["YYYY-MM-DDTHH:MM:00Z", ...]} for each therapist who offers the technique, in
order. A broken scenario leaves with 2 and one sentence on standard error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from clinic.cli.files import parse_json, read_bytes
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput
from clinic.kernel.spans import Span, merge
from clinic.roster.availability import WorkingPattern, grid_of, starts, working_spans

_CLOCK = re.compile(r"([0-9]{2}):([0-5][0-9])", re.ASCII)
_MOST_DAYS = 3660
# Years that a clinic may have planned for; beyond them calendars run out and zones are guesswork.
_YEARS = range(1900, 2901)
_KINDS = {dict: "an object", list: "a list", str: "text", int: "a whole number"}


@click.command("slots")
@click.argument("file")
def slots(file: str) -> None:
    """Print the free starts of the scenario in FILE ('-' reads standard input)."""
    try:
        found = free_starts(parse_json(read_bytes(file), "scenario"))
    except BadInput as refusal:
        click.echo(refusal.sentence, err=True)
        raise click.exceptions.Exit(2) from None
    click.echo(json.dumps(found))


def free_starts(scenario: object) -> dict[str, list[str]]:
    """Give each offering therapist's free starts in order, in UTC, or refuse a broken scenario (BadInput)."""
    whole = _as(scenario, dict, "The scenario")
    try:
        asked = _asked(_field(whole, "meta", dict))
        instants, texts = _Instants(asked.zone), _Texts()
        found: dict[str, list[str]] = {}
        seen: set[str] = set()
        for therapist in _field(whole, "therapists", list):
            with _naming("A therapist"):
                name = str(_identity(_as(therapist, dict, "it")))
            if name in seen:
                raise BadInput(f"Two therapists have the id {name}.")
            seen.add(name)
            with _naming(f"Therapist {name}"):
                spans, busy = _hours(therapist, asked), _taken(therapist, instants)
                if asked.technique not in _offers(therapist):
                    continue
                found[name] = [texts[start] for start in asked.starts(spans, busy)]
    except OverflowError:
        raise BadInput("The scenario has a date beyond the end of the calendar.") from None
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a scenario asks for: the zone and days, and the session (minutes)."""

    zone: ZoneInfo
    first_day: date
    days: int
    grid: Sequence[int]
    technique: str
    duration: int
    before: int
    after: int
    earliest: int | None

    def starts(self, spans: list[Span], busy: list[Span]) -> list[int]:
        return starts(
            spans,
            merge(busy),
            self.grid,
            before=self.before,
            length=self.duration,
            after=self.after,
            earliest=self.earliest,
        )


class _Instants(dict[str, int]):
    """Epoch minutes by the text of an instant, each text read once: a diary repeats its times a lot."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, text: str) -> int:
        minute = self[text] = _instant(text, self._zone)
        return minute


class _Texts(dict[int, str]):
    """The text of each epoch minute, in UTC, written once."""

    def __missing__(self, minute: int) -> str:
        text = self[minute] = f"{walltime.from_epoch_minute(minute):%Y-%m-%dT%H:%M}:00Z"
        return text


def _asked(meta: dict[str, Any]) -> _Asked:
    with _naming("In meta"):
        zone = walltime.zone(_field(meta, "tz", str))
        first_day, days = (
            _day(_field(meta, "first_day", str)),
            _number(meta, "days", least=0, most=_MOST_DAYS),
        )
        step = _number(meta, "grid", least=1)
        earliest, notice = None, _number(meta, "min_notice", otherwise=0)
        if "now" in meta:
            now = _moment(_field(meta, "now", str))
            if now.utcoffset() is None:
                raise BadInput("now must be in UTC and end in Z.")
            earliest = walltime.epoch_minute(now) + notice
        query = _field(meta, "query", dict)
    with _naming("In meta.query"):
        return _Asked(
            zone=zone,
            first_day=first_day,
            days=days,
            grid=grid_of(first_day, days, step, zone),
            technique=_field(query, "technique", str),
            duration=_number(query, "duration", least=1, most=walltime.DAY_MINUTES),
            before=_number(query, "buffer_before", most=walltime.DAY_MINUTES, otherwise=0),
            after=_number(query, "buffer_after", most=walltime.DAY_MINUTES),
            earliest=earliest,
        )


def _identity(therapist: dict[str, Any]) -> int | str:
    name = therapist.get("id")
    if isinstance(name, bool) or not isinstance(name, int | str):
        raise BadInput("id must be a whole number or text.")
    return name


def _offers(therapist: dict[str, Any]) -> list[str]:
    found: list[str] = _field(therapist, "offers", list)
    for technique in found:
        if not isinstance(technique, str):
            raise BadInput(f"offers has {_shown(technique)}, and a technique is text.")
    return found


def _hours(therapist: dict[str, Any], asked: _Asked) -> list[Span]:
    patterns = []
    for weekday, hours in _field(therapist, "working_hours", dict).items():
        if weekday not in ("0", "1", "2", "3", "4", "5", "6"):
            raise BadInput(f"working_hours has a weekday {weekday!r}, and weekdays go from 0 to 6.")
        if hours:
            with _naming(f"working_hours {weekday}"):
                patterns.append(_pattern(int(weekday), _as(hours, dict, "it")))
    return working_spans(patterns, asked.first_day, asked.days, asked.zone)


def _pattern(weekday: int, hours: dict[str, Any]) -> WorkingPattern:
    opens, closes = _clocks(_field(hours, "start", str), _field(hours, "end", str))
    breaks = []
    for pause in _field(hours, "breaks", list):
        if not isinstance(pause, list) or len(pause) != 2:
            raise BadInput("each of the breaks must be a list of a start and an end.")
        breaks.append(_clocks(*pause))
    return WorkingPattern(weekday, opens, closes, tuple(breaks))


def _clocks(start: object, end: object) -> Span:
    opens, closes = _clock(start), _clock(end)
    if closes < opens:
        raise BadInput(f"the span from {start} to {end} ends before it starts.")
    return opens, closes


def _clock(text: object) -> int:
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    minute = int(match[1]) * 60 + int(match[2]) if match else -1
    if not 0 <= minute <= walltime.DAY_MINUTES:
        raise BadInput(f"{_shown(text)} is not a time from 00:00 to 24:00.")
    return minute


def _taken(therapist: dict[str, Any], instants: _Instants) -> list[Span]:
    busy = []
    for away in _field(therapist, "time_off", list):
        if not isinstance(away, list) or len(away) != 2:
            raise BadInput("each time_off must be a list of a start and an end.")
        busy.append(_span(away[0], away[1], instants))
    for appointment in _field(therapist, "appointments", list):
        if not isinstance(appointment, list) or len(appointment) not in (3, 4):
            raise BadInput(
                "each of the appointments must be a list of a start, an end and one or two buffers."
            )
        start, end = _span(appointment[0], appointment[1], instants)
        for buffer in appointment[2:]:
            if type(buffer) is not int or buffer < 0:
                raise BadInput(f"the buffer {_shown(buffer)} is not a number of minutes.")
            if buffer > walltime.DAY_MINUTES:
                raise BadInput(f"the buffer {_shown(buffer)} is longer than a day.")
        busy.append((start - (appointment[3] if len(appointment) == 4 else 0), end + appointment[2]))
    return busy


def _span(start: object, end: object, instants: _Instants) -> Span:
    if not isinstance(start, str) or not isinstance(end, str):
        raise BadInput("a time must be text such as 2027-10-31T09:00.")
    low, high = instants[start], instants[end]
    if high < low and not _in_order_on_the_wall(start, end):
        raise BadInput(f"the span from {_shown(start)} to {_shown(end)} ends before it starts.")
    return low, high


def _in_order_on_the_wall(start: str, end: str) -> bool:
    # A span that starts inside the gap of a spring night can turn round in UTC; it is empty, not broken.
    return not start.endswith("Z") and not end.endswith("Z") and _moment(start) <= _moment(end)


def _instant(text: str, zone: ZoneInfo) -> int:
    moment = _moment(text)
    if moment.utcoffset() is None:
        return walltime.minute_at(moment.date(), moment.hour * 60 + moment.minute, zone, 0)
    return walltime.epoch_minute(moment)


def _moment(text: str) -> datetime:
    """Read a local time, or one in UTC that ends in Z."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment and text[10:11] == "T" and text.endswith("Z") == (moment.utcoffset() is not None):
        _check_year(moment)
        return moment
    raise BadInput(f"{_shown(text)} is not a time such as 2027-10-31T09:00 or 2027-10-31T09:00Z.")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{_shown(text)} is not a day such as 2027-10-31.") from None
    _check_year(day)
    return day


def _check_year(day: date) -> None:
    if day.year not in _YEARS:
        raise BadInput(f"the year {day.year} is beyond what is planned for, {_YEARS[0]} to {_YEARS[-1]}.")


def _number(
    mapping: dict[str, Any],
    name: str,
    *,
    least: int = 0,
    most: int | None = None,
    otherwise: int | None = None,
) -> int:
    if otherwise is not None and name not in mapping:
        return otherwise
    number: int = _field(mapping, name, int)
    if number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise BadInput(f"{name} must be {limits}.")
    return number


def _field(mapping: dict[str, Any], name: str, kind: type) -> Any:
    if name not in mapping:
        raise BadInput(f"{name} is missing.")
    return _as(mapping[name], kind, name)


def _as(value: object, kind: type, name: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise BadInput(f"{name} must be {_KINDS[kind]}.")
    return value


def _shown(value: object) -> str:
    return json.dumps(value)[:40]


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Put the place in front of a refusal raised inside."""
    try:
        yield
    except BadInput as refusal:
        raise BadInput(f"{place}: {refusal.sentence}") from None
