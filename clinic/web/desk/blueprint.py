"""The desk's blueprint, and what stands in the bar of each of its pages."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, g, request
from flask_login import current_user

from clinic.booking import board, queue
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput
from clinic.web import database, reading
from clinic.web.filters import zone_place
from clinic.web.times import slot_value

blueprint = Blueprint("desk", __name__, url_prefix="/desk")
FURTHEST_DAYS = 800


@blueprint.context_processor
def bar() -> dict[str, Any]:
    """What the bar shows: how many wait for someone, and the role's part of the pages."""
    if not current_user.is_authenticated:
        return {}
    return {
        "here": "desk",
        "waiting": queue.waiting(database.session(), database.now()),
        "slot_value": slot_value,
        "day_args": day_args,
        "zone_word": zone_word,
    }


def day_args(**changes: str) -> dict[str, Any]:
    """The words of the address that stay when one turns to another day, site, length or view."""
    kept = {name: request.args[name] for name in ("on", "site", "minutes", "view") if request.args.get(name)}
    return {name: value for name, value in {**kept, **changes}.items() if value}


def actor() -> str:
    """Under which name what is done here is written down."""
    return str(current_user.actor)


def places() -> list[board.Place]:
    """The active sites, read once for a request."""
    if "places" not in g:
        g.places = board.places(database.session())
    found: list[board.Place] = g.places
    return found


def places_on(first_day: date, days: int) -> list[board.Place]:
    """The active sites, and those switched off that still have appointments on these days."""
    return board.places_in_use(database.session(), first_day, days)


def chosen_of(found: list[board.Place]) -> list[board.Place]:
    """The site that the address asks for, or all of them."""
    slug = request.args.get("site", "")
    return [place for place in found if place.slug == slug] or found


def slug_of(chosen: list[board.Place], found: list[board.Place]) -> str:
    """The slug of the one site chosen among several, '' for all."""
    return chosen[0].slug if len(chosen) == 1 and len(found) > 1 else ""


def today() -> date:
    """Today at the site that the address asks for, else at the first one."""
    chosen = chosen_of(places())
    return local_day(database.now(), chosen[0].tz if chosen else "UTC")


def zone_word(tz: str) -> str:
    """', New York time' where the open sites do not all keep one time; else ''."""
    return f", {zone_place(tz)} time" if any(place.tz != tz for place in places()) else ""


def local_day(instant: datetime, tz: str) -> date:
    """The day that the wall clock of `tz` shows then."""
    return walltime.local(instant, walltime.zone(tz)).date()


def asked_day(name: str = "on") -> date:
    """The day that the address asks for; today where it is not one, or too far away."""
    return read_day(request.args.get(name)) or today()


def typed_day(text: str, field: str) -> date:
    """The day that was typed into a form; BadInput, at its field, for none and for one too far away."""
    day = reading.read_day(text, field)
    if abs(day - today()) > timedelta(days=FURTHEST_DAYS):
        raise BadInput("Choose a day within two years of today.", field)
    return day


def read_day(text: str | None) -> date | None:
    """A day as the forms send it ('2026-11-24'); None for anything else, and for one too far away."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if abs(day - today()) <= timedelta(days=FURTHEST_DAYS) else None
