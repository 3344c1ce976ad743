from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.web import access

blueprint = Blueprint("journey", __name__, url_prefix=None)


@blueprint.get("/")
@access.public
def landing() -> ResponseReturnValue:
    return render_template("errors/error.html", heading="Soon", sentence="", status=200)


@blueprint.get("/start")
@access.public
def start() -> ResponseReturnValue:
    return landing()
