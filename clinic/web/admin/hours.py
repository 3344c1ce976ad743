"""A therapist's weekly hours: the week that holds now, those that follow, and what a new one would hit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm.exc import StaleDataError

from clinic.booking import impact
from clinic.booking.queries import Listed
from clinic.care.agenda import in_words as length_in_words
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, NotFound, Stale
from clinic.roster import hours as services
from clinic.roster import queries
from clinic.roster.hours import Hours
from clinic.roster.models import Site, Therapist
from clinic.roster.queries import Period
from clinic.web import access, database
from clinic.web.admin import week_form
from clinic.web.admin.blueprint import blueprint
from clinic.web.admin.week_form import Errors, Week
from clinic.web.context import main_site
from clinic.web.numbers import read_whole
from clinic.web.reading import read_day


@dataclass
class Effect:
    """What saving would do: days that change, appointments that would lie outside, hours a week."""

    changes: list[tuple[str, str]] = field(default_factory=list)
    outside: list[Listed] = field(default_factory=list)
    weekly: str = ""

    @property
    def seal(self) -> str:
        """Says which appointments were shown, so that none is saved over unseen."""
        numbers = ",".join(str(each.id) for each in self.outside)
        return hashlib.sha256(numbers.encode()).hexdigest()[:16] if self.outside else ""


@dataclass
class HoursPage:
    """Everything the page shows, typed or read from the database."""

    therapist: Therapist
    sites: list[Site]
    periods: list[Period]
    period: Period | None
    week: Week
    from_on: str
    until_on: str
    version: int
    is_new: bool
    today: date
    errors: Errors = field(default_factory=list)
    effect: Effect = field(default_factory=Effect)
    asks: bool = False
    stands: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200


@blueprint.get("/therapists/<int:therapist_id>/hours")
@access.allow(access.OWNER)
def hours(therapist_id: int) -> ResponseReturnValue:
    """The form with the week that holds on the day in the address, today if none; `new` starts another."""
    page = _stands(therapist_id)
    return _show(page)


@blueprint.post("/therapists/<int:therapist_id>/hours")
@access.allow(access.OWNER)
def save_hours(therapist_id: int) -> ResponseReturnValue:
    """Looks, adds rows, or saves; asks once more where coming appointments would lie outside."""
    page = _typed(therapist_id)
    if "add" in request.form or "copy" in request.form:
        _change_rows(page)
        _judge(page)
        page.errors = []
        return _show(page)
    week, from_on, until_on = _judge(page)
    if "look" in request.form:
        return _show(page)
    if page.errors or from_on is None:
        page.status = 422
        return _show(page)
    if page.effect.outside and request.form.get("seen") != page.effect.seal:
        page.asks = True
        return _show(page)
    try:
        with database.transaction() as session:
            services.set_week(
                session, therapist_id, week, from_on=from_on, until_on=until_on, version=page.version
            )
    except BadInput as refusal:
        page.errors = [(refusal.field or "from_on", refusal.sentence)]
        page.status = 422
        return _show(page)
    except (Stale, StaleDataError):
        return _show(_as_stale(page, week))
    flash("The hours are saved. Free times online have changed with them.")
    return redirect(url_for("admin.hours", therapist_id=therapist_id, on=from_on.isoformat()), code=303)


def _stands(therapist_id: int) -> HoursPage:
    """The page as the database has it."""
    session = database.session()
    therapist = session.get(Therapist, therapist_id)
    if therapist is None:
        raise NotFound()
    site = main_site()
    today = walltime.local(database.now(), walltime.zone(site.tz if site else "UTC")).date()
    rows = queries.hours_of(session, therapist_id, today)
    periods = queries.periods(rows, today)
    is_new = "new" in request.args
    on = _asked_day(today)
    period = next((each for each in periods if each.holds(on)), periods[0] if periods else None)
    if is_new and periods:
        period = periods[-1]
    sites = [
        each for each in queries.sites(session) if each.is_active or each.id in {r.site_id for r in rows}
    ]
    week = queries.week_on(rows, period.from_on) if period else {}
    starts = "" if is_new else (period.from_on if period else today).isoformat()
    ends = period.until_on.isoformat() if period and period.until_on and not is_new else ""
    page = HoursPage(
        therapist, sites, periods, period, week_form.of_hours(week, sites), starts, ends,
        therapist.version, is_new, today,
    )  # fmt: skip
    page.effect.weekly = _weekly(week)
    return page


def _typed(therapist_id: int) -> HoursPage:
    """The page with what was posted."""
    page = _stands(therapist_id)
    page.week = week_form.typed(request.form)
    page.from_on, page.until_on = request.form.get("from_on", ""), request.form.get("until_on", "")
    page.version = read_whole(request.form.get("version")) or 0
    return page


def _change_rows(page: HoursPage) -> None:
    """One more span or break where a button asked for it, or Monday copied to the days that are empty."""
    if "copy" in request.form:
        page.week.copy_down()
    day, _dash, row = request.form.get("add", "").partition("-")
    weekday, number = read_whole(day), read_whole(row)
    if weekday is None or weekday > 6:
        return
    if number is None:
        page.week.add_span(weekday)
    else:
        page.week.add_break(weekday, number)


def _judge(page: HoursPage) -> tuple[dict[int, list[Hours]], date | None, date | None]:
    """Reads what was typed into the page's errors and effect."""
    week, page.errors = week_form.read(page.week, page.sites)
    from_on, until_on = None, None
    try:
        from_on = read_day(page.from_on, "from_on")
        if from_on < page.today:
            raise BadInput("Start today or later. What was stays as it was.", "from_on")
        if page.until_on.strip():
            until_on = read_day(page.until_on, "until_on")
            if until_on < from_on:
                raise BadInput("The last day must not be before the first.", "until_on")
    except BadInput as refusal:
        page.errors.insert(0, (refusal.field or "from_on", refusal.sentence))
    if not page.errors and from_on is not None:
        page.errors = _meetings(page, week, from_on, until_on)
    if page.errors or from_on is None:
        page.effect = Effect()
        return week, None, None
    session = database.session()
    before = queries.week_on(queries.hours_of(session, page.therapist.id, from_on), from_on)
    page.effect = Effect(
        week_form.differences(before, week, page.sites),
        impact.outside_hours(
            session, database.now(), page.therapist.id, queries.as_patterns(week), from_on, until_on
        ),
        _weekly(week),
    )
    return week, from_on, until_on


def _meetings(page: HoursPage, week: dict[int, list[Hours]], from_on: date, until_on: date | None) -> Errors:
    """Where the week has the therapist at two places at once, at the box of the hours that do."""
    session = database.session()
    found = services.meeting(session, page.therapist.id, week, from_on, until_on)
    if found is None:
        return []
    box = week_form.box_of(page.week, found.one.site_id, found.one.weekday, found.one.opens)
    return [(box, services.in_words(session, found))]


def _as_stale(page: HoursPage, week: dict[int, list[Hours]]) -> HoursPage:
    """The page with what was typed, how it stands now beside it, and the version that stands."""
    stands = _stands(page.therapist.id)
    rows = queries.hours_of(database.session(), page.therapist.id, page.today)
    now_holds = queries.week_on(rows, stands.period.from_on) if stands.period else {}
    page.stands = [
        (name, was.removeprefix("was ")) for name, was in week_form.differences(now_holds, week, page.sites)
    ]
    page.therapist, page.version, page.status = stands.therapist, stands.version, 409
    page.periods = stands.periods
    return page


def _weekly(week: dict[int, list[Hours]]) -> str:
    minutes = sum(queries.open_minutes(each) for hours in week.values() for each in hours)
    return length_in_words(minutes) if minutes else "none"


def _asked_day(today: date) -> date:
    try:
        return max(today, date.fromisoformat(request.args.get("on", "")))
    except ValueError:
        return today


def _show(page: HoursPage) -> ResponseReturnValue:
    if request.method == "POST" and request.headers.get("HX-Request"):
        return render_template("admin/hours_effect.html", p=page)
    return (
        render_template("admin/hours.html", p=page, errors=page.errors, days=week_form.DAYS),
        page.status,
    )
