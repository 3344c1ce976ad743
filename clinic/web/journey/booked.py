"""Booked: when, where, how to prepare, how to change it, and a file for the calendar."""

from __future__ import annotations

from flask import Response, current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import messages, series
from clinic.booking.journey import Step
from clinic.booking.models import Appointment
from clinic.booking.policy import Policy
from clinic.booking.statuses import Status
from clinic.intake import services as intakes
from clinic.notify.links import Links
from clinic.web import access, database
from clinic.web.journey import texts, way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.outcome import SAFETY_NET
from clinic.web.journey.plan import may_plan
from clinic.web.journey.provisional import request_href

OFF = frozenset({Status.CANCELLED, Status.LAPSED})


@blueprint.get("/book/booked", endpoint="booked")
@access.public
def done() -> ResponseReturnValue:
    appointment = _appointment()
    if appointment is None:
        return way.onward()
    site = appointment.site
    policy = Policy(site.min_notice_minutes, site.change_until_minutes)
    intake = way.expect_intake()
    outcome = intakes.outcome_of(intake, site.locale)
    waits = appointment.status is Status.PROVISIONAL
    lapses_at = appointment.lapses_at if waits else None
    return render_template(
        "journey/booked.html",
        appointment=appointment,
        site=site,
        first_name=appointment.client.name.split()[0],
        change_href=_own_page(appointment),
        change_until=messages.long_when(policy.change_until(appointment.starts_at), site.tz),
        may_change=policy.may_change(appointment.status, appointment.starts_at, database.now()),
        is_off=appointment.status in OFF,
        has_lapsed=appointment.status is Status.LAPSED,
        waits=waits,
        kept_until=messages.long_when(lapses_at, site.tz) if lapses_at else "",
        request_href=request_href(intake.clearance) if intake.clearance is not None else "",
        card=texts.card(appointment.option.offering.technique),
        plan=may_plan(appointment),
        in_series=series.of(database.session(), appointment.id) is not None,
        nets=[message.text for message in outcome.messages if message.rule_id == SAFETY_NET],
    )


@blueprint.get("/book/booked/appointment.ics")
@access.public
def calendar() -> ResponseReturnValue:
    """The appointment as it stands now, for any calendar; none for a time that is not certain yet."""
    appointment = _appointment()
    if appointment is None or appointment.status is Status.PROVISIONAL:
        return way.onward()
    text = messages.invite(appointment, database.now())
    headers = {"Content-Disposition": "attachment; filename=appointment.ics"}
    return Response(text, mimetype="text/calendar", headers=headers)


def _own_page(appointment: Appointment) -> str:
    """The address of the appointment's own page, as in the mail."""
    settings = current_app.config["SETTINGS"]
    token = Links(settings.secret_key, settings.base_url).manage_token(appointment.id, appointment.ends_at)
    return url_for("account.appointment", token=token)


def _appointment() -> Appointment | None:
    if way.sent_elsewhere(Step.BOOKED) is not None:
        return None
    journey = way.current()
    return journey.appointment if journey is not None else None
