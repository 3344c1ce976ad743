"""'My appointments': a fresh link by mail for whoever knows a reference and its e-mail address."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import EmailField, StringField

from clinic.booking import messages
from clinic.kernel.codes import read_reference
from clinic.kernel.errors import BadInput
from clinic.people import contact
from clinic.web import access, database
from clinic.web.account.blueprint import blueprint
from clinic.web.limits import limiter


class FindForm(FlaskForm):
    reference = StringField("Reference", description="Six letters and figures, such as K7M-2PX.")
    email = EmailField("E-mail", description="The one you booked with.")


@blueprint.route("/manage", methods=["GET", "POST"])
@access.public
@limiter.limit("5 per minute; 30 per day", methods=["POST"])
def manage() -> ResponseReturnValue:
    """Mails a link where reference and address go together, and says the same where they do not."""
    form = FindForm()
    if not form.validate_on_submit():
        return render_template("account/manage.html", form=form), 422 if request.method == "POST" else 200
    reference = read_reference(form.reference.data or "")
    if reference is None:
        form.reference.errors = ["Enter a reference like K7M-2PX. It is in the mail you had from us."]
    try:
        email = contact.read_email(form.email.data or "")
    except BadInput as refusal:
        form.email.errors = [refusal.sentence]
    if reference is None or form.email.errors:
        return render_template("account/manage.html", form=form), 422
    with database.transaction() as session:
        messages.tell_link(session, database.now(), reference, email)
    return redirect(url_for("account.sent"), code=303)


@blueprint.get("/manage/sent")
@access.public
def sent() -> ResponseReturnValue:
    return render_template("account/sent.html")
