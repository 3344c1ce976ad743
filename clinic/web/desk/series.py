"""Series at the desk: repeating an appointment, and moving or cancelling what belongs together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import lifecycle, series, series_preview
from clinic.booking.models import Appointment
from clinic.booking.queries import Card
from clinic.booking.series import STARTS_FROM, Reach
from clinic.booking.series_dates import MOST, Every
from clinic.kernel import walltime
from clinic.kernel.errors import (
    BadInput,
    Excluded,
    NotCleared,
    NotOffered,
    Refusal,
    SlotTaken,
    Stale,
    WrongState,
)
from clinic.web import access, database
from clinic.web import series as pages
from clinic.web.desk.appointment import REASONS, expect, page, version
from clinic.web.desk.blueprint import actor, blueprint, typed_day
from clinic.web.reading import Gathered, errors_of, read_clock, read_time_on
from clinic.web.series import Row

USUAL = 4
REACH_WORDS = (
    (Reach.THIS.value, "This one only"),
    (Reach.FOLLOWING.value, "This one and those that follow"),
    (Reach.ALL.value, "All that are still to come"),
)
_REFUSED = (SlotTaken, NotOffered, NotCleared, Excluded)


@blueprint.context_processor
def siblings() -> dict[str, Any]:
    """For the page of an appointment: the series it belongs to, asked for only where it is drawn."""
    return {
        "series_of": lambda appointment_id: series.of(database.session(), appointment_id),
        "every_words": pages.EVERY_WORDS,
        "may_repeat": lambda status: status in STARTS_FROM,
    }


@blueprint.get("/appointment/<reference>/repeat")
@access.allow(access.DESK)
def repeat(reference: str) -> ResponseReturnValue:
    """How often and how many, and each date as it stands."""
    return _preview(expect(reference))


@blueprint.post("/appointment/<reference>/repeat")
@access.allow(access.DESK)
def repeat_now(reference: str) -> ResponseReturnValue:
    """Books the dates chosen, all or none; the same again is the same series."""
    card = expect(reference)
    try:
        every, count = _asked()
        rows, _zone = _rows(card, every, count)
        chosen = pages.read_chosen(request.form, rows)
    except BadInput as refused:
        return _preview(card, refused)
    except (NotCleared, Excluded) as refused:
        return page(card, refused.status, refused.sentence)
    try:
        with database.transaction() as session:
            series.book(
                session,
                database.now(),
                card.listed.id,
                chosen,
                every,
                actor=actor(),
                via="desk",
                is_desk=True,
            )
    except (BadInput, *_REFUSED) as refused:
        return _preview(card, refused)
    except WrongState as refused:
        return page(expect(reference), refused.status, refused.sentence)
    flash(f"Booked: {len(chosen)} more for {card.listed.client}.")
    return redirect(url_for("desk.appointment", reference=card.listed.reference), code=303)


def _asked() -> tuple[Every, int]:
    every = pages.read_every(request.values.get("every"), list(Every))
    return every, pages.read_count(request.values.get("count"), USUAL, MOST)


def _rows(card: Card, every: Every, count: int) -> tuple[list[Row], str]:
    session = database.session()
    appointment = session.get_one(Appointment, card.listed.id)
    wish = series.wish_after(appointment, is_desk=True)
    found = series_preview.preview(
        session,
        database.now(),
        wish,
        appointment.starts_at,
        every,
        count,
        appointment.intake,
        is_first_kept=True,
    )
    rows = pages.rows_of(session, found, card.listed.tz, wish.therapist_id, pages.DESK_WORDS)
    return rows, pages.zone_words(card.listed.tz, found)


def _preview(card: Card, refused: Refusal | None = None) -> ResponseReturnValue:
    if card.listed.status not in STARTS_FROM:
        return page(card, 409, WrongState.default)
    try:
        every, count = _asked()
    except BadInput as wrong:
        every, count, refused = Every.WEEK, USUAL, wrong
    try:
        rows, zone = _rows(card, every, count)
    except (BadInput, NotCleared, Excluded) as wrong:
        return page(card, wrong.status, wrong.sentence)
    is_wrong = isinstance(refused, BadInput)
    html = render_template(
        "desk/repeat.html",
        card=card,
        visit=card.listed,
        every=every,
        count=count,
        typed_count=request.values.get("count") or count,
        rhythms=[(each.value, words) for each, words in pages.EVERY_WORDS.items()],
        most=MOST,
        rows=rows,
        zone=zone,
        leave=pages.LEAVE_OUT,
        typed=request.form if request.method == "POST" else None,
        errors=errors_of(refused, otherwise="count") if isinstance(refused, BadInput) else [],
        gone=refused.sentence if refused is not None and not is_wrong else "",
    )
    return html, refused.status if refused is not None else 200


@blueprint.get("/appointment/<reference>/series")
@access.allow(access.DESK)
def change_series(reference: str) -> ResponseReturnValue:
    """Another time for this, those that follow or all; or calling them off."""
    return _change(expect(reference))


@blueprint.post("/appointment/<reference>/series/move")
@access.allow(access.DESK)
def move_series(reference: str) -> ResponseReturnValue:
    """Moves as far as is said: this one to the day and time, the others by the same shift."""
    card = expect(reference)
    try:
        reach, starts_at = _where_to(card)
    except BadInput as refused:
        return _change(card, refused)
    try:
        with database.transaction() as session:
            moved = series.move(
                session, database.now(), card.listed.id, starts_at, reach,
                actor=actor(), therapist_id=card.listed.therapist_id, version=version(),
            )  # fmt: skip
    except (*_REFUSED, BadInput) as refused:
        return _change(expect(reference), refused)
    except (Stale, WrongState) as refused:
        return page(expect(reference), refused.status, refused.sentence)
    flash(f"Moved: {len(moved)} of {card.listed.client}.")
    return redirect(url_for("desk.appointment", reference=card.listed.reference), code=303)


@blueprint.post("/appointment/<reference>/series/cancel")
@access.allow(access.DESK)
def cancel_series(reference: str) -> ResponseReturnValue:
    """Calls off as far as is said, with a reason."""
    card = expect(reference)
    try:
        reach, reason = _how_far_and_why()
        with database.transaction() as session:
            gone = series.cancel(
                session,
                database.now(),
                card.listed.id,
                reach,
                actor=actor(),
                reason=reason,
                version=version(),
            )
    except BadInput as refused:
        return _change(card, refused, is_cancel=True)
    except (Stale, WrongState) as refused:
        return page(expect(reference), refused.status, refused.sentence)
    flash(f"Cancelled: {len(gone)} of {card.listed.client}.")
    return redirect(url_for("desk.appointment", reference=card.listed.reference), code=303)


def _where_to(card: Card) -> tuple[Reach, datetime]:
    """How many of them, and to when; BadFields names all that is wrong."""
    gathered = Gathered()
    reach = gathered.read(_reach)
    day = gathered.read(typed_day, request.form.get("on", ""), "on")
    minute = gathered.read(read_clock, request.form.get("start", ""), "start")
    gathered.refuse()
    assert reach is not None
    assert day is not None
    assert minute is not None
    return reach, read_time_on(day, request.form.get("start", ""), walltime.zone(card.listed.tz), "start")


def _how_far_and_why() -> tuple[Reach, str]:
    """How many of them are called off, and why; BadFields names all that is wrong."""
    gathered = Gathered()
    reach, reason = gathered.read(_reach), gathered.read(_reason)
    gathered.refuse()
    assert reach is not None
    assert reason is not None
    return reach, reason


def _reason() -> str:
    reason = dict(REASONS).get(request.form.get("reason", ""))
    if reason is None:
        raise BadInput("Choose why it is cancelled.", "reason")
    return reason


def _reach() -> Reach:
    try:
        return Reach(request.form.get("reach", ""))
    except ValueError:
        raise BadInput("Choose how many of them.", "reach") from None


def _change(card: Card, refused: Refusal | None = None, *, is_cancel: bool = False) -> ResponseReturnValue:
    whole = series.of(database.session(), card.listed.id)
    if whole is None or card.listed.status not in lifecycle.MOVABLE:
        return page(card, 409, "This appointment belongs to no series that can be changed.")
    is_wrong = isinstance(refused, BadInput)
    errors = errors_of(refused, otherwise="on") if isinstance(refused, BadInput) else []
    html = render_template(
        "desk/series.html",
        card=card,
        visit=card.listed,
        whole=whole,
        reaches=REACH_WORDS,
        reasons=REASONS,
        typed=request.form if request.method == "POST" else {},
        errors=[("cancel-reach" if is_cancel and name == "reach" else name, words) for name, words in errors],
        gone=refused.sentence if refused is not None and not is_wrong else "",
    )
    return html, refused.status if refused is not None else 200
