"""Everything the owner has, in use or not: skills and session types."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, Skill


def all_skills(session: Session) -> list[Skill]:
    """Every skill, those in use first, by name."""
    return list(session.scalars(sa.select(Skill).order_by(Skill.is_active.desc(), Skill.name)))


def all_offerings(session: Session) -> list[Offering]:
    """Every session type with its lengths, those on offer first, in the owner's order."""
    wanted = sa.select(Offering).order_by(Offering.is_active.desc(), Offering.position, Offering.name)
    return list(session.scalars(wanted))
