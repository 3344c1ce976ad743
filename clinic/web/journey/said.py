"""What may be said on the client's pages.

Who came by a mailed link may be somebody else who opened it: of what was told in earlier visits nothing is
shown, though all of it is minded.
"""

from __future__ import annotations

from clinic.booking import kept, returning
from clinic.booking.models import Appointment
from clinic.intake import returning as earlier
from clinic.intake import services as intakes
from clinic.intake.models import Intake
from clinic.intake.restrictions import Restrictions
from clinic.intake.triage import Outcome
from clinic.web import database
from clinic.web.journey import way


def outcome_of(intake: Intake) -> Outcome:
    """What the answers lead to, in the words that may be shown."""
    return earlier.told(database.session(), intake, way.locale())


def outcome_to_recommend_by(intake: Intake) -> Outcome:
    """All that limits, with the reasons that may be shown."""
    return earlier.with_reasons_told(intakes.outcome_of(intake, way.locale()), outcome_of(intake))


def limits_of(intake: Intake) -> Restrictions:
    """The limits that may be shown."""
    return intakes.restrictions_of(intake) if intake.based_on_id is None else outcome_of(intake).restrictions


def coming() -> list[Appointment]:
    """What the client on this way has booked or has had kept; nothing for whoever is not known."""
    journey = way.current()
    client_id = kept.client_id_of(journey) if journey is not None else None
    if client_id is None:
        return []
    return returning.coming_of(database.session(), database.now(), client_id)
