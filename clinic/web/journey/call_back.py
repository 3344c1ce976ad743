"""Asking to be rung: after a step more is needed, or because somebody wants us to look again."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.intake import services as intakes
from clinic.web import access, database
from clinic.web.journey import way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.contact_form import BEST_TIMES, CallBackForm
from clinic.web.limits import limiter


@blueprint.post("/book/call-back")
@access.public
@limiter.limit("5 per minute; 30 per hour")
def ask_for_call_back() -> ResponseReturnValue:
    """Keeps the wish to be rung, with the intake where there is one."""
    form = CallBackForm()
    values = form.read()
    journey = way.current()
    intake = journey.intake if journey is not None else None
    if values is None:
        return render_template("journey/call_back.html", form=form), 422
    with database.transaction() as session:
        intakes.ask_for_call_back(
            session,
            database.now(),
            site_id=way.site().id,
            name=values["name"],
            phone=values["phone"],
            email=values["email"],
            best_time=BEST_TIMES[values["best_time"]],
            intake=intake,
        )
    return redirect(url_for("journey.we_will_ring"), code=303)


@blueprint.get("/book/call-back")
@access.public
def ring_me() -> ResponseReturnValue:
    """The same form on a page of its own, for whoever would rather talk."""
    return render_template("journey/call_back.html", form=CallBackForm(formdata=None))


@blueprint.get("/book/we-will-ring")
@access.public
def we_will_ring() -> ResponseReturnValue:
    return render_template("journey/we_will_ring.html")
