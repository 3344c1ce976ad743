"""A call at the desk as it is kept: who rings, what they may have, until a time is booked or they hang up.

A call is a journey whose person is known first. Several may wait at once; each is found by its token, and
nothing of it depends on an open page. All take `session` and `now` where time matters, lock the row first
and leave the commit to whoever called.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import services as audit
from clinic.booking import journeys, returning, services
from clinic.booking.models import Appointment, Journey
from clinic.booking.screening import check_allowed, is_bookable
from clinic.booking.slots import Wish
from clinic.catalog.models import OfferingOption
from clinic.intake import returning as earlier
from clinic.intake import services as intakes
from clinic.intake.models import CallBack, Intake, IntakeStatus
from clinic.kernel.errors import BadInput, NotFound, NotOffered, Stale
from clinic.people import services as people
from clinic.people.models import Client
from clinic.roster.models import Gender, Site

LIFETIME = timedelta(hours=12)
CHANNEL = "phone"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who rings, as `people.contact` read it, and what was on the desk's mind when it began.

    `client_id` is set for somebody known. `at`, `site` and `therapist_id` are the free time that was
    clicked (an instant in ISO form, the site's slug).
    """

    name: str
    phone: str | None = None
    email: str | None = None
    client_id: int | None = None
    wants_reminders: bool = True
    at: str = ""
    site: str = ""
    therapist_id: int | None = None


def begin(session: Session, now: datetime, token: str, caller: Caller) -> Journey:
    """A new call."""
    journey = Journey(
        token_digest=journeys.digest(token),
        details=json.dumps({"call": asdict(caller)}),
        created_at=now,
        expires_at=now + LIFETIME,
        outcome_seen=False,
    )
    session.add(journey)
    session.flush()
    return journey


def caller_of(journey: Journey) -> Caller | None:
    """Who rings; None for a journey that is not a call."""
    kept = json.loads(journey.details) if journey.details else {}
    return Caller(**kept["call"]) if "call" in kept else None


def find(session: Session, now: datetime, token: str) -> Journey | None:
    """The call of a token, unless it has expired."""
    found = journeys.find(session, now, token)
    return found if found is not None and caller_of(found) is not None else None


def open_calls(session: Session, now: datetime, tokens: Collection[str]) -> dict[str, Journey]:
    """Those of the tokens whose call is still open, nothing booked yet: one statement."""
    by_digest = {journeys.digest(token): token for token in tokens}
    found = session.scalars(
        sa.select(Journey).where(
            Journey.token_digest.in_(by_digest), Journey.expires_at > now, Journey.appointment_id.is_(None)
        )
    )
    return {by_digest[each.token_digest]: each for each in found if caller_of(each) is not None}


def hang_up(session: Session, now: datetime, journey_id: int) -> None:
    """Ends a call. What was booked or asked stays; the rest of it is forgotten."""
    session.delete(_locked(session, now, journey_id))
    session.flush()


# --- what may be booked ------------------------------------------------------------------------------


def last_intake(session: Session, client_id: int | None) -> Intake | None:
    """The newest judged intake of a client, whatever it said."""
    return earlier.newest_of(session, client_id) if client_id is not None else None


def is_fresh(session: Session, intake: Intake | None, now: datetime) -> bool:
    """Whether a time may be booked on these answers, if nothing has changed: all of them still hold."""
    return (
        intake is not None
        and is_bookable(intake, now.date())
        and earlier.may_carry_over(session, intake)
        and not earlier.gone_stale(session, intake, now.date())
    )


def use_last(session: Session, now: datetime, journey_id: int, *, actor: str) -> Intake:
    """Goes on with the client's last answers, as they say that nothing has changed; that is recorded.

    Stale where there are none that may be used.
    """
    journey = _locked(session, now, journey_id)
    intake = last_intake(session, _caller(journey).client_id)
    if intake is None or not is_fresh(session, intake, now):
        raise Stale("The last answers cannot be used any more. Ask the questions again.")
    audit.record(session, now, actor, "confirmed_unchanged", "intake", intake.id)
    _rest_on(session, journey, intake)
    return intake


def begin_questions(session: Session, now: datetime, journey_id: int, *, clinic: str, actor: str) -> Intake:
    """New answers, after the caller has said yes to the words that were read out; the yes is kept with them.

    For a known caller what still holds is carried over, and the rest is asked. While the questions of this
    call are still being asked, they go on.
    """
    journey = _locked(session, now, journey_id)
    if journey.intake is not None and journey.intake.status is IntakeStatus.DRAFT:
        return journey.intake
    yes = {"health_consent": "yes"}
    before = last_intake(session, _caller(journey).client_id)
    if before is not None and earlier.may_carry_over(session, before):
        intake = earlier.begin_again(session, now, before, yes, clinic=clinic, channel=CHANNEL)
    else:
        intake = intakes.begin(session, now, yes, clinic=clinic, channel=CHANNEL)
    audit.record(session, now, actor, "asked_by_phone", "intake", intake.id)
    _rest_on(session, journey, intake)
    return intake


def _rest_on(session: Session, journey: Journey, intake: Intake) -> None:
    """What was chosen on other answers is forgotten."""
    journey.intake, journey.option = intake, None
    session.flush()


# --- session and time --------------------------------------------------------------------------------


def choose_option(session: Session, now: datetime, journey_id: int, option_id: int) -> None:
    """Keeps the session chosen; NotOffered, NotCleared or Excluded for one that may not be had."""
    journey = _locked(session, now, journey_id)
    option = session.get(OfferingOption, option_id)
    if option is None:
        raise BadInput("Choose a session from the list.", "option")
    if not option.is_active or not option.offering.is_active:
        raise NotOffered("That session is not offered any more.")
    check_allowed(journey.intake, option, now.date(), provisionally=True)
    journey.option = option
    session.flush()


def talk_minutes(session: Session, journey: Journey, site_talk_minutes: int) -> int:
    """Minutes on top of the hands-on ones: to talk on a first visit, and what the limits ask."""
    extra = 0
    if journey.intake is not None and journey.intake.restrictions is not None:
        extra = intakes.restrictions_of(journey.intake).extra_minutes
    was_here = returning.was_here(session, _caller(journey).client_id)
    return extra if was_here else extra + site_talk_minutes


def wish_of(
    session: Session,
    journey: Journey,
    site_id: int,
    site_talk_minutes: int,
    *,
    therapist_id: int | None = None,
    gender: Gender | None = None,
) -> Wish:
    """What this caller wants a time for. Stale where no session is chosen yet."""
    if journey.option_id is None:
        raise Stale()
    return Wish(
        site_id=site_id,
        option_id=journey.option_id,
        talk_minutes=talk_minutes(session, journey, site_talk_minutes),
        therapist_id=therapist_id,
        gender=gender,
        client_id=_caller(journey).client_id,
        is_desk=True,
    )


def book(
    session: Session,
    now: datetime,
    journey_id: int,
    site_id: int,
    therapist_id: int,
    starts_at: datetime,
    *,
    actor: str,
) -> Appointment:
    """Books the time for the caller; asked again, it gives the same appointment.

    SlotTaken and NotOffered leave the call as it was.
    """
    journey = _locked(session, now, journey_id)
    if journey.appointment is not None:
        return journey.appointment
    site = session.get(Site, site_id)
    if site is None:
        raise NotFound()
    client = _client(session, now, journey)
    wish = wish_of(session, journey, site.id, site.talk_minutes, therapist_id=therapist_id)
    made = services.book(
        session,
        now,
        replace(wish, client_id=client.id),
        starts_at,
        client,
        journey.intake,
        actor=actor,
        provisionally=True,
    )
    people.name_consents(session, intake_id=journey.intake_id, client_id=client.id)
    journey.take_appointment(made)
    session.flush()
    return made


def _client(session: Session, now: datetime, journey: Journey) -> Client:
    caller = _caller(journey)
    known = session.get(Client, caller.client_id) if caller.client_id else None
    if known is not None and known.erased_at is None:
        known.phone = known.phone or caller.phone
        known.email = known.email or caller.email
        return known
    return people.find_or_add_client(
        session,
        now,
        name=caller.name,
        email=caller.email,
        phone=caller.phone,
        wants_reminders=caller.wants_reminders,
    )


def ask_for_call_back(
    session: Session, now: datetime, journey_id: int, *, site_id: int, phone: str, best_time: str
) -> CallBack:
    """A therapist or the doctor's letter must come first: keeps that the caller wants to be rung."""
    journey = _locked(session, now, journey_id)
    caller = _caller(journey)
    return intakes.ask_for_call_back(
        session,
        now,
        site_id=site_id,
        name=caller.name,
        phone=phone,
        email=caller.email,
        best_time=best_time,
        intake=journey.intake,
    )


def _locked(session: Session, now: datetime, journey_id: int) -> Journey:
    journey = session.get(Journey, journey_id, with_for_update=True, populate_existing=True)
    if journey is None or journey.expires_at <= now or caller_of(journey) is None:
        raise Stale("This call has ended. Begin a new one.")
    return journey


def _caller(journey: Journey) -> Caller:
    caller = caller_of(journey)
    if caller is None:
        raise Stale()
    return caller
