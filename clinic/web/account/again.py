"""Booking again, and telling what has changed, from the link of an appointment. Only a POST begins it.

Whoever has the link may begin: of what was told before nothing is shown on the pages that follow.
"""

from __future__ import annotations

from datetime import datetime

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.booking import journeys, pair_journeys, returning
from clinic.booking.models import Appointment
from clinic.kernel.codes import new_token
from clinic.kernel.errors import WrongState
from clinic.web import access, database, remembered
from clinic.web.account.behind import State, appointment_behind, state_of
from clinic.web.account.blueprint import blueprint
from clinic.web.account.showing import page
from clinic.web.limits import limiter

RING = "We need to ask you a few things from the start. Ring us before you come."


@blueprint.get("/appointment/<token>/again", endpoint="again_back")
@blueprint.get("/appointment/<token>/changes", endpoint="changes_back")
@access.public
def loaded_again(token: str) -> ResponseReturnValue:
    """The addresses of what only a button does: loaded again, they lead to the page."""
    return redirect(url_for("account.appointment", token=token), code=303)


@blueprint.post("/appointment/<token>/again")
@access.public
@limiter.limit("10 per minute; 60 per day")
def again(token: str) -> ResponseReturnValue:
    """Begins another booking of this client with the short form; with the whole one where nothing holds."""
    found = appointment_behind(database.session(), token, database.now())
    try:
        _begin(found, tells_changes=False)
    except WrongState:
        remembered.forget()
        return redirect(url_for("journey.step", slug="safety"), code=303)
    return redirect(url_for("journey.start"), code=303)


@blueprint.post("/appointment/<token>/changes")
@access.public
@limiter.limit("10 per minute; 60 per day")
def changes(token: str) -> ResponseReturnValue:
    """Begins the short form for a coming appointment, with no new time to choose."""
    session, now = database.session(), database.now()
    found = appointment_behind(session, token, now)
    if state_of(found, now) not in (State.OPEN, State.LATE):
        return page(found, token, status=409)
    try:
        _begin(found, tells_changes=True)
    except WrongState:
        return page(appointment_behind(session, token, now), token, sentence=RING, status=409)
    return redirect(url_for("journey.start"), code=303)


def _end(session: Session, now: datetime, token: str | None, journey_id: int) -> None:
    """Ends the way this browser was on; that of two ends for both."""
    two = pair_journeys.find(session, now, token) if token and remembered.is_two() else None
    if two is not None:
        pair_journeys.leave(session, now, two.id)
    else:
        journeys.leave(session, now, journey_id)


def _begin(found: Appointment, *, tells_changes: bool) -> None:
    """A new way for this browser; the one it was on ends, and gives back what it held."""
    now, fresh = database.now(), new_token()
    with database.transaction() as session:
        mine = remembered.way_token()
        before = journeys.find(session, now, mine) if mine else None
        returning.begin(
            session, now, fresh, found, tells_changes=tells_changes, clinic=found.site.clinic_name
        )
        if before is not None:
            _end(session, now, mine, before.id)
    remembered.forget()
    remembered.set_out(fresh)
