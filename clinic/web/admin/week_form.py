"""A week of hours as a form: seven days, several spans a day, breaks; read back strictly, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from clinic.kernel.errors import BadInput
from clinic.roster.hours import Hours, check_hours, refuse_overlaps
from clinic.roster.models import Site
from clinic.web.reading import read_clock, shown_clock

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_SPANS, MOST_BREAKS = 4, 4
Errors = list[tuple[str, str]]


@dataclass
class Row:
    """One span as typed. `id` names its fields: `<id>-site`, `-opens`, `-closes`, `-b0-from`, `-b0-to` …"""

    id: str
    site: str = ""
    opens: str = ""
    closes: str = ""
    breaks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.opens or self.closes or any(start or end for start, end in self.breaks))

    @property
    def shown_breaks(self) -> list[tuple[str, str]]:
        """The breaks typed, or an empty pair to type into."""
        return self.breaks or [("", "")]


@dataclass
class Week:
    """Seven days of rows."""

    days: list[list[Row]]

    def add_span(self, weekday: int) -> None:
        """One more row on a day."""
        rows = self.days[weekday]
        if len(rows) < MOST_SPANS:
            rows.append(Row(f"h{weekday}-{len(rows)}", rows[-1].site if rows else ""))

    def add_break(self, weekday: int, number: int) -> None:
        """One more pair of break times on a row."""
        rows = self.days[weekday]
        if number < len(rows) and len(rows[number].breaks) < MOST_BREAKS:
            rows[number].breaks = [*rows[number].shown_breaks, ("", "")]

    def copy_down(self) -> None:
        """Monday's hours on every working day that has none."""
        for weekday in range(1, 5):
            if all(row.is_empty for row in self.days[weekday]):
                self.days[weekday] = [
                    Row(f"h{weekday}-{n}", row.site, row.opens, row.closes, list(row.breaks))
                    for n, row in enumerate(self.days[0])
                ]


def of_hours(week: Mapping[int, Iterable[Hours]], sites: list[Site]) -> Week:
    """A week as the form shows it; every day has at least one row."""
    days: list[list[Row]] = [[] for _day in DAYS]
    spans = sorted(
        ((each, site_id) for site_id, hours in week.items() for each in hours),
        key=lambda pair: (pair[0].weekday, pair[0].opens),
    )
    for each, site_id in spans:
        rows = days[each.weekday]
        rows.append(
            Row(
                f"h{each.weekday}-{len(rows)}",
                str(site_id),
                shown_clock(each.opens),
                shown_clock(each.closes),
                [(shown_clock(starts), shown_clock(ends)) for starts, ends in each.breaks],
            )
        )
    usual = str(spans[0][1]) if spans else str(sites[0].id) if sites else ""
    for weekday, rows in enumerate(days):
        if not rows:
            rows.append(Row(f"h{weekday}-0", usual))
    return Week(days)


def typed(form: MultiDict[str, str]) -> Week:
    """The week as it was typed, row by row, nothing judged."""
    days = []
    for weekday in range(7):
        rows = []
        for number in range(MOST_SPANS):
            own = f"h{weekday}-{number}"
            if number and f"{own}-opens" not in form:
                break
            breaks = []
            for pause in range(MOST_BREAKS):
                if f"{own}-b{pause}-from" not in form:
                    break
                pair = (form.get(f"{own}-b{pause}-from", ""), form.get(f"{own}-b{pause}-to", ""))
                breaks.append((pair[0].strip(), pair[1].strip()))
            rows.append(
                Row(
                    own,
                    form.get(f"{own}-site", ""),
                    form.get(f"{own}-opens", "").strip(),
                    form.get(f"{own}-closes", "").strip(),
                    breaks,
                )
            )
        days.append(rows)
    return Week(days)


def read(week: Week, sites: list[Site]) -> tuple[dict[int, list[Hours]], Errors]:
    """The hours by site, and a sentence for each row that cannot be; rows left empty are left out."""
    known = {str(site.id): site for site in sites}
    found: dict[int, list[Hours]] = {}
    errors: Errors = []
    for weekday, rows in enumerate(week.days):
        today: dict[str, list[Hours]] = {}  # by time zone: between two of them the wall clock says nothing
        for row in rows:
            if row.is_empty:
                continue
            try:
                hours = _read_row(weekday, row)
                if row.site not in known:
                    raise BadInput("Choose one of the sites.", f"{row.id}-site")
                beside = today.setdefault(known[row.site].tz, [])
                refuse_overlaps([*beside, hours])
            except BadInput as refusal:
                errors.append((_at_box(row, refusal.field), refusal.sentence))
                continue
            beside.append(hours)
            found.setdefault(known[row.site].id, []).append(hours)
    return found, errors


def box_of(week: Week, site_id: int, weekday: int, opens: int) -> str:
    """The box in which these hours open; the first of that day where none does."""
    rows = week.days[weekday]
    mine = (row for row in rows if row.site == str(site_id) and _opens(row) == opens)
    return f"{next(mine, rows[0]).id}-opens"


def _opens(row: Row) -> int | None:
    try:
        return read_clock(row.opens, f"{row.id}-opens")
    except BadInput:
        return None


def _read_row(weekday: int, row: Row) -> Hours:
    opens = read_clock(row.opens, f"{row.id}-opens")
    closes = read_clock(row.closes, f"{row.id}-closes")
    breaks = {
        n: (read_clock(start, f"{row.id}-b{n}-from"), read_clock(end, f"{row.id}-b{n}-to"))
        for n, (start, end) in enumerate(row.breaks)
        if start or end
    }
    hours = Hours(weekday, opens, closes, tuple(breaks.values()))
    try:
        check_hours(hours)
    except BadInput as refusal:
        raise BadInput(refusal.sentence, _box(row, refusal.field or "", list(breaks))) from None
    return hours


def _at_box(row: Row, named: str | None) -> str:
    """The box that is named, or the first one of the row."""
    return named if named and named.startswith(f"{row.id}-") else f"{row.id}-opens"


def _box(row: Row, named: str, breaks: list[int]) -> str:
    """The id of the box of what `check_hours` names; `breaks` are the numbers of those that are not empty."""
    if named.startswith("break "):
        return f"{row.id}-b{breaks[int(named.removeprefix('break '))]}-from"
    return f"{row.id}-{'closes' if named == 'closes' else 'opens'}"


def in_words(hours: Iterable[Hours]) -> str:
    """'09:00 to 13:00 and 14:00 to 18:00, break 10:30 to 10:45', or 'off'."""
    parts = []
    for each in sorted(hours, key=lambda one: one.opens):
        pauses = "".join(f", break {shown_clock(a)} to {shown_clock(b)}" for a, b in each.breaks)
        parts.append(f"{shown_clock(each.opens)} to {shown_clock(each.closes)}{pauses}")
    return " and ".join(parts) or "off"


def differences(
    before: Mapping[int, Iterable[Hours]], after: Mapping[int, Iterable[Hours]], sites: list[Site]
) -> list[tuple[str, str]]:
    """What a new week changes, day by day: ('Thursdays 12:00 to 20:00,', 'was 10:00 to 20:00.')."""
    found = []
    for weekday, name in enumerate(DAYS):
        was, will = _day_words(before, weekday, sites), _day_words(after, weekday, sites)
        if was != will:
            found.append((f"{name}s {will},", f"was {was}."))
    return found


def _day_words(week: Mapping[int, Iterable[Hours]], weekday: int, sites: list[Site]) -> str:
    names = {site.id: site.name for site in sites}
    parts = []
    for site_id, hours in sorted(week.items()):
        mine = [each for each in hours if each.weekday == weekday]
        if mine:
            at = f" at {names.get(site_id, '?')}" if len(sites) > 1 else ""
            parts.append(f"{in_words(mine)}{at}")
    return "; ".join(parts) or "off"
