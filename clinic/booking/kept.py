"""What a journey keeps beside its columns: who comes, what was chosen on the page of times, who is back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from clinic.booking.models import Journey

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Details:
    """Who comes, as `people.contact` read it, and whether they want a reminder.

    `booked_by` is the name of who books for somebody else; `is_child` where they answer for a child.
    """

    name: str
    email: str
    phone: str
    wants_reminders: bool
    booked_by: str = ""
    is_child: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """What a client chose on the page of times: 'any', 'woman', 'man' or a therapist's id; step-free."""

    person: str = "any"
    is_step_free: bool = False


@dataclass(frozen=True, slots=True)
class Back:
    """Somebody who came by the link of an appointment of theirs: to book again, or to tell what has changed.

    `option_id` is the session they had. `was_here`: a session was given to them before.
    """

    client_id: int
    appointment_id: int
    tells_changes: bool
    was_here: bool
    option_id: int


def digest(token: str) -> str:
    """What is kept of a token: nobody who reads the table can go on somebody's way."""
    return hashlib.sha256(token.encode()).hexdigest()


def details_of(journey: Journey) -> Details | None:
    """What was typed on the page of details, once it could be taken."""
    found = read(journey).get("details")
    return Details(**found) if found else None


def filters_of(journey: Journey) -> Filters:
    """What was chosen on the page of times when a time was held."""
    return Filters(**read(journey).get("filters", {}))


def back_of(journey: Journey) -> Back | None:
    """Who is back, and by the link of which appointment; None for whoever began at the first question."""
    found = read(journey).get("back")
    return Back(**found) if found else None


def client_id_of(journey: Journey) -> int | None:
    """The client whose journey it is, where that is known: by their link, or on the telephone."""
    found = read(journey)
    client_id: int | None = (found.get("back") or found.get("call") or {}).get("client_id")
    return client_id


def read(journey: Journey) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(journey.details) if journey.details else {}
    return found


def keep(journey: Journey, **parts: Mapping[str, Any]) -> None:
    """Keeps these parts; the others stay."""
    journey.details = with_parts(journey, **parts)


def with_parts(journey: Journey, **parts: Mapping[str, Any]) -> str:
    """What would be kept with these parts."""
    return json.dumps({**read(journey), **parts})
