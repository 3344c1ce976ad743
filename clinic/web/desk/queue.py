"""What waits for someone: call-backs and provisional times, the longest waiting first."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from clinic.booking import queries
from clinic.intake import services as intakes
from clinic.web import access, database
from clinic.web.desk.blueprint import blueprint

WARM, HOT = timedelta(hours=2), timedelta(days=1)


@blueprint.get("/queue")
@access.allow(access.DESK)
def queue() -> ResponseReturnValue:
    """Who waits and since when; never why."""
    session, now = database.session(), database.now()
    calls = [
        (call, age(call.created_at, now), heat(call.created_at, now)) for call in queries.open_calls(session)
    ]
    return render_template(
        "desk/queue.html", calls=calls, provisional=queries.provisional_times(session, now)
    )


@blueprint.post("/queue/<int:number>/done")
@access.allow(access.DESK)
def finish_call(number: int) -> ResponseReturnValue:
    """Marks a call-back as done; twice does no harm."""
    with database.transaction() as session:
        done = intakes.finish_call_back(session, database.now(), number, current_user.id)
    flash(f"{done.name} has been rung.")
    return redirect(url_for("desk.queue") + "#calls", code=303)


def age(since: datetime, now: datetime) -> str:
    """'16 min', '3 h', '4 days'."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h"
    days = minutes // (24 * 60)
    return "1 day" if days == 1 else f"{days} days"


def heat(since: datetime, now: datetime) -> str:
    """How long is too long: 'warm' after two hours, 'hot' after a day."""
    waited = now - since
    return "hot" if waited >= HOT else "warm" if waited >= WARM else ""
