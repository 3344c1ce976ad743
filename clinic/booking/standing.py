"""How an appointment stands at an instant, as the desk and the therapist see it (pure).

Between two statuses lies what nobody types: late, in session, over. It follows from the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from clinic.booking.statuses import Status


class Mark(StrEnum):
    """The marks of a state; each has an edge, a sign and a word on the pages."""

    HELD = "held"
    PROVISIONAL = "prov"
    BOOKED = "booked"
    LATE = "late"
    ARRIVED = "arrived"
    IN_SESSION = "in"
    DONE = "done"
    NO_SHOW = "noshow"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Standing:
    """A mark and, where its usual word does not say enough, the words to show instead."""

    mark: Mark
    word: str = ""


_PLAIN = {
    Status.PROVISIONAL: Mark.PROVISIONAL,
    Status.FULFILLED: Mark.DONE,
    Status.NO_SHOW: Mark.NO_SHOW,
    Status.CANCELLED: Mark.CANCELLED,
    Status.LAPSED: Mark.LAPSED,
}


def standing(status: Status, starts_at: datetime, ends_at: datetime, now: datetime) -> Standing:
    """Gives how an appointment of that status and time stands at `now`."""
    if status in _PLAIN:
        return Standing(_PLAIN[status])
    if status is Status.CHECKED_IN:
        if now < starts_at:
            return Standing(Mark.ARRIVED)
        return Standing(Mark.IN_SESSION, "session over" if now >= ends_at else "")
    if now < starts_at:
        return Standing(Mark.BOOKED)
    if now >= ends_at:
        return Standing(Mark.LATE, "not checked in")
    minutes = int((now - starts_at).total_seconds() // 60)
    return Standing(Mark.LATE, f"late {minutes} min" if minutes else "due now")
