"""A week: every therapist with how much they have and what is free, or one therapist with the names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import board, queries
from clinic.booking.board import Board
from clinic.booking.queries import Listed
from clinic.kernel import walltime
from clinic.web import access, database
from clinic.web.desk.blueprint import asked_day, blueprint, chosen_of, places_on, slug_of, today
from clinic.web.desk.day import asked_minutes
from clinic.web.numbers import read_whole
from clinic.web.times import week_title

DAYS = 7


@dataclass(frozen=True, slots=True)
class Cell:
    """A therapist's day: what is booked, how many gaps fit, and whether they work at all."""

    day: date
    visits: tuple[Listed, ...]
    free: int
    works: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A therapist's week at a site."""

    therapist_id: int
    therapist: str
    hue: int
    site: str
    tz: str
    cells: tuple[Cell, ...]


@blueprint.get("/week")
@access.allow(access.DESK)
def week() -> ResponseReturnValue:
    """Therapists by days; ?therapist= shows the days of one, with who comes."""
    session, now = database.session(), database.now()
    on, minutes = asked_day(), asked_minutes()
    monday = on - timedelta(days=on.weekday())
    every = places_on(monday, DAYS)
    sites = chosen_of(every)
    shown = board.load(session, now, sites, monday, DAYS)
    visits = queries.appointments_on(session, monday, DAYS, site_ids=[site.id for site in sites])
    lines = lines_of(shown, visits, minutes)
    chosen = read_whole(request.args.get("therapist"))
    one = [line for line in lines if line.therapist_id == chosen]
    return render_template(
        "desk/week.html",
        title=week_title(monday),
        monday=monday,
        days=[monday + timedelta(days=step) for step in range(DAYS)],
        before=monday - timedelta(days=DAYS),
        after=monday + timedelta(days=DAYS),
        today=today(),
        sites=every,
        site=slug_of(sites, every),
        lines=one or lines,
        one=one[0] if one else None,
        minutes=minutes,
        turn=lambda **changes: url_for("desk.week", **kept(**changes)),
    )


def kept(**changes: str) -> dict[str, Any]:
    """The words of the address that stay when one turns the page."""
    names = ("on", "site", "minutes", "therapist")
    stay = {name: request.args[name] for name in names if request.args.get(name)}
    return {name: value for name, value in {**stay, **changes}.items() if value}


def lines_of(shown: Board, visits: list[Listed], minutes: int) -> list[Line]:
    """A line for each therapist and site of the week."""
    days = [shown.first_day + timedelta(days=step) for step in range(shown.days)]
    free = {day: shown.gaps_on(day, minutes) for day in days}
    lines = []
    for lane in shown.lanes:
        zone = walltime.zone(lane.site.tz)
        works = {walltime.local(opens, zone).date() for opens, _closes in lane.working}
        mine = [v for v in visits if (v.therapist_id, v.site_id) == (lane.therapist_id, lane.site.id)]
        cells = tuple(
            Cell(
                day=day,
                visits=tuple(visit for visit in mine if visit.local_day == day),
                free=sum(1 for _start, of, _gap in free[day] if of is lane),
                works=day in works,
            )
            for day in days
        )
        lines.append(Line(lane.therapist_id, lane.therapist, lane.hue, lane.site.name, lane.site.tz, cells))
    return lines + _strays(shown, visits, days)


def _strays(shown: Board, visits: list[Listed], days: list[date]) -> list[Line]:
    """Lines of therapists without hours at the site any more, who still have appointments there."""
    known = {(lane.therapist_id, lane.site.id) for lane in shown.lanes}
    left: dict[tuple[int, int], list[Listed]] = {}
    for visit in visits:
        if (visit.therapist_id, visit.site_id) not in known:
            left.setdefault((visit.therapist_id, visit.site_id), []).append(visit)
    return [
        Line(
            mine[0].therapist_id,
            mine[0].therapist,
            mine[0].hue,
            mine[0].site,
            mine[0].tz,
            tuple(Cell(day, tuple(v for v in mine if v.local_day == day), 0, False) for day in days),
        )
        for mine in left.values()
    ]
