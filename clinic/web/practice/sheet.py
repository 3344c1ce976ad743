"""The session sheet, and marking a session as given."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from clinic.care import services as care
from clinic.care import sheets
from clinic.care.day_check import may_check as may_be_checked
from clinic.kernel.codes import read_reference
from clinic.kernel.errors import NotFound
from clinic.web import access, database
from clinic.web.numbers import read_whole
from clinic.web.practice.blueprint import blueprint, own_therapist
from clinic.web.practice.outcome import course_for


def _reference(text: str) -> str:
    reference = read_reference(text)
    if reference is None:
        raise NotFound()
    return reference


@blueprint.get("/session/<reference>")
@access.allow(access.PRACTICE)
def sheet(reference: str) -> ResponseReturnValue:
    """One session. Reading it is written into the ledger, though this is a GET.

    A GET must change nothing that matters to anyone: here it adds one line saying that this therapist had
    the answers open, which is true however the page was fetched. Scanners of mail never get here, as the
    page asks for a sign-in and its address stands in no mail.
    """
    therapist, now = own_therapist(), database.now()
    with database.transaction() as session:
        found = sheets.open_sheet(session, now, _reference(reference), therapist.id, current_user.actor)
        shown = course_for(session, found.listed)
    may_check = found.health is not None and may_be_checked(found.listed.status, found.listed.starts_at, now)
    return render_template(
        "practice/sheet.html", sheet=found, therapist=therapist, may_check=may_check, **shown
    )


@blueprint.post("/session/<reference>/done")
@access.allow(access.PRACTICE)
def done(reference: str) -> ResponseReturnValue:
    """Marks the session as given."""
    therapist = own_therapist()
    version = read_whole(request.form.get("version")) or 0  # which no appointment has: a stale page
    with database.transaction() as session:
        given = care.finish(
            session,
            database.now(),
            _reference(reference),
            therapist.id,
            actor=current_user.actor,
            version=version,
        )
    flash("Marked as done.")
    return redirect(url_for("practice.sheet", reference=given.reference), code=303)
