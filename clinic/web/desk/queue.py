"""What waits for someone: clearances, provisional times and call-backs, the shortest fuse first."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from clinic.booking import queue as waiting
from clinic.intake import services as intakes
from clinic.web import access, database
from clinic.web.desk.blueprint import blueprint
from clinic.web.promises import day_time, promise_of, span_word

WARM, HOT = timedelta(hours=2), timedelta(days=1)


@blueprint.get("/queue")
@access.allow(access.DESK)
def queue() -> ResponseReturnValue:
    """Who waits, since when and until when; never why."""
    session, now = database.session(), database.now()
    calls = [
        (call, span_word(now - call.created_at), heat(call.created_at, now))
        for call in waiting.open_calls(session)
    ]
    return render_template(
        "desk/queue.html",
        clearances=[(each, promise_of(each, now)) for each in waiting.open_ones(session)],
        asked=[(each, promise_of(each, now)) for each in waiting.asked_again(session)],
        provisional=waiting.provisional_times(session, now),
        calls=calls,
        day_time=day_time,
    )


@blueprint.post("/queue/<int:number>/done")
@access.allow(access.DESK)
def finish_call(number: int) -> ResponseReturnValue:
    """Marks a call-back as done; twice does no harm."""
    with database.transaction() as session:
        done = intakes.finish_call_back(session, database.now(), number, current_user.id)
    flash(f"{done.name} has been rung.")
    return redirect(url_for("desk.queue") + "#calls", code=303)


def heat(since: datetime, now: datetime) -> str:
    """How long is too long: 'warm' after two hours, 'hot' after a day."""
    waited = now - since
    return "hot" if waited >= HOT else "warm" if waited >= WARM else ""
