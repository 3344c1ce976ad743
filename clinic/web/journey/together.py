"""For whom the time is: for oneself, a child or a partner, from one e-mail address.

The health questions are about the person who comes; the e-mail and the telephone are those of who books.
"""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm

from clinic.booking.kept import Details
from clinic.booking.models import Journey
from clinic.intake import services as intakes
from clinic.kernel.errors import BadInput
from clinic.people import contact

WHOM = {"me": "Me", "child": "My child", "other": "Somebody else"}
GROWN_UP = 18


def is_child(journey: Journey) -> bool:
    """Whether by the answers a child comes: somebody has to answer for them."""
    intake = journey.intake
    age = intakes.answers_of(intake).get("age_years") if intake is not None else None
    return isinstance(age, int) and age < GROWN_UP


def whom_of(details: Details) -> str:
    """Which of WHOM the details say."""
    if details.is_child:
        return "child"
    return "other" if details.booked_by else "me"


def read_whom(form: FlaskForm, *, is_child: bool, values: dict[str, Any]) -> None:
    """Reads for whom it is into `values`; where it cannot be taken, the sentence stands at its field."""
    whom = "child" if is_child else (form.whom.data or "me")
    form.whom.errors = [] if whom in WHOM else ["Choose who this is for."]
    if whom == "me" or form.whom.errors:
        return
    typed = (form.booked_by.data or "")[:1000]
    try:
        values["booked_by"] = contact.read_name(typed)
    except BadInput as refused:
        missing = "Enter the name of a parent or guardian." if whom == "child" else "Enter your own name too."
        form.booked_by.errors = [refused.sentence if typed.strip() else missing]
        return
    if contact.name_key(values["booked_by"]) == contact.name_key(form.name.data or ""):
        form.booked_by.errors = ["That is the name of the person who comes. Enter the name of who books."]
    values["is_child"] = whom == "child"
