"""Check, then book both; and the page that says both are booked, with a file for each calendar."""

from __future__ import annotations

from flask import Response, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import messages, pair_holds, pair_journeys
from clinic.booking.models import Appointment
from clinic.booking.pair_steps import PairStep, Turn
from clinic.booking.policy import Policy
from clinic.booking.statuses import Status
from clinic.kernel.errors import (
    BadInput,
    Excluded,
    HoldLapsed,
    NotCleared,
    NotFound,
    NotOffered,
    SlotTaken,
    Stale,
)
from clinic.kernel.money import Money
from clinic.notify.links import Links
from clinic.web import access, database
from clinic.web.journey import check, held, pair, provisional, shared, together_gone, way
from clinic.web.journey.blueprint import blueprint
from clinic.web.limits import limiter
from clinic.web.numbers import read_whole

OFF = frozenset({Status.CANCELLED, Status.LAPSED})


@blueprint.get("/book/together/check")
@access.public
def together_check() -> ResponseReturnValue:
    elsewhere = shared.sent_elsewhere(PairStep.CHECK)
    if elsewhere is not None:
        return elsewhere
    if not pair_journeys.are_live(pair.expect(), database.now()):
        return together_gone.gone_back()
    return _draw()


@blueprint.post("/book/together/check")
@access.public
@limiter.limit("30 per minute")
def together_confirm() -> ResponseReturnValue:
    """Books both, or neither; pressed twice, it books once."""
    if pair.current() is not None and pair.state().is_booked:
        return way.onward()
    if shared.sent_elsewhere(PairStep.CHECK) is not None:
        return way.brought_back()
    found = pair.expect()
    seen = [read_whole(each) or 0 for each in request.form.getlist("hold")]
    terms = check.terms_of(found.first.hold) if found.first.hold else ""
    try:
        with database.transaction() as session:
            ids = (seen[0], seen[-1]) if seen else (0, 0)
            pair_holds.confirm(session, database.now(), found.id, ids, terms=terms)
    except HoldLapsed:
        way.look_again()
        return together_gone.gone_back()
    except SlotTaken as taken:
        way.look_again()
        elsewhere = SlotTaken("One of you has another appointment at that time. Choose another time.")
        return together_gone.gone_back(elsewhere if taken.who == "client" else taken)
    except Stale as stale:
        way.look_again()
        return shared.sent_elsewhere(PairStep.CHECK) or (_draw(stale.sentence), 409)
    except BadInput as refused:
        way.look_again()
        return _draw(refused.sentence), refused.status
    except NotCleared:
        return shared.nobody_decides()
    except (Excluded, NotOffered):
        way.look_again()
        return way.brought_back()
    way.look_again()
    return way.onward()


@blueprint.get("/book/together/booked")
@access.public
def together_booked() -> ResponseReturnValue:
    """Both are booked: when, where, with whom, and each one's own page."""
    elsewhere = shared.sent_elsewhere(PairStep.BOOKED)
    if elsewhere is not None:
        return elsewhere
    found, called = pair.expect(), pair.names()
    both = pair_holds.appointments_of(found)
    site = both[0].site
    policy = Policy(site.min_notice_minutes, site.change_until_minutes)
    turns = (Turn.FIRST, Turn.SECOND)
    waiting = {
        turn: messages.long_when(each.lapses_at, site.tz) if each.lapses_at is not None else ""
        for turn, each in zip(turns, both, strict=True)
        if each.status is Status.PROVISIONAL
    }
    return render_template(
        "journey/pair_booked.html",
        both=[(turn, called.short(turn), each, _own_page(each), each.status in OFF)
              for turn, each in zip(turns, both, strict=True)],
        site=site,
        names=f"{called.short(Turn.FIRST)} and {called.short(Turn.SECOND)}",
        starts_at=both[0].starts_at,
        is_together=both[0].starts_at == both[1].starts_at and not any(each.status in OFF for each in both),
        is_one_room=both[0].room_id == both[1].room_id,
        waiting=waiting,
        not_certain=shared.not_certain([called.short(turn) for turn in waiting]),
        addresses=sorted({each.client.email for each in both if each.client.email}),
        may_change=policy.may_change(both[0].status, both[0].starts_at, database.now()),
        change_until=messages.long_when(policy.change_until(both[0].starts_at), site.tz),
    )  # fmt: skip


@blueprint.get("/book/together/booked/<who>.ics")
@access.public
def together_calendar(who: str) -> ResponseReturnValue:
    """The appointment of one of the two as it stands now, for any calendar."""
    if shared.sent_elsewhere(PairStep.BOOKED) is not None:
        return way.onward()
    if who not in (Turn.FIRST, Turn.SECOND):
        raise NotFound()
    first, second = pair_holds.appointments_of(pair.expect())
    wanted = first if who == Turn.FIRST else second
    if wanted.status is Status.PROVISIONAL:  # what is not certain goes into nobody's calendar
        return way.onward()
    text = messages.invite(wanted, database.now())
    headers = {"Content-Disposition": "attachment; filename=appointment.ics"}
    return Response(text, mimetype="text/calendar", headers=headers)


def _own_page(appointment: Appointment) -> str:
    """The address of the appointment's own page, as in the mail."""
    settings = current_app.config["SETTINGS"]
    token = Links(settings.secret_key, settings.base_url).manage_token(appointment.id, appointment.ends_at)
    return url_for("account.appointment", token=token)


def _draw(gone: str = "") -> str:
    found = pair.expect()
    both, one = shared.people(found), found.first.hold
    assert one is not None
    first, second = pair_holds.contact_of(found)
    lead = pair_journeys.lead_of(found)
    reached = first if lead is Turn.FIRST else second
    other = second if lead is Turn.FIRST else first
    waiting = [each for each in both if each.waits]
    prices = [each.held for each in both if each.held is not None]
    return render_template(
        "journey/pair_check.html",
        people=both,
        held=one,
        banner=held.banner(one),
        is_one_room=found.is_one_room,
        reached=reached,
        other_email=other.email if other and reached and other.email != reached.email else "",
        waiting=waiting,
        not_certain=shared.not_certain([each.short for each in waiting]),
        kept_until=messages.long_when(provisional.kept_until(one, database.now()), one.site.tz),
        total=Money(sum(each.price_minor for each in prices), one.currency),
        terms=check.terms_of(one),
        gone=gone,
    )
