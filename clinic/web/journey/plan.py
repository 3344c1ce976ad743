"""Planning the next sessions after one is booked, up to the review: seen first, then booked together."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import messages, series, series_preview
from clinic.booking.journey import Step
from clinic.booking.models import Appointment
from clinic.booking.queries import GONE, Listed
from clinic.booking.series_dates import Every
from clinic.booking.statuses import Status
from clinic.catalog.scoring import Planned
from clinic.kernel.errors import BadInput, Excluded, NotCleared, NotOffered, Refusal, SlotTaken, WrongState
from clinic.notify.calendar import write_all
from clinic.notify.links import Links
from clinic.web import access, database, filters
from clinic.web import series as pages
from clinic.web.journey import way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.sessions import choices_for
from clinic.web.limits import limiter
from clinic.web.reading import errors_of
from clinic.web.series import Row

FIRST_ONE = "Have this session first. Then see how it is, and plan from there."


@dataclass(frozen=True, slots=True)
class Asked:
    """How often and how many in all, the booked one included."""

    every: Every
    count: int


def may_plan(appointment: Appointment) -> Planned | None:
    """What may be planned after the appointment of this way; None where one session comes first."""
    if appointment.status is not Status.BOOKED or appointment.intake is None:
        return None
    return choices_for(appointment.intake).plan


@blueprint.get("/book/plan")
@access.public
def plan() -> ResponseReturnValue:
    """Weekly or every two weeks, how many, and each date as it stands."""
    appointment = _booked()
    if appointment is None:
        return way.onward()
    planned = may_plan(appointment)
    if planned is None:
        return _first_one()
    if series.of(database.session(), appointment.id) is not None:
        return redirect(url_for("journey.planned"), code=303)
    try:
        asked = _asked(planned)
    except BadInput as wrong:
        return _draw(appointment, planned, _usual(planned), wrong), 422
    return _draw(appointment, planned, asked), 200


@blueprint.post("/book/plan")
@access.public
@limiter.limit("30 per minute")
def book_plan() -> ResponseReturnValue:
    """Books what was chosen, all or nothing; pressed twice, it books once."""
    appointment = _booked()
    if appointment is None:
        return way.brought_back()
    if series.of(database.session(), appointment.id) is not None:
        return redirect(url_for("journey.planned"), code=303)
    planned = may_plan(appointment)
    if planned is None:
        return _first_one()
    try:
        asked = _asked(planned)
    except BadInput as wrong:
        return _draw(appointment, planned, _usual(planned), wrong), 422
    try:
        chosen = pages.read_chosen(request.form, _rows(appointment, asked)[0])
        with database.transaction() as session:
            series.book(
                session,
                database.now(),
                appointment.id,
                chosen,
                asked.every,
                actor="client",
                at_most=planned.rhythms[asked.every.value],
            )
    except BadInput as wrong:
        return _draw(appointment, planned, asked, wrong), 422
    except (SlotTaken, NotOffered, NotCleared, Excluded) as refused:
        return _draw(appointment, planned, asked, refused), 409
    except WrongState:
        return way.brought_back()
    return redirect(url_for("journey.planned"), code=303)


@blueprint.get("/book/planned")
@access.public
def planned() -> ResponseReturnValue:
    """All the times of the series, as they stand."""
    appointment = _booked()
    whole = series.of(database.session(), appointment.id) if appointment is not None else None
    if appointment is None or whole is None:
        return way.onward()
    tz = appointment.site.tz
    rows = [
        (
            filters.long_day(part.listed.local_day),
            filters.clock_time(part.listed.starts_at, tz),
            part.listed.therapist,
            _own_page(part.listed),
            part.listed.status in GONE,
        )
        for part in whole.parts
    ]
    return render_template(
        "journey/planned.html",
        appointment=appointment,
        site=appointment.site,
        rows=rows,
        number=sum(not is_off for *_rest, is_off in rows),
        stop=choices_for(way.expect_intake()).advice[-1],
    )


@blueprint.get("/book/planned/appointments.ics")
@access.public
def planned_calendar() -> ResponseReturnValue:
    """Every time of the series that stands, for any calendar."""
    appointment = _booked()
    whole = series.of(database.session(), appointment.id) if appointment is not None else None
    standing = [part.listed.id for part in whole.parts if part.listed.status not in GONE] if whole else []
    if not standing:
        return way.onward()
    found = [database.session().get_one(Appointment, number) for number in standing]
    text = write_all([messages.invite_of(each, database.now()) for each in found])
    headers = {"Content-Disposition": "attachment; filename=appointments.ics"}
    return Response(text, mimetype="text/calendar", headers=headers)


def _own_page(listed: Listed) -> str:
    """The address of an appointment's own page, as in the mail."""
    settings = current_app.config["SETTINGS"]
    token = Links(settings.secret_key, settings.base_url).manage_token(listed.id, listed.ends_at)
    return url_for("account.appointment", token=token)


def _booked() -> Appointment | None:
    if way.sent_elsewhere(Step.BOOKED) is not None:
        return None
    return way.expect().appointment


def _first_one() -> ResponseReturnValue:
    flash(FIRST_ONE, "info")
    return redirect(url_for("journey.booked"), code=303)


def _rhythms(planned: Planned) -> list[Every]:
    return [Every(each) for each in planned.rhythms]


def _usual(planned: Planned) -> Asked:
    return Asked(_rhythms(planned)[0], planned.count)


def _asked(planned: Planned) -> Asked:
    every = pages.read_every(request.values.get("every"), _rhythms(planned))
    most = planned.rhythms[every.value]
    count = pages.read_count(request.values.get("count"), min(planned.count, most), most)
    return Asked(every, count)


def _rows(appointment: Appointment, asked: Asked) -> tuple[list[Row], str]:
    """The dates to choose from, and what to say of the zone."""
    session = database.session()
    wish = series.wish_after(appointment, is_desk=False)
    found = series_preview.preview(
        session,
        database.now(),
        wish,
        appointment.starts_at,
        asked.every,
        asked.count,
        appointment.intake,
        is_first_kept=True,
    )
    tz = appointment.site.tz
    rows = pages.rows_of(session, found, tz, wish.therapist_id, pages.CLIENT_WORDS)
    return rows, pages.zone_words(tz, found)


def _draw(appointment: Appointment, planned: Planned, asked: Asked, refused: Refusal | None = None) -> str:
    rows, zone = _rows(appointment, asked)
    found = choices_for(way.expect_intake())
    typed = request.form if request.method == "POST" else None
    return render_template(
        "journey/plan.html",
        appointment=appointment,
        site=appointment.site,
        asked=asked,
        rhythms=[(each.value, pages.EVERY_WORDS[each]) for each in _rhythms(planned)],
        counts=[(n, f"{n} sessions") for n in range(2, max(planned.rhythms.values()) + 1)],
        rows=rows,
        zone=zone,
        leave=pages.LEAVE_OUT,
        typed=typed,
        often=found.often,
        stop=found.advice[-1],
        free=[row for row in rows if row.value],
        errors=errors_of(refused, otherwise="count") if isinstance(refused, BadInput) else [],
        gone=refused.sentence if refused and not isinstance(refused, BadInput) else "",
    )
