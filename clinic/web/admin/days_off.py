"""Days off: therapists' time off, and days on which a site is closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import impact
from clinic.booking.queries import Listed
from clinic.care.queries import home_zone
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, SlotTaken
from clinic.roster import queries
from clinic.roster import services as roster
from clinic.roster.models import OwnerKind, Site, Therapist
from clinic.web import access, database
from clinic.web.admin.blueprint import blueprint
from clinic.web.context import main_site
from clinic.web.numbers import read_whole
from clinic.web.reading import Errors, Gathered, errors_of, read_day, read_span, span_words

_TIME_OFF_BOXES = {"starts": "first", "ends": "last"}
_CLOSURE_BOXES = {
    "name": "closure-name",
    "starts_on": "starts_on",
    "ends_on": "ends_on",
    "site_id": "site_id",
}


@blueprint.get("/days-off")
@access.allow(access.OWNER)
def days_off() -> ResponseReturnValue:
    """Everything to come, and the two forms."""
    return _page()


@blueprint.post("/days-off/time-off")
@access.allow(access.OWNER)
def add_time_off() -> ResponseReturnValue:
    """Enters time off for a therapist; names what stands in the way."""
    try:
        therapist_id, starts_at, ends_at, note = _read_time_off()
        with database.transaction() as writing:
            roster.add_time_off(writing, database.now(), therapist_id, starts_at, ends_at, note)
    except BadInput as refusal:
        return _page(errors_of(refusal, _TIME_OFF_BOXES, "first"), status=422)
    except SlotTaken as refusal:
        way = impact.in_the_way(database.session(), OwnerKind.THERAPIST, therapist_id, starts_at, ends_at)
        return _page([("first", refusal.sentence)], in_the_way=way, status=409)
    flash("The time off is in the diary. Nobody can be booked then.")
    return redirect(url_for("admin.days_off"), code=303)


@blueprint.post("/days-off/time-off/<int:time_off_id>/cancel")
@access.allow(access.OWNER)
def cancel_time_off(time_off_id: int) -> ResponseReturnValue:
    """Takes time off back."""
    with database.transaction() as session:
        roster.cancel_time_off(session, database.now(), time_off_id)
    flash("Taken back. It can be booked again.")
    return redirect(url_for("admin.days_off"), code=303)


@blueprint.post("/days-off/closures")
@access.allow(access.OWNER)
def add_closure() -> ResponseReturnValue:
    """Closes a site; asks once more where something is booked on those days."""
    try:
        site_id, starts_on, ends_on, name = _read_closure()
        booked = impact.on_days(database.session(), database.now(), site_id, starts_on, ends_on)
        if booked and request.form.get("seen") != str(len(booked)):
            return _page(closure_hits=booked)
        with database.transaction() as writing:
            roster.add_closure(writing, site_id, name, starts_on, ends_on)
    except BadInput as refusal:
        return _page(errors_of(refusal, _CLOSURE_BOXES, "starts_on"), status=422)
    flash("The site is closed then. What is booked stays until somebody moves it.")
    return redirect(url_for("admin.days_off"), code=303)


@blueprint.post("/days-off/closures/<int:closure_id>/remove")
@access.allow(access.OWNER)
def remove_closure(closure_id: int) -> ResponseReturnValue:
    """Opens the site again on those days."""
    with database.transaction() as session:
        roster.remove_closure(session, closure_id)
    flash("The site is open then.")
    return redirect(url_for("admin.days_off"), code=303)


def _read_time_off() -> tuple[int, datetime, datetime, str]:
    """Whose time off, from when until when, and the note; BadFields names all that is wrong."""
    session, gathered = database.session(), Gathered()
    therapist_id = gathered.read(_one_of, "therapist_id", queries.therapists(session), "Choose a therapist.")
    zone = walltime.zone(home_zone(session, therapist_id or 0))
    span = gathered.read(read_span, request.form, zone, database.now())
    note = gathered.read(roster.read_note, request.form.get("reason", ""))
    gathered.refuse()
    assert therapist_id is not None
    assert span is not None
    assert note is not None
    return therapist_id, *span, note


def _read_closure() -> tuple[int, date, date, str]:
    """Which site, the first and the last day, and why; BadFields names all that is wrong."""
    session, gathered = database.session(), Gathered()
    site_id = gathered.read(_one_of, "site_id", queries.sites(session), "Choose one of the sites.")
    days = gathered.read(_read_closed_days)
    name = gathered.read(roster.read_closure_name, request.form.get("closure-name", ""))
    gathered.refuse()
    assert site_id is not None
    assert days is not None
    assert name is not None
    return site_id, *days, name


def _read_closed_days() -> tuple[date, date]:
    """The first and the last day, which is the first where it is left empty."""
    gathered, last = Gathered(), request.form.get("ends_on", "").strip()
    starts_on = gathered.read(read_day, request.form.get("starts_on", ""), "starts_on")
    ends_on = gathered.read(read_day, last, "ends_on") if last else starts_on
    gathered.refuse()
    assert starts_on is not None
    assert ends_on is not None
    roster.check_closure_days(starts_on, ends_on)
    if ends_on < _today():
        raise BadInput("That is over already.", "ends_on" if last else "starts_on")
    return starts_on, ends_on


def _one_of(field: str, known: Sequence[Therapist] | Sequence[Site], sentence: str) -> int:
    """The number that was chosen in a list."""
    chosen = read_whole(request.form.get(field))
    if chosen is None or chosen not in {each.id for each in known}:
        raise BadInput(sentence, field)
    return chosen


def _today() -> date:
    site = main_site()
    return walltime.local(database.now(), walltime.zone(site.tz if site else "UTC")).date()


def _page(
    errors: Errors | None = None,
    *,
    in_the_way: list[Listed] | None = None,
    closure_hits: list[Listed] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    session = database.session()
    site = main_site()
    return (
        render_template(
            "admin/days_off.html",
            away=queries.time_off(session, database.now()),
            closures=queries.closures(session, _today()),
            therapists=[each for each in queries.therapists(session) if each.is_active],
            sites=queries.sites(session),
            tz=site.tz if site else "UTC",
            errors=errors,
            in_the_way=in_the_way or [],
            closure_hits=closure_hits or [],
            typed=request.form,
            span_words=span_words,
        ),
        status,
    )
