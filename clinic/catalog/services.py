"""The owner's writing: skills, offerings, options and prices."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, OfferingOption, Skill
from clinic.intake.techniques import load_techniques
from clinic.kernel.errors import BadInput, NotFound, Stale

LONGEST_BUFFER = 240


@dataclass(frozen=True, slots=True)
class OptionFacts:
    """What an owner says of a length: minutes, the price in minor units, pressures from 1 to 5."""

    minutes: int
    price_minor: int
    currency: str
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    turnover_minutes: int = 0
    pressure_lightest: int = 1
    pressure_firmest: int = 5
    is_active: bool = True


def save_skill(session: Session, name: str, skill_id: int | None = None, is_active: bool = True) -> Skill:
    """A new or changed skill; two skills have two names."""
    words = " ".join(name.split())
    if not 1 <= len(words) <= 80:
        raise BadInput("Enter a name of 80 signs or fewer.", "name")
    double = session.scalar(sa.select(Skill.id).where(Skill.name == words))
    if double is not None and double != skill_id:
        raise BadInput("There is a skill of that name already.", "name")
    skill = session.get(Skill, skill_id) if skill_id else Skill()
    if skill is None:
        raise NotFound()
    skill.name, skill.is_active = words, is_active
    session.add(skill)
    session.flush()
    return skill


def save_offering(
    session: Session,
    *,
    name: str,
    desk_name: str,
    technique: str,
    skill_id: int,
    summary: str = "",
    position: int = 0,
    is_active: bool = True,
    offering_id: int | None = None,
    version: int | None = None,
) -> Offering:
    """A new or changed offering. `technique` is one of the clinical content's; two have two names."""
    words, desk_words = " ".join(name.split()), " ".join(desk_name.split())
    if not 1 <= len(words) <= 80:
        raise BadInput("Enter a name of 80 signs or fewer.", "name")
    if not 1 <= len(desk_words) <= 40:
        raise BadInput("Enter a name for the desk of 40 signs or fewer.", "desk_name")
    if technique not in load_techniques().by_id:
        raise BadInput("Choose one of the techniques.", "technique")
    if session.get(Skill, skill_id) is None:
        raise BadInput("Choose one of the skills.", "skill_id")
    double = session.scalar(sa.select(Offering.id).where(Offering.name == words))
    if double is not None and double != offering_id:
        raise BadInput("There is a session of that name already.", "name")
    offering = session.get(Offering, offering_id) if offering_id else Offering()
    if offering is None:
        raise NotFound()
    if version is not None and offering_id and offering.version != version:
        raise Stale()
    offering.name, offering.desk_name, offering.technique = words, desk_words, technique
    offering.skill_id, offering.summary = skill_id, summary.strip()
    offering.position, offering.is_active = position, is_active
    session.add(offering)
    session.flush()
    return offering


def save_option(
    session: Session,
    offering_id: int,
    facts: OptionFacts,
    option_id: int | None = None,
    version: int | None = None,
) -> OfferingOption:
    """A new or changed length of an offering. What is booked keeps the price and length agreed."""
    check_option(facts)
    double = session.scalar(
        sa.select(OfferingOption.id).where(
            OfferingOption.offering_id == offering_id, OfferingOption.minutes == facts.minutes
        )
    )
    if double is not None and double != option_id:
        raise BadInput("This session has that length already.", "minutes")
    option = session.get(OfferingOption, option_id) if option_id else OfferingOption(offering_id=offering_id)
    if option is None or option.offering_id != offering_id:
        raise NotFound()
    if version is not None and option_id and option.version != version:
        raise Stale()
    for name in OptionFacts.__slots__:
        setattr(option, name, getattr(facts, name))
    session.add(option)
    session.flush()
    return option


def check_option(facts: OptionFacts) -> None:
    """Refuses lengths and buffers that the diary's five minutes cannot hold, and pressures out of range."""
    if not 5 <= facts.minutes <= 480 or facts.minutes % 5:
        raise BadInput("Enter a length from 5 to 480 minutes that 5 goes into.", "minutes")
    for field in ("buffer_before_minutes", "buffer_after_minutes", "turnover_minutes"):
        value = getattr(facts, field)
        if not 0 <= value <= LONGEST_BUFFER or value % 5:
            raise BadInput(f"Enter minutes from 0 to {LONGEST_BUFFER} that 5 goes into.", field)
    if not 0 <= facts.price_minor <= 99_999_99:
        raise BadInput("Enter a price like 62 or 62.50.", "price")
    if not 1 <= facts.pressure_lightest <= facts.pressure_firmest <= 5:
        raise BadInput("The firmest pressure must not be lighter than the lightest.", "pressure_firmest")
