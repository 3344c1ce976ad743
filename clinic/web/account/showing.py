"""The appointment behind a link, and its calendar file. Looking changes nothing."""

from __future__ import annotations

from flask import Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import messages
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.web import access, database
from clinic.web.account.behind import State, appointment_behind, shown
from clinic.web.account.blueprint import blueprint
from clinic.web.account.other import other_of


@blueprint.get("/appointment/<token>")
@access.public
def appointment(token: str) -> ResponseReturnValue:
    now = database.now()
    return page(appointment_behind(database.session(), token, now), token)


@blueprint.get("/appointment/<token>/moved")
@access.public
def moved(token: str) -> ResponseReturnValue:
    """The same page, saying that the time is new. May be loaded again."""
    now = database.now()
    found = appointment_behind(database.session(), token, now)
    if found.sequence == 0 or shown(found, token, now).state is State.CANCELLED:
        return redirect(url_for("account.appointment", token=token))
    return page(found, token, is_new=True)


@blueprint.get("/appointment/<token>/appointment.ics")
@access.public
def calendar(token: str) -> ResponseReturnValue:
    now = database.now()
    found = appointment_behind(database.session(), token, now)
    if found.status is Status.PROVISIONAL:  # what is not certain goes into nobody's calendar
        return redirect(url_for("account.appointment", token=token), code=303)
    return Response(
        messages.invite(found, now),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="appointment.ics"'},
    )


def page(
    found: Appointment, token: str, *, is_new: bool = False, sentence: str = "", status: int = 200
) -> ResponseReturnValue:
    """The page of an appointment as it stands; `sentence` says first why something could not be done."""
    view = shown(found, token, database.now())
    return render_template(
        "account/appointment.html",
        appointment=view,
        other=other_of(database.session(), found),
        is_new=is_new,
        sentence=sentence,
    ), status
