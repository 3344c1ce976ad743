"""How to reach the two: one e-mail and telephone for both, and an e-mail of the other's own if they like."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import EmailField, RadioField, TelField

from clinic.booking import journeys, pair_holds, pair_journeys
from clinic.booking.kept import Details
from clinic.booking.models import JourneyPair
from clinic.booking.pair_steps import PairStep, Turn
from clinic.kernel.errors import BadInput, Stale
from clinic.people import contact
from clinic.web import access, database
from clinic.web.journey import held, pair, shared, together_gone, way
from clinic.web.journey.blueprint import blueprint

REMIND = {"yes": "Yes, by e-mail", "no": "No, thank you"}


class ReachForm(FlaskForm):
    """Read by `people.contact`; the words of an error are its own."""

    email = EmailField(
        "E-mail", description="We send the time and place here. No health answers are ever in a mail."
    )
    other_email = EmailField("E-mail of the other one")
    phone = TelField("Phone number", description="In case a therapist is ill.")
    reminders = RadioField("Shall we remind you the day before?", choices=REMIND)

    def read(self) -> dict[str, Any] | None:
        """E-mails, telephone and the wish for reminders; None with the sentences at the fields."""
        self.validate_on_submit()
        self.reminders.errors = ["Choose yes or no."] if self.reminders.data not in REMIND else []
        values: dict[str, Any] = {"wants_reminders": self.reminders.data == "yes"}
        for field, read in (
            (self.email, contact.read_email),
            (self.other_email, lambda text: contact.read_email(text) if text.strip() else ""),
            (self.phone, lambda text: contact.read_phone(text, way.locale())),
        ):
            try:
                values[field.name] = read((field.data or "")[:1000])
            except BadInput as refused:
                field.errors = [refused.sentence]
        return None if self.errors else values


@blueprint.get("/book/together/details")
@access.public
def together_details() -> ResponseReturnValue:
    elsewhere = shared.sent_elsewhere(PairStep.DETAILS)
    if elsewhere is not None:
        return elsewhere
    if not pair_journeys.are_live(pair.expect(), database.now()):
        return together_gone.gone_back()
    return _draw(_filled(pair.expect()))


@blueprint.post("/book/together/details")
@access.public
def together_keep_details() -> ResponseReturnValue:
    """Keeps what was typed also when the held time has gone back meanwhile."""
    if shared.sent_elsewhere(PairStep.DETAILS) is not None:
        return way.brought_back()
    form = ReachForm()
    values = form.read()
    if values is None:
        return _draw(form), 422
    first, second = details_for(pair.expect(), values)
    try:
        with database.transaction() as session:
            pair_holds.keep_details(session, database.now(), pair.expect().id, first, second)
    except Stale:
        way.look_again()
        return way.brought_back()
    way.look_again()
    return way.onward()


def details_for(found: JourneyPair, values: dict[str, Any]) -> tuple[Details, Details]:
    """What is kept of each: who books is written to, and named where they book for the other."""
    called, lead = pair_journeys.names_of(found), pair_journeys.lead_of(found)
    other = Turn.SECOND if lead is Turn.FIRST else Turn.FIRST
    child = has_child(found)
    leads = Details(called.of(lead), values["email"], values["phone"], values["wants_reminders"])
    others = Details(
        called.of(other),
        values["email"] if child else values["other_email"] or values["email"],
        values["phone"],
        values["wants_reminders"],
        booked_by=called.of(lead),
        is_child=child,
    )
    return (leads, others) if lead is Turn.FIRST else (others, leads)


def has_child(found: JourneyPair) -> bool:
    """Whether one of the two is a child, whom the other answers for."""
    return any(pair_journeys.is_child(each) for each in pair_journeys.both(found))


def _filled(found: JourneyPair) -> ReachForm:
    """What was typed before, or is known of somebody who is back."""
    lead = pair_journeys.lead_of(found)
    first, second = (journeys.details_of(each) for each in pair_journeys.both(found))
    leads, others = (first, second) if lead is Turn.FIRST else (second, first)
    if leads is None:
        return ReachForm(formdata=None)
    reminders = "yes" if leads.wants_reminders else "no"
    own = others.email if others is not None and others.email != leads.email else ""
    return ReachForm(
        formdata=None, email=leads.email, other_email=own, phone=leads.phone, reminders=reminders
    )


def _draw(form: ReachForm) -> str:
    found = pair.expect()
    both = shared.people(found)
    one = both[0].held
    assert one is not None
    lead = pair_journeys.lead_of(found)
    return render_template(
        "journey/pair_details.html",
        form=form,
        people=both,
        held=one,
        banner=held.banner(one),
        has_child=has_child(found),
        lead=next(each for each in both if each.turn is lead),
        other=next(each for each in both if each.turn is not lead),
    )
