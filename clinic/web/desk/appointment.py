"""An appointment at the desk: its facts, what happened to it, and what may be done with it now."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.booking import companions, desk, lifecycle, parties, queries, services, taking_back
from clinic.booking.models import Appointment
from clinic.booking.queries import Card
from clinic.booking.statuses import Status
from clinic.kernel.codes import read_reference
from clinic.kernel.errors import BadInput, NotFound, SlotTaken, Stale, WrongState
from clinic.web import access, database
from clinic.web.desk.blueprint import actor, blueprint, local_day
from clinic.web.numbers import read_whole
from clinic.web.times import read_slot

REASONS = (
    ("client", "The client asked"),
    ("cannot", "The client cannot come"),
    ("therapist", "The therapist is away"),
    ("clinic", "The clinic has to close"),
    ("mistake", "It was booked by mistake"),
    ("other", "Something else"),
)
ONE, BOTH = "one", "both"
DONE_WORDS = {
    Status.CHECKED_IN: "is checked in.",
    Status.FULFILLED: "is done.",
    Status.NO_SHOW: "is down as a no-show.",
    Status.BOOKED: "is booked, as before.",
}
EVENT_WORDS = {
    "booked": "Booked", "moved": "Moved", "cancelled": "Cancelled", "reactivated": "Cancellation taken back",
    "checked_in": "Checked in", "fulfilled": "Done", "no_show": "No-show", "late": "Rang", "lapsed": "Lapsed",
    "changed": "Session changed", "provisional": "Kept provisionally", "confirmed": "Booked with a yes",
    "reopened": "Waits again", "together": "Two at once",
}  # fmt: skip


@blueprint.get("/appointment/<reference>")
@access.allow(access.DESK)
def appointment(reference: str) -> ResponseReturnValue:
    """Facts, history, and the actions that its state allows."""
    return page(expect(reference))


def expect(reference: str) -> Card:
    """The card of a reference as typed or as in an address; NotFound if there is none."""
    plain = read_reference(reference)
    card = queries.card(database.session(), plain) if plain else None
    if card is None:
        raise NotFound("There is no appointment with that reference.")
    return card


def page(card: Card, status: int = 200, refused: str = "") -> ResponseReturnValue:
    """The page of an appointment; `refused` says at its top what could not be done."""
    now = database.now()
    visit = card.listed
    html = render_template(
        "desk/appointment.html",
        card=card,
        visit=visit,
        standing=visit.standing(now),
        may=may(card, now),
        refused=refused,
        late_minutes=desk.LATE_MINUTES,
        event_words=EVENT_WORDS,
        is_today=visit.local_day == local_day(now, visit.tz),
        was=read_slot(request.args.get("was")),
        was_with=request.args.get("by", ""),
        is_new=request.args.get("new") == "1",
        comes_with=parties.companion(database.session(), visit.id),
    )
    return html, status


def may(card: Card, now: datetime) -> frozenset[str]:
    """What may be done with it: the statuses it may take, and 'late', 'move', 'change', 'cancel', 'undo'."""
    status, visit = card.listed.status, card.listed
    allowed = {each.value for each in lifecycle.NEXT[status]} & {"checked_in", "fulfilled", "no_show"}
    if status is Status.PROVISIONAL:
        allowed.clear()
    if now < visit.starts_at:
        allowed.discard("no_show")
    if local_day(now, visit.tz) < visit.local_day:
        allowed.discard("checked_in")
    if status is Status.FULFILLED:
        allowed.discard("checked_in")
    if status is Status.BOOKED and now < visit.ends_at:
        allowed.add("late")
    if status in lifecycle.MOVABLE and visit.ends_at > now:
        allowed |= {"move", "cancel"}
    if status in lifecycle.MOVABLE and visit.starts_at > now:
        allowed.add("change")
    if status is Status.CHECKED_IN:
        allowed.add("cancel")
    if undo_of(card) and (status is not Status.CANCELLED or visit.starts_at > now):
        allowed.add("undo")
    return frozenset(allowed)


UNDO = {Status.CHECKED_IN: Status.BOOKED, Status.FULFILLED: Status.CHECKED_IN, Status.NO_SHOW: Status.BOOKED}


def undo_of(card: Card) -> Status | None:
    """The status that taking the last step back leads to; BOOKED for a cancelled one."""
    if card.listed.status is Status.CANCELLED:
        return Status.BOOKED
    return UNDO.get(card.listed.status)


@blueprint.post("/appointment/<reference>/status")
@access.allow(access.DESK)
def set_status(reference: str) -> ResponseReturnValue:
    """Arrived, done, no-show; and the way back from each."""
    card = expect(reference)
    try:
        wanted = Status(request.form.get("status", ""))
    except ValueError:
        raise BadInput() from None
    if wanted not in DONE_WORDS:
        raise BadInput()
    if card.listed.status is wanted:  # pressed twice
        return back_from(card)
    if _is_barred(card, "undo" if undo_of(card) is wanted else wanted.value):
        return page(card, 409, WrongState.default)
    try:
        with database.transaction() as session:
            services.set_status(
                session, database.now(), card.listed.id, wanted, actor=actor(), version=version()
            )
    except (Stale, WrongState) as refusal:
        fresh = expect(reference)
        if fresh.listed.status is not wanted:
            return page(fresh, 409, refusal.sentence)
    else:
        flash(f"{card.listed.client} {DONE_WORDS[wanted]}")
    return back_from(card)


@blueprint.post("/appointment/<reference>/late")
@access.allow(access.DESK)
def late(reference: str) -> ResponseReturnValue:
    """The client rang: about so many minutes late."""
    card = expect(reference)
    minutes = read_whole(request.form.get("minutes")) or 0
    if _is_barred(card, "late"):
        return page(card, 409, WrongState.default)
    try:
        with database.transaction() as session:
            desk.note_late(
                session, database.now(), card.listed.id, minutes,
                actor=actor(), version=version(),
            )  # fmt: skip
    except (Stale, WrongState, BadInput) as refusal:
        return page(expect(reference), refusal.status, refusal.sentence)
    flash(f"Noted: {card.listed.client} runs {minutes} minutes late. The session still ends on time.")
    return back_from(card)


@blueprint.get("/appointment/<reference>/cancel")
@access.allow(access.DESK)
def cancel(reference: str) -> ResponseReturnValue:
    """What cancelling will do, and a reason to choose."""
    card = expect(reference)
    if "cancel" not in may(card, database.now()):
        return page(card, 409, WrongState.default)
    return _ask_why(card, [])


@blueprint.post("/appointment/<reference>/cancel")
@access.allow(access.DESK)
def cancel_now(reference: str) -> ResponseReturnValue:
    """Calls it off, or both of two, as was chosen; twice does nothing twice."""
    card = expect(reference)
    if card.listed.status is Status.CANCELLED:
        return redirect(url_for("desk.appointment", reference=card.listed.reference), code=303)
    if _is_barred(card, "cancel"):
        return page(card, 409, WrongState.default)
    reason = dict(REASONS).get(request.form.get("reason", ""))
    other = parties.companion(database.session(), card.listed.id)
    who = request.form.get("who", "") if other is not None else ONE
    errors = []
    if who not in (ONE, BOTH):
        errors.append(("who", "Choose whether one or both are cancelled."))
    if reason is None:
        errors.append(("reason", "Choose why it is cancelled."))
    if reason is None or errors:
        return _ask_why(card, errors), 422
    try:
        with database.transaction() as session:
            _cancel(session, card, reason, is_both=who == BOTH)
    except (Stale, WrongState) as refusal:
        fresh = expect(reference)
        if fresh.listed.status is not Status.CANCELLED:
            return page(fresh, 409, refusal.sentence)
    else:
        if other is not None:
            flash("Both are cancelled." if who == BOTH else f"Only this one is cancelled. {stays(other)}")
    return redirect(url_for("desk.appointment", reference=card.listed.reference), code=303)


def _cancel(session: Session, card: Card, reason: str, *, is_both: bool) -> None:
    """Calls off this one, and who would come along is told; or both, as the page was drawn for them."""
    now, number = database.now(), card.listed.id
    if not is_both:
        companions.cancel(session, now, number, actor=actor(), reason=reason, version=version())
        return
    other, other_version = (read_whole(request.form.get(name)) or 0 for name in ("other", "other_version"))
    party = companions.as_seen(session, {number: version(), other: other_version}, number)
    if party is None:
        raise Stale()
    parties.cancel_together(session, now, party.id, actor=actor(), reason=reason)


def stays(other: Appointment) -> str:
    """What becomes of the other of two when one is changed alone, and whether they hear of it."""
    theirs = f"The appointment of {other.client.name} stays"
    if other.client.email:
        return f"{theirs}; a message goes to {other.client.email}."
    return f"{theirs}. There is no e-mail address: tell them yourself."


def _ask_why(card: Card, errors: list[tuple[str, str]]) -> str:
    comes_with = parties.companion(database.session(), card.listed.id)
    return render_template(
        "desk/cancel.html",
        card=card,
        visit=card.listed,
        comes_with=comes_with,
        stays=stays(comes_with) if comes_with is not None else "",
        who=request.form.get("who", ""),
        reason=request.form.get("reason", ""),
        reasons=REASONS,
        errors=errors,
    )


@blueprint.post("/appointment/<reference>/undo")
@access.allow(access.DESK)
def undo(reference: str) -> ResponseReturnValue:
    """Takes the last step back; a cancelled time only while nobody else has it."""
    card = expect(reference)
    wanted = undo_of(card)
    if wanted is None or _is_barred(card, "undo"):
        return page(card, 409, WrongState.default)
    try:
        with database.transaction() as session:
            if card.listed.status is Status.CANCELLED:
                taking_back.reactivate(
                    session, database.now(), card.listed.id, actor=actor(), version=version()
                )
            else:
                services.set_status(
                    session, database.now(), card.listed.id, wanted, actor=actor(), version=version()
                )
    except SlotTaken as taken:
        why = taken.sentence
        why = "Somebody else has that time by now." if why == SlotTaken.default else why
        return page(expect(reference), 409, f"{why} It stays cancelled: book a new time.")
    except (Stale, WrongState) as refusal:
        return page(expect(reference), 409, refusal.sentence)
    flash(f"Taken back. {card.listed.client} {DONE_WORDS[wanted]}")
    return back_from(card)


def _is_barred(card: Card, what: str) -> bool:
    """Whether the page as it stands has no such button; what comes from an older page is refused as that."""
    return what not in may(card, database.now()) and version() == card.listed.version


def version() -> int:
    """The version that was looked at; a form without one is refused."""
    seen = read_whole(request.form.get("version"))
    if seen is None:
        raise BadInput()
    return seen


def back_from(card: Card) -> ResponseReturnValue:
    """To the page on which the button stood: the list of the day, or the appointment's own."""
    if request.form.get("back") == "list":
        return redirect(url_for("desk.day", on=card.listed.local_day.isoformat(), view="list"), code=303)
    return redirect(url_for("desk.appointment", reference=card.listed.reference), code=303)
