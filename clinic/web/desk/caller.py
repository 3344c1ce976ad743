"""Booking for a caller: who rings, and whether the questions must be asked."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import calls, queries
from clinic.booking.calls import Caller
from clinic.intake.services import CONSENT_WORDING
from clinic.kernel.errors import BadInput, NotFound, Stale
from clinic.people import contact
from clinic.people.models import Client
from clinic.web import access, database
from clinic.web.context import main_site
from clinic.web.desk import call as kept
from clinic.web.desk.blueprint import actor, blueprint, today
from clinic.web.desk.find import Hit, hits_of
from clinic.web.numbers import read_whole
from clinic.web.reading import Gathered, errors_of


@blueprint.get("/caller")
@access.allow(access.DESK)
def caller() -> ResponseReturnValue:
    """Find the caller, or add them."""
    return _page(request.args.get("q", "").strip()[:120])


@blueprint.post("/caller")
@access.allow(access.DESK)
def begin_call() -> ResponseReturnValue:
    """Begins a call for somebody known (`client`) or for somebody new."""
    clicked: dict[str, Any] = {
        "at": request.form.get("at", "")[:20],
        "site": request.form.get("site", "")[:40],
        "therapist_id": read_whole(request.form.get("therapist")),
    }
    number = read_whole(request.form.get("client"))
    if number is not None:
        known = database.session().get(Client, number)
        if known is None or known.erased_at is not None:
            raise NotFound()
        who = Caller(known.name, known.phone, known.email, known.id, known.wants_reminders, **clicked)
        return kept.onward(kept.begin(who))
    try:
        who = _read(clicked)
    except BadInput as refusal:
        return _page("", errors=errors_of(refusal, otherwise="name"), status=422)
    if request.form.get("anew") != "1":
        found = [*hits_of(who.phone or "", database.now()), *hits_of(who.name, database.now())]
        same = list({hit.client.id: hit for hit in found if _is_like(hit.client, who)}.values())
        if same:
            return _page("", status=409, same=same)
    return kept.onward(kept.begin(who))


def _read(clicked: dict[str, Any]) -> Caller:
    site = main_site()
    phone, email = request.form.get("phone", "").strip(), request.form.get("email", "").strip()
    gathered = Gathered()
    name = gathered.read(contact.read_name, request.form.get("name", ""))
    if phone:
        phone = gathered.read(contact.read_phone, phone, site.locale if site else "UK") or ""
    else:
        gathered.errors.append(("phone", "Enter a phone number, so that we can ring back."))
    address = gathered.read(contact.read_email, email) if email else None
    gathered.refuse()
    assert name is not None
    return Caller(name=name, phone=phone, email=address, **clicked)


def _is_like(client: Client, who: Caller) -> bool:
    """Whether a client is probably the one who was just typed."""
    return client.phone == who.phone or client.name_key == contact.name_key(who.name)


def _page(
    text: str,
    *,
    errors: list[tuple[str, str]] | None = None,
    status: int = 200,
    same: list[Hit] | None = None,
) -> ResponseReturnValue:
    html = render_template(
        "desk/caller.html",
        text=text,
        hits=hits_of(text, database.now()) if text else [],
        same=same,
        calls=kept.waiting(),
        errors=errors,
        typed=request.form,
        clicked={name: request.values.get(name, "") for name in ("at", "site", "therapist")},
    )
    return html, status


@blueprint.get("/caller/<int:number>")
@access.allow(access.DESK)
def call_onward(number: int) -> ResponseReturnValue:
    """Takes a call up where it was left."""
    return kept.onward(number)


@blueprint.post("/caller/<int:number>/end")
@access.allow(access.DESK)
def end_call(number: int) -> ResponseReturnValue:
    """The caller has hung up: nothing of the call is kept but what was booked or asked."""
    found = kept.expect(number)
    with database.transaction() as session:
        calls.hang_up(session, database.now(), found.journey.id)
    kept.forget(number)
    return redirect(url_for("desk.day"), code=303)


@blueprint.get("/caller/<int:number>/health")
@access.allow(access.DESK)
def call_health(number: int) -> ResponseReturnValue:
    """Has anything changed, where the last answers are fresh; else the consent, to be read out."""
    return _health(number)


@blueprint.post("/caller/<int:number>/health")
@access.allow(access.DESK)
def answer_health(number: int) -> ResponseReturnValue:
    """Goes on with the last answers, or begins the questions after a yes."""
    found = kept.expect(number)
    if found.journey.appointment_id is not None:
        return kept.onward(number)
    session, now = database.session(), database.now()
    if request.form.get("step") == "changed":
        answer = request.form.get("changed")
        if answer not in ("yes", "no"):
            return _health(number, [("changed", "Choose yes or no.")])
        if answer == "yes":
            return redirect(url_for("desk.call_health", number=number, anew=1), code=303)
        try:
            with database.transaction() as session:
                calls.use_last(session, now, found.journey.id, actor=actor())
        except Stale:
            return redirect(url_for("desk.call_health", number=number, anew=1), code=303)
        return kept.onward(number)
    answer = request.form.get("consent")
    if answer not in ("yes", "no"):
        return _health(number, [("consent", "Choose what the caller said.")])
    if answer == "no":
        return render_template("desk/call_no.html", **kept.legs(found, "health"))
    site = main_site()
    with database.transaction() as session:
        calls.begin_questions(
            session, now, found.journey.id, clinic=site.clinic_name if site else "", actor=actor()
        )
    return kept.onward(number)


def _health(number: int, errors: list[tuple[str, str]] | None = None) -> ResponseReturnValue:
    found = kept.expect(number)
    if found.journey.appointment_id is not None:
        return kept.onward(number)
    session, now = database.session(), database.now()
    last = calls.last_intake(session, found.caller.client_id)
    asks_change = calls.is_fresh(session, last, now) and request.args.get("anew") != "1"
    if errors and errors[0][0] == "consent":
        asks_change = False
    site = main_site()
    html = render_template(
        "desk/call_health.html",
        asks_change=asks_change,
        last=last,
        last_line=queries.desk_line_of(session, last.id, today())[0] if last else "",
        wording=CONSENT_WORDING.format(clinic=site.clinic_name if site else "the clinic"),
        errors=errors,
        **kept.legs(found, "health"),
    )
    return html, 422 if errors else 200
