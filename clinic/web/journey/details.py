"""Who comes: name, e-mail, phone, reminders."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import EmailField, RadioField, StringField, TelField

from clinic.booking import journeys, kept
from clinic.booking.journey import Step
from clinic.booking.journeys import Details
from clinic.booking.models import Journey
from clinic.kernel.errors import BadInput, Stale
from clinic.people import contact
from clinic.web import access, database
from clinic.web.journey import held, together, way
from clinic.web.journey.blueprint import blueprint

REMIND = {"yes": "Yes, by e-mail", "no": "No, thank you"}


class DetailsForm(FlaskForm):
    """Read by `people.contact`; the words of an error are its own."""

    whom = RadioField("Who is this for?", choices=together.WHOM, default="me")
    name = StringField("Full name", description="Of the person who comes.")
    booked_by = StringField(
        "Your own full name", description="Only if you book for somebody else. We write and ring to you."
    )
    email = EmailField(
        "E-mail", description="We send the time and place here. No health answers are ever in a mail."
    )
    phone = TelField("Phone number", description="In case your therapist is ill.")
    reminders = RadioField("Shall we remind you the day before?", choices=REMIND)

    def read(self, *, is_child: bool = False) -> Details | None:
        """The details as the service takes them, or None with the sentences at the fields.

        `is_child`: by the answers a child comes, and who answers for them has to be named.
        """
        self.validate_on_submit()
        self.reminders.errors = ["Choose yes or no."] if self.reminders.data not in REMIND else []
        values: dict[str, Any] = {}
        for field, read in (
            (self.name, contact.read_name),
            (self.email, contact.read_email),
            (self.phone, lambda text: contact.read_phone(text, way.locale())),
        ):
            try:
                values[field.name] = read((field.data or "")[:1000])
            except BadInput as refused:
                field.errors = [refused.sentence]
        together.read_whom(self, is_child=is_child, values=values)
        if self.errors:
            return None
        return Details(wants_reminders=self.reminders.data == "yes", **values)


@blueprint.get("/book/details", endpoint="details")
@access.public
def who_comes() -> ResponseReturnValue:
    elsewhere = way.sent_elsewhere(Step.DETAILS)
    if elsewhere is not None:
        return elsewhere
    journey = way.expect()
    if not journeys.is_live(journey.hold, database.now()):
        return held.gone_back(journey)
    return _draw(_filled(journeys.details_of(journey)) or _asked_before(journey))


@blueprint.post("/book/details", endpoint="keep_details")
@access.public
def keep_details() -> ResponseReturnValue:
    """Keeps what was typed also when the held time has gone back meanwhile."""
    if way.sent_elsewhere(Step.DETAILS) is not None:
        return way.brought_back()
    form = DetailsForm()
    details = form.read(is_child=together.is_child(way.expect()))
    if details is None:
        return _draw(form), 422
    try:
        with database.transaction() as session:
            journeys.keep_details(session, database.now(), way.expect().id, details)
    except Stale:
        return way.brought_back()
    way.look_again()
    return way.onward()


def _asked_before(journey: Journey) -> DetailsForm:
    """What was told with a request for clearance need not be typed again."""
    clearance = journey.intake.clearance if journey.intake is not None else None
    if clearance is None:
        return DetailsForm(formdata=None)
    return DetailsForm(formdata=None, name=clearance.name, email=clearance.email, phone=clearance.phone)


def _filled(found: Details | None) -> DetailsForm | None:
    if found is None:
        return None
    reminders = "yes" if found.wants_reminders else "no"
    return DetailsForm(
        formdata=None,
        whom=together.whom_of(found),
        name=found.name,
        booked_by=found.booked_by,
        email=found.email,
        phone=found.phone,
        reminders=reminders,
    )


def _draw(form: DetailsForm) -> str:
    journey = way.expect()
    assert journey.hold is not None
    return render_template(
        "journey/details.html",
        form=form,
        held=journey.hold,
        banner=held.banner(journey.hold),
        is_child=together.is_child(journey),
        is_back=kept.back_of(journey) is not None,
    )
