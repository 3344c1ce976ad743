"""The page of a request for clearance, behind its link: how it stands, and what to do about it.

What was told about health is seen by the browser that made the request, and by whoever then gives the date
of birth; everybody else with the link sees only that we have a request. A GET changes nothing.
"""

from __future__ import annotations

from datetime import date

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import journeys, pair_journeys, waiting
from clinic.booking.models import Journey, JourneyPair
from clinic.intake import openings
from clinic.intake.models import Clearance
from clinic.intake.openings import Opening
from clinic.kernel.codes import new_token
from clinic.kernel.errors import Refusal
from clinic.web import access, database, remembered
from clinic.web.account.blueprint import blueprint
from clinic.web.account.clearance_shown import behind_token, kept_time, shown
from clinic.web.limits import limiter
from clinic.web.numbers import read_whole

NOT_A_DATE = "Enter a day, a month and a year, such as 27 3 1979."
NOT_THAT = "That is not the date we were given. Check it and try again."
# What is shown again of a part of a date: more than any has, and no novel.
LONGEST_PART = 20
TWO_FIRST = "Two of you are on the way in this browser. Book first, together or alone, then come back here."
OUT_OF_DATE = "That page was out of date. This is how it stands now."


@blueprint.get("/request/<token>")
@access.public
def clearance(token: str) -> ResponseReturnValue:
    return page(behind_token(database.session(), token, database.now()), token)


@blueprint.get("/request/<token>/open", endpoint="opened_clearance")
@blueprint.get("/request/<token>/reply", endpoint="sent_reply")
@blueprint.get("/request/<token>/time", endpoint="kept_a_time")
@blueprint.get("/request/<token>/session", endpoint="chose_session")
@access.public
def clearance_back(token: str) -> ResponseReturnValue:
    """The addresses of what only a button does: loaded again, they lead to the page."""
    return back_to(token)


@blueprint.post("/request/<token>/open")
@access.public
@limiter.limit("10 per minute")
def open_clearance(token: str) -> ResponseReturnValue:
    """Opens the page in this browser for whoever knows the date of birth; five wrong tries close it."""
    session, now = database.session(), database.now()
    found = behind_token(session, token, now)
    born = _read_date()
    if born is None and openings.way_in(found) is Opening.BY_BIRTHDAY:
        return page(found, token, errors=[("born-day", NOT_A_DATE)], status=422)
    with database.transaction():
        came = openings.try_birthday(session, found.id, born) if born else openings.way_in(found)
    if came is Opening.OPENED:
        remembered.trust(found.id, now)
        return back_to(token)
    errors = [("born-day", NOT_THAT)] if came is Opening.WRONG else []
    return page(behind_token(session, token, now), token, errors=errors, status=422 if errors else 403)


@blueprint.post("/request/<token>/time")
@access.public
@limiter.limit("10 per minute; 60 per day")
def keep_a_time(token: str) -> ResponseReturnValue:
    """On to the choice of a session and a time, kept until somebody has decided."""
    return _go_on(token, is_released=False)


@blueprint.post("/request/<token>/session")
@access.public
@limiter.limit("10 per minute; 60 per day")
def choose_session(token: str) -> ResponseReturnValue:
    """After a yes, on to the choice of a session: the way goes on where it stopped."""
    return _go_on(token, is_released=True)


def _go_on(token: str, *, is_released: bool) -> ResponseReturnValue:
    session, now = database.session(), database.now()
    found = behind_token(session, token, now)
    if not remembered.is_trusted(found.id, now):
        return back_to(token)
    if kept_time(session, found, now) is not None:
        return page(found, token, sentence=OUT_OF_DATE, status=409)
    mine = _own_way(found)
    if mine is None and _two() is not None:
        return page(found, token, sentence=TWO_FIRST, status=409)
    fresh = new_token()
    try:
        with database.transaction():
            if mine is None and is_released:
                journeys.go_on_cleared(session, now, fresh, found.intake)
            elif mine is None:
                waiting.go_on_waiting(session, now, fresh, found.intake)
            elif is_released:
                journeys.see_outcome(session, now, mine.id)
            else:
                journeys.go_on_provisionally(session, now, mine.id)
    except Refusal:
        return page(behind_token(session, token, now), token, sentence=OUT_OF_DATE, status=409)
    if mine is None:
        remembered.set_out(fresh)
    return redirect(url_for("journey.session"), code=303)


def _two() -> JourneyPair | None:
    """The two on their way in this browser: the way of one of them would end that of the other."""
    token = remembered.way_token() if remembered.is_two() else None
    two = pair_journeys.find(database.session(), database.now(), token) if token else None
    return two if two is not None and two.party_id is None else None


def _own_way(found: Clearance) -> Journey | None:
    """The way this browser is on, where it is the one of these answers and not at its end.

    Of two it is that of whoever has the screen.
    """
    token, two = remembered.way_token(), _two()
    mine = journeys.find(database.session(), database.now(), token) if token else None
    mine = pair_journeys.journey_of(two, two.turn) if two is not None else mine
    if mine is None or mine.intake_id != found.intake_id or mine.appointment_id is not None:
        return None
    return mine


def back_to(token: str) -> ResponseReturnValue:
    return redirect(url_for("account.clearance", token=token), code=303)


def page(
    found: Clearance,
    token: str,
    *,
    errors: list[tuple[str, str]] | None = None,
    sentence: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    """The page as it stands; `sentence` says first why something could not be done."""
    view = shown(database.session(), found, token, database.now())
    return render_template(
        "account/clearance.html",
        asked=view,
        typed=_typed() if status == 422 else {},
        errors=errors or [],
        sentence=sentence,
    ), status


def _typed() -> dict[str, str]:
    return {part: request.form.get(f"born-{part}", "")[:LONGEST_PART] for part in ("day", "month", "year")}


def _read_date() -> date | None:
    parts = (read_whole(request.form.get(f"born-{part}", "").strip()) for part in ("year", "month", "day"))
    year, month, day = (0 if part is None else part for part in parts)
    try:
        return date(year, month, day)
    except ValueError:
        return None
