"""Where the pages of the way hang."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("journey", __name__, url_prefix=None)
