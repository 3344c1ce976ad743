from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.web import access

blueprint = Blueprint("practice", __name__, url_prefix="/practice")


@blueprint.get("/")
@access.allow(access.PRACTICE)
def day() -> ResponseReturnValue:
    return render_template("errors/error.html", heading="Soon", sentence="", status=200)
