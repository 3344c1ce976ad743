"""Who may see what a request for clearance rests on, from a link: whoever knows the date of birth given.

Services; nothing here commits. A wrong try is counted without a new version of the clearance: it must not
stand in the way of whoever decides about it at that moment.
"""

from __future__ import annotations

import json
from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.intake.answers import BORN_ON
from clinic.intake.models import Clearance, Intake
from clinic.kernel.errors import NotFound

MOST_WRONG = 5


class Opening(StrEnum):
    """How a request can be opened from its link, or what came of a try."""

    BY_BIRTHDAY = "by_birthday"
    LOCKED = "locked"
    NEVER = "never"  # no date of birth was given to ask for
    OPENED = "opened"
    WRONG = "wrong"


def way_in(clearance: Clearance) -> Opening:
    """How it can be opened now: by the date of birth, or not any more, or not at all."""
    if clearance.wrong_openings >= MOST_WRONG:
        return Opening.LOCKED
    return Opening.BY_BIRTHDAY if born_on(clearance.intake) else Opening.NEVER


def try_birthday(session: Session, clearance_id: int, born: date) -> Opening:
    """Opens it for whoever knows the date of birth; after five wrong tries in all, for nobody any more."""
    found = session.get(Clearance, clearance_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound()
    way = way_in(found)
    if way is not Opening.BY_BIRTHDAY:
        return way
    if born_on(found.intake) == born:
        return Opening.OPENED
    session.execute(
        sa.update(Clearance)
        .where(Clearance.id == clearance_id)
        .values(wrong_openings=Clearance.wrong_openings + 1)
        .execution_options(synchronize_session=False)
    )
    session.refresh(found)
    return Opening.LOCKED if found.wrong_openings >= MOST_WRONG else Opening.WRONG


def born_on(intake: Intake) -> date | None:
    """The date of birth among the answers."""
    given = json.loads(intake.answers).get(BORN_ON)
    return date.fromisoformat(given) if isinstance(given, str) else None
