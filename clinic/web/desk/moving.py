"""Giving an appointment another time: the nearest, a day of one's choice, another therapist."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import companions, desk, lifecycle, parties, provisional_times, services
from clinic.booking.models import Appointment
from clinic.booking.queries import Card
from clinic.booking.slots import Wish, nearest_slots
from clinic.booking.statuses import Status
from clinic.catalog.models import Offering
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, NotFound, NotOffered, SlotTaken, Stale, WrongState
from clinic.roster.models import Therapist, WorkingHours, therapist_skill
from clinic.web import access, database
from clinic.web.desk.appointment import expect, page, stays, version
from clinic.web.desk.blueprint import actor, blueprint, local_day, places, read_day, typed_day
from clinic.web.desk.times import Chosen, difference, first_free, named, on_day, read_chosen
from clinic.web.numbers import read_whole
from clinic.web.reading import read_time_on
from clinic.web.times import slot_value

NEAREST = 5
ALTERNATIVES = 3


@blueprint.get("/appointment/<reference>/move")
@access.allow(access.DESK)
def move(reference: str) -> ResponseReturnValue:
    """Times to move to: the next ones with the same therapist, or those of a day and therapist asked for."""
    card = expect(reference)
    if card.listed.status not in lifecycle.MOVABLE:
        return page(card, 409, WrongState.default)
    return _page(card)


@blueprint.post("/appointment/<reference>/move")
@access.allow(access.DESK)
def move_now(reference: str) -> ResponseReturnValue:
    """Moves it; a time that is not free gives what stands in the way and the three nearest."""
    card = expect(reference)
    try:
        chosen = _typed(card)
    except BadInput as refusal:
        return _page(card, errors=[(refusal.field or "slot", refusal.sentence)], status=422)
    was = card.listed
    if (chosen.starts_at, chosen.therapist_id) == (was.starts_at, was.therapist_id):
        return redirect(url_for("desk.appointment", reference=was.reference), code=303)
    other = parties.companion(database.session(), was.id)
    try:
        with database.transaction() as session:
            companions.move(
                session,
                database.now(),
                was.id,
                chosen.starts_at,
                actor=actor(),
                therapist_id=chosen.therapist_id,
                version=version(),
            )
    except (SlotTaken, NotOffered) as refusal:
        return _page(card, clash=chosen, status=refusal.status, sentence=refusal.sentence)
    except (Stale, WrongState) as refusal:
        fresh = expect(reference)
        if (fresh.listed.starts_at, fresh.listed.therapist_id) != (chosen.starts_at, chosen.therapist_id):
            return page(fresh, 409, refusal.sentence)
    else:
        if other is not None and chosen.starts_at != was.starts_at:
            flash(f"Only this one is moved. {stays(other)}")
    back = url_for(
        "desk.appointment", reference=was.reference, was=slot_value(was.starts_at), by=was.therapist_id
    )
    return redirect(back, code=303)


def _page(
    card: Card,
    *,
    errors: list[tuple[str, str]] | None = None,
    clash: Chosen | None = None,
    status: int = 200,
    sentence: str = "",
) -> ResponseReturnValue:
    session, now = database.session(), database.now()
    visit = card.listed
    place = next((site for site in places() if site.id == visit.site_id), None)
    if place is None:
        shut = f"{visit.site} is not open for booking any more."
        return page(card, 409, f"{shut} Book a time at another site, then cancel this one.")
    today = local_day(now, place.tz)
    on, with_id = _asked(card, clash)
    wish = _wish(visit.id, with_id)
    earliest = provisional_times.earliest(now, waits=visit.status is Status.PROVISIONAL)
    reasons: list[str] = []
    if clash is not None:
        with_it = replace(wish, therapist_id=clash.therapist_id)
        reasons = desk.in_the_way(session, now, with_it, clash.starts_at) or [sentence]
        near = nearest_slots(session, with_it, clash.starts_at, now, ALTERNATIVES)
        offered = named(session, [(slot, place) for slot in near if slot.starts_at >= earliest])
        wanted = clash.starts_at
    elif on is not None:
        offered = [each for each in on_day(session, wish, place, on, now) if each.slot.starts_at >= earliest]
        wanted = visit.starts_at
    else:
        offered, wanted = first_free(session, wish, [place], now, earliest, NEAREST), visit.starts_at
    comes_with = parties.companion(session, visit.id)
    html = render_template(
        "desk/move.html",
        card=card,
        visit=visit,
        comes_with=comes_with,
        stays=stays(comes_with) if comes_with is not None else "",
        times=[each.row(now, False, difference(each.slot.starts_at, wanted)) for each in offered],
        on=on,
        with_id=with_id,
        said_on=request.form.get("on") or (on or visit.local_day).isoformat(),
        start=request.values.get("start", ""),
        today=today,
        therapists=_therapists(card),
        clash=clash,
        reasons=reasons,
        errors=errors,
    )
    return html, status


def _wish(appointment_id: int, therapist_id: int | None) -> Wish:
    appointment = database.session().get(Appointment, appointment_id)
    if appointment is None:
        raise NotFound()
    return services.wish_of(appointment, therapist_id=therapist_id, is_desk=True)


def _asked(card: Card, clash: Chosen | None) -> tuple[date | None, int | None]:
    """The day and the therapist asked for: the same therapist unless another is named, None for any."""
    on = read_day(request.values.get("on"))
    text = request.values.get("therapist", "")
    if clash is not None:
        return on or local_day(clash.starts_at, card.listed.tz), clash.therapist_id
    if text == "any":
        return on, None
    named_id = read_whole(text)
    return on, card.listed.therapist_id if named_id is None else named_id


def _typed(card: Card) -> Chosen:
    """The time picked from the list, or the one said by day, start and therapist; BadInput for neither."""
    if request.form.get("by") != "said":
        chosen = read_chosen(request.form.get("slot"))
        if chosen is None:
            raise BadInput("Choose a time, or say day, start and with whom.", "slot")
        return chosen
    day = typed_day(request.form.get("on", ""), "said-on")
    zone = walltime.zone(card.listed.tz)
    starts_at = read_time_on(day, request.form.get("start", ""), zone, "said-start")
    named_id = read_whole(request.form.get("therapist"))
    therapist_id = card.listed.therapist_id if named_id is None else named_id
    return Chosen(starts_at, therapist_id, card.listed.site_id)


def _therapists(card: Card) -> list[tuple[str, str]]:
    """Who could take it: those with the skill and hours at the site."""
    rows = database.session().execute(
        sa.select(Therapist.id, Therapist.name)
        .join(therapist_skill, therapist_skill.c.therapist_id == Therapist.id)
        .join(Offering, Offering.skill_id == therapist_skill.c.skill_id)
        .join(WorkingHours, WorkingHours.therapist_id == Therapist.id)
        .where(
            Therapist.is_active,
            Offering.id == card.offering_id,
            WorkingHours.site_id == card.listed.site_id,
        )
        .distinct()
        .order_by(Therapist.name)
    )
    return [(str(row.id), row.name) for row in rows]
