"""The first page: what we do, who we are, what it costs, where we are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, selectinload

from clinic.booking import offers
from clinic.booking.offers import Offer
from clinic.roster.models import Site, Therapist, WorkingHours
from clinic.web import access, context, database
from clinic.web.journey import texts
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.hours import opening_words

PLAIN = frozenset({"swedish", "deep_tissue", "trigger_point", "myofascial", "craniosacral", "shiatsu"})
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True, slots=True)
class Place:
    """A site, who works there, and when it is open."""

    site: Site
    people: tuple[Therapist, ...]
    hours: tuple[str, ...]


@blueprint.get("/")
@access.public
def landing() -> ResponseReturnValue:
    session = database.session()
    found = offers.offered(session)
    places = places_of(session)
    names = {person.id for place in places for person in place.people}
    main = context.main_site()
    return render_template(
        "journey/landing.html",
        offers=found,
        cards=[
            (offer, texts.card(offer.technique), texts.firmness(offer.technique)) for offer in _main(found)
        ],
        more=[offer for offer in found if offer not in _main(found)],
        places=places,
        has_people=bool(names),
        people_words=f"{number_word(len(names))} {'person' if len(names) == 1 else 'people'}",
        cards_words=number_word(len(_main(found))),
        is_open=bool(found) and main is not None,
        change_hours=main.change_until_minutes // 60 if main else 24,
    )


def number_word(number: int) -> str:
    """'Six' up to ten, figures from there on."""
    return NUMBERS[number] if number < len(NUMBERS) else str(number)


def _main(found: Sequence[Offer]) -> list[Offer]:
    """The ways of working that stand in the first list; all, where the clinic has none of the six."""
    plain = [offer for offer in found if offer.technique in PLAIN]
    return plain or list(found)


def places_of(session: Session) -> list[Place]:
    """The active sites with their people and opening hours; four statements."""
    sites = session.scalars(sa.select(Site).where(Site.is_active).order_by(Site.id)).all()
    people = session.scalars(
        sa.select(Therapist)
        .where(Therapist.is_active)
        .options(selectinload(Therapist.skills))
        .order_by(Therapist.name)
    ).all()
    today = database.now().date()
    rows = session.execute(
        sa.select(
            WorkingHours.site_id,
            WorkingHours.therapist_id,
            WorkingHours.weekday,
            WorkingHours.opens,
            WorkingHours.closes,
        ).where(
            WorkingHours.valid_from_on <= today,
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= today),
        )
    ).all()
    known = {person.id for person in people}
    return [
        Place(
            site,
            tuple(
                person for person in people if any(row[0] == site.id and row[1] == person.id for row in rows)
            ),
            opening_words(
                [(row[2], row[3], row[4]) for row in rows if row[0] == site.id and row[1] in known]
            ),
        )
        for site in sites
    ]
