"""Sign in, sign out, and the first page of each role."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired

from clinic.people import services as people
from clinic.people.models import RoleName
from clinic.web import access, database
from clinic.web.limits import limiter

blueprint = Blueprint("auth", __name__, url_prefix="/staff")


class SignInForm(FlaskForm):
    email = EmailField("E-mail", validators=[InputRequired("Enter your e-mail address.")])
    password = PasswordField("Password", validators=[InputRequired("Enter your password.")])


@blueprint.get("/")
@access.allow(access.ANY_STAFF)
def home() -> ResponseReturnValue:
    """Sends each role to where their day is."""
    if current_user.has(RoleName.RECEPTION):
        return redirect(url_for("desk.day"))
    if current_user.has(RoleName.THERAPIST):
        return redirect(url_for("practice.day"))
    return redirect(url_for("admin.home"))


@blueprint.route("/sign-in", methods=["GET", "POST"])
@access.public
@limiter.limit("10 per minute", methods=["POST"])
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    if current_user.is_authenticated and request.method == "GET":
        return redirect(url_for("auth.home"))
    if form.validate_on_submit():
        user = people.sign_in(database.session(), form.email.data, form.password.data)
        if user is not None:
            session.clear()
            login_user(access.SignedIn(user))
            session.permanent = True
            return redirect(_safe(request.args.get("next")) or url_for("auth.home"))
        form.password.errors = ["That e-mail and password do not go together."]
    status = 422 if request.method == "POST" else 200
    signs = current_app.config["SETTINGS"].is_demo and people.demo_sign_ins(database.session())
    return render_template("auth/sign_in.html", form=form, demo_sign_ins=signs or []), status


@blueprint.post("/sign-out")
@access.allow(access.ANY_STAFF)
def sign_out() -> ResponseReturnValue:
    logout_user()
    session.clear()
    flash("You are signed out.")
    return redirect(url_for("auth.sign_in"))


def _safe(target: str | None) -> str | None:
    """`target` if it is a path of ours; never another origin."""
    if not target:
        return None
    if not target.isprintable():  # a line break would be a fault in the header it becomes
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    return target
