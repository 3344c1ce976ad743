"""Whether an intake lets an option be booked: asked wherever something is held, booked or moved."""

from __future__ import annotations

from clinic.catalog.models import OfferingOption
from clinic.intake import services as intakes
from clinic.intake.level import Level
from clinic.intake.models import Intake
from clinic.intake.restrictions import Restrictions
from clinic.kernel.errors import Excluded, NotCleared

BOOKABLE = frozenset({Level.CLEAR, Level.ADAPT})


def check_allowed(intake: Intake | None, option: OfferingOption) -> None:
    """NotCleared unless the intake's outcome lets a time be booked; Excluded unless the option goes with it.

    The sentences are for anybody's eyes: they say what is not offered, never why.
    """
    if intake is None or intake.level is None:
        raise NotCleared("The health questions come first.")
    if intake.level not in BOOKABLE:
        raise NotCleared()
    if not suits(intakes.restrictions_of(intake), option):
        raise Excluded()


def suits(limits: Restrictions, option: OfferingOption) -> bool:
    """Whether technique, lightest pressure and length keep to the limits."""
    if option.offering.technique in limits.excluded:
        return False
    if limits.pressure_cap is not None and option.pressure_lightest > limits.pressure_cap:
        return False
    return limits.max_minutes is None or option.minutes <= limits.max_minutes
