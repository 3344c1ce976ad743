"""What the address of a page of times asks for, read without asking the database who works where.

Somebody who does not work there, or does not give the session, has no times: that is told by the search.
"""

from __future__ import annotations

import sqlalchemy as sa
from flask import request

from clinic.booking.kept import Filters, filters_of
from clinic.booking.models import Journey
from clinic.roster.models import Gender, Site
from clinic.web import database
from clinic.web.journey import way
from clinic.web.numbers import read_whole


def site(journey: Journey) -> Site:
    """The site asked for; else that of the time held, or the clinic's first."""
    main, slug = way.site(), request.args.get("site")
    if slug == main.slug:
        return main
    if slug is not None:
        named = database.session().scalar(sa.select(Site).where(Site.slug == slug, Site.is_active))
        return named or main
    return journey.hold.site if journey.hold else main


def filters(journey: Journey) -> Filters:
    """Whom the address asks for, and whether a room without steps; else what was chosen before."""
    kept = filters_of(journey)
    person = request.args.get("with") or kept.person
    if person not in (*Gender, "any") and read_whole(person) is None:
        person = "any"
    step_free = request.args.get("step_free") == "y" if request.args else kept.is_step_free
    return Filters(person, step_free)
