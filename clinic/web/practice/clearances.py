"""The clearances to decide: the clinic's queue, which every therapist sees and may decide."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from clinic.booking import queue
from clinic.care import clearing
from clinic.intake import clearances
from clinic.intake.models import DocumentKind
from clinic.intake.questionnaire import load_questionnaire
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, Refusal, Stale, WrongState
from clinic.roster.models import Therapist
from clinic.web import access, database
from clinic.web.decision_words import told
from clinic.web.numbers import read_whole
from clinic.web.practice.blueprint import blueprint, own_therapist
from clinic.web.practice.decision_form import power_of, read_ruling, ticked_areas
from clinic.web.promises import day_time, promise_of

TABS = ("waiting", "asked", "decided")
_TYPES = {DocumentKind.PDF: "application/pdf", DocumentKind.PNG: "image/png", DocumentKind.JPEG: "image/jpeg"}
_ENDINGS = {DocumentKind.PDF: "pdf", DocumentKind.PNG: "png", DocumentKind.JPEG: "jpg"}


@blueprint.get("/clearances")
@access.allow(access.PRACTICE)
def clearance_queue() -> ResponseReturnValue:
    """Who waits, what was promised first on top; who was asked for more; what was decided lately."""
    session, now = database.session(), database.now()
    part = request.args.get("show", TABS[0])
    part = part if part in TABS else TABS[0]
    found = (
        queue.open_ones(session)
        if part == "waiting"
        else queue.asked_again(session)
        if part == "asked"
        else queue.decided_lately(session, now)
    )
    return render_template(
        "practice/clearances.html",
        rows=[(each, promise_of(each, now)) for each in found],
        part=part,
        day_time=day_time,
    )


@blueprint.get("/clearances/<int:number>")
@access.allow(access.PRACTICE)
def clearance(number: int) -> ResponseReturnValue:
    """One request with all that was told. Opening it is written into the ledger, as for a session sheet."""
    return _page(number, own_therapist())


@blueprint.post("/clearances/<int:number>")
@access.allow(access.PRACTICE)
def decide_clearance(number: int) -> ResponseReturnValue:
    """Keeps a decision; what cannot be taken is shown again as it was typed."""
    therapist = own_therapist()
    form = request.form
    try:
        asked = queue.one(database.session(), number)
        release_by = asked.release_by if asked else None
        ruling = read_ruling(form, therapist, release_by)
        with database.transaction() as session:
            settled = clearing.decide(
                session,
                database.now(),
                number,
                ruling,
                actor=current_user.actor,
                power=power_of(ruling, form),
                version=read_whole(form.get("version")) or 0,
            )
    except BadInput as refusal:
        return _page(number, therapist, form, [(_field(refusal, form), refusal.sentence)], refusal.status)
    except (Stale, WrongState) as refusal:
        return _page(number, therapist, form, status=refusal.status, refused=refusal)
    flash(told(settled, database.now()))
    return redirect(url_for("practice.clearance_queue"), code=303)


@blueprint.get("/clearances/<int:number>/files/<int:document_id>")
@access.allow(access.PRACTICE)
def clearance_file(number: int, document_id: int) -> ResponseReturnValue:
    """A reply that was sent in, to save and read; that it was opened is recorded.

    It is never shown within a page of ours and nothing keeps a copy. Its name speaks of nobody.
    """
    with database.transaction() as session:
        found = clearing.open_document(session, database.now(), number, document_id, current_user.actor)
    answer = Response(found.content, content_type=_TYPES[found.kind])
    answer.headers["Content-Disposition"] = f"attachment; filename=reply-{document_id}.{_ENDINGS[found.kind]}"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _page(
    number: int,
    therapist: Therapist,
    typed: MultiDict[str, str] | None = None,
    errors: list[tuple[str, str]] | None = None,
    status: int = 200,
    refused: Refusal | None = None,
) -> ResponseReturnValue:
    now = database.now()
    with database.transaction() as session:
        case = clearing.open_case(session, now, number, current_user.actor)
    today = walltime.local(now, walltime.zone(case.request.tz)).date()
    regions = case.health.regions or load_questionnaire().regions
    html = render_template(
        "practice/decision.html",
        case=case,
        promise=promise_of(case.request, now),
        therapist=therapist,
        typed=typed if typed is not None else MultiDict(),
        is_typed=typed is not None,
        areas=ticked_areas(typed, regions),
        last_day=clearances.months_on(today, clearances.MONTHS),
        regions=regions,
        errors=errors,
        refused=refused.sentence if refused else "",
        day_time=day_time,
    )
    return html, status


def _field(refusal: BadInput, form: MultiDict[str, str]) -> str:
    """Where on the page a refusal of the service stands."""
    field = refusal.field or "decision"
    if field == "limits":
        return "pressure"
    if field == "registration" and form.get("word") != "clinician":
        return "own_registration"
    return field
