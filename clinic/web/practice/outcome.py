"""How a session went: the pain before and after it, in two taps, and drawn over time."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session

from clinic.booking import queries as booking
from clinic.booking.models import Appointment
from clinic.booking.queries import Listed
from clinic.care import outcomes
from clinic.care.outcomes import Reading
from clinic.kernel.codes import read_reference
from clinic.kernel.errors import BadInput, NotFound, Stale, WrongState
from clinic.web import access, database, filters
from clinic.web.numbers import read_whole
from clinic.web.practice.blueprint import blueprint, own_therapist

_SHORT = 3


@blueprint.get("/session/<reference>/outcome")
@access.allow(access.PRACTICE)
def outcome(reference: str) -> ResponseReturnValue:
    """The form with what was noted, and the course so far. That it was opened is written into the ledger."""
    return _page(_own(reference))


@blueprint.post("/session/<reference>/outcome")
@access.allow(access.PRACTICE)
def note_outcome(reference: str) -> ResponseReturnValue:
    """Keeps both numbers, or one of them; the same again changes nothing."""
    this, therapist = _own(reference), own_therapist()
    before, after = (read_whole(request.form.get(name)) for name in ("before", "after"))
    wrong = [
        name
        for name in ("before", "after")
        if request.form.get(name) and read_whole(request.form[name]) is None
    ]
    if wrong:
        return _page(this, [(name, "Choose a number from 0 to 10.") for name in wrong], 422)
    try:
        with database.transaction() as session:
            outcomes.note(
                session,
                database.now(),
                this.reference,
                therapist.id,
                before=before,
                after=after,
                actor=current_user.actor,
                version=read_whole(request.form.get("version")) or 0,
            )
    except BadInput as refusal:
        return _page(this, [(refusal.field or "before", refusal.sentence)], 422)
    except Stale as refusal:
        return _page(this, [("before", refusal.sentence)], 409)
    except WrongState as refusal:
        flash(refusal.sentence, "error")
        return redirect(url_for("practice.sheet", reference=this.reference), code=303)
    flash("Noted.")
    return redirect(url_for("practice.sheet", reference=this.reference), code=303)


def course_for(session: Session, this: Listed) -> dict[str, object]:
    """What the sheet shows of the pain over time; opening it is recorded."""
    readings = outcomes.open_course(
        session, database.now(), this.client_id, this.starts_at, current_user.actor
    )
    return {
        "may_note": outcomes.may_note(this.status, this.starts_at, database.now()),
        "course": _drawn(readings),
        "noted": next((each for each in readings if each.starts_at == this.starts_at), None),
    }


def _own(reference: str) -> Listed:
    """The therapist's own session; NotFound for another's."""
    plain = read_reference(reference)
    row = None
    if plain is not None:
        row = (
            database.session()
            .execute(
                booking.listed().where(
                    Appointment.reference == plain, Appointment.therapist_id == own_therapist().id
                )
            )
            .one_or_none()
        )
    if row is None:
        raise NotFound()
    return Listed(**row._mapping)


def _page(
    this: Listed, errors: list[tuple[str, str]] | None = None, status: int = 200
) -> ResponseReturnValue:
    with database.transaction() as session:
        shown = course_for(session, this)
        kept = outcomes.outcome_of(session, this.id)
    now_kept = {
        "before": outcomes.pain_of(kept.pain_before) if kept else None,
        "after": outcomes.pain_of(kept.pain_after) if kept else None,
    }
    chosen = now_kept if status == 409 else {**now_kept, **_typed()}
    html = render_template(
        "practice/outcome.html",
        one=this,
        chosen=chosen,
        version=kept.version if kept else 0,
        errors=errors or [],
        **shown,
    )
    return html, status


def _typed() -> dict[str, str]:
    return {name: request.form[name] for name in ("before", "after") if request.form.get(name)}


def _drawn(readings: Sequence[Reading]) -> dict[str, object] | None:
    """The readings as the drawing takes them, with the sentence that says the same."""
    if not readings:
        return None
    days = [filters.local_date(each.starts_at, each.tz) for each in readings]
    firsts = [each.before for each in readings if each.before is not None]
    said = f"Pain before and after {len(readings)} session{'' if len(readings) == 1 else 's'}. "
    if len(firsts) > 1:
        said += f"Before: from {firsts[0]} to {firsts[-1]}. "
    return {
        "before": [each.before for each in readings],
        "after": [each.after for each in readings],
        "dates": [f"{day.day} {day:%b}" for day in days],
        "notes": [each.session[:_SHORT] for each in readings],
        "label": f"{said}The table says the same.",
        "rows": list(zip(days, readings, strict=True)),
        "word": _word(firsts),
        "matters": outcomes.MATTERS,
    }


def _word(firsts: Sequence[int]) -> str:
    """What the pain before the first and the last session say, with the smallest change that matters."""
    if len(firsts) < 2:
        return "One reading says nothing of the way it goes."
    change = firsts[-1] - firsts[0]
    if abs(change) < outcomes.MATTERS:
        return f"Less than {outcomes.MATTERS} points between the first and the last: it may be chance."
    way = "down" if change < 0 else "up"
    return f"{abs(change)} points {way} since the first of these: a change that matters."
