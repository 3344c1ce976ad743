"""Two who come together, from the link of one of them: moving both to another start."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.booking import companions, parties, provisional_times, services
from clinic.booking.models import Appointment
from clinic.booking.slots import Slot
from clinic.booking.statuses import Status
from clinic.kernel.errors import Excluded, NotCleared, NotOffered, Refusal, SlotTaken
from clinic.web import access, database, times
from clinic.web.account.behind import State, actor_of, appointment_behind, shown, state_of, token_of
from clinic.web.account.blueprint import blueprint
from clinic.web.account.other import other_of, seen
from clinic.web.account.showing import page
from clinic.web.filters import local_date

RING = "We need to talk to you before both can be moved. Ring us, and we find a time."
LOOK_AHEAD_DAYS = 14
NOT_ANY_MORE = "You do not come together any more. This is how it stands now."


@blueprint.get("/appointment/<token>/move-both")
@access.public
def move_both(token: str) -> ResponseReturnValue:
    session, now = database.session(), database.now()
    found = appointment_behind(session, token, now)
    return _barred(session, found, token, now) or _times(session, found, token, now)


@blueprint.post("/appointment/<token>/move-both")
@access.public
def do_move_both(token: str) -> ResponseReturnValue:
    """Gives both another start, or neither; pressed twice, it moves once."""
    session, now = database.session(), database.now()
    found = appointment_behind(session, token, now)
    starts_at = times.read_slot(request.form.get("slot"))
    if starts_at == found.starts_at and found.version != seen(found)[found.id]:
        return redirect(url_for("account.moved", token=token_of(found)), code=303)
    barred = _barred(session, found, token, now, status=409)
    if barred is not None:
        return barred
    if starts_at is None:
        return _times(session, found, token, now, wrong="Choose a time for both.", status=422)
    try:
        with database.transaction():
            party = companions.both_of(session, seen(found), found.id)
            parties.move_together(session, now, party.id, starts_at, actor=actor_of(found), is_client=True)
            fresh = token_of(found)
    except (SlotTaken, NotOffered):
        again = appointment_behind(session, token, now)
        return _times(session, again, token, now, wrong="You cannot both come then. Choose another time.")
    except (NotCleared, Excluded):
        return page(appointment_behind(session, token, now), token, sentence=RING, status=409)
    except Refusal as refusal:
        again = appointment_behind(session, token, now)
        return page(again, token, sentence=refusal.sentence, status=refusal.status)
    return redirect(url_for("account.moved", token=fresh), code=303)


def _barred(
    session: Session, found: Appointment, token: str, now: datetime, status: int = 200
) -> ResponseReturnValue | None:
    """The appointment's page where both cannot be moved from here; None where they can."""
    if state_of(found, now) is not State.OPEN:
        return page(found, token, status=status)
    other = other_of(session, found)
    if other is None:
        return page(found, token, sentence=NOT_ANY_MORE, status=status)
    if not other.may_both:
        return page(
            found, token, sentence=f"Only {other.name} can move both. You can move yours.", status=403
        )
    return None


def _times(
    session: Session, found: Appointment, token: str, now: datetime, wrong: str = "", status: int = 409
) -> ResponseReturnValue:
    """The week of starts at which both can come; `wrong` says first why the one chosen would not do."""
    site = found.site
    asked = request.values.get("week")
    own_day = local_date(found.starts_at, site.tz)
    monday = times.read_monday(asked, now, site.tz, site.horizon_days, own_day)
    first = max(monday, local_date(now, site.tz))
    days = times.WEEK - (first - monday).days
    week = times.week_of(_free(session, found, first, days, now), site.tz, monday, now, site.horizon_days)
    soonest = None if week.count else _soonest(session, found, first, now)
    party = parties.party_of(session, found.id)
    return render_template(
        "account/move_both.html",
        appointment=shown(found, token, now),
        other=other_of(session, found),
        week=week,
        in_one=party is not None and parties.is_one_room(party),
        soonest=times.slot_label(soonest, site.tz) if soonest else "",
        soonest_week=times.monday_of(local_date(soonest, site.tz)) if soonest else None,
        wrong=wrong,
        errors=[("slot", wrong)] if wrong else None,
    ), status if wrong else 200


def _free(session: Session, found: Appointment, first: date, days: int, now: datetime) -> list[Slot]:
    """The starts for both, their own aside; in one room where they have one."""
    party = parties.party_of(session, found.id)
    if party is None:
        return []
    both = parties.coming(party)
    one, other = (replace(services.wish_of(each), ignore_entry_id=None) for each in both)
    entries, in_one = parties.entries_of(party), parties.is_one_room(party)
    waits = any(each.status is Status.PROVISIONAL for each in both)
    earliest = provisional_times.earliest(now, waits=waits)
    pairs = parties.find(session, one, other, first, days, now, one_room=in_one, ignore=entries)
    free = [each.first for each in pairs if each.starts_at >= earliest]
    return [slot for slot in free if slot.starts_at != found.starts_at]


def _soonest(session: Session, found: Appointment, since: date, now: datetime) -> datetime | None:
    """The first start at which both can come from that day on, or before it where there is none after."""
    today = local_date(now, found.site.tz)
    steps = [today + timedelta(days=step) for step in range(0, found.site.horizon_days + 1, LOOK_AHEAD_DAYS)]
    for first in (since, *(day for day in steps if day > since), *(day for day in steps if day <= since)):
        free = _free(session, found, first, LOOK_AHEAD_DAYS, now)
        if free:
            return free[0].starts_at
    return None
