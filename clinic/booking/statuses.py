"""The statuses of holds and appointments (close to FHIR's words)."""

from __future__ import annotations

from enum import StrEnum


class HoldStatus(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    LAPSED = "lapsed"


class Status(StrEnum):
    """Where an appointment stands."""

    PROVISIONAL = "provisional"
    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    LAPSED = "lapsed"
