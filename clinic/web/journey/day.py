"""All the times of one day as a part of the page of times, for a day that has more than the week shows.

The page's script fetches it; without script the page is loaded anew with that day whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import journeys, slots
from clinic.booking.journey import Step
from clinic.web import access, database
from clinic.web.journey import asked, provisional, way, week
from clinic.web.journey.blueprint import blueprint


@blueprint.get("/book/time/<day>", endpoint="day")
@access.public
def show_day(day: str) -> ResponseReturnValue:
    """The day with each start once; asks the database the same few things however many work there.

    Whoever opens the address itself gets the page in which the day stands.
    """
    elsewhere = way.sent_elsewhere(Step.TIME)
    if elsewhere is not None:
        return elsewhere
    wanted = week.read_day(day)
    if wanted is None:
        abort(404)
    if request.headers.get("Sec-Fetch-Dest") == "document":
        said: dict[str, Any] = {
            name: request.args[name] for name in ("site", "with", "step_free") if name in request.args
        }
        iso = wanted.isoformat()
        page = url_for("journey.time", **said, week=iso, all=iso, _anchor=f"day-{iso}")
        return redirect(page, code=303)
    return render_template("journey/day.html", day=_times_of(wanted))


def _times_of(wanted: date) -> Mapping[str, Any]:
    session, now, journey = database.session(), database.now(), way.expect()
    site = asked.site(journey)
    wish = journeys.wish_of(journey, site, asked.filters(journey))
    earliest = provisional.earliest(journey, now)
    assert journey.option is not None  # or there would have been no wish
    found = slots.starts_on(session, wish, journey.option, site, wanted, now)
    starts = (start for start in found if start >= earliest)
    return week.draw_day(wanted, starts, ZoneInfo(site.tz))
