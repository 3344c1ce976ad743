"""What the owner's forms share: saving through a service, refusals at the field, a stale page told so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from wtforms import Field, HiddenField

from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, Stale
from clinic.web import database
from clinic.web.numbers import read_whole
from clinic.web.reading import read_clock, read_day

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
        """Puts a refusal at its field, or at the first one where it names none that is here."""
        field = self._fields.get(refusal.field or "") or self._shown()[0]
        field.errors = [*field.errors, refusal.sentence]

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


def read_span(form: Mapping[str, str], zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of whole days, or from a time on the first day to a time on the last; not all over.

    Fields: first, last (the same day where empty), from and until (midnights where empty).
    """
    first = read_day(form.get("first", ""), "first")
    last = read_day(form.get("last", ""), "last") if form.get("last", "").strip() else first
    if last < first:
        raise BadInput("The last day must not be before the first.", "last")
    opens = read_clock(form.get("from", ""), "from") if form.get("from", "").strip() else 0
    closes = read_clock(form.get("until", ""), "until") if form.get("until", "").strip() else 24 * 60
    starts_at = walltime.instant(first, opens, zone, 0)
    ends_at = walltime.instant(last, closes, zone, 1)
    if ends_at <= starts_at:
        raise BadInput("The end must be after the start.", "until")
    if ends_at <= now:
        raise BadInput("That is over already.", "first")
    return starts_at, ends_at
