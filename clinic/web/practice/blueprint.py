"""The practice's blueprint, whose practice it is, and what its tabs say."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from flask_login import current_user

from clinic.booking import queue
from clinic.care import queries
from clinic.kernel.errors import NotFound
from clinic.roster.models import Therapist
from clinic.web import database

blueprint = Blueprint("practice", __name__, url_prefix="/practice")


@blueprint.context_processor
def tabs() -> dict[str, Any]:
    """How many clearances wait for a decision, and how many of them longer than promised."""
    if not current_user.is_authenticated:
        return {}
    waiting, overdue = queue.number(database.session(), database.now())
    return {"to_decide": waiting, "to_decide_over": overdue}


def own_therapist() -> Therapist:
    """The therapist who is signed in; NotFound, with what to do, for a sign-in that is nobody's."""
    found = queries.therapist_of(database.session(), current_user.id)
    if found is None:
        raise NotFound("Your sign-in is not linked to a therapist yet. The owner can link it under People.")
    return found
