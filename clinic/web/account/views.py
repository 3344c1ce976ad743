from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from clinic.web import access

blueprint = Blueprint("account", __name__, url_prefix=None)


@blueprint.get("/manage")
@access.public
def manage() -> ResponseReturnValue:
    return render_template("errors/error.html", heading="Soon", sentence="", status=200)
