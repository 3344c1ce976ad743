"""The practice's blueprint, and whose practice it is."""

from __future__ import annotations

from flask import Blueprint
from flask_login import current_user

from clinic.care import queries
from clinic.kernel.errors import NotFound
from clinic.roster.models import Therapist
from clinic.web import database

blueprint = Blueprint("practice", __name__, url_prefix="/practice")


def own_therapist() -> Therapist:
    """The therapist who is signed in; NotFound, with what to do, for a sign-in that is nobody's."""
    found = queries.therapist_of(database.session(), current_user.id)
    if found is None:
        raise NotFound("Your sign-in is not linked to a therapist yet. The owner can link it under People.")
    return found
