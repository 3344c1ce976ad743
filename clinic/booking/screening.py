"""Whether an intake lets an option be booked: asked wherever something is held, booked, moved or repeated."""

from __future__ import annotations

from datetime import date

from clinic.catalog.models import OfferingOption
from clinic.intake import services as intakes
from clinic.intake.clearances import WAITING
from clinic.intake.level import Level, is_cleared
from clinic.intake.models import Intake
from clinic.intake.restrictions import Restrictions
from clinic.kernel.errors import Excluded, NotCleared

BOOKABLE = frozenset({Level.CLEAR, Level.ADAPT})


def check_allowed(
    intake: Intake | None, option: OfferingOption, on: date, *, provisionally: bool = False
) -> None:
    """NotCleared unless a time may be booked for the day `on`; Excluded unless the option goes with it.

    What is held may be booked once it is cleared until that day, or `provisionally` while somebody has
    been asked and has not decided. The sentences are for anybody's eyes: what is not offered, never why.
    """
    if intake is None or intake.level is None:
        raise NotCleared("The health questions come first.")
    if not is_bookable(intake, on) and not (provisionally and waits(intake)):
        raise NotCleared()
    if not suits(intakes.restrictions_of(intake), option):
        raise Excluded()


def is_bookable(intake: Intake, on: date) -> bool:
    """Whether a session on that day stands: nothing holds it, or it has been cleared until then."""
    return intake.level in BOOKABLE or is_cleared(intake.level, intake.cleared_until_on, on)


def waits(intake: Intake) -> bool:
    """Whether somebody has been asked to decide about a held intake and may still say yes."""
    return (
        intake.level is Level.CLEARANCE
        and intake.clearance is not None
        and intake.clearance.status in WAITING
    )


def suits(limits: Restrictions, option: OfferingOption) -> bool:
    """Whether technique, lightest pressure and length keep to the limits."""
    if option.offering.technique in limits.excluded:
        return False
    if limits.pressure_cap is not None and option.pressure_lightest > limits.pressure_cap:
        return False
    return limits.max_minutes is None or option.minutes <= limits.max_minutes
