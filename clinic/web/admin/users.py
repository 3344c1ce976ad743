"""Sign-ins: who may sign in, as what, and a new password."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user
from sqlalchemy.orm import Session
from wtforms import BooleanField, EmailField, PasswordField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice

from clinic.kernel.errors import NotFound
from clinic.people import accounts
from clinic.people.models import RoleName, User
from clinic.roster import queries
from clinic.web import access, database
from clinic.web.admin.blueprint import blueprint
from clinic.web.admin.forms import OwnerForm, Standing, submit

ROLES = [
    SelectChoice(RoleName.RECEPTION.value, "Reception: the desk, booking, clients"),
    SelectChoice(RoleName.THERAPIST.value, "Therapist: their own day and clients"),
    SelectChoice(RoleName.OWNER.value, "Owner: these pages, and the desk"),
]


class UserForm(OwnerForm):
    """Somebody who signs in."""

    name = StringField("Full name")
    email = EmailField("E-mail to sign in with")
    roles = SelectMultipleField("May work as", choices=ROLES, validate_choice=False)
    is_active = BooleanField("May sign in", description="Without the tick they are signed out at once.")

    def fill(self, user: User) -> UserForm:
        """Shows a user as they stand."""
        self.version.data = str(user.version)
        self.name.data, self.email.data = user.name, user.email
        self.roles.data, self.is_active.data = sorted(role.value for role in user.role_names), user.is_active
        return self

    @property
    def chosen(self) -> list[RoleName]:
        return [RoleName(value) for value in self.roles.data or () if value in list(RoleName)]


class NewUserForm(UserForm):
    """The same with a first password."""

    password = PasswordField("First password", description="Ten signs or more. Tell it to them yourself.")


class PasswordForm(OwnerForm):
    """A new password."""

    password = PasswordField("New password", description="Ten signs or more. It signs them out everywhere.")


@blueprint.get("/sign-ins")
@access.allow(access.OWNER)
def users() -> ResponseReturnValue:
    """Everybody who signs in."""
    session = database.session()
    linked = {each.user_id: each for each in queries.therapists(session) if each.user_id}
    return render_template("admin/users.html", users=accounts.all_users(session), linked=linked)


@blueprint.route("/sign-ins/new", methods=["GET", "POST"])
@access.allow(access.OWNER)
def new_user() -> ResponseReturnValue:
    """Adds somebody with a first password."""
    form = NewUserForm()
    if request.method == "GET":
        return render_template("admin/user.html", form=form, user=None, status=200)
    status = submit(
        form,
        lambda writing: accounts.open_account(
            writing,
            database.now(),
            name=form.name.data or "",
            email=form.email.data or "",
            password=form.password.data or "",
            roles=form.chosen,
            actor=current_user.actor,
        ),
    )
    if status:
        return render_template("admin/user.html", form=form, user=None, status=status), status
    flash("They may sign in now.")
    return redirect(url_for("admin.users"), code=303)


@blueprint.route("/sign-ins/<int:user_id>", methods=["GET", "POST"])
@access.allow(access.OWNER)
def user(user_id: int) -> ResponseReturnValue:
    """Changes somebody."""
    session = database.session()
    stands = _user(session, user_id)
    form = UserForm()
    if request.method == "GET":
        return _page(form.fill(stands), stands)
    status = submit(
        form,
        lambda writing: accounts.change_account(
            writing,
            database.now(),
            user_id,
            name=form.name.data or "",
            email=form.email.data or "",
            roles=form.chosen,
            is_active=form.is_active.data,
            actor=current_user.actor,
            version=form.seen_version,
        ),
    )
    if status is None:
        flash("Saved.")
        return redirect(url_for("admin.users"), code=303)
    stands = _user(session, user_id)
    differs = form.against(UserForm(formdata=None).fill(stands)) if status == 409 else []
    return _page(form, stands, status, differs)


@blueprint.post("/sign-ins/<int:user_id>/password")
@access.allow(access.OWNER)
def new_password(user_id: int) -> ResponseReturnValue:
    """Gives somebody a new password and ends their sessions; one's own stays signed in."""
    session = database.session()
    stands = _user(session, user_id)
    form = PasswordForm()
    changed: list[User] = []
    status = submit(
        form,
        lambda writing: changed.append(
            accounts.give_password(
                writing, database.now(), user_id, form.password.data or "", actor=current_user.actor
            )
        ),
    )
    if status:
        shown = UserForm(formdata=None).fill(_user(session, user_id))
        return _page(shown, stands, status, password_form=form)
    if user_id == current_user.id:
        login_user(access.SignedIn(changed[0]))
    flash("The new password holds from now on.")
    return redirect(url_for("admin.users"), code=303)


def _page(
    form: UserForm,
    stands: User,
    status: int = 200,
    differs: list[Standing] | None = None,
    password_form: PasswordForm | None = None,
) -> ResponseReturnValue:
    wrong = [("password", each) for each in password_form.password.errors] if password_form else None
    return (
        render_template(
            "admin/user.html",
            form=form,
            user=stands,
            password_form=password_form or PasswordForm(formdata=None),
            differs=differs,
            errors=wrong,
            status=status,
        ),
        status,
    )


def _user(session: Session, user_id: int) -> User:
    found = session.get(User, user_id)
    if found is None:
        raise NotFound()
    return found
