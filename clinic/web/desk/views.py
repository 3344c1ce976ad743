from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.web import access

blueprint = Blueprint("desk", __name__, url_prefix="/desk")


@blueprint.get("/")
@access.allow(access.DESK)
def day() -> ResponseReturnValue:
    return render_template("errors/error.html", heading="Soon", sentence="", status=200)
