"""/styleguide: every part of the pages in every state, on the real templates. In demo mode only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)

from clinic.intake.questionnaire import load_questionnaire
from clinic.web import access, database

blueprint = Blueprint("styleguide", __name__, url_prefix="/styleguide")

SHEETS = ("client", "staff", "phone")

# The colours, with their one meaning each.
COLOURS = (
    ("paper", "paper, the ground"), ("sheet", "sheet, what you write on"), ("wash", "wash, hover and notes"),
    ("ink", "ink, text"), ("ink-2", "ink 2, beside text"), ("ink-3", "ink 3, least text"),
    ("rule", "rule, hairlines"), ("edge", "edge, border of a control"),
    ("green", "green, you can do this"), ("green-deep", "green deep, hover"),
    ("green-wash", "green wash, chosen row"), ("clay", "clay, you are here"),
    ("stop", "stop"), ("today", "today"), ("clear", "clear"), ("book", "book"),
    ("stop-wash", "stop wash"), ("today-wash", "today wash"),
    ("clear-wash", "clear wash"), ("book-wash", "book wash"),
)  # fmt: skip

PEOPLE = (
    ("Amara Osei", 4), ("Tom Whitfield", 2), ("Priya Nair", 6), ("Joseph Kimani", 1),
    ("Elena Marsh", 3), ("Hana Sato", 8), ("Callum Reid", 5), ("Grace Lindqvist", 7),
)  # fmt: skip

MARKS: dict[str, tuple[str, ...]] = {
    "avoid": ("F08_tummy",),
    "light": ("B13_calf_l", "B14_calf_r", "F11_knee_shin_foot_l", "F12_knee_shin_foot_r"),
    "leave": ("B01_head_back",),
    "hurts": ("B07_low_back", "B14_calf_r"),
    "work": ("B05_upper_back", "B07_low_back", "B03_shoulder_blade_l", "B04_shoulder_blade_r"),
}

FILLS = (
    ("hurts",), ("work",), ("hurts", "work"), ("leave",), ("light",), ("light", "hurts"), ("light", "work"),
    ("light", "hurts", "work"), ("avoid",), ("avoid", "hurts"), ("avoid", "work"),
    ("avoid", "hurts", "work"), ("avoid", "leave"),
)  # fmt: skip

# The questions shown: one of each kind, with what was answered and what was wrong.
SHOWN: tuple[tuple[str, Any, str], ...] = (
    ("leg_swelling", ["none"], ""),
    ("saddle_numb", "not_sure", ""),
    ("health_consent", None, "Say whether we may keep your health answers"),
    ("age_years", {"day": 14, "month": 30, "year": 1979}, "The month you were born is a number from 1 to 12"),
    ("pressure_pref", 3, ""),
    ("pain_score", 5, ""),
    ("skin", ["bruise_sun"], ""),
    ("anything_else", "no", ""),
)


class SampleForm(FlaskForm):
    """One field of each kind that pages use."""

    name = StringField("Full name")
    email = EmailField("E-mail", description="We send the time here. No health answers are ever in a mail.")
    phone = TelField("Mobile number")
    often = SelectField("How often", choices={"1": "Weekly", "2": "Every two weeks"})
    whom = RadioField("Who is this for?", choices={"me": "Me", "other": "Someone else"}, default="me")
    note = TextAreaField("Anything else?", description="Your therapist reads this. The computer does not.")
    terms = BooleanField("I agree to the terms", description="You can move or cancel until the day before.")


def sample_days() -> list[dict[str, Any]]:
    """A week with a full day, a closed one, and times in the parts of the others."""
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    times = {
        0: ((), ("13:45", "14:30"), ("18:00",)),
        1: (("09:00", "10:15"), ("12:30",), ()),
        2: (("11:30",), ("13:00", "15:15"), ("17:45", "18:30")),
        4: (("08:45",), (), ()),
        5: (("09:30", "11:00"), (), ()),
    }
    days = []
    for index, name in enumerate(names):
        parts = times.get(index, ((), (), ()))
        number = 23 + index
        link = ("#time", "Join the waitlist", f"for {name} {number} November") if index == 3 else None
        days.append(
            {
                "id": str(number), "weekday": name, "short": name[:3], "number": number, "month": "November",
                "word": {3: "Full", 6: "Closed"}.get(index), "link": link,
                "parts": [
                    (word, [(f"{number}-{at}", at) for at in free])
                    for word, free in zip(("Morning", "Afternoon", "Evening"), parts, strict=True)
                ],
            }
        )  # fmt: skip
    return days


@blueprint.get("/", defaults={"sheet": "client"}, strict_slashes=False)
@blueprint.get("/<any(staff, phone):sheet>")
@access.public
def show(sheet: str) -> ResponseReturnValue:
    """One of three sheets: the client's parts, the staff's, the therapist's."""
    questionnaire = load_questionnaire()
    by_id = {question.id: question for question in questionnaire.questions}
    form = SampleForm(formdata=None)
    form.email.errors = ("Write the e-mail address in full, such as name@example.com",)
    until = database.now() + timedelta(minutes=9)
    return render_template(
        f"styleguide/{sheet}.html",
        sample=form,
        colours=COLOURS,
        people=PEOPLE,
        marks=MARKS,
        fills=FILLS,
        regions=questionnaire.regions,
        questions=[(by_id[id_], answer, wrong) for id_, answer, wrong in SHOWN if id_ in by_id],
        body_map=by_id.get("body_map"),
        days=sample_days(),
        until=until,
    )
