"""The routes of the client at home hang here, and the page for a link that leads nowhere any more."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from clinic.kernel.errors import NotFound
from clinic.notify.links import LinkExpired

blueprint = Blueprint("account", __name__)


@blueprint.errorhandler(LinkExpired)
def expired(refusal: LinkExpired) -> ResponseReturnValue:
    return _no_link(is_expired=True), refusal.status


@blueprint.errorhandler(NotFound)
def unknown(refusal: NotFound) -> ResponseReturnValue:
    return _no_link(is_expired=False), refusal.status


def _no_link(*, is_expired: bool) -> str:
    is_request = request.path.startswith("/request/")
    return render_template("account/no_link.html", is_expired=is_expired, is_request=is_request)
