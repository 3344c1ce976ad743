"""The owner's writing: skills, offerings, options and prices."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, OfferingOption, Skill
from clinic.catalog.writing import fresh, keep, refuse_double, words
from clinic.intake.techniques import Technique, load_techniques
from clinic.kernel import signs
from clinic.kernel.errors import BadInput, NotFound
from clinic.kernel.money import SYMBOLS

LONGEST_BUFFER = 240
SHORTEST, LONGEST = 5, 480
DEAREST_MINOR = 99_999_99
LONGEST_SUMMARY = 1000


@dataclass(frozen=True, slots=True)
class OptionFacts:
    """What an owner says of a length: minutes, the price in minor units.

    Pressures run from 1 to 5 and lie within those of the technique; None takes the technique's own.
    """

    minutes: int
    price_minor: int
    currency: str
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    turnover_minutes: int = 0
    pressure_lightest: int | None = None
    pressure_firmest: int | None = None
    is_active: bool = True


def save_skill(session: Session, name: str, skill_id: int | None = None, is_active: bool = True) -> Skill:
    """A new or changed skill; two skills have two names."""
    skill = session.get(Skill, skill_id) if skill_id else Skill()
    if skill is None:
        raise NotFound()
    named = words(name, 80)
    refuse_double(session, Skill, Skill.name == named, skill_id, "There is a skill of that name already.")
    skill.name, skill.is_active = named, is_active
    return keep(session, skill, "There is a skill of that name already.")


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
    """A new or changed offering. `technique` is one of the clinical content's; two have two names.

    An offering keeps its technique: what was judged to suit somebody must stay what it was.
    """
    offering = fresh(session.get(Offering, offering_id), version) if offering_id else None
    named = words(name, 80)
    desk_named = words(desk_name, 40, "desk_name", "Enter a name for the desk.")
    if technique not in load_techniques().by_id:
        raise BadInput("Choose one of the techniques.", "technique")
    if offering is not None and offering.technique != technique:
        raise BadInput("The technique stays. Add another session type instead.", "technique")
    if session.get(Skill, skill_id) is None:
        raise BadInput("Choose one of the skills.", "skill_id")
    signs.check(summary, "summary")
    if len(summary.strip()) > LONGEST_SUMMARY:
        raise BadInput(f"Use {LONGEST_SUMMARY} signs or fewer.", "summary")
    if not 0 <= position <= 999:
        raise BadInput("Enter a number from 0 to 999.", "position")
    double = "There is a session type of that name already."
    refuse_double(session, Offering, Offering.name == named, offering_id, double)
    offering = offering or Offering()
    offering.name, offering.desk_name, offering.technique = named, desk_named, technique
    offering.skill_id, offering.summary = skill_id, summary.strip()
    offering.position, offering.is_active = position, is_active
    return keep(session, offering, double)


def save_option(
    session: Session,
    offering_id: int,
    facts: OptionFacts,
    option_id: int | None = None,
    version: int | None = None,
) -> OfferingOption:
    """A new or changed length of an offering. What is booked keeps the price agreed.

    A length that is there keeps its minutes, for whatever is booked has that length: BadInput otherwise.
    """
    offering = session.get(Offering, offering_id)
    if offering is None:
        raise NotFound()
    option = fresh(session.get(OfferingOption, option_id), version) if option_id else None
    if option is not None and option.offering_id != offering_id:
        raise NotFound()
    check_option(facts, load_techniques().by_id[offering.technique])
    if option is not None and option.minutes != facts.minutes:
        raise BadInput("A length stays as it is. Add another and switch this one off.", "minutes")
    double = sa.and_(OfferingOption.offering_id == offering_id, OfferingOption.minutes == facts.minutes)
    sentence = "This session type has that length already."
    refuse_double(session, OfferingOption, double, option_id, sentence, "minutes")
    option = option or OfferingOption(offering_id=offering_id)
    technique = load_techniques().by_id[offering.technique]
    for name in OptionFacts.__slots__:
        setattr(option, name, getattr(facts, name))
    option.pressure_lightest = facts.pressure_lightest or technique.lightest
    option.pressure_firmest = facts.pressure_firmest or technique.firmest
    return keep(session, option, sentence, "minutes")


def check_option(facts: OptionFacts, technique: Technique) -> None:
    """Refuses lengths and buffers that the diary's five minutes cannot hold, and pressures out of range."""
    if not SHORTEST <= facts.minutes <= LONGEST or facts.minutes % 5:
        raise BadInput(f"Enter a length from {SHORTEST} to {LONGEST} minutes that 5 goes into.", "minutes")
    for field in ("buffer_before_minutes", "buffer_after_minutes", "turnover_minutes"):
        value = getattr(facts, field)
        if not 0 <= value <= LONGEST_BUFFER or value % 5:
            raise BadInput(f"Enter minutes from 0 to {LONGEST_BUFFER} that 5 goes into.", field)
    if not 0 <= facts.price_minor <= DEAREST_MINOR:
        raise BadInput("Enter a price like 62 or 62.50.", "price")
    if facts.currency not in SYMBOLS:
        raise BadInput("Choose one of the currencies.", "currency")
    lightest = facts.pressure_lightest or technique.lightest
    firmest = facts.pressure_firmest or technique.firmest
    if lightest > firmest:
        raise BadInput("The firmest pressure must not be lighter than the lightest.", "pressure_firmest")
    if lightest < technique.lightest or firmest > technique.firmest:
        raise BadInput(
            f"This technique goes from {technique.lightest} to {technique.firmest} of 5.", "pressure_lightest"
        )
