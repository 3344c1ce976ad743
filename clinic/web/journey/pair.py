"""Two on the way from one browser: whose turn it is, and what that means for every page of the way.

Who goes alone costs nothing of this: without the mark in the cookie nothing is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask import abort, g, url_for

from clinic.booking import pair_journeys
from clinic.booking.models import Journey, JourneyPair
from clinic.booking.pair_journeys import Names
from clinic.booking.pair_steps import PairState, PairStep, Turn, next_step
from clinic.web import database, remembered
from clinic.web.journey.blueprint import blueprint

ENDPOINTS = {
    PairStep.DONE: "journey.together_turn",
    PairStep.HAND_OVER: "journey.together_turn",
    PairStep.ONLY_ONE: "journey.together_turn",
    PairStep.TIME: "journey.together_time",
    PairStep.DETAILS: "journey.together_details",
    PairStep.CHECK: "journey.together_check",
    PairStep.BOOKED: "journey.together_booked",
}


@dataclass(frozen=True, slots=True)
class Two:
    """How the pages speak of the two in somebody's turn: first names, and that there is another one."""

    here: str
    other: str


def current() -> JourneyPair | None:
    """The pair of this browser, looked up once for a request, and only where the cookie says there is one."""
    if not remembered.is_two():
        return None
    if "pair" not in g:
        token = remembered.way_token()
        g.pair = None
        if token is not None:
            g.pair = pair_journeys.find(database.session(), database.now(), token)
    return cast("JourneyPair | None", g.pair)


def expect() -> JourneyPair:
    """The pair; only for pages that are opened for one."""
    found = current()
    if found is None:
        abort(404)
    return found


def look_again() -> None:
    """After a service has changed the pair."""
    g.pop("pair", None)


def state() -> PairState:
    found = current()
    return pair_journeys.state_of(found) if found is not None else PairState()


def whose_journey() -> Journey | None:
    """The journey of whoever has the screen; None while it is for both."""
    found = expect()
    return pair_journeys.journey_of(found, found.turn)


def names() -> Names:
    return pair_journeys.names_of(expect())


def mark() -> str:
    """What a page of one of the two carries in its forms, so that it is never sent in the other's turn."""
    found = current()
    return f"{found.id}-{found.turn}" if found is not None and found.turn is not Turn.BOTH else ""


def next_href() -> str | None:
    """The address of the next step of two; None for who goes alone, and within the part of one of them."""
    if current() is None:
        return None
    step = next_step(state())
    return url_for(ENDPOINTS[step]) if step in ENDPOINTS else None


@blueprint.context_processor
def for_templates() -> dict[str, Any]:
    """`two` and `whose` in somebody's turn, for the pages that are theirs."""
    found = current()
    if found is None or found.turn is Turn.BOTH:
        return {"two": None, "whose": ""}
    called = pair_journeys.names_of(found)
    other = Turn.SECOND if found.turn is Turn.FIRST else Turn.FIRST
    return {"two": Two(called.short(found.turn), called.short(other)), "whose": mark()}
