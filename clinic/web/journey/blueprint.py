"""Where the pages of the way hang."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from clinic.web import context, errors

blueprint = Blueprint("journey", __name__, url_prefix=None)


@blueprint.before_request
def open_at_all() -> ResponseReturnValue | None:
    """Before there is a site, only the first page can be looked at: nobody shall answer for nothing.

    What is sent in comes from a page that was looked at; it asks for the site where it needs one.
    """
    if request.endpoint == "journey.landing" or request.method == "POST" or context.main_site() is not None:
        return None
    return errors.page(
        503, "You cannot book here yet", "This clinic is still being set up. Come back in a few days."
    )
