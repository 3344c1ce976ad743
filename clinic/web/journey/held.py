"""The time that is held: its banner on the pages after it, and the page that says it went back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import render_template
from flask.typing import ResponseReturnValue

from clinic.booking import journeys, slots
from clinic.booking.journeys import Filters
from clinic.booking.models import Hold, Journey
from clinic.kernel.errors import Refusal
from clinic.web import database, filters, people_at
from clinic.web.journey import provisional, week
from clinic.web.times import slot_value


@dataclass(frozen=True, slots=True)
class Banner:
    """What the banner shows: the time, until when, the seconds that are left, and whether it is kept."""

    what: str
    until: str
    until_iso: str
    seconds_left: int
    seconds_all: int
    is_kept: bool = True


def banner(held: Hold) -> Banner:
    """The banner of a hold; with no seconds left once it is over."""
    zone = held.site.tz
    left = (held.expires_at - database.now()).total_seconds()
    return Banner(
        what=filters.when(held.starts_at, zone),
        until=filters.clock_time(held.expires_at, zone),
        until_iso=held.expires_at.isoformat(),
        seconds_left=max(0, int(left)),
        seconds_all=int((held.expires_at - held.created_at).total_seconds()),
        is_kept=held.entry_id is not None,
    )


def gone_back(journey: Journey, refused: Refusal | None = None) -> ResponseReturnValue:
    """'The time we held has gone back': hold it again, or one of the three nearest. What was typed stays."""
    held = journey.hold
    assert held is not None
    choice = Filters(str(held.therapist_id), journeys.filters_of(journey).is_step_free)
    wish = journeys.wish_of(journey, held.site, choice)
    now = database.now()
    zone = ZoneInfo(held.site.tz)
    earliest = provisional.earliest(journey, now)
    is_over = held.starts_at < earliest
    middle = min(max(held.starts_at, earliest), now + timedelta(days=held.site.horizon_days))
    found = slots.nearest_slots(database.session(), wish, middle, now, count=8)
    names = people_at.load(database.session(), held.option.offering.skill_id).names
    far_enough = [slot for slot in found if slot.starts_at >= earliest]
    others = [slot for slot in far_enough if slot.starts_at != held.starts_at]
    others = sorted(others, key=lambda slot: abs(slot.starts_at - middle))[:3]
    page = render_template(
        "journey/gone_back.html",
        held=held,
        refused=refused.sentence if refused else "",
        may_hold_again=refused is None and not is_over,
        has_details=journeys.details_of(journey) is not None,
        nearest=[
            (
                slot_value(slot.starts_at),
                week.short_label(slot.starts_at, zone),
                names.get(slot.therapist_id, ""),
            )
            for slot in sorted(others, key=lambda slot: slot.starts_at)
        ],
        search={"site": held.site.slug, "with": str(held.therapist_id)},
    )
    return page, 409
