"""Holding a session for clearance: the rules let it pass, the therapist does not."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from clinic.care import holding, sheets
from clinic.intake.level import Level
from clinic.kernel.codes import read_reference
from clinic.kernel.errors import BadInput, NotFound, WrongState
from clinic.web import access, database
from clinic.web.practice.blueprint import blueprint, own_therapist

LONGEST = 2000


@blueprint.get("/session/<reference>/hold")
@access.allow(access.PRACTICE)
def hold_back(reference: str) -> ResponseReturnValue:
    """What holding will do, and the reason."""
    return _page(reference)


@blueprint.post("/session/<reference>/hold")
@access.allow(access.PRACTICE)
def hold_back_now(reference: str) -> ResponseReturnValue:
    """Holds it; it stands in the queue then, and its time is kept."""
    therapist = own_therapist()
    try:
        reason = request.form.get("reason", "")
        if len(reason) > LONGEST:
            raise BadInput(f"Use {LONGEST} signs or fewer.", "reason")
        with database.transaction() as session:
            made = holding.hold_session(
                session, database.now(), _plain(reference), therapist, reason, actor=current_user.actor
            )
    except BadInput as refusal:
        return _page(reference, [(refusal.field or "reason", refusal.sentence)], refusal.status)
    flash(f"Held. {made.name} is told that the time is kept until it is decided.")
    return redirect(url_for("practice.clearance", number=made.id), code=303)


def _page(
    reference: str, errors: list[tuple[str, str]] | None = None, status: int = 200
) -> ResponseReturnValue:
    therapist = own_therapist()
    listed, level = sheets.own_session(database.session(), _plain(reference), therapist.id)
    if level not in (Level.CLEAR, Level.ADAPT):
        raise WrongState("These answers are held already.")
    html = render_template(
        "practice/hold.html", one=listed, typed=request.form.get("reason", ""), errors=errors
    )
    return html, status


def _plain(reference: str) -> str:
    plain = read_reference(reference)
    if plain is None:
        raise NotFound()
    return plain
