"""Whom to ring, and when."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, RadioField, StringField, TelField

from clinic.kernel.errors import BadInput
from clinic.people import contact
from clinic.web.journey import way

BEST_TIMES = {
    "any": "Any time",
    "morning": "In the morning",
    "afternoon": "In the afternoon",
    "evening": "In the evening",
}


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
