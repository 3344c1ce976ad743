"""The time held for two has gone back: hold it again, or one of the three nearest; what was typed stays."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.booking import pair_journeys
from clinic.kernel.errors import Refusal
from clinic.web import database
from clinic.web.journey import pair, shared, together_time, way
from clinic.web.times import slot_value


def gone_back(refused: Refusal | None = None) -> ResponseReturnValue:
    """The page that says so; to the times where nothing is left to hold again."""
    found = pair.expect()
    held = pair_journeys.holds_of(found)
    if held is None:
        return way.onward()
    one = held[0]
    search = together_time.Search(one.site, found.is_one_room, None, shows_all=False)
    is_over = one.starts_at < shared.earliest(found, database.now())
    return render_template(
        "journey/pair_gone_back.html",
        held=one,
        refused=refused.sentence if refused else "",
        may_hold_again=refused is None and not is_over,
        value=slot_value(one.starts_at),
        options=[each.option_id for each in pair_journeys.both(found)],
        nearest=together_time.nearest(search, one.starts_at),
        args=search.args(),
    ), 409
