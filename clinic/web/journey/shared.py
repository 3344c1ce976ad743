"""What the pages for both have in common: who the two are, with their sessions, and the time held for them.

Nothing here is of anybody's answers: names, sessions, prices and times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.booking import journeys, pair_journeys, provisional_times
from clinic.booking.models import Hold, JourneyPair
from clinic.booking.pair_steps import PairStep, Turn, may_open, waits
from clinic.catalog.models import OfferingOption
from clinic.web import database
from clinic.web.journey import pair, way


@dataclass(frozen=True, slots=True)
class Person:
    """One of the two, as a page for both shows them. `waits`: theirs is kept until somebody has decided."""

    turn: Turn
    name: str
    short: str
    option: OfferingOption
    talk: int
    held: Hold | None
    waits: bool


def sent_elsewhere(step: PairStep) -> ResponseReturnValue | None:
    """A redirect to where the two stand, when `step` is not open; None when it is."""
    if pair.current() is None or not may_open(pair.state(), step):
        return way.onward()
    if both_are_children(pair.expect()):
        return render_template("journey/pair_children.html")
    return None


def both_are_children(found: JourneyPair) -> bool:
    """Whether by the answers two children come, and nobody who could answer for them."""
    return pair_journeys.is_child(found.first) and pair_journeys.is_child(found.second)


def people(found: JourneyPair) -> list[Person]:
    """The two in their order; both have chosen a session."""
    called, made = pair_journeys.names_of(found), []
    for turn, journey in zip((Turn.FIRST, Turn.SECOND), pair_journeys.both(found), strict=True):
        assert journey.option is not None
        talk = journey.hold.talk_minutes if journey.hold else journeys.talk_minutes(journey, way.site())
        name, short = called.of(turn), called.short(turn)
        is_waiting = waits(journeys.state_of(journey))
        made.append(Person(turn, name, short, journey.option, talk, journey.hold, is_waiting))
    return made


def not_certain(names: list[str]) -> str:
    """The sentence that says whose time is not certain yet; '' where everybody's is."""
    if not names:
        return ""
    return f"{names[0]}’s time is not certain yet." if len(names) == 1 else "Both times are not certain yet."


def earliest(found: JourneyPair, now: datetime) -> datetime:
    """The first instant that may be offered to both: far enough ahead to decide before, where one waits."""
    either = any(waits(journeys.state_of(each)) for each in pair_journeys.both(found))
    return now + provisional_times.LEAST_AHEAD if either else now


def nobody_decides() -> ResponseReturnValue:
    """Somebody said no meanwhile, or an answer has changed: the other one has the choice, or it is old."""
    with database.transaction() as session:
        pair_journeys.wait_no_more(session, database.now(), pair.expect().id)
    way.look_again()
    return way.brought_back()
