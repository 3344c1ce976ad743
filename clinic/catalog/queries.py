"""Reading the catalogue: what is offered, in which lengths, at what price. Two statements each, always."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, OfferingOption


def active_offerings() -> sa.Select[Offering]:
    """The offerings the clinic has, in the owner's order."""
    return sa.select(Offering).where(Offering.is_active).order_by(Offering.position, Offering.name)


def offerings(
    session: Session, *, technique: str | None = None, skill_ids: Collection[int] | None = None
) -> list[Offering]:
    """The active offerings with an active option, of a technique or for somebody's skills where given."""
    wanted = active_offerings()
    if technique is not None:
        wanted = wanted.where(Offering.technique == technique)
    if skill_ids is not None:
        wanted = wanted.where(Offering.skill_id.in_(skill_ids))
    return [offering for offering in session.scalars(wanted) if active_options(offering)]


def active_options(offering: Offering) -> list[OfferingOption]:
    """The lengths that can be booked, shortest first."""
    return [option for option in offering.options if option.is_active]
