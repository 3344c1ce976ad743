"""A day of the clinic: a column for each therapist, or a list by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import board, queries
from clinic.booking.board import Board, Gap, Lane, Place
from clinic.booking.queries import Held, Listed
from clinic.booking.standing import Mark, Standing
from clinic.kernel import walltime
from clinic.web import access, database
from clinic.web.desk.blueprint import (
    asked_day,
    blueprint,
    chosen_of,
    day_args,
    local_day,
    places_on,
    slug_of,
    today,
)
from clinic.web.desk.grid import Item, hours_of, items_of
from clinic.web.numbers import read_whole

LENGTHS = (30, 45, 60, 75, 90)
USUAL = 60
FIRST = 7


@dataclass(frozen=True, slots=True)
class Column:
    """What one therapist has on that day, in order of time."""

    therapist_id: int
    therapist: str
    hue: int
    site: Place
    items: tuple[Item, ...]
    free: int


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: an appointment or a hold, and how it stands."""

    visit: Listed | None
    hold: Held | None
    standing: Standing
    late: str

    @property
    def starts_at(self) -> datetime:
        return self._time.starts_at

    @property
    def _time(self) -> Listed | Held:
        found = self.visit or self.hold
        assert found is not None
        return found


@blueprint.get("/")
@access.allow(access.DESK)
def day() -> ResponseReturnValue:
    """The day as columns, or as a list with ?view=list."""
    session, now = database.session(), database.now()
    on, minutes = asked_day(), asked_minutes()
    monday = on - timedelta(days=on.weekday())
    every = places_on(monday, 7)
    sites = chosen_of(every)
    shown = board.load(session, now, sites, monday, 7)
    ids = [site.id for site in sites]
    visits = queries.appointments_on(session, on, 1, site_ids=ids)
    holds = queries.holds_on(session, now, on, 1, site_ids=ids)
    late = queries.late_notes(session, [visit.id for visit in visits])
    is_list = request.args.get("view") == "list"
    rows = rows_of(visits, holds, late, now)
    columns = columns_of(shown, on, visits, holds, late, now, minutes)
    hours = hours_of([item for column in columns for item in column.items])
    free = shown.gaps_on(on, minutes)
    return render_template(
        "desk/list.html" if is_list else "desk/day.html",
        on=on,
        today=today(),
        before=on - timedelta(days=1),
        after=on + timedelta(days=1),
        strip=strip_of(shown, on, minutes),
        sites=every,
        site=slug_of(sites, every),
        minutes=minutes,
        lengths=LENGTHS,
        free=[(start, lane, gap) for start, lane, gap in free][:FIRST],
        free_more=max(0, len(free) - FIRST),
        later=later_day(shown, on, minutes),
        next_week=monday + timedelta(days=7) if every else None,
        columns=columns,
        hours=hours,
        now_rows={
            tz: hours.row_of(now, tz) for tz in {site.tz for site in sites} if local_day(now, tz) == on
        },
        rows=rows,
        tally=tally(rows),
        closed=[(place.name, name) for place in sites for sid, day_, name in shown.closed
                if sid == place.id and day_ == on],
        away=away_on(shown, on),
        view="list" if is_list else "",
    )  # fmt: skip


def asked_minutes() -> int:
    """How long a session the caller wants, one of LENGTHS."""
    asked = read_whole(request.args.get("minutes"))
    return asked if asked in LENGTHS else USUAL


def strip_of(shown: Board, on: date, minutes: int) -> list[tuple[str, str, str, bool]]:
    """The week around a day: word, address, what is free, whether it is the day shown."""
    days = []
    open_sites = sum(site.is_open for site in shown.sites)
    for step in range(shown.days):
        day_ = shown.first_day + timedelta(days=step)
        free = len(shown.gaps_on(day_, minutes))
        is_shut = len({site for site, closed, _name in shown.closed if closed == day_}) == open_sites
        works = any(_local(opens, lane) == day_ for lane in shown.lanes for opens, _closes in lane.working)
        word = (
            f"{free} free"
            if free
            else "over"
            if day_ < today()
            else "closed"
            if is_shut or not works
            else "full"
        )
        href = url_for("desk.day", **day_args(on=day_.isoformat()))
        days.append((f"{day_:%a} {day_.day}", href, word, day_ == on))
    return days


def later_day(shown: Board, on: date, minutes: int) -> tuple[date, int] | None:
    """The next day of the board with a gap for so long a session, and how many; None without one."""
    for step in range((on - shown.first_day).days + 1, shown.days):
        day_ = shown.first_day + timedelta(days=step)
        if free := len(shown.gaps_on(day_, minutes)):
            return day_, free
    return None


def columns_of(
    shown: Board,
    on: date,
    visits: Sequence[Listed],
    holds: Sequence[Held],
    late: dict[int, str],
    now: datetime,
    minutes: int,
) -> list[Column]:
    """A column for each therapist who works that day or has something on it all the same."""
    columns = []
    seen: set[tuple[int, int]] = set()
    for lane in shown.lanes:
        key = (lane.therapist_id, lane.site.id)
        mine = [visit for visit in visits if (visit.therapist_id, visit.site_id) == key]
        kept = [hold for hold in holds if (hold.therapist_id, hold.site_id) == key]
        works = any(_local(opens, lane) == on for opens, _closes in lane.working)
        if not (works or mine or kept):
            continue
        seen.add(key)
        gaps = gaps_of(lane, on)
        items = items_of(lane, on, mine, kept, gaps, late, now, minutes)
        free = sum(1 for gap in gaps if gap.first_for(minutes))
        columns.append(Column(*key[:1], lane.therapist, lane.hue, lane.site, tuple(items), free))
    return columns + _strays(shown, seen, on, visits, late, now, minutes)


def _strays(
    shown: Board,
    seen: set[tuple[int, int]],
    on: date,
    visits: Sequence[Listed],
    late: dict[int, str],
    now: datetime,
    minutes: int,
) -> list[Column]:
    """Columns of therapists without hours at the site any more, who still have appointments there."""
    sites = {site.id: site for site in shown.sites}
    left: dict[tuple[int, int], list[Listed]] = {}
    for visit in visits:
        key = (visit.therapist_id, visit.site_id)
        if key not in seen and visit.site_id in sites:
            left.setdefault(key, []).append(visit)
    columns = []
    for (therapist_id, site_id), mine in left.items():
        lane = Lane(therapist_id, mine[0].therapist, mine[0].hue, sites[site_id], (), (), ())
        items = items_of(lane, on, mine, (), (), late, now, minutes)
        columns.append(Column(therapist_id, lane.therapist, lane.hue, lane.site, tuple(items), 0))
    return columns


def gaps_of(lane: Lane, on: date) -> list[Gap]:
    """The lane's gaps of that day."""
    return [gap for gap in lane.gaps if _local(gap.starts_at, lane) == on]


def rows_of(
    visits: Sequence[Listed], holds: Sequence[Held], late: dict[int, str], now: datetime
) -> list[Row]:
    """Appointments and holds of a day as one list by time."""
    rows = [Row(visit, None, visit.standing(now), late.get(visit.id, "")) for visit in visits]
    rows += [Row(None, hold, Standing(Mark.HELD, f"held {hold.minutes_left(now)} min"), "") for hold in holds]
    return sorted(rows, key=lambda row: row.starts_at)


TALLY = (
    (Mark.DONE, "done"), (Mark.NO_SHOW, "no-show"), (Mark.IN_SESSION, "in session"),
    (Mark.ARRIVED, "arrived"), (Mark.LATE, "late"), (Mark.BOOKED, "to come"),
    (Mark.PROVISIONAL, "provisional"), (Mark.HELD, "held"),
)  # fmt: skip


def tally(rows: Sequence[Row]) -> list[tuple[int, str]]:
    """How many stand how, in the order in which a day goes by."""
    marks = [row.standing.mark for row in rows]
    return [(marks.count(mark), word) for mark, word in TALLY if mark in marks]


def away_on(shown: Board, on: date) -> list[str]:
    """'Hana Sato from 15:00 to 17:00': who is off that day, and when."""
    said = []
    for lane in shown.lanes:
        zone = walltime.zone(lane.site.tz)
        for stretch in lane.stretches:
            if stretch.kind == "off" and _local(stretch.starts_at, lane) == on:
                opens, closes = (walltime.local(at, zone) for at in (stretch.starts_at, stretch.ends_at))
                said.append(f"{lane.therapist} {opens:%H:%M} to {closes:%H:%M}")
    return list(dict.fromkeys(said))


def _local(instant: datetime, lane: Lane) -> date:
    return walltime.local(instant, walltime.zone(lane.site.tz)).date()
