"""Which session and when: what may be booked, the first free times five at a time, and booking one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import calls, desk, offers
from clinic.booking.board import Place
from clinic.booking.offers import Offer
from clinic.booking.provisional_times import LEAST_AHEAD
from clinic.booking.slots import nearest_slots
from clinic.catalog.recommendation import recommend
from clinic.intake import services as intakes
from clinic.intake.models import Intake
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, Excluded, NotCleared, NotOffered, SlotTaken, Stale
from clinic.roster.models import Gender, Therapist
from clinic.web import access, database
from clinic.web.desk import call as kept
from clinic.web.desk import no_times
from clinic.web.desk.blueprint import actor, blueprint, local_day, places, read_day, zone_word
from clinic.web.desk.call import Call
from clinic.web.desk.times import Chosen, Offered, day_word, difference, first_free, named, read_chosen
from clinic.web.filters import clock_time, long_day
from clinic.web.numbers import read_whole
from clinic.web.times import read_slot

FIVE = 5
ALTERNATIVES = 3
MOST_SKIPPED = 60


@blueprint.get("/caller/<int:number>/session")
@access.allow(access.DESK)
def call_session(number: int) -> ResponseReturnValue:
    """The sessions that may be booked, by their names at the desk."""
    call = kept.expect(number)
    if not call.may_book or call.journey.appointment_id is not None:
        return kept.onward(number)
    return _sessions(call)


@blueprint.post("/caller/<int:number>/session")
@access.allow(access.DESK)
def choose_session(number: int) -> ResponseReturnValue:
    """Keeps the session chosen; one that may not be had is refused without a reason."""
    call = kept.expect(number)
    if not call.may_book or call.journey.appointment_id is not None:
        return kept.onward(number)
    try:
        with database.transaction() as session:
            calls.choose_option(
                session,
                database.now(),
                call.journey.id,
                read_whole(request.form.get("option")) or 0,
            )
    except (BadInput, NotOffered, NotCleared, Excluded) as refusal:
        return _sessions(kept.expect(number), [("option", refusal.sentence)], refusal.status)
    return kept.onward(number)


def _sessions(
    call: Call, errors: list[tuple[str, str]] | None = None, status: int = 200
) -> ResponseReturnValue:
    session = database.session()
    assert call.intake is not None
    every = offers.offered(session)
    allowed, best = ranked(call.intake, offers.within(every, intakes.restrictions_of(call.intake)))
    talk = calls.talk_minutes(session, call.journey, max((site.talk_minutes for site in places()), default=0))
    rows = [
        (
            option.id,
            offer.offering.desk_name,
            f"{option.minutes} + {talk}" if talk else f"{option.minutes}",
            str(option.price),
        )
        for offer in allowed
        for option in offer.options
    ]
    html = render_template(
        "desk/call_session.html",
        rows=rows,
        chosen=call.journey.option_id or best,
        left_out=len(every) - len(allowed),
        errors=errors,
        **kept.legs(call, "session"),
    )
    return html, status


def ranked(intake: Intake, allowed: list[Offer]) -> tuple[list[Offer], int | None]:
    """What may be booked, what suits best first, and the option to suggest; reasons stay with the answers."""
    found = recommend(
        intakes.cleaned(intake), intakes.outcome_of(intake), {offer.technique: None for offer in allowed}
    )
    if found is None or found.best is None:
        return allowed, None
    order = [found.best, *found.also, *found.rest]
    first = sorted(
        allowed, key=lambda each: order.index(each.technique) if each.technique in order else len(order)
    )
    best = next((each for each in first if each.technique == found.best), None)
    return first, best.nearest(found.minutes_for[found.best]).id if best else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller asks for. `who` is 'any', 'woman', 'man' or a therapist's id."""

    site: str
    who: str
    on: str
    after: str
    skip: int

    @property
    def therapist_id(self) -> int | None:
        return read_whole(self.who)

    @property
    def gender(self) -> Gender | None:
        return Gender(self.who) if self.who in {each.value for each in Gender} else None


@blueprint.get("/caller/<int:number>/time")
@access.allow(access.DESK)
def call_time(number: int) -> ResponseReturnValue:
    """The first free times for what the caller asks for."""
    call = kept.expect(number)
    if not call.may_book or call.journey.option_id is None or call.journey.appointment_id is not None:
        return kept.onward(number)
    return _times(call)


@blueprint.post("/caller/<int:number>/time")
@access.allow(access.DESK)
def book_time(number: int) -> ResponseReturnValue:
    """Books the time; one that was taken meanwhile gives what stands in the way and the three nearest."""
    call = kept.expect(number)
    if call.journey.appointment_id is not None:
        return kept.onward(number)
    if not call.may_book or call.journey.option_id is None:
        return kept.onward(number)
    chosen = read_chosen(request.form.get("slot"))
    if chosen is None or chosen.site_id not in {place.id for place in places()}:
        return _times(call, errors=[("slot", "Choose a time.")], status=422)
    try:
        with database.transaction() as session:
            made = calls.book(
                session,
                database.now(),
                call.journey.id,
                chosen.site_id,
                chosen.therapist_id,
                chosen.starts_at,
                actor=actor(),
            )
    except (SlotTaken, NotOffered) as refusal:
        return _times(kept.expect(number), clash=chosen, status=409, sentence=refusal.sentence)
    except (Stale, NotCleared, Excluded):
        return kept.onward(number)
    kept.forget(number)
    return redirect(url_for("desk.appointment", reference=made.reference, new=1), code=303)


def _times(
    call: Call,
    *,
    errors: list[tuple[str, str]] | None = None,
    clash: Chosen | None = None,
    status: int = 200,
    sentence: str = "",
) -> ResponseReturnValue:
    session, now = database.session(), database.now()
    asked = _asked(call)
    sites = [place for place in places() if place.slug == asked.site] or places()
    talk = sites[0].talk_minutes
    wish = calls.wish_of(
        session, call.journey, sites[0].id, talk, therapist_id=asked.therapist_id, gender=asked.gender
    )
    reasons: list[str] = []
    more, nothing = False, None
    if clash is not None:
        place = next(each for each in places() if each.id == clash.site_id)
        exact = calls.wish_of(
            session, call.journey, place.id, place.talk_minutes, therapist_id=clash.therapist_id
        )
        reasons = desk.in_the_way(session, now, exact, clash.starts_at) or [sentence]
        near = nearest_slots(session, exact, clash.starts_at, now, ALTERNATIVES)
        found = named(session, [(slot, place) for slot in near])
        notes = {each.value: difference(each.slot.starts_at, clash.starts_at) for each in found}
    else:
        since = _since(asked, sites[0], now)
        if kept.is_provisional(call):  # nearer times could not be decided about before
            since = max(since, now + LEAST_AHEAD)
        found = first_free(session, wish, sites, now, since, asked.skip + FIVE + 1)
        more = len(found) > asked.skip + FIVE
        if not found and call.journey.option is not None:
            everywhere = [sites[0], *(place for place in places() if place.id != sites[0].id)]
            nothing = no_times.explain(
                session, call.number, wish, call.journey.option, everywhere, dict(_people()), since, now
            )
        found, notes = found[asked.skip : asked.skip + FIVE], {}
    today = local_day(now, sites[0].tz)
    html = render_template(
        "desk/call_time.html",
        times=[each.row(now, len(places()) > 1, notes.get(each.value, "")) for each in found],
        say=[spoken(each, now, str(call.journey.option.price)) for each in found[:1]]
        if call.journey.option
        else [],
        asked=asked,
        today=today,
        places=places(),
        people=_people(),
        minutes=(call.journey.option.minutes if call.journey.option else 0) + wish.talk_minutes,
        more=url_for("desk.call_time", number=call.number, **_args(asked, asked.skip + FIVE))
        if more and asked.skip + FIVE <= MOST_SKIPPED
        else None,
        is_later=asked.skip > 0,
        clash=clash,
        clash_at=_clash_word(clash, now),
        reasons=reasons,
        errors=errors,
        nothing=nothing,
        **kept.legs(call, "time"),
    )
    return html, status


def spoken(offered: Offered, now: datetime, price: str) -> str:
    """'Today, 13:15, with Amara Osei at Canal Street. £72': what is read out before it is booked."""
    day, today = (local_day(each, offered.place.tz) for each in (offered.slot.starts_at, now))
    word = day_word(day, today) if day <= today + timedelta(days=1) else long_day(day)
    at = f"{clock_time(offered.slot.starts_at, offered.place.tz)}{zone_word(offered.place.tz)}"
    return f"{word}, {at}, with {offered.therapist} at {offered.place.name}. {price}."


def _asked(call: Call) -> Asked:
    """What was asked for on the page; at first, the free time that was clicked on the board."""
    args = request.values
    clicked = read_slot(call.caller.at)
    place = next((each for each in places() if each.slug == call.caller.site), places()[0])
    if "on" not in args and clicked is not None:
        local = walltime.local(clicked, walltime.zone(place.tz))
        who = str(call.caller.therapist_id or "any")
        return Asked(call.caller.site, who, local.date().isoformat(), f"{local:%H:%M}", 0)
    return Asked(
        site=args.get("site", call.caller.site)[:40],
        who=_who(args.get("with", "any")),
        on=_day(args.get("on", "")),
        after=_clock(args.get("after", "")),
        skip=min(read_whole(args.get("skip")) or 0, MOST_SKIPPED),
    )


def _args(asked: Asked, skip: int) -> dict[str, Any]:
    return {
        "site": asked.site, "with": asked.who, "on": asked.on, "after": asked.after, "skip": str(skip),
    }  # fmt: skip


def _who(text: str) -> str:
    is_known = text in {each.value for each in Gender} or read_whole(text) is not None
    return text if is_known else "any"


def _day(text: str) -> str:
    day = read_day(text)
    return day.isoformat() if day else ""


def _clock(text: str) -> str:
    try:
        return datetime.strptime(text, "%H:%M").strftime("%H:%M")  # noqa: DTZ007 - a wall time has no zone
    except ValueError:
        return ""


def _since(asked: Asked, site: Place, now: datetime) -> datetime:
    """The instant from which times are wanted, at the first site's wall clock."""
    zone = walltime.zone(site.tz)
    day = date.fromisoformat(asked.on) if asked.on else walltime.local(now, zone).date()
    hour, minute = (int(part) for part in (asked.after or "00:00").split(":"))
    return max(now, walltime.instant(day, hour * 60 + minute, zone, 0))


def _people() -> list[tuple[str, str]]:
    rows = database.session().execute(
        sa.select(Therapist.id, Therapist.name).where(Therapist.is_active).order_by(Therapist.name)
    )
    return [
        ("any", "Anyone"), (Gender.WOMAN.value, "A woman"), (Gender.MAN.value, "A man"),
        *((str(row.id), row.name) for row in rows),
    ]  # fmt: skip


def _clash_word(clash: Chosen | None, now: datetime) -> str:
    if clash is None:
        return ""
    place = next(each for each in places() if each.id == clash.site_id)
    day, today = (local_day(each, place.tz) for each in (clash.starts_at, now))
    return f"{day_word(day, today)} {clock_time(clash.starts_at, place.tz)}"
