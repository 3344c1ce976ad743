"""How to reach somebody: whom to ring, and when."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, RadioField, StringField, TelField

from clinic.intake.clearances import Contact
from clinic.kernel.errors import BadInput
from clinic.people import contact
from clinic.web.journey import way

BEST_TIMES = {
    "any": "Any time",
    "morning": "In the morning",
    "afternoon": "In the afternoon",
    "evening": "In the evening",
}


class ContactForm(FlaskForm):
    """Name, and e-mail or phone or both: how somebody who waits for us wants to be told."""

    name = StringField("Full name", description="Of the person who comes.")
    email = EmailField("E-mail", description="We write here. Nothing about your health is ever in a mail.")
    phone = TelField("Phone number", description="E-mail or phone is enough. With both, we reach you sooner.")
    best_time = RadioField("If we ring, when does it suit?", choices=BEST_TIMES, default="any")

    def read(self) -> Contact | None:
        """The contact as the service takes it; None where it cannot be, with the sentence at its field."""
        self.validate_on_submit()
        is_known = self.best_time.data in BEST_TIMES
        self.best_time.errors = [] if is_known else ["Choose one of the times shown."]
        values: dict[str, Any] = {}
        for field, read in (
            (self.name, contact.read_name),
            (self.email, lambda text: contact.read_email(text) if text.strip() else None),
            (self.phone, lambda text: contact.read_phone(text, way.locale()) if text.strip() else None),
        ):
            try:
                values[field.name] = read((field.data or "")[:1000])
            except BadInput as refused:
                field.errors = [refused.sentence]
        if not (self.email.data or "").strip() and not (self.phone.data or "").strip():
            self.email.errors = ["Enter an e-mail address or a phone number, so that we can tell you."]
        if self.errors:
            return None
        return Contact(**values, best_time=BEST_TIMES[self.best_time.data])


class CallBackForm(FlaskForm):
    """Name and phone, e-mail only if they like, and when it suits."""

    name = StringField("Full name")
    phone = TelField("Phone number")
    email = EmailField("E-mail (only if you like)")
    best_time = RadioField("When shall we ring?", choices=BEST_TIMES, default="any")

    def read(self) -> dict[str, Any] | None:
        """The values as services take them; None where one cannot be, with the sentence at its field."""
        values: dict[str, Any] = {"best_time": self.best_time.data}
        if not self.validate_on_submit():
            self.best_time.errors = ["Choose one of the times shown."] if self.best_time.errors else []
            values = {}
        for field, read in (
            (self.name, contact.read_name),
            (self.phone, lambda text: contact.read_phone(text, way.locale())),
            (self.email, lambda text: contact.read_email(text) if text.strip() else None),
        ):
            try:
                values[field.name] = read(field.data or "")
            except BadInput as refused:
                field.errors = [refused.sentence]
        return None if self.errors else values
