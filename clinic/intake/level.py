"""The five levels of an outcome, and who may release what is held."""

from __future__ import annotations

from datetime import date
from enum import StrEnum


class Level(StrEnum):
    """How a screening ends, mildest first; compare by `severity`, never by the words."""

    CLEAR = "CLEAR"
    ADAPT = "ADAPT"
    CLEARANCE = "CLEARANCE"
    URGENT = "URGENT"
    EMERGENCY = "EMERGENCY"

    @property
    def severity(self) -> int:
        """0 for CLEAR up to 4 for EMERGENCY."""
        return _SEVERITY[self]

    @property
    def stops(self) -> bool:
        """Whether nothing may be recommended, priced or offered."""
        return self in (Level.URGENT, Level.EMERGENCY)


_SEVERITY = {level: severity for severity, level in enumerate(Level)}


def is_cleared(level: Level | None, cleared_until_on: date | None, on: date) -> bool:
    """Whether a held intake has been released for a session on that day."""
    return level is Level.CLEARANCE and cleared_until_on is not None and on <= cleared_until_on


def level_on(level: Level, cleared_until_on: date | None, on: date) -> Level:
    """Gives the level that counts on a day: what is held and has been released is adapted, never clear."""
    return Level.ADAPT if is_cleared(level, cleared_until_on, on) else level


class Releaser(StrEnum):
    """Who may release what is held for clearance, from the one who asks least to the strictest."""

    RECEPTION = "reception"
    THERAPIST = "therapist"
    CLINICIAN = "clinician"

    @property
    def strictness(self) -> int:
        return list(Releaser).index(self)
