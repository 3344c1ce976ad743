"""What the clinic can give at all: its offerings, as far as somebody there is trained for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.screening import suits
from clinic.catalog import queries as catalog
from clinic.catalog.models import Offering, OfferingOption
from clinic.intake.restrictions import Restrictions
from clinic.roster.models import Site, Therapist, WorkingHours, therapist_skill

NO_LENGTH = "We have no length of this that goes with what you told us"


@dataclass(frozen=True, slots=True)
class Offer:
    """An offering and those of its lengths that may be booked, shortest first."""

    offering: Offering
    options: tuple[OfferingOption, ...]

    @property
    def technique(self) -> str:
        return self.offering.technique

    def nearest(self, minutes: int) -> OfferingOption:
        """The longest length of at most `minutes`, or else the shortest there is."""
        return max(
            (option for option in self.options if option.minutes <= minutes),
            key=lambda option: option.minutes,
            default=self.options[0],
        )


def skills_given(session: Session, site_id: int | None = None) -> set[int]:
    """The skills that an active therapist with working hours at the site (or any active site) has."""
    wanted = (
        sa.select(therapist_skill.c.skill_id)
        .join(Therapist, Therapist.id == therapist_skill.c.therapist_id)
        .join(WorkingHours, WorkingHours.therapist_id == Therapist.id)
        .join(Site, Site.id == WorkingHours.site_id)
        .where(Therapist.is_active, Site.is_active)
        .distinct()
    )
    if site_id is not None:
        wanted = wanted.where(Site.id == site_id)
    return set(session.scalars(wanted))


def offered(session: Session, site_id: int | None = None) -> list[Offer]:
    """Everything that somebody there can give, with all its active lengths."""
    found = catalog.offerings(session, skill_ids=skills_given(session, site_id))
    return [Offer(offering, tuple(catalog.active_options(offering))) for offering in found]


def within(offers: list[Offer], limits: Restrictions) -> list[Offer]:
    """The offers as the limits of an intake leave them; those with no length left are gone."""
    kept = (
        Offer(offer.offering, tuple(option for option in offer.options if suits(limits, option)))
        for offer in offers
    )
    return [offer for offer in kept if offer.options]


def techniques_offered(offers: list[Offer], limits: Restrictions) -> Mapping[str, str | None]:
    """For each technique on offer None, or why none of it may be booked: what a recommendation asks for."""
    left = {offer.technique for offer in within(offers, limits)}
    return {offer.technique: None if offer.technique in left else NO_LENGTH for offer in offers}
