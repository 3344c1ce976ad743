"""Judges the history of a concurrent run against the sequential model: `violations(history)`.

What it holds against a run, each in a sentence that names the operations:

- double: two who stood on one square at the same time, or one thing that was done twice
- lost: what was acknowledged and is not there afterwards, or stands otherwise
- phantom: what is there and was never asked for, or was refused
- refusal: a no that nothing justified at any moment between asking and answer
- order, state: what cannot have been done in any order, or not from how things stood
- error: an answer that is neither a yes nor a refusal nor a lost connection

An operation without an answer may or may not have been done; the ledger says which. Where it cannot be known
when something began or ended, it counts as standing when a refusal is judged, and as not standing when two
on one square are looked for: so nothing is held against a run that could have been right.
"""

from __future__ import annotations

from tests.race.history import History, Violation
from tests.race.judge import Judge
from tests.race.remains import diary_as_it_is
from tests.race.squares import Squares, stays_of, stays_of_room
from tests.race.timeline import Timeline


def violations(history: History) -> list[Violation]:
    """Everything that is wrong with a run; nothing where it could have been done one after another."""
    timeline = Timeline(history)
    stays = [stay for thing in timeline.things for stay in stays_of(thing, timeline)]
    stays += [stay for two in timeline.rooms for stay in stays_of_room(two, timeline)]
    squares = Squares(stays, history.house)
    judge = Judge(timeline, squares)
    found = [*errors(history), *timeline.found, *double_bookings(squares)]
    return [*found, *judge.look(), *diary_as_it_is(timeline)]


def errors(history: History) -> list[Violation]:
    return [
        Violation("error", f"{asked} was told: {asked.facts.get('said', 'an error')}")
        for asked in history.operations
        if asked.answer == "error"
    ]


def double_bookings(squares: Squares) -> list[Violation]:
    pairs: dict[tuple[str, str], str] = {}
    for one, other in squares.doubles():
        kind, owner, _low, _high = one.square
        pairs.setdefault((one.thing.name, other.thing.name), f"{kind} {owner}")
    return [
        Violation("double", f"{one} and {other} both had {owner} at one time")
        for (one, other), owner in pairs.items()
    ]
