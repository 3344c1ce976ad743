"""What reception is told where a search finds nothing: why, and the nearest ways out as links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from clinic.booking.board import Place
from clinic.booking.slots import WayOut, Wish, why_nothing
from clinic.catalog.models import OfferingOption
from clinic.roster.explaining import Way
from clinic.web import no_times
from clinic.web.desk.blueprint import local_day
from clinic.web.numbers import read_whole

# The days whose emptiness is explained; ways out are looked for further ahead.
DAYS = 28


@dataclass(frozen=True, slots=True)
class Nothing:
    """A sentence to read out, and ways out as words and address."""

    sentence: str
    ways: tuple[tuple[str, str], ...]


def explain(
    session: Session,
    number: int,
    wish: Wish,
    option: OfferingOption,
    sites: Sequence[Place],
    people: Mapping[str, str],
    since: datetime,
    now: datetime,
) -> Nothing | None:
    """Why nothing is free for a wish from `since` on at the first of the sites; None where something is.

    `number` is the call's, `people` the names by number as the page's form has them.
    """
    first = max(local_day(since, sites[0].tz), local_day(now, sites[0].tz))
    found = why_nothing(
        session,
        wish,
        first,
        DAYS,
        now,
        options=[
            each.id for each in option.offering.options if each.pressure_lightest <= option.pressure_lightest
        ],
        other_sites=[site.id for site in sites[1:]],
    )
    if found is None:
        return None
    names = no_times.Names(
        people={int(value): name for value, name in people.items() if read_whole(value) is not None},
        sites={site.id: (site.name, site.tz) for site in sites},
        site=sites[0].name,
        minutes=option.minutes,
        person=people.get(str(wish.therapist_id), ""),
    )
    said = no_times.explained(found, names, now, at_desk=True)
    slugs = {site.id: site for site in sites}
    ways = ((way.words, _href(number, way.out, slugs[way.out.site_id], wish)) for way in said.ways)
    return Nothing(said.sentence, tuple(ways))


def _href(number: int, way: WayOut, site: Place, wish: Wish) -> str:
    """The page of times asked anew; another length is chosen among the sessions."""
    if way.way is Way.SHORTER:
        return url_for("desk.call_session", number=number)
    who = str(wish.therapist_id or (wish.gender.value if wish.gender else "any"))
    if way.way is Way.OTHER_THERAPIST:
        who = str(way.slot.therapist_id)
    asked: dict[str, Any] = {"site": site.slug, "with": who}
    asked["on"] = local_day(way.slot.starts_at, site.tz).isoformat()
    return url_for("desk.call_time", number=number, **asked)
