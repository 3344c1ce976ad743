"""The owner's first page: what is set up, and what is missing."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.roster import readiness
from clinic.web import access, database
from clinic.web.admin.blueprint import blueprint


@blueprint.get("/")
@access.allow(access.OWNER)
def home() -> ResponseReturnValue:
    """Counts and gaps."""
    setup = readiness.read(database.session(), database.now())
    return render_template("admin/home.html", setup=setup, gaps=readiness.gaps(setup))
