"""What happened to an appointment on its way, and when: the rows of its history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from clinic.booking import messages
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status

_CLIENT = "client"
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Happening:
    """An appointment with who booked it (`is_by_client`), the desk's actor name and the site's zone."""

    appointment: Appointment
    is_by_client: bool
    desk: str
    zone: str
    now: datetime


def happenings(facts: Happening, dice: Random) -> Iterator[tuple[datetime, str, str, str]]:
    """Gives (instant, actor, kind, detail) in order, as the services would have written them."""
    made = facts.appointment
    booker = _CLIENT if facts.is_by_client else facts.desk
    first_for = made.starts_at
    is_moved = made.sequence > 0 and made.status is not Status.CANCELLED
    if is_moved:
        first_for += timedelta(days=dice.choice((1, 2, 3, 7)))
    kind = "provisional" if made.status is Status.PROVISIONAL else "booked"
    yield made.created_at, booker, kind, messages.long_when(first_for, facts.zone)
    if is_moved:
        was = messages.long_when(first_for, facts.zone)
        yield _between(facts, dice), booker, "moved", f"from {was}"
    if made.status is Status.CANCELLED:
        yield _between(facts, dice), booker, "cancelled", made.cancel_reason
    if made.checked_in_at is not None:
        yield made.checked_in_at, facts.desk, "checked_in", ""
    if made.status is Status.FULFILLED:
        yield (
            min(facts.now, made.ends_at + timedelta(minutes=dice.randint(0, 3))),
            facts.desk,
            "fulfilled",
            "",
        )
    if made.status is Status.NO_SHOW:
        yield (
            min(facts.now, made.starts_at + timedelta(minutes=dice.randint(15, 30))),
            facts.desk,
            "no_show",
            "",
        )


def _between(facts: Happening, dice: Random) -> datetime:
    """Some time between booking and start, and not after now."""
    made = facts.appointment
    until = min(facts.now, made.starts_at)
    return made.created_at + (until - made.created_at) * dice.uniform(0.2, 0.95) // _MINUTE * _MINUTE
