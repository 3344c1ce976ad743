"""After somebody has told what has changed: what it means for what they have booked."""

from __future__ import annotations

from flask import abort, current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import kept
from clinic.booking.journey import Verdict
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.intake.level import Level
from clinic.notify.links import Links
from clinic.web import access, database
from clinic.web.journey import said, way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.outcome import limit_words, stop_page


@blueprint.get("/book/changed")
@access.public
def changed() -> ResponseReturnValue:
    """Stands, waits or must not be: said plainly, with the way back to the appointment."""
    if not way.has_told():
        return way.onward()
    intake = way.expect_intake()
    found = said.outcome_of(intake)
    if way.state().verdict is Verdict.STOP:
        return stop_page(found, ())
    appointment = _appointment()
    deciding = [each.text for each in found.messages if each.level is Level.CLEARANCE]
    return render_template(
        "journey/changed.html",
        appointment=appointment,
        own_href=_own_page(appointment),
        is_off=appointment.status not in (Status.BOOKED, Status.PROVISIONAL),
        waits=appointment.status is Status.PROVISIONAL,
        others=[each for each in said.coming() if each.id != appointment.id],
        reasons=deciding,
        mind=[each.text for each in found.messages if each.level in (Level.CLEAR, Level.ADAPT)],
        sentences=limit_words(said.limits_of(intake)),
    )


def _appointment() -> Appointment:
    back = kept.back_of(way.expect())
    found = database.session().get(Appointment, back.appointment_id) if back is not None else None
    if found is None:
        abort(404)
    return found


def _own_page(appointment: Appointment) -> str:
    settings = current_app.config["SETTINGS"]
    token = Links(settings.secret_key, settings.base_url).manage_token(appointment.id, appointment.ends_at)
    return url_for("account.appointment", token=token)
