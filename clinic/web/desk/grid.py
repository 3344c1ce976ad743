"""Where things stand on the drawn day: rows of five minutes, told to the page as class names (no styles)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from clinic.booking.board import Gap, Lane
from clinic.booking.queries import Held, Listed
from clinic.booking.standing import Mark, Standing
from clinic.kernel import walltime

ROW_MINUTES = 5
HOUR_ROWS = 60 // ROW_MINUTES
USUAL_DAY = (9 * 60, 17 * 60)


@dataclass(frozen=True, slots=True)
class Item:
    """Something on the board. `minute` counts from the local midnight; `length` is in minutes.

    `kind` is 'visit', 'hold', 'free', 'break', 'off' or 'shut'. A free item says the most `minutes` that
    fit, and whether the length asked for does.
    """

    kind: str
    minute: int
    length: int
    starts_at: datetime
    visit: Listed | None = None
    hold: Held | None = None
    standing: Standing | None = None
    word: str = ""
    minutes: int = 0
    fits: bool = False


@dataclass(frozen=True, slots=True)
class Hours:
    """The part of the day that is drawn: from a full hour to a full hour, in minutes of the day."""

    opens: int
    closes: int

    @property
    def marks(self) -> list[tuple[str, int]]:
        """('09:00', row) for each hour."""
        return [(f"{at // 60:02d}:00", self._row(at)) for at in range(self.opens, self.closes, 60)]

    @property
    def rows(self) -> int:
        return (self.closes - self.opens) // ROW_MINUTES

    def at(self, item: Item) -> int:
        """The row in which an item begins, from 1."""
        return self._row(max(item.minute, self.opens))

    def span(self, item: Item) -> int:
        """How many rows it takes, one at least."""
        end = min(item.minute + item.length, self.closes)
        return max(1, -(-(end - max(item.minute, self.opens)) // ROW_MINUTES))

    def row_of(self, instant: datetime, tz: str) -> int | None:
        """The row of an instant, None outside of what is drawn."""
        minute = minute_of_day(instant, tz)
        return self._row(minute) if self.opens <= minute < self.closes else None

    def _row(self, minute: int) -> int:
        return (minute - self.opens) // ROW_MINUTES + 1


def hours_of(items: Iterable[Item]) -> Hours:
    """The hours that hold all items; nine to five where there are none."""
    times = [(item.minute, item.minute + item.length) for item in items if item.kind != "shut"]
    opens = min((start for start, _end in times), default=USUAL_DAY[0])
    closes = max((end for _start, end in times), default=USUAL_DAY[1])
    return Hours(opens // 60 * 60, min(24 * 60, -(-closes // 60) * 60))


def minute_of_day(instant: datetime, tz: str) -> int:
    """What the clock at the place shows, in minutes from midnight."""
    local = walltime.local(instant, walltime.zone(tz))
    return local.hour * 60 + local.minute


def items_of(
    lane: Lane,
    on: date,
    visits: Sequence[Listed],
    holds: Sequence[Held],
    gaps: Sequence[Gap],
    late: dict[int, str],
    now: datetime,
    minutes: int,
) -> list[Item]:
    """Everything of one therapist's day in order of time."""
    items = [_visit(visit, late.get(visit.id, ""), now) for visit in visits]
    items += [_hold(hold, now) for hold in holds]
    items += [_free(gap, lane.site.tz, minutes) for gap in gaps]
    zone = walltime.zone(lane.site.tz)
    for stretch in lane.stretches:
        if walltime.local(stretch.starts_at, zone).date() == on:
            items.append(_item(stretch.kind, stretch.starts_at, stretch.ends_at, lane.site.tz, stretch.word))
    items += _shut(lane, on)
    return sorted(items, key=lambda item: (item.starts_at, item.kind))


def _item(kind: str, starts_at: datetime, ends_at: datetime, tz: str, word: str = "") -> Item:
    return Item(kind, minute_of_day(starts_at, tz), _minutes(starts_at, ends_at), starts_at, word=word)


def _visit(visit: Listed, late: str, now: datetime) -> Item:
    standing = visit.standing(now)
    if late and standing.mark in (Mark.LATE, Mark.BOOKED):
        standing = Standing(Mark.LATE, late)
    at, length = minute_of_day(visit.starts_at, visit.tz), _minutes(visit.starts_at, visit.ends_at)
    return Item("visit", at, length, visit.starts_at, visit=visit, standing=standing)


def _hold(hold: Held, now: datetime) -> Item:
    at, length = minute_of_day(hold.starts_at, hold.tz), _minutes(hold.starts_at, hold.ends_at)
    left = Standing(Mark.HELD, f"held {hold.minutes_left(now)} min")
    return Item("hold", at, length, hold.starts_at, hold=hold, standing=left)


def _free(gap: Gap, tz: str, minutes: int) -> Item:
    """A gap, as long as the longest session in it, from the start at which what is asked for fits."""
    start = gap.first_for(minutes)
    shown, longest = next(
        ((at, most) for at, most in gap.starts if at == start), (gap.starts_at, gap.minutes)
    )
    return Item("free", minute_of_day(shown, tz), longest, shown, minutes=longest, fits=start is not None)


def _shut(lane: Lane, on: date) -> list[Item]:
    """Before the first and after the last hour worked, drawn hatched; a day without hours is all of that."""
    zone = walltime.zone(lane.site.tz)
    spans = [
        (minute_of_day(opens, lane.site.tz), _end_of(closes, zone, on))
        for opens, closes in lane.working
        if walltime.local(opens, zone).date() == on
    ]
    midnight = walltime.instant(on, 0, zone, 0)
    items, at = [], 0
    for start, end in sorted(spans):
        if start > at:
            items.append(Item("shut", at, start - at, midnight))
        at = max(at, end)
    if at < 24 * 60:
        items.append(Item("shut", at, 24 * 60 - at, midnight))
    return items


def _end_of(closes: datetime, zone: ZoneInfo, on: date) -> int:
    """What the clock shows at closing, in minutes of `on`; the midnight that ends it at most."""
    local = walltime.local(closes, zone)
    return walltime.DAY_MINUTES if local.date() > on else local.hour * 60 + local.minute


def _minutes(starts_at: datetime, ends_at: datetime) -> int:
    return int((ends_at - starts_at).total_seconds() // 60)
