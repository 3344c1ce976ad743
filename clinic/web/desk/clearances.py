"""One request for clearance at the desk: whom to ring; and those about which reception may decide.

Nothing here reads an answer, a rule or a reason. What reception writes down goes, encrypted, into the ledger.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from clinic.booking import queue
from clinic.care import clearing
from clinic.intake.clearances import Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import ClearanceStatus
from clinic.kernel.errors import BadInput, NotFound, Refusal, Stale, WrongState
from clinic.web import access, database
from clinic.web.decision_words import told
from clinic.web.desk.blueprint import actor, blueprint
from clinic.web.numbers import read_whole
from clinic.web.promises import day_time, promise_of

LONGEST = 2000
CHOICES = (ClearanceStatus.ALLOWED, ClearanceStatus.MORE_NEEDED, ClearanceStatus.REFUSED)


@blueprint.get("/clearances/<int:number>")
@access.allow(access.DESK)
def clearance(number: int) -> ResponseReturnValue:
    """Who waits and how to reach them; the form where reception may decide."""
    return _page(number)


@blueprint.post("/clearances/<int:number>")
@access.allow(access.DESK)
def decide_clearance(number: int) -> ResponseReturnValue:
    """Keeps what was agreed; Forbidden where a therapist has to decide."""
    form = request.form
    try:
        ruling = _read(form)
        with database.transaction() as session:
            settled = clearing.decide(
                session,
                database.now(),
                number,
                ruling,
                actor=actor(),
                power=Releaser.RECEPTION,
                version=read_whole(form.get("version")) or 0,
            )
    except BadInput as refusal:
        return _page(number, [(refusal.field or "decision", refusal.sentence)], refusal.status)
    except (Stale, WrongState) as refusal:
        return _page(number, status=refusal.status, refused=refusal)
    flash(told(settled, database.now()))
    return redirect(url_for("desk.queue") + "#clearances", code=303)


def _read(form: MultiDict[str, str]) -> Ruling:
    chosen = next((each for each in CHOICES if each.value == form.get("decision")), None)
    if chosen is None:
        raise BadInput("Choose what was agreed.", "decision")
    reason, question = form.get("reason", "").strip(), form.get("question", "").strip()
    for name, typed in (("reason", reason), ("question", question)):
        if len(typed) > LONGEST:
            raise BadInput(f"Use {LONGEST} signs or fewer.", name)
    return Ruling(
        status=chosen,
        reason=reason,
        signed=Signed(current_user.name, "reception"),
        question=question if chosen is ClearanceStatus.MORE_NEEDED else "",
    )


def _page(
    number: int,
    errors: list[tuple[str, str]] | None = None,
    status: int = 200,
    refused: Refusal | None = None,
) -> ResponseReturnValue:
    found = queue.one(database.session(), number)
    if found is None:
        raise NotFound()
    now = database.now()
    html = render_template(
        "desk/clearance.html",
        one=found,
        promise=promise_of(found, now),
        typed=request.form,
        errors=errors,
        refused=refused.sentence if refused else "",
        day_time=day_time,
    )
    return html, status
