"""The five levels of an outcome, and who may release what is held."""

from __future__ import annotations

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


class Releaser(StrEnum):
    """Who may release what is held for clearance, from the one who asks least to the strictest."""

    RECEPTION = "reception"
    THERAPIST = "therapist"
    CLINICIAN = "clinician"

    @property
    def strictness(self) -> int:
        return list(Releaser).index(self)
