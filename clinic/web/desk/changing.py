"""Another session or length for an appointment, at the time and with the therapist it has."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import desk, offers
from clinic.booking.queries import Card
from clinic.intake import services as intakes
from clinic.intake.models import Intake
from clinic.kernel.errors import BadInput, Excluded, NotCleared, NotOffered, SlotTaken, Stale, WrongState
from clinic.roster.models import therapist_skill
from clinic.web import access, database
from clinic.web.desk.appointment import expect, may, page, version
from clinic.web.desk.blueprint import actor, blueprint
from clinic.web.numbers import read_whole


@blueprint.get("/appointment/<reference>/change")
@access.allow(access.DESK)
def change(reference: str) -> ResponseReturnValue:
    """The sessions this therapist could give this client instead."""
    card = expect(reference)
    if "change" not in may(card, database.now()):
        return page(card, 409, WrongState.default)
    return _page(card)


@blueprint.post("/appointment/<reference>/change")
@access.allow(access.DESK)
def change_now(reference: str) -> ResponseReturnValue:
    """Changes it, or says why not; the same again changes nothing."""
    card = expect(reference)
    option_id = read_whole(request.form.get("option")) or 0
    if option_id != card.option_id:
        try:
            with database.transaction() as session:
                desk.change_session(
                    session, database.now(), card.listed.id, option_id, actor=actor(), version=version()
                )
        except (BadInput, Excluded, NotCleared, NotOffered, SlotTaken) as refusal:
            return _page(expect(reference), [("option", refusal.sentence)], refusal.status)
        except (Stale, WrongState) as refusal:
            return page(expect(reference), 409, refusal.sentence)
        flash(f"The session of {card.listed.client} is changed.")
    return redirect(url_for("desk.appointment", reference=card.listed.reference), code=303)


def _page(card: Card, errors: list[tuple[str, str]] | None = None, status: int = 200) -> ResponseReturnValue:
    session = database.session()
    intake = session.get(Intake, card.listed.intake_id) if card.listed.intake_id else None
    skills = set(
        session.scalars(
            sa.select(therapist_skill.c.skill_id).where(
                therapist_skill.c.therapist_id == card.listed.therapist_id
            )
        )
    )
    every = [each for each in offers.offered(session) if each.offering.skill_id in skills]
    if intake is None or intake.restrictions is None:
        return page(card, 409, NotCleared.default)
    talk = card.listed.talk_minutes
    rows = [
        (
            option.id,
            offer.offering.desk_name,
            f"{option.minutes} + {talk}" if talk else f"{option.minutes}",
            str(option.price),
        )
        for offer in offers.within(every, intakes.restrictions_of(intake))
        for option in offer.options
    ]
    html = render_template("desk/change.html", card=card, visit=card.listed, rows=rows, errors=errors)
    return html, status
