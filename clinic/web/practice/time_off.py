"""A therapist's own time off: what is entered, and entering more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from clinic.booking import impact
from clinic.booking.queries import Listed
from clinic.care import queries
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, SlotTaken
from clinic.roster import services as roster
from clinic.roster.models import OwnerKind, Therapist
from clinic.web import access, database
from clinic.web.practice.blueprint import blueprint, own_therapist
from clinic.web.reading import Errors, Gathered, errors_of, read_span, span_words

# The boxes to which what the service refuses belongs.
_BOXES = {"starts": "first", "ends": "last"}


@dataclass(frozen=True, slots=True)
class _Asked:
    starts_at: datetime
    ends_at: datetime
    reason: str


@blueprint.route("/time-off", methods=["GET", "POST"])
@access.allow(access.PRACTICE)
def time_off() -> ResponseReturnValue:
    """The list, and the form to enter more."""
    therapist = own_therapist()
    if request.method == "GET":
        return _page(therapist)
    tz = queries.home_zone(database.session(), therapist.id)
    try:
        asked = _read(request.form, tz, database.now())
        with database.transaction() as session:
            roster.add_time_off(
                session, database.now(), therapist.id, asked.starts_at, asked.ends_at, asked.reason
            )
    except BadInput as refusal:
        return _page(therapist, errors_of(refusal, _BOXES, "first"), status=422)
    except SlotTaken as refusal:
        in_the_way = impact.in_the_way(
            database.session(), OwnerKind.THERAPIST, therapist.id, asked.starts_at, asked.ends_at
        )
        return _page(therapist, [("first", refusal.sentence)], in_the_way, status=409)
    flash("Your time off is in the diary. Nobody can book you then.")
    return redirect(url_for("practice.time_off"), code=303)


@blueprint.post("/time-off/<int:time_off_id>/cancel")
@access.allow(access.PRACTICE)
def cancel_time_off(time_off_id: int) -> ResponseReturnValue:
    """Gives own time off back."""
    therapist = own_therapist()
    with database.transaction() as session:
        roster.cancel_time_off(session, database.now(), time_off_id, therapist_id=therapist.id)
    flash("Taken back. You can be booked then.")
    return redirect(url_for("practice.time_off"), code=303)


def _page(
    therapist: Therapist,
    errors: Errors | None = None,
    in_the_way: list[Listed] | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    session = database.session()
    tz = queries.home_zone(session, therapist.id)
    return (
        render_template(
            "practice/time_off.html",
            typed=request.form,
            errors=errors,
            in_the_way=in_the_way or [],
            away=queries.own_time_off(session, therapist.id, database.now()),
            tz=tz,
            span_words=span_words,
        ),
        status,
    )


def _read(form: MultiDict[str, str], tz: str, now: datetime) -> _Asked:
    """Whole days, or from a time on the first day to one on the last; BadFields names all that is wrong."""
    gathered = Gathered()
    span = gathered.read(read_span, form, walltime.zone(tz), now)
    note = gathered.read(roster.read_note, form.get("reason", ""))
    gathered.refuse()
    assert span is not None
    assert note is not None
    return _Asked(*span, note)
