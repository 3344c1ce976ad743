"""Check, then book; and holding again what went back."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from clinic.booking import journeys, messages
from clinic.booking.journey import Step
from clinic.booking.models import Hold
from clinic.booking.policy import Policy
from clinic.kernel.errors import (
    Excluded,
    HoldLapsed,
    NotCleared,
    NotOffered,
    Refusal,
    SlotTaken,
    Stale,
    TooMany,
)
from clinic.web import access, database, source
from clinic.web.journey import held, provisional, said, way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.outcome import limit_words, understood
from clinic.web.limits import limiter
from clinic.web.numbers import read_whole

ELSEWHERE = "You have another appointment at that time. Choose another time."


@blueprint.get("/book/check", endpoint="check")
@access.public
def check_first() -> ResponseReturnValue:
    elsewhere = way.sent_elsewhere(Step.CHECK)
    if elsewhere is not None:
        return elsewhere
    journey = way.expect()
    if not journeys.is_live(journey.hold, database.now()):
        return held.gone_back(journey)
    return _draw()


@blueprint.post("/book/check", endpoint="confirm")
@access.public
@limiter.limit("30 per minute")
def confirm() -> ResponseReturnValue:
    """Books what was checked; pressed twice, it books once."""
    try:
        with database.transaction() as session:
            locked = way.lock_to_book(session)
            hold_id = read_whole(request.form.get("hold")) or 0
            terms = terms_of(locked.journey.hold) if locked.journey.hold else ""
            journeys.confirm(session, database.now(), locked, hold_id, terms=terms)
    except HoldLapsed:
        return _looked_again(None)
    except SlotTaken as taken:
        return _looked_again(SlotTaken(ELSEWHERE) if taken.who == "client" else taken)
    except Stale as stale:
        way.look_again()
        if way.state().is_booked:  # pressed twice
            return way.onward()
        return way.lost(Step.CHECK) or (_draw(stale), 409)
    except NotCleared:
        return provisional.not_any_more()
    except (Excluded, NotOffered):
        way.look_again()
        return way.brought_back()
    return way.onward()


@blueprint.get("/book/hold-again")
@access.public
def held_again() -> ResponseReturnValue:
    """The address of a page that only a press of its button brings: loaded again, it leads on."""
    return way.onward()


@blueprint.post("/book/hold-again")
@access.public
@limiter.limit("30 per minute; 300 per hour")
def hold_again() -> ResponseReturnValue:
    """Holds the time that went back once more; if somebody else has it now, the page says so."""
    try:
        with database.transaction() as session:
            journey = way.lock(session, Step.DETAILS)
            journeys.hold_again(session, database.now(), journey, source.current())
    except (SlotTaken, NotOffered, TooMany) as refused:
        return _looked_again(refused)
    except NotCleared:
        return provisional.not_any_more()
    except Stale:
        way.look_again()
        return way.brought_back()
    return way.onward()


def _looked_again(refused: Refusal | None) -> ResponseReturnValue:
    way.look_again()
    journey = way.expect()
    if journey.hold is None:
        return way.brought_back()
    return held.gone_back(journey, refused)


def terms_of(hold: Hold) -> str:
    """The words agreed to by booking: until when it can be changed, and what happens after."""
    policy = Policy(hold.site.min_notice_minutes, hold.site.change_until_minutes)
    until = messages.long_when(policy.change_until(hold.starts_at), hold.site.tz)
    return (
        f"You can move or cancel online until {until}. "
        "After that, ring us; the session may be charged in full."
    )


def _draw(stale: Stale | None = None) -> str:
    journey = way.expect()
    hold = journey.hold
    assert hold is not None
    intake = way.expect_intake()
    is_waiting = provisional.is_waiting(journey)
    until = provisional.kept_until(hold, database.now())
    return render_template(
        "journey/check.html",
        held=hold,
        banner=held.banner(hold),
        details=journeys.details_of(journey),
        understood=understood(intake),
        sentences=limit_words(said.limits_of(intake)),
        is_waiting=is_waiting,
        kept_until=messages.long_when(until, hold.site.tz) if is_waiting else "",
        terms=terms_of(hold),
        gone=stale.sentence if stale else "",
    )
