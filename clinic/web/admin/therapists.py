"""Therapists: who they are, what they are trained in, how they sign in."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms import (
    BooleanField,
    EmailField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice

from clinic.booking import impact
from clinic.catalog.listing import all_skills
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, NotFound
from clinic.people import accounts
from clinic.people.models import RoleName, User
from clinic.roster import queries
from clinic.roster import services as roster
from clinic.roster.limits import Limits
from clinic.roster.models import Gender, Therapist
from clinic.web import access, database
from clinic.web.admin.blueprint import blueprint
from clinic.web.admin.forms import OwnerForm, Standing, submit
from clinic.web.context import main_site
from clinic.web.numbers import read_whole
from clinic.web.reading import Gathered
from clinic.web.reading import read_whole as read_number

GENDERS = [
    SelectChoice("", "not said"),
    SelectChoice(Gender.WOMAN.value, "a woman"),
    SelectChoice(Gender.MAN.value, "a man"),
]
NO_SIGN_IN, NEW_SIGN_IN = "none", "new"
# The fields that protect hands, with the least and the most that may stand in each.
LIMITS = {
    "most_deep_in_row": (1, roster.MOST_IN_ROW),
    "most_hands_on_minutes_a_day": (5, walltime.DAY_MINUTES),
    "least_break_minutes": (0, roster.LONGEST_BREAK),
}


class TherapistForm(OwnerForm):
    """Everything an owner says of a therapist but the hours."""

    name = StringField("Full name")
    gender = SelectField("Is", choices=GENDERS, validate_choice=False)
    registration = StringField(
        "Registration", description="The number clients may check. Leave empty if none."
    )
    about = TextAreaField("What clients read", description="A sentence or two. No claim that needs proof.")
    hue = RadioField("Colour at the desk", choices=[], validate_choice=False)
    skills = SelectMultipleField("Trained in", choices=[], coerce=int, validate_choice=False)
    most_deep_in_row = StringField(
        "Most deep sessions in a row", description="Then half an hour of rest, or a gentle session."
    )
    most_hands_on_minutes_a_day = StringField("Most hands-on minutes a day")
    least_break_minutes = StringField(
        "Least break between sessions, minutes",
        description="Rest after a session counts as part of it.",
    )
    is_active = BooleanField(
        "Works here", description="Without the tick nobody can book them. What is booked stays."
    )
    user_id = SelectField("Sign-in", choices=[], validate_choice=False)
    email = EmailField("E-mail to sign in with")
    password = PasswordField("First password", description="Ten signs or more. Tell it to them yourself.")

    def prepare(self, session: Session, therapist: Therapist | None) -> TherapistForm:
        """Fills in what may be chosen."""
        self.skills.choices = [SelectChoice(skill.id, skill.name) for skill in all_skills(session)]
        taken = {each.user_id for each in queries.therapists(session)} - {therapist and therapist.user_id}
        free = [
            u for u in accounts.all_users(session) if RoleName.THERAPIST in u.role_names and u.id not in taken
        ]
        self.user_id.choices = [
            SelectChoice(NO_SIGN_IN, "None"),
            SelectChoice(NEW_SIGN_IN, "A new one, with the e-mail and password below"),
            *(SelectChoice(str(user.id), f"{user.name}, {user.email}") for user in free),
        ]
        return self

    def fill(self, therapist: Therapist) -> TherapistForm:
        """Shows a therapist as they stand."""
        self.version.data = str(therapist.version)
        self.name.data, self.about.data = therapist.name, therapist.about
        self.gender.data = therapist.gender.value if therapist.gender else ""
        self.registration.data, self.hue.data = therapist.registration, str(therapist.hue)
        self.skills.data = [skill.id for skill in therapist.skills]
        for name in LIMITS:
            self[name].data = str(getattr(therapist, name) or "")
        self.is_active.data = therapist.is_active
        self.user_id.data = str(therapist.user_id) if therapist.user_id else NO_SIGN_IN
        return self

    def limits(self) -> Limits:
        """The limits typed, an empty field setting none; BadFields for what is no number."""
        gathered = Gathered()
        deep, hands_on, rest = (
            gathered.read(read_number, self[name].data, low, high, name)
            if (self[name].data or "").strip()
            else None
            for name, (low, high) in LIMITS.items()
        )
        gathered.refuse()
        return Limits(deep, hands_on, rest or 0)


@blueprint.get("/therapists")
@access.allow(access.OWNER)
def therapists() -> ResponseReturnValue:
    """Everybody, with skills and hours a week."""
    session = database.session()
    return render_template(
        "admin/therapists.html",
        therapists=queries.therapists(session),
        minutes=queries.weekly_minutes(session, _today()),
        users={user.id: user for user in accounts.all_users(session)},
    )


@blueprint.route("/therapists/new", methods=["GET", "POST"])
@access.allow(access.OWNER)
def new_therapist() -> ResponseReturnValue:
    """Adds somebody; their hours come next."""
    session = database.session()
    form = TherapistForm().prepare(session, None)
    if request.method == "GET":
        used = {each.hue for each in queries.therapists(session) if each.is_active}
        form.hue.data = str(next((hue for hue in range(1, 9) if hue not in used), 1))
        form.is_active.data, form.user_id.data = True, NO_SIGN_IN
        return _page(form, None)
    saved: list[Therapist] = []
    status = submit(form, lambda writing: saved.append(_save(writing, form, None)))
    if status:
        return _page(form, None, status)
    flash(f"{saved[0].name} is added. Now the hours.")
    return redirect(url_for("admin.hours", therapist_id=saved[0].id), code=303)


@blueprint.route("/therapists/<int:therapist_id>", methods=["GET", "POST"])
@access.allow(access.OWNER)
def therapist(therapist_id: int) -> ResponseReturnValue:
    """Changes somebody."""
    session = database.session()
    stands = _therapist(session, therapist_id)
    form = TherapistForm().prepare(session, stands)
    if request.method == "GET":
        return _page(form.fill(stands), stands)
    status = submit(form, lambda writing: _save(writing, form, therapist_id))
    if status is None:
        flash("Saved.")
        return redirect(url_for("admin.therapist", therapist_id=therapist_id), code=303)
    stands = _therapist(session, therapist_id)
    differs: list[Standing] = []
    if status == 409:
        as_it_is = TherapistForm(formdata=None).prepare(session, stands).fill(stands)
        differs = form.against(as_it_is)
    return _page(form, stands, status, differs)


def _page(
    form: TherapistForm, stands: Therapist | None, status: int = 200, differs: list[Standing] | None = None
) -> ResponseReturnValue:
    coming = []
    if stands is not None:
        coming = impact.coming(database.session(), database.now(), therapist_id=stands.id)
    return (
        render_template(
            "admin/therapist.html", form=form, therapist=stands, coming=coming, differs=differs, status=status
        ),
        status,
    )


def _therapist(session: Session, therapist_id: int) -> Therapist:
    found = session.get(Therapist, therapist_id)
    if found is None:
        raise NotFound()
    return found


def _save(session: Session, form: TherapistForm, therapist_id: int | None) -> Therapist:
    values: dict[str, Any] = {
        "name": form.name.data or "",
        "skill_ids": form.skills.data or [],
        "gender": Gender(form.gender.data) if form.gender.data in list(Gender) else None,
        "registration": form.registration.data or "",
        "about": form.about.data or "",
        "hue": read_whole(form.hue.data) or 0,
        "is_active": form.is_active.data,
        "limits": form.limits(),
    }
    version = form.seen_version if therapist_id else None
    # Judged first without a sign-in, so that none is opened for somebody who cannot be saved.
    user_id = _sign_in(session, form, values["name"])
    return roster.save_therapist(
        session, **values, user_id=user_id, therapist_id=therapist_id, version=version
    )


def _sign_in(session: Session, form: TherapistForm, name: str) -> int | None:
    """The number of the sign-in chosen; a new one is opened with the role of a therapist."""
    chosen = form.user_id.data or NO_SIGN_IN
    if chosen == NEW_SIGN_IN:
        return accounts.open_account(
            session,
            database.now(),
            name=name,
            email=form.email.data or "",
            password=form.password.data or "",
            roles=[RoleName.THERAPIST],
            actor=current_user.actor,
        ).id
    if chosen == NO_SIGN_IN:
        return None
    user = session.get(User, read_whole(chosen) or 0)
    if user is None:
        raise BadInput("Choose one of the sign-ins.", "user_id")
    return user.id


def _today() -> Any:
    site = main_site()
    return walltime.local(database.now(), walltime.zone(site.tz if site else "UTC")).date()
