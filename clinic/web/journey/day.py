"""All the times of one day as a part of the page of times, for a day that has more than the week shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import render_template, request
from flask.typing import ResponseReturnValue

from clinic.booking import journeys, slots
from clinic.booking.journey import Step
from clinic.booking.journeys import Filters
from clinic.roster.models import Gender, Site
from clinic.web import access, database
from clinic.web.journey import provisional, way, week
from clinic.web.journey.blueprint import blueprint
from clinic.web.numbers import read_whole


@blueprint.get("/book/time/<day>", endpoint="day")
@access.public
def show_day(day: str) -> ResponseReturnValue:
    """The day with each start once; asks the database the same few things however many work there."""
    elsewhere = way.sent_elsewhere(Step.TIME)
    if elsewhere is not None:
        return elsewhere
    wanted = week.read_day(day)
    if wanted is None:
        return "", 404
    return render_template("journey/day.html", day=_times_of(wanted))


def _times_of(wanted: date) -> Mapping[str, Any]:
    session, now, journey = database.session(), database.now(), way.expect()
    site = _site()
    wish = journeys.wish_of(journey, site, Filters(_person(), request.args.get("step_free") == "y"))
    earliest = provisional.earliest(journey, now)
    found = slots.openings(session, wish, wanted, 1, now)
    starts = (slot.starts_at for slot in found if slot.starts_at >= earliest)
    return week.draw_day(wanted, starts, ZoneInfo(site.tz))


def _person() -> str:
    """Whom the address asks for, or anybody: whoever does not work there has no times."""
    person = request.args.get("with", "any")
    return person if person in (*Gender, "any") or read_whole(person) is not None else "any"


def _site() -> Site:
    """The site asked for, or the clinic's first."""
    main, slug = way.site(), request.args.get("site")
    if slug is None or slug == main.slug:
        return main
    named = database.session().scalar(sa.select(Site).where(Site.slug == slug, Site.is_active))
    return named or main
