"""Free times as a week to choose from: what templates/components/times.html draws, for every page that asks.

A time travels through a form as `slot_value` writes it, an instant in UTC, and comes back by `read_slot`.
What stands on the page is the site's wall time; where the clocks go back, the hour that comes twice is
told apart by the zone's letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from clinic.booking.slots import Slot
from clinic.web.filters import clock_time, local_date, short_day

WEEK = 7
PARTS = (("Morning", 12), ("Afternoon", 17), ("Evening", 24))
_FORM = "%Y-%m-%dT%H:%MZ"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a week. `parts`: part of the day and its times as (value, '10:15'); `word`: why none."""

    id: str
    weekday: str
    short: str
    number: int
    month: str
    parts: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    word: str = "Full"
    link: tuple[str, str, str] | None = None

    @property
    def count(self) -> int:
        """How many times are free."""
        return sum(len(times) for _part, times in self.parts)


@dataclass(frozen=True, slots=True)
class Week:
    """Monday to Sunday at a site; `before` and `after` are the Mondays one may turn to, or None."""

    monday: date
    title: str
    days: tuple[Day, ...]
    before: date | None
    after: date | None

    @property
    def count(self) -> int:
        """How many times are free in all of the week."""
        return sum(day.count for day in self.days)

    @property
    def before_word(self) -> str:
        return day_month(self.before) if self.before else ""

    @property
    def after_word(self) -> str:
        return day_month(self.after) if self.after else ""


def slot_value(starts_at: datetime) -> str:
    """'2026-11-24T10:15Z': an instant as the value of a radio button."""
    return starts_at.astimezone(UTC).strftime(_FORM)


def read_slot(text: str | None) -> datetime | None:
    """The instant that `slot_value` wrote; None for anything else."""
    try:
        instant = datetime.strptime(text or "", _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    # Far beyond any diary lie dates with which nobody can reckon on.
    return instant if 2000 <= instant.year <= 2200 else None


def day_month(day: date) -> str:
    """'30 Nov'."""
    return f"{day.day} {day:%b}"


def slot_label(starts_at: datetime, tz: str) -> str:
    """'Tue 24 Nov, 10:15' at the place."""
    return f"{short_day(local_date(starts_at, tz))}, {clock_time(starts_at, tz)}"


def monday_of(day: date) -> date:
    """The Monday of that day's week."""
    return day - timedelta(days=day.weekday())


def read_monday(text: str | None, now: datetime, tz: str, horizon_days: int, otherwise: date) -> date:
    """The Monday a page was asked for ('2026-11-23'), kept between this week and the last one that is booked.

    Anything unreadable gives the week of `otherwise`.
    """
    try:
        wanted = date.fromisoformat(text or "")
    except ValueError:
        wanted = otherwise
    today = local_date(now, tz)
    last = today + timedelta(days=horizon_days)
    return monday_of(min(max(wanted, today), last))


def week_title(monday: date) -> str:
    """'23 to 29 November', '30 November to 6 December'."""
    sunday = monday + timedelta(days=WEEK - 1)
    if monday.month == sunday.month:
        return f"{monday.day} to {sunday.day} {sunday:%B}"
    return f"{monday.day} {monday:%B} to {sunday.day} {sunday:%B}"


def week_of(
    slots: Iterable[Slot],
    tz: str,
    monday: date,
    now: datetime,
    horizon_days: int,
    *,
    words: Mapping[date, str] | None = None,
    links: Mapping[date, tuple[str, str, str]] | None = None,
) -> Week:
    """The week from `monday` with one time for each start among `slots`.

    `words` may say why a day has none ('Closed'), `links` add (address, words, hidden words) to such a day.
    """
    today = local_date(now, tz)
    last = today + timedelta(days=horizon_days)
    by_day: dict[date, list[datetime]] = {}
    for start in sorted({slot.starts_at for slot in slots}):
        by_day.setdefault(local_date(start, tz), []).append(start)
    dates = [monday + timedelta(days=n) for n in range(WEEK)]
    shown = _parts_in_use((by_day.get(day, ()) for day in dates), tz)
    return Week(
        monday=monday,
        title=week_title(monday),
        days=tuple(
            Day(
                id=day.isoformat(),
                weekday=f"{day:%A}",
                short=f"{day:%a}",
                number=day.day,
                month=f"{day:%B}",
                parts=_parts(by_day.get(day, []), tz, shown),
                word=(words or {}).get(day) or _word(day, today, last),
                link=(links or {}).get(day),
            )
            for day in dates
        ),
        before=monday - timedelta(days=WEEK) if monday > today else None,
        after=monday + timedelta(days=WEEK) if monday + timedelta(days=WEEK) <= last else None,
    )


def choices(slots: Iterable[Slot], tz: str) -> list[tuple[str, str, str]]:
    """Slots as the macro `nearest` takes them: (value, '10:15', 'Tue 24 Nov'), one for each start."""
    return [
        (slot_value(start), clock_time(start, tz), short_day(local_date(start, tz)))
        for start in sorted({slot.starts_at for slot in slots})
    ]


def _word(day: date, today: date, last: date) -> str:
    if day < today:
        return "Over"
    return "Not yet open" if day > last else "Full"


def _part(start: datetime, tz: str) -> str:
    hour = start.astimezone(ZoneInfo(tz)).hour
    return next(part for part, until in PARTS if hour < until)


def _parts_in_use(days: Iterable[Sequence[datetime]], tz: str) -> tuple[str, ...]:
    """The parts of the day in which any day of the week has a time: all days show the same rows."""
    used = {_part(start, tz) for starts in days for start in starts}
    return tuple(part for part, _until in PARTS if part in used)


def _parts(
    starts: Sequence[datetime], tz: str, shown: Sequence[str]
) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    labels = [clock_time(start, tz) for start in starts]
    times: dict[str, list[tuple[str, str]]] = {part: [] for part in shown}
    for start, label in zip(starts, labels, strict=True):
        times[_part(start, tz)].append((slot_value(start), label))
    return tuple((part, tuple(found)) for part, found in times.items())
