"""What the owner's forms share: saving through a service, refusals at the field, a stale page told so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from wtforms import Field, HiddenField

from clinic.kernel.errors import BadInput, Stale
from clinic.web import database
from clinic.web.numbers import read_whole
from clinic.web.reading import errors_of

# A pair of what the page is about and how it stands in the database now.
Standing = tuple[str, str]
NOTHING = "empty"


class OwnerForm(FlaskForm):
    """A form that knows which version of a thing it was filled in for."""

    version = HiddenField()

    @property
    def seen_version(self) -> int:
        """The version the page showed; 0, which nothing that is there has, where the form names none."""
        return read_whole(self.version.data) or 0

    def take(self, refusal: BadInput) -> None:
        """Puts each sentence of a refusal at its field, or at the first where it names none that is here."""
        for name, sentence in errors_of(refusal):
            field = self._fields.get(name) or self._shown()[0]
            field.errors = [*field.errors, sentence]

    def against(self, stands: OwnerForm) -> list[Standing]:
        """What stands in the database and differs from what was typed, field by field, in words.

        The form then carries the version that stands, so that sending it once more is a decision.
        """
        self.version.data = stands.version.data
        return [
            (field.label.text, _said(stands[field.name]))
            for field in self._shown()
            if _said(stands[field.name]) != _said(field)
        ]

    def _shown(self) -> list[Field]:
        return [field for field in self if getattr(field.widget, "input_type", "") != "hidden"]


def _said(field: Field) -> str:
    """A field's value in words."""
    if field.type == "BooleanField":
        return "yes" if field.data else "no"
    if field.type in ("SelectField", "RadioField", "SelectMultipleField"):
        return ", ".join(str(choice[1]) for choice in field.iter_choices() if choice[2]) or NOTHING
    return str(field.data or "").replace("\r\n", "\n").strip() or NOTHING


def submit(form: OwnerForm, write: Callable[[Session], Any]) -> int | None:
    """Saves a posted form in one transaction: None when it is saved, 422 or 409 when it is not."""
    if not form.validate():
        return 422
    try:
        with database.transaction() as session:
            write(session)
    except BadInput as refusal:
        form.take(refusal)
        return 422
    except (Stale, StaleDataError):
        return 409
    return None
