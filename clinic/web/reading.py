"""What staff type into forms: days, clock times, whole numbers; each refused with a sentence at its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from clinic.kernel import walltime
from clinic.kernel.errors import BadInput

Given = ParamSpec("Given")
Read = TypeVar("Read")
# The fields that were refused, each with its sentence, in the order of the page.
Errors = list[tuple[str, str]]
FIRST_YEAR, LAST_YEAR = 2000, 2100
LEFT_OUT = "The clocks go forward that night. That time is left out."
_DAY = re.compile(r"(?P<day>\d{1,2})[ ./-]+(?P<month>\d{1,2})[ ./-]+(?P<year>\d{1,4})", re.ASCII)
_ISO_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h ]?([0-5]\d))?", re.ASCII)


class BadFields(BadInput):
    """Several fields that cannot be taken: `every` has each of them, the refusal itself says the first."""

    def __init__(self, every: Errors) -> None:
        super().__init__(every[0][1], every[0][0])
        self.every = every


class Gathered:
    """Reads field by field and keeps each refusal, so that a page can name all of them at once."""

    def __init__(self) -> None:
        self.errors: Errors = []

    def read(self, reader: Callable[Given, Read], *args: Given.args, **kwargs: Given.kwargs) -> Read | None:
        """What the reader gives; None where it refuses."""
        try:
            return reader(*args, **kwargs)
        except BadInput as refusal:
            self.errors += errors_of(refusal)
            return None

    def refuse(self) -> None:
        """BadFields where anything was refused."""
        if self.errors:
            raise BadFields(self.errors)


def errors_of(refusal: BadInput, boxes: Mapping[str, str] | None = None, otherwise: str = "") -> Errors:
    """The fields and sentences of a refusal; `boxes` are those that the page calls by another name.

    A refusal that names no field goes to `otherwise`.
    """
    every = refusal.every if isinstance(refusal, BadFields) else [(refusal.field or "", refusal.sentence)]
    return [((boxes or {}).get(field, field) or otherwise, sentence) for field, sentence in every]


def read_day(text: str, field: str | None = None) -> date:
    """The day of '2026-11-24', '24 11 2026', '24/11/2026'; refuses what is none, or not of this century."""
    plain = text.strip()
    match = _ISO_DAY.fullmatch(plain) or _DAY.fullmatch(plain)
    try:
        if match is None:
            raise ValueError
        found = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        raise BadInput("Enter a day like 24 11 2026.", field) from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise BadInput(f"Enter a year from {FIRST_YEAR} to {LAST_YEAR}.", field)
    return found


def read_clock(text: str, field: str | None = None) -> int:
    """The minute of the day of '9', '9:30', '09.30' or '0930'; '24:00' is the midnight that ends the day."""
    match = _CLOCK.fullmatch(text.strip())
    if match:
        minutes = int(match.group(1)) * 60 + int(match.group(2) or 0)
        if minutes <= 24 * 60:
            return minutes
    raise BadInput("Enter a time like 9:30.", field)


def read_time_on(day: date, text: str, zone: ZoneInfo, field: str | None = None) -> datetime:
    """The instant at which the wall clock of the zone shows what was typed; refuses a time it leaves out."""
    minute = read_clock(text, field)
    if minute % walltime.DAY_MINUTES and not walltime.exists(day, minute, zone):
        raise BadInput(LEFT_OUT, field)
    return walltime.instant(day, minute, zone, 0)


def read_whole(text: str, low: int, high: int, field: str | None = None) -> int:
    """A whole number from `low` to `high`."""
    plain = text.strip()
    if re.fullmatch(r"[0-9]{1,9}", plain) and low <= int(plain) <= high:
        return int(plain)
    raise BadInput(f"Enter a number from {low} to {high}.", field)


def read_span(form: Mapping[str, str], zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of whole days, or from a time on the first day to a time on the last; not all over.

    Fields: first, last (the same day where empty), from and until (midnights where empty). Refuses a time
    that the clock leaves out on the night when it goes forward. BadFields names every field at once.
    """
    gathered = Gathered()
    first = gathered.read(read_day, form.get("first", ""), "first")
    last = gathered.read(read_day, form.get("last", ""), "last") if form.get("last", "").strip() else first
    opens = gathered.read(_read_edge, form, "from", 0, first, zone)
    closes = gathered.read(_read_edge, form, "until", walltime.DAY_MINUTES, last, zone)
    if first and last and last < first:
        gathered.errors.insert(0, ("last", "The last day must not be before the first."))
    gathered.refuse()
    assert first
    assert last
    assert opens is not None
    assert closes is not None
    starts_at = walltime.instant(first, opens, zone, 0)
    ends_at = walltime.instant(last, closes, zone, 1)
    if ends_at <= starts_at:
        raise BadInput("The end must be after the start.", "until")
    if ends_at <= now:
        raise BadInput("That is over already.", "first")
    return starts_at, ends_at


def _read_edge(form: Mapping[str, str], field: str, otherwise: int, day: date | None, zone: ZoneInfo) -> int:
    """The minute of the day that was typed, or `otherwise`; what the clock leaves out only on a known day."""
    if not form.get(field, "").strip():
        return otherwise
    minute = read_clock(form[field], field)
    # A midnight stands for the edge of the day, also where the clocks go forward over it.
    if day and minute % walltime.DAY_MINUTES and not walltime.exists(day, minute, zone):
        raise BadInput(LEFT_OUT, field)
    return minute


def shown_clock(minute_of_day: int) -> str:
    """'09:30' for 570."""
    return f"{minute_of_day // 60:02d}:{minute_of_day % 60:02d}"


def span_words(starts_at: datetime, ends_at: datetime, tz: str) -> str:
    """'Monday 7 December', 'Mon 7 Dec to Fri 11 Dec' for whole days; 'Friday 27 November, 17:00 to 20:00'."""
    zone = walltime.zone(tz)
    start, end = walltime.local(starts_at, zone), walltime.local(ends_at, zone)
    if (start.hour, start.minute, end.hour, end.minute) == (0, 0, 0, 0):
        last = end.date() - timedelta(days=1)
        if last <= start.date():
            return f"{start:%A} {start.day} {start:%B}"
        return f"{start:%a} {start.day} {start:%b} to {last:%a} {last.day} {last:%b}"
    if start.date() == end.date():
        return f"{start:%A} {start.day} {start:%B}, {start:%H:%M} to {end:%H:%M}"
    return f"{start:%a} {start.day} {start:%b}, {start:%H:%M} to {end:%a} {end.day} {end:%b}, {end:%H:%M}"
