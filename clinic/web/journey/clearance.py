"""Asking for a clearance from the outcome page: whom to tell, and then the request's own page."""

from __future__ import annotations

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import decisions
from clinic.booking.journey import Verdict
from clinic.kernel.errors import WrongState
from clinic.web import access, database, remembered
from clinic.web.journey import pair, way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.contact_form import ContactForm
from clinic.web.journey.outcome import clearance_page
from clinic.web.journey.provisional import request_href
from clinic.web.limits import limiter


@blueprint.get("/book/request")
@access.public
def asked() -> ResponseReturnValue:
    """The address of a page that only its form brings: loaded again, it leads to the outcome."""
    return redirect(url_for("journey.outcome"), code=303)


@blueprint.post("/book/request")
@access.public
@limiter.limit("5 per minute; 30 per hour")
def ask() -> ResponseReturnValue:
    """Opens the request, or gives it the new contact; then on to its own page."""
    if way.state().verdict is not Verdict.CLEARANCE or way.state().is_booked:
        return way.brought_back()
    intake = way.expect_intake()
    form = ContactForm()
    contact = form.read()
    if contact is None:
        return clearance_page(intake, form, 422)
    try:
        with database.transaction() as session:
            clearance = decisions.ask(session, database.now(), intake, contact, way.site())
    except WrongState:  # decided meanwhile, or answers changed in another tab
        return way.brought_back()
    if intake.based_on_id is None:  # who came by a mailed link shows first that they know the date of birth
        remembered.trust(clearance.id, database.now())
    if pair.current() is not None:  # the other one's way goes on from here too
        return redirect(url_for("journey.outcome"), code=303)
    return redirect(request_href(clearance), code=303)
