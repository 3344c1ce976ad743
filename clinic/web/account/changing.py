"""Moving and cancelling from the link. A GET shows what will happen; only a POST does it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.booking import companions, parties, provisional_times, services, slots
from clinic.booking.models import Appointment
from clinic.booking.screening import check_allowed
from clinic.booking.slots import Slot, Wish
from clinic.booking.statuses import Status
from clinic.kernel.errors import Excluded, NotCleared, NotOffered, Refusal, SlotTaken, Stale
from clinic.web import access, database, no_times, people_at, times
from clinic.web.account.behind import State, actor_of, appointment_behind, shown, state_of, token_of
from clinic.web.account.blueprint import blueprint
from clinic.web.account.other import other_of, seen
from clinic.web.account.showing import page
from clinic.web.filters import local_date
from clinic.web.numbers import read_whole

# What a client may say of why; none of them is about health, for the desk reads it.
REASONS = (
    ("time", "The time does not suit me"),
    ("plans", "My plans have changed"),
    ("no_need", "I do not need it any more"),
    ("other", "Something else"),
)
RING = "We need to talk to you before this can be moved. Ring us, and we will find a time."


@blueprint.get("/appointment/<token>/move")
@access.public
def move(token: str) -> ResponseReturnValue:
    session, now = database.session(), database.now()
    found = appointment_behind(session, token, now)
    barred = _barred(found, now)
    if barred is not None:
        return page(found, token, sentence=barred)
    return _times(session, found, token, now)


@blueprint.post("/appointment/<token>/move")
@access.public
def do_move(token: str) -> ResponseReturnValue:
    session, now = database.session(), database.now()
    found = appointment_behind(session, token, now)
    starts_at = times.read_slot(request.form.get("slot"))
    if _is_moved(found, starts_at, now):
        return redirect(url_for("account.moved", token=token_of(found)), code=303)
    barred = _barred(found, now)
    if barred is not None:
        return page(found, token, sentence=barred, status=409)
    if starts_at is None:
        return _times(session, found, token, now, wrong="Choose a time.")
    try:
        with database.transaction():
            moved = _move(session, found, starts_at, now)
            fresh = token_of(moved)
    except (SlotTaken, NotOffered) as refusal:
        return _taken(session, appointment_behind(session, token, now), token, starts_at, refusal)
    except (NotCleared, Excluded):
        return page(appointment_behind(session, token, now), token, sentence=RING, status=409)
    except Refusal as refusal:
        return page(
            appointment_behind(session, token, now), token, sentence=_words(refusal), status=refusal.status
        )
    return redirect(url_for("account.moved", token=fresh), code=303)


@blueprint.get("/appointment/<token>/cancel")
@access.public
def cancel(token: str) -> ResponseReturnValue:
    session, now = database.session(), database.now()
    found = appointment_behind(session, token, now)
    if state_of(found, now) is not State.OPEN:
        return page(found, token)
    return render_template(
        "account/cancel.html",
        appointment=shown(found, token, now),
        other=other_of(session, found),
        reasons=REASONS,
    )


@blueprint.post("/appointment/<token>/cancel")
@access.public
def do_cancel(token: str) -> ResponseReturnValue:
    session, now = database.session(), database.now()
    found = appointment_behind(session, token, now)
    try:
        with database.transaction():
            if state_of(found, now) is not State.CANCELLED:  # a second press finds it done
                _cancel(session, found, now)
    except Refusal as refusal:
        again = appointment_behind(session, token, now)
        if state_of(again, now) is not State.CANCELLED:
            return page(again, token, sentence=_words(refusal), status=refusal.status)
    return redirect(url_for("account.appointment", token=token), code=303)


def _cancel(session: Session, found: Appointment, now: datetime) -> None:
    """Calls off theirs, or both where two come together and they asked for it; who still comes is told."""
    actor, reason = actor_of(found), dict(REASONS).get(request.form.get("why", ""), "")
    if request.form.get("who") == "both":
        party = companions.both_of(session, seen(found), found.id)
        parties.cancel_together(session, now, party.id, actor=actor, reason=reason, is_client=True)
        return
    companions.cancel(session, now, found.id, actor=actor, reason=reason, version=_version(), is_client=True)


def _barred(found: Appointment, now: datetime) -> str | None:
    """Why no time is shown for moving ('' where the appointment's page says it), or None."""
    if state_of(found, now) is not State.OPEN:
        return ""
    try:
        check_allowed(
            found.intake, found.option, now.date(), provisionally=found.status is Status.PROVISIONAL
        )
    except (NotCleared, Excluded):
        return RING
    return None


def _is_moved(found: Appointment, starts_at: datetime | None, now: datetime) -> bool:
    """Whether a second press, or another page, has already brought it to that time."""
    stands = state_of(found, now) in {State.OPEN, State.LATE}
    return stands and found.starts_at == starts_at and found.version != _version()


def _move(session: Session, found: Appointment, starts_at: datetime, now: datetime) -> Appointment:
    """Moves it; where anyone will do, to the same therapist if they are free."""
    therapist_id = found.therapist_id if _is_same(found) else None
    if therapist_id is None:
        free = slots.slots_at(session, services.wish_of(found), starts_at, now)
        if found.therapist_id in {slot.therapist_id for slot in free}:
            therapist_id = found.therapist_id
    return companions.move(
        session,
        now,
        found.id,
        starts_at,
        actor=actor_of(found),
        therapist_id=therapist_id,
        version=_version(),
        is_client=True,
    )


def _times(
    session: Session, found: Appointment, token: str, now: datetime, wrong: str = ""
) -> ResponseReturnValue:
    """The week of free times; with `wrong` as an error, 422."""
    site = found.site
    monday = times.read_monday(
        request.values.get("week"), now, site.tz, site.horizon_days, local_date(found.starts_at, site.tz)
    )
    first = max(monday, local_date(now, site.tz))
    days = times.WEEK - (first - monday).days
    free = slots.openings(session, _wish(found), first, days, now)
    view = render_template(
        "account/move.html",
        appointment=shown(found, token, now),
        other=other_of(session, found),
        week=times.week_of(
            _others(free, found),
            site.tz,
            monday,
            now,
            site.horizon_days,
            words=_why(session, found, monday, now),
        ),
        who=_who(found),
        may_choose=found.therapist.is_active,
        wrong=wrong,
        errors=[("slot", wrong)] if wrong else None,
    )
    return view, 422 if wrong else 200


def _why(session: Session, found: Appointment, monday: date, now: datetime) -> dict[date, str]:
    """Why a day to come has no time: closed, their therapist away or not in, else 'Full'."""
    site, person = found.site, found.therapist
    if _is_same(found):
        ids, name = {person.id}, person.name.split()[0]
    else:
        at = people_at.load(session, found.option.offering.skill_id).at(site.id)
        ids, name = {each.id for each in at}, ""
    days = people_at.calendar(session, site, ids, monday, with_away=bool(name))
    today = local_date(now, site.tz)
    why = no_times.reasons(
        monday,
        last=today + timedelta(days=site.horizon_days),
        closed=days.closed,
        working=days.working,
        away=days.away,
        person=name,
    )
    return {day: each.word for day, each in why.items() if day >= today}


def _taken(
    session: Session, found: Appointment, token: str, wanted: datetime, refusal: Refusal
) -> ResponseReturnValue:
    """The time is gone: the three nearest, and the way back to all of them."""
    now, site = database.now(), found.site
    near = slots.nearest_slots(session, _wish(found), wanted, now, count=4)
    return render_template(
        "account/taken.html",
        appointment=shown(found, token, now),
        sentence=refusal.sentence,
        wanted=times.slot_label(wanted, site.tz),
        near=times.choices(_others(near, found), site.tz)[:3],
        who=_who(found),
        week=times.monday_of(local_date(wanted, site.tz)).isoformat(),
    ), 409


def _wish(found: Appointment) -> Wish:
    return services.wish_of(found, therapist_id=found.therapist_id if _is_same(found) else None)


def _others(free: list[Slot], found: Appointment) -> list[Slot]:
    """Without the time it has, which is no move, and those too near to decide about before."""
    waits = found.status is Status.PROVISIONAL
    earliest = provisional_times.earliest(database.now(), waits=waits)
    return [slot for slot in free if slot.starts_at != found.starts_at and slot.starts_at >= earliest]


def _is_same(found: Appointment) -> bool:
    """Whether the client wants the same therapist, which they do unless they say otherwise."""
    return found.therapist.is_active and request.values.get("who") != "any"


def _who(found: Appointment) -> str:
    return "same" if _is_same(found) else "any"


def _version() -> int:
    """The version that was looked at; one that no appointment has, where the form does not say."""
    version = read_whole(request.form.get("version"))
    return -1 if version is None else version


def _words(refusal: Refusal) -> str:
    """What to say above the page as it stands; a stale page and one that is too late speak for themselves."""
    return refusal.sentence if isinstance(refusal, Stale) else ""
