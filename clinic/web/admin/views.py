from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.web import access

blueprint = Blueprint("admin", __name__, url_prefix="/clinic")


@blueprint.get("/")
@access.allow(access.OWNER)
def home() -> ResponseReturnValue:
    return render_template("errors/error.html", heading="Soon", sentence="", status=200)
