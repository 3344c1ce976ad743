"""Where a client stands: the journey of the cookie, and whether a page may be opened yet."""

from __future__ import annotations

from datetime import date
from typing import cast
from zoneinfo import ZoneInfo

from flask import abort, flash, g, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from clinic.booking import journeys, kept
from clinic.booking.journey import State, Step, Verdict, may_open, next_step
from clinic.booking.models import Journey
from clinic.intake import pages, returning
from clinic.intake import services as intakes
from clinic.intake.models import Intake
from clinic.intake.questionnaire import load_questionnaire
from clinic.kernel.errors import Stale
from clinic.roster.models import Site
from clinic.web import context, database, remembered
from clinic.web.journey import pair, sealed

ENDPOINTS = {
    Step.OUTCOME: "journey.outcome",
    Step.SESSION: "journey.session",
    Step.TIME: "journey.time",
    Step.DETAILS: "journey.details",
    Step.CHECK: "journey.check",
    Step.BOOKED: "journey.booked",
}


def current() -> Journey | None:
    """The journey of this browser, looked up once for a request."""
    if "journey" not in g:
        token = remembered.way_token()
        g.journey = None
        if pair.current() is not None:
            g.journey = pair.whose_journey()
        elif token is not None:
            g.journey = journeys.find(database.session(), database.now(), token)
    return cast("Journey | None", g.journey)


def lock(session: Session, step: Step) -> Journey:
    """The journey of this browser, locked in a transaction that takes `step`; Stale where that lies ahead."""
    token = remembered.way_token()
    g.journey = None
    if token is not None:
        g.journey, main = journeys.lock(session, database.now(), token)
        if main is not None:
            g.main_site = main
    return _expect_at(step)


def lock_to_book(session: Session) -> journeys.ToBook:
    """The journey of this browser as `lock` gives it, to be booked in this transaction."""
    token = remembered.way_token()
    g.journey = locked = None
    if token is not None:
        locked = journeys.lock_to_book(session, database.now(), token)
        g.journey = locked.journey
    return journeys.ToBook(_expect_at(Step.CHECK), locked.reference if locked is not None else None)


def _expect_at(step: Step) -> Journey:
    if not may_open(state(), step) or has_told():
        raise Stale()
    return expect()


def expect() -> Journey:
    """The journey; only for pages that `sent_elsewhere` lets through."""
    journey = current()
    if journey is None:
        abort(404)
    return journey


def remember(token: str) -> None:
    """Puts a new journey's token into the cookie; that of a pair stays the one of who began."""
    if pair.current() is None:
        remembered.set_out(token)
    look_again()


def look_again() -> None:
    """After a service has changed the journey: what is known of it is read anew."""
    g.pop("journey", None)
    pair.look_again()


def forget() -> None:
    """Takes journey, page one and whatever else was opened out of the cookie."""
    remembered.forget()
    sealed.forget()
    look_again()


def state() -> State:
    journey = current()
    return journeys.state_of(journey) if journey is not None else State()


def has_told() -> bool:
    """Whether this way was to tell what has changed, and has: it leads to no booking."""
    journey = current()
    back = kept.back_of(journey) if journey is not None else None
    return back is not None and back.tells_changes and state().verdict is not Verdict.NONE


def next_href() -> str:
    """The address of the first step not yet taken."""
    shared = pair.next_href()
    if shared is not None:
        return shared
    if has_told():
        return url_for("journey.changed")
    step = next_step(state())
    return url_for(ENDPOINTS[step]) if step in ENDPOINTS else url_for("journey.step", slug=next_slug())


def next_slug() -> str:
    """The first page of questions with something left to answer."""
    journey = current()
    if journey is not None and journey.intake is not None:
        questionnaire = load_questionnaire(journey.intake.questionnaire_version)
        asking = returning.asking_of(database.session(), journey.intake)
        return pages.next_page(questionnaire, intakes.answers_of(journey.intake), asking) or "safety"
    return "about-you" if sealed.read(database.now()) is not None else "safety"


def sent_elsewhere(step: Step) -> ResponseReturnValue | None:
    """A redirect to where the client stands, when `step` lies ahead; None when it may be opened.

    After a POST of an old page the client is told why another page has come.
    """
    if may_open(state(), step) and not has_told():
        return None
    return onward()


def onward() -> ResponseReturnValue:
    return redirect(next_href(), code=303)


def brought_back() -> ResponseReturnValue:
    """To where the client stands, with a line that says why: what was sent came from an old page."""
    flash("That page was out of date. This is where you are now.", "info")
    return onward()


def lost(step: Step) -> ResponseReturnValue | None:
    """After a refusal: to where the client stands by now; None when `step` may be opened still."""
    look_again()
    return brought_back() if sent_elsewhere(step) is not None else None


def site() -> Site:
    """The clinic's first site: its words, zone and telephone stand on pages of no one site."""
    found = context.main_site()
    if found is None:
        abort(503)
    return found


def locale() -> str:
    return site().locale


def today() -> date:
    """The day at the clinic."""
    return database.now().astimezone(ZoneInfo(site().tz)).date()


def expect_intake() -> Intake:
    """The intake of a journey that has one."""
    intake = expect().intake
    if intake is None:
        abort(404)
    return intake
