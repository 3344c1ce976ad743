"""A caller who needs somebody's yes first: the request is opened during the call, then a time may be kept."""

from __future__ import annotations

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from clinic.booking import decisions
from clinic.intake.clearances import Contact
from clinic.intake.level import Level
from clinic.kernel.errors import BadInput, NotFound, WrongState
from clinic.people import contact
from clinic.roster.models import Site
from clinic.web import access, database
from clinic.web.context import main_site
from clinic.web.desk import call as kept
from clinic.web.desk.blueprint import blueprint, places
from clinic.web.desk.call_questions import BEST_TIMES, outcome_page


@blueprint.post("/caller/<int:number>/clearance")
@access.allow(access.DESK)
def ask_clearance(number: int) -> ResponseReturnValue:
    """Puts the caller into the queue of clearances; after that a time may be kept for them."""
    call = kept.expect(number)
    if call.is_asking or call.intake is None or call.may_book or call.intake.level is not Level.CLEARANCE:
        return kept.onward(number)
    form, main = request.form, main_site()
    errors: list[tuple[str, str]] = []
    phone = email = None
    try:
        typed = form.get("phone", "").strip()
        phone = contact.read_phone(typed, main.locale if main else "UK") if typed else None
    except BadInput as refusal:
        errors.append(("phone", refusal.sentence))
    try:
        typed = form.get("email", "").strip()
        email = contact.read_email(typed) if typed else None
    except BadInput as refusal:
        errors.append(("email", refusal.sentence))
    if not errors and not phone and not email:
        errors.append(("phone", "Enter a telephone number or an e-mail address."))
    if errors:
        return outcome_page(call, errors)
    best = form.get("best_time", "any")
    wanted = Contact(call.caller.name, email, phone, best if best in dict(BEST_TIMES) else "any")
    chosen = next((each for each in places() if str(each.id) == form.get("site")), places()[0])
    try:
        with database.transaction() as session:
            site = session.get(Site, chosen.id)
            if site is None:
                raise NotFound()
            decisions.ask(session, database.now(), call.intake, wanted, site, actor=current_user.actor)
    except WrongState as refusal:
        return outcome_page(kept.expect(number), [("", refusal.sentence)], refusal.status)
    flash(f"{call.caller.name} is in the queue. Keep a time for them now, or end the call.")
    return kept.onward(number)
