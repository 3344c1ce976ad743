"""My day and my week."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.care import agenda, queries
from clinic.care.agenda import Kind, Stretch
from clinic.care.queries import Day, Visit
from clinic.kernel import walltime
from clinic.web import access, database, filters
from clinic.web.practice.blueprint import blueprint, own_therapist
from clinic.web.reading import span_words

_FARTHEST = timedelta(days=3660)
_WORDS = {Kind.BREAK: "break", Kind.FREE: "free", Kind.AWAY: "away"}


@blueprint.get("/")
@access.allow(access.PRACTICE)
def day() -> ResponseReturnValue:
    """The day: the next session on top, then everything by time."""
    therapist, now, session = own_therapist(), database.now(), database.session()
    tz = queries.home_zone(session, therapist.id)
    today = walltime.local(now, walltime.zone(tz)).date()
    shown = asked_day(today)
    found = queries.days_of(session, now, therapist.id, shown)[0]
    following = found.next_visit(now) if shown == today else None
    return render_template(
        "practice/day.html",
        day=found,
        today=today,
        tz=tz,
        before=shown - timedelta(days=1),
        after=shown + timedelta(days=1),
        next=following,
        next_in=_until(following, now),
        rows=_rows(found, now, following),
    )


@blueprint.get("/week")
@access.allow(access.PRACTICE)
def week() -> ResponseReturnValue:
    """The seven days of a week, with what is booked and what is free, drawn and in words."""
    therapist, now, session = own_therapist(), database.now(), database.session()
    tz = queries.home_zone(session, therapist.id)
    today = walltime.local(now, walltime.zone(tz)).date()
    asked = asked_day(today)
    monday = asked - timedelta(days=asked.weekday())
    days = queries.days_of(session, now, therapist.id, monday, 7)
    low, high = _hours_shown(days)
    return render_template(
        "practice/week.html",
        rows=[_week_row(each, today) for each in days],
        low=low,
        high=high,
        marks=[low + (high - low) * step // 4 for step in range(5)],
        monday=monday,
        sunday=monday + timedelta(days=6),
        visits=sum(len(each.visits) for each in days),
        on_table=agenda.in_words(sum(each.hands_on_minutes for each in days)),
        before=monday - timedelta(days=7),
        after=monday + timedelta(days=7),
        away=queries.own_time_off(session, therapist.id, now),
        tz=tz,
        today=today,
        span_words=span_words,
    )


def asked_day(today: date) -> date:
    """The day in the address; today where it names none, or one ten years away."""
    try:
        asked = date.fromisoformat(request.args.get("date", ""))
    except ValueError:
        return today
    return asked if abs(asked - today) < _FARTHEST else today


def _until(visit: Visit | None, now: datetime) -> str:
    """'12 minutes', '2 h 05', or '' for one that has begun."""
    if visit is None or visit.listed.starts_at <= now:
        return ""
    minutes = -int((now - visit.listed.starts_at).total_seconds() // 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}" if minutes < 60 else agenda.in_words(minutes)


def _rows(day: Day, now: datetime, following: Visit | None) -> list[dict[str, Any]]:
    """The day as the page lists it: visits and what lies between, by time, and the end."""
    timed = [(visit.listed.starts_at, 1, _visit_row(visit, now, visit is following)) for visit in day.visits]
    timed += [(each.starts_at, 0, _stretch_row(each)) for each in day.stretches]
    if day.work:
        last = max(day.work, key=lambda work: work.closes)
        timed.append((last.closes_at, 2, {"kind": "gap", "text": f"{_clock(last.closes_at, last.tz)} end"}))
    return [row for _at, _rank, row in sorted(timed, key=lambda each: each[:2])]


def _visit_row(visit: Visit, now: datetime, is_here: bool) -> dict[str, Any]:
    listed = visit.listed
    talk = f" + {listed.talk_minutes}" if listed.talk_minutes else ""
    return {
        "kind": "visit",
        "visit": visit,
        "href": url_for("practice.sheet", reference=listed.reference),
        "at": _clock(listed.starts_at, listed.tz),
        "what": f"{listed.desk_name} {listed.minutes}{talk}",
        "standing": listed.standing(now),
        "is_here": is_here,
        "is_gone": not visit.is_open or listed.ends_at <= now,
    }


def _stretch_row(stretch: Stretch) -> dict[str, Any]:
    words = f"{_clock(stretch.starts_at, stretch.tz)} {_WORDS[stretch.kind]}"
    note = f", {stretch.note}" if stretch.note else ""
    kind = "free" if stretch.kind is Kind.FREE else "gap"
    return {"kind": kind, "text": f"{words}, {agenda.in_words(stretch.minutes)}{note}"}


def _clock(instant: datetime, tz: str) -> str:
    return filters.clock_time(instant, tz)


def _hours_shown(days: list[Day]) -> tuple[int, int]:
    """The hours of the clock that the week's strips run from and to: all that is in it, at least 8 to 20."""
    low, high = 8, 20
    for day in days:
        for work in day.work:
            low = min(low, int(_hour(work.opens_at, work.tz, day.day)))
            high = max(high, -int(-_hour(work.closes_at, work.tz, day.day) // 1))
        for visit in day.visits:
            low = min(low, int(_hour(visit.listed.starts_at, visit.listed.tz, day.day)))
            high = max(high, -int(-_hour(visit.listed.ends_at, visit.listed.tz, day.day) // 1))
    return low, high


def _hour(instant: datetime, tz: str, day: date) -> float:
    """The hour on the clock of the place, as a number; past 24 on the day after."""
    local = walltime.local(instant, walltime.zone(tz))
    return (local.date() - day).days * 24 + local.hour + local.minute / 60


def _week_row(day: Day, today: date) -> dict[str, Any]:
    free = [each for each in day.stretches if each.kind is Kind.FREE]
    tz = day.work[0].tz if day.work else ""
    count = len(day.visits)
    words = f"{count or 'no'} client{'' if count == 1 else 's'}"
    return {
        "day": day.day,
        "is_today": day.day == today,
        "is_working": bool(day.work or day.visits),
        "open": [(_hour(w.opens_at, w.tz, day.day), _hour(w.closes_at, w.tz, day.day)) for w in day.work],
        "breaks": [_pair(each, day.day) for each in day.stretches if each.kind is Kind.BREAK],
        "away": [_pair(each, day.day) for each in day.stretches if each.kind is Kind.AWAY],
        "blocks": [
            (_hour(v.listed.starts_at, v.listed.tz, day.day), _hour(v.listed.ends_at, v.listed.tz, day.day))
            for v in day.visits
        ],
        "places": day.places,
        "words": words,
        "on_table": day.hands_on_minutes,
        "free": agenda.in_words(sum(each.minutes for each in free)) if free else "",
        "first_free": _clock(free[0].starts_at, tz) if free else "",
    }


def _pair(stretch: Stretch, day: date) -> tuple[float, float]:
    return _hour(stretch.starts_at, stretch.tz, day), _hour(stretch.ends_at, stretch.tz, day)
