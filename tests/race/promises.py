"""What was promised in a history, and is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.race.history import Operation, Violation
from tests.race.two import CHANGES_TWO, JOINS, MAKES_TWO

if TYPE_CHECKING:
    from tests.race.timeline import Timeline

OF_MANY = frozenset({"decide", "renew", "worse", "move_series", "cancel_series", "lapse"})
CHANGES_OF_MANY = OF_MANY | CHANGES_TWO | JOINS | {"join"}
MAY_CHANGE_NOTHING = frozenset({"lapse", "choose_again", "confirm_pair", "release_pair", "cancel_party"})


def what_is_lost(timeline: Timeline) -> Iterator[Violation]:
    """What was promised and left no trace."""
    afterwards = timeline.history.afterwards
    makes = {"hold": afterwards.holds, "book": afterwards.appointments, "time_off": afterwards.absences}
    said = {"hold": "hold", "book": "appointment", "time_off": "absence", "confirm": "appointment"}
    must_leave_a_trace = {*makes, *MAKES_TWO, *CHANGES_OF_MANY} - MAY_CHANGE_NOTHING
    for asked in timeline.history.operations:
        if asked.kind == "series":
            yield from _not_whole(asked, timeline)
        if asked.answer != "ok" or asked.kind == "series":
            continue
        what = said.get(asked.kind)
        kept = makes.get(asked.kind, afterwards.appointments)
        if what and asked.facts[what] not in kept:
            yield Violation("lost", f"{asked} was promised {what} {asked.facts[what]}, and it is nowhere")
        elif asked.id not in timeline.effective and asked.kind in must_leave_a_trace:
            yield Violation("lost", f"{asked} was promised something, and nothing was made for it")


def _not_whole(asked: Operation, timeline: Timeline) -> Iterator[Violation]:
    """A series is there whole or not at all; not known only where another was made of the same first."""
    made = sum(actor == asked.id for _appointment, actor in timeline.done)
    others = [each for each in timeline.history.operations if each.kind == "series" and each is not asked]
    rivals = [each for each in others if each.args["after"] == asked.args["after"]]
    whole = [len(asked.facts["made"])] if asked.answer == "ok" else [0, len(asked.args["dates"])]
    if made not in whole and (asked.is_known or not rivals):
        yield Violation("lost", f"{asked} left {made} appointments instead of {whole[-1]}")
