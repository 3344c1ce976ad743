"""The development mailbox: what was mailed, as pages. Only in demo mode."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.web import access

blueprint = Blueprint("mailbox", __name__, url_prefix="/mailbox")


@blueprint.get("/")
@access.public
def index() -> ResponseReturnValue:
    return render_template("errors/error.html", heading="Mailbox", sentence="", status=200)
