"""A client's way as it is kept: one row, found by the token in the client's cookie, changed only here.

All take `session` and `now` where time matters and leave the commit to whoever called. Each locks the
row first, so two tabs of one client take turns; some also take a journey that `lock` has locked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, joinedload

from clinic import batch
from clinic.booking import kept, returning, services
from clinic.booking.hold_limits import Source
from clinic.booking.journey import State, Step, Verdict, may_open
from clinic.booking.kept import LIFETIME, back_of
from clinic.booking.kept import Details as Details
from clinic.booking.kept import Filters as Filters
from clinic.booking.kept import details_of as details_of
from clinic.booking.kept import digest as digest
from clinic.booking.kept import filters_of as filters_of
from clinic.booking.models import Appointment, Hold, Journey
from clinic.booking.screening import BOOKABLE, check_allowed, waits
from clinic.booking.slots import Wish
from clinic.booking.statuses import HoldStatus
from clinic.catalog.models import Offering, OfferingOption
from clinic.catalog.recommendation import recommend
from clinic.intake import pages, triage
from clinic.intake import returning as earlier
from clinic.intake import services as intakes
from clinic.intake.level import Level
from clinic.intake.models import Intake, IntakeStatus
from clinic.kernel.codes import new_reference
from clinic.kernel.errors import BadInput, HoldLapsed, NotOffered, SlotTaken, Stale
from clinic.people import household
from clinic.people import services as people
from clinic.people.models import Client, Consent, ConsentKind
from clinic.roster.models import Gender, Site

_OVER = "This visit to our pages has ended. Start again from the first question."
KEPT_HOLDS = frozenset({HoldStatus.OPEN, HoldStatus.LAPSED, HoldStatus.CONFIRMED})


# --- reading -----------------------------------------------------------------------------------------


_OF_TOKEN = sa.select(Journey).where(Journey.token_digest == sa.bindparam("digest"))
# With what nearly every page asks of a journey, in one statement; its hold is asked for where it has one.
_WHOLE = _OF_TOKEN.options(
    joinedload(Journey.intake),
    joinedload(Journey.option).joinedload(OfferingOption.offering).lazyload(Offering.skill),
)
# The clinic's first site comes with it: its zone and policies are what a time is looked at with.
_FIRST_SITE = sa.select(sa.func.min(Site.id)).where(Site.is_active).scalar_subquery()
_TO_HOLD = (
    _WHOLE.add_columns(Site)
    .outerjoin(Site, Site.id == _FIRST_SITE)
    .with_for_update(of=Journey)
    .execution_options(populate_existing=True)
)
_TO_BOOK = (
    _OF_TOKEN.add_columns(services.IS_FREE)
    .join(Journey.hold)
    .options(joinedload(Journey.intake), contains_eager(Journey.hold).options(*services.taken_over()))
    .with_for_update(of=(Journey, Hold))
    .execution_options(populate_existing=True)
)


class ToBook(NamedTuple):
    """A journey locked with its hold, and a reference that no appointment has, where one was drawn."""

    journey: Journey
    reference: str | None


def find(session: Session, now: datetime, token: str) -> Journey | None:
    """The journey of a token, unless it has expired."""
    return _alive(session.scalar(_WHOLE, {"digest": digest(token)}), now)


def lock(session: Session, now: datetime, token: str) -> tuple[Journey, Site | None]:
    """The journey of a token, for this transaction nobody else's to change, and the clinic's first site.

    Stale where there is none.
    """
    journey, site = session.execute(_TO_HOLD, {"digest": digest(token)}).one_or_none() or (None, None)
    return _expect(_alive(journey, now)), site


def lock_to_book(session: Session, now: datetime, token: str) -> ToBook:
    """The journey of a token as `lock` gives it, with its hold locked as well, if it has one."""
    drawn = new_reference()
    row = session.execute(_TO_BOOK, {"digest": digest(token), "reference": drawn}).one_or_none()
    if row is None:
        return ToBook(lock(session, now, token)[0], None)
    return ToBook(_expect(_alive(row[0], now)), drawn if row[1] else None)


def _alive(found: Journey | None, now: datetime) -> Journey | None:
    return found if found is not None and found.expires_at > now else None


def _expect(found: Journey | None) -> Journey:
    if found is None:
        raise Stale(_OVER)
    return found


def state_of(journey: Journey) -> State:
    """How far this journey is. A lapsed hold still counts: its page says so and offers it again."""
    return State(
        verdict=_verdict(journey.intake),
        outcome_seen=journey.outcome_seen,
        is_provisional=journey.is_provisional,
        has_option=journey.option_id is not None,
        has_hold=journey.hold is not None and journey.hold.status in KEPT_HOLDS,
        has_details=details_of(journey) is not None,
        is_booked=journey.appointment_id is not None,
    )


def _verdict(intake: Intake | None) -> Verdict:
    if intake is None or intake.status is not IntakeStatus.JUDGED or intake.level is None:
        return Verdict.NONE
    if intake.level in BOOKABLE or intake.cleared_until_on is not None:
        return Verdict.BOOK
    return Verdict.CLEARANCE if intake.level is Level.CLEARANCE else Verdict.STOP


def is_live(held: Hold | None, now: datetime) -> bool:
    """Whether a hold still keeps its time."""
    return held is not None and held.status is HoldStatus.OPEN and held.expires_at > now


def talk_minutes(journey: Journey, site: Site) -> int:
    """The minutes that come on top of the hands-on ones: to talk on a first visit, and what limits ask."""
    extra, back = 0, back_of(journey)
    if journey.intake is not None and journey.intake.restrictions is not None:
        extra = intakes.restrictions_of(journey.intake).extra_minutes
    return extra if back is not None and back.was_here else site.talk_minutes + extra


def wish_of(journey: Journey, site: Site, filters: Filters) -> Wish:
    """What this journey wants a time for; its own hold does not stand in its way. Stale with no option."""
    if journey.option_id is None:
        raise Stale()
    return Wish(
        site_id=site.id,
        option_id=journey.option_id,
        talk_minutes=talk_minutes(journey, site),
        therapist_id=int(filters.person) if filters.person.isdecimal() and filters.person.isascii() else None,
        gender=_gender(filters.person),
        is_step_free=filters.is_step_free,
        client_id=kept.client_id_of(journey),
        ignore_entry_id=journey.hold.entry_id if journey.hold else None,
    )


# --- questions ---------------------------------------------------------------------------------------


def begin(session: Session, now: datetime, token: str, answers: Mapping[str, Any], *, clinic: str) -> Journey:
    """A new journey with the answers so far, after a clear yes; judged at once if nothing is left to ask."""
    intake = intakes.begin(session, now, answers, clinic=clinic)
    journey = Journey(
        token_digest=digest(token),
        intake=intake,
        created_at=now,
        expires_at=now + LIFETIME,
        outcome_seen=False,
    )
    session.add(journey)
    session.flush()
    _judge_if_ready(session, now, journey, answers)
    return journey


def answer(
    session: Session, now: datetime, journey_id: int, answers: Mapping[str, Any], *, clinic: str
) -> Journey:
    """Keeps the answers so far and judges them when the last one is there, or when page one says stop.

    Answers that have not changed change nothing. Changed ones forget what rested on them: outcome,
    session and time. Answers that belong to an appointment by now are left alone; new ones are begun.
    """
    journey = _locked(session, now, journey_id)
    intake = _intake(journey)
    if dict(answers) == intakes.answers_of(intake):
        _judge_if_ready(session, now, journey, answers)
        return journey
    if intake.client_id is not None:
        journey.intake = earlier.begin_like(session, now, intake, answers, clinic=clinic)
    else:
        earlier.save(session, now, intake, answers, clinic=clinic)
    _forget_after_questions(session, journey)
    _judge_if_ready(session, now, journey, answers)
    return journey


def _judge_if_ready(session: Session, now: datetime, journey: Journey, answers: Mapping[str, Any]) -> None:
    intake = _intake(journey)
    if intake.status is IntakeStatus.JUDGED:
        return
    rules, cleaned = intakes.rules_for(session, intake), intakes.cleaned(intake)
    first = triage.page_one(rules, cleaned)
    if first.level.stops:
        intakes.count_stop(session, now.date(), first.level)
    elif pages.next_page(rules.questionnaire, answers, earlier.asking_of(session, intake)) is not None:
        return
    suggestion = recommend(cleaned, triage.assess(rules, cleaned))
    intakes.judge(session, now, intake, suggestion.left_out if suggestion else None)
    returning.make_theirs(session, now, journey)


def withdraw(session: Session, now: datetime, journey_id: int) -> None:
    """Forgets everything of a journey whose client no longer lets us keep their answers."""
    journey = _locked(session, now, journey_id)
    intake = _intake(journey)
    services.release(session, journey.hold_id)
    session.delete(journey)
    if intake.client_id is None:
        intakes.save(session, intake, {})
        session.execute(
            sa.update(Consent)
            .where(Consent.intake_id == intake.id, Consent.withdrawn_at.is_(None))
            .values(withdrawn_at=now)
        )
    session.flush()


def leave(session: Session, now: datetime, journey_id: int) -> None:
    """Ends a journey so that another can begin: its hold goes back, what was booked stays booked."""
    journey = _locked(session, now, journey_id)
    services.release(session, journey.hold_id)
    session.delete(journey)
    session.flush()


# --- session and time --------------------------------------------------------------------------------


def see_outcome(session: Session, now: datetime, journey_id: int) -> None:
    """Notes that the client has read the outcome and goes on. Stale where there is none to book with."""
    journey = _locked(session, now, journey_id)
    if state_of(journey).verdict is not Verdict.BOOK:
        raise Stale()
    journey.outcome_seen = True
    returning.suggest_the_same(session, now, journey)
    session.flush()


def go_on_provisionally(session: Session, now: datetime, journey_id: int) -> None:
    """The client wants a time kept while somebody decides. Stale unless somebody has been asked."""
    journey = _locked(session, now, journey_id)
    if journey.intake is None or not waits(journey.intake):
        raise Stale()
    journey.is_provisional = journey.outcome_seen = True
    returning.suggest_the_same(session, now, journey)
    session.flush()


def go_on_cleared(session: Session, now: datetime, token: str, intake: Intake) -> Journey:
    """A new journey for an intake that was released, at the choice of a session. Stale if it was not."""
    if _verdict(intake) is not Verdict.BOOK:
        raise Stale()
    journey = Journey(
        token_digest=digest(token),
        intake=intake,
        created_at=now,
        expires_at=now + LIFETIME,
        outcome_seen=True,
    )
    session.add(journey)
    session.flush()
    return journey


def choose_option(session: Session, now: datetime, journey_id: int, option_id: int) -> None:
    """Keeps the session chosen; another one than before gives the held time back.

    BadInput for one that does not exist, NotOffered, NotCleared or Excluded for one that may not be had.
    """
    journey = _at(session, now, journey_id, Step.SESSION)
    option = session.get(OfferingOption, option_id)
    if option is None:
        raise BadInput("Choose a session from the list.", "option")
    if not option.is_active or not option.offering.is_active:
        raise NotOffered("That session is not offered any more.")
    check_allowed(journey.intake, option, now.date(), provisionally=journey.is_provisional)
    if journey.option_id != option.id:
        _release(session, journey)
    journey.option = option
    session.flush()


def take_time(
    session: Session,
    now: datetime,
    which: Journey | int,
    site: Site,
    filters: Filters,
    starts_at: datetime,
    *,
    option_id: int | None = None,
    source: Source | None = None,
) -> Hold:
    """Holds `starts_at` and gives the earlier time back; the same time asked again is the same hold.

    `option_id` is the session the client was looking at: Stale if it is another one by now. SlotTaken
    and NotOffered leave the earlier hold as it was.
    """
    journey = _at(session, now, which, Step.TIME)
    if option_id is not None and option_id != journey.option_id:
        raise Stale("You chose another session meanwhile. These are the times for that one.")
    wish, held = wish_of(journey, site, filters), journey.hold
    if held is None or not _is_same(held, wish, starts_at, now):
        held = _hold(session, now, journey, wish, starts_at, source)
    details = kept.with_parts(journey, filters=asdict(filters))
    batch.change(session, journey, hold_id=held.id, details=details)
    journey.take_hold(held)
    return held


def hold_again(session: Session, now: datetime, which: Journey | int, source: Source | None = None) -> Hold:
    """Holds a time that went back once more, with the same therapist; SlotTaken if it has gone meanwhile."""
    journey = _at(session, now, which, Step.DETAILS)
    held = journey.hold
    if held is None:
        raise Stale()
    if is_live(held, now):
        return held
    filters = Filters(str(held.therapist_id), filters_of(journey).is_step_free)
    made = _hold(session, now, journey, wish_of(journey, held.site, filters), held.starts_at, source)
    journey.take_hold(made)
    session.flush()
    return made


def _hold(
    session: Session, now: datetime, journey: Journey, wish: Wish, at: datetime, source: Source | None
) -> Hold:
    """The new hold first, then the old one back; the other way round only where the old is in the way."""
    before = journey.hold_id
    try:
        made = _keep_time(session, now, journey, wish, at, source)
    except SlotTaken:
        if journey.hold is None or not is_live(journey.hold, now):
            raise
        with session.begin_nested():
            services.release(session, before)
            made = _keep_time(session, now, journey, wish, at, source)
    else:
        services.release(session, before)
    return made


def _keep_time(
    session: Session, now: datetime, journey: Journey, wish: Wish, at: datetime, source: Source | None
) -> Hold:
    may_wait = journey.is_provisional
    return services.hold(session, now, wish, at, journey.intake, provisionally=may_wait, source=source)


def _is_same(held: Hold, wish: Wish, starts_at: datetime, now: datetime) -> bool:
    if not is_live(held, now):
        return False
    if (held.starts_at, held.site_id, held.option_id) != (starts_at, wish.site_id, wish.option_id):
        return False
    return (
        wish.therapist_id in (None, held.therapist_id)
        and wish.gender in (None, held.therapist.gender)
        and (held.room.is_step_free or not wish.is_step_free)
    )


# --- details and booking -----------------------------------------------------------------------------


def keep_details(session: Session, now: datetime, journey_id: int, details: Details) -> None:
    """Keeps who comes, encrypted, until it becomes a client or the journey expires."""
    journey = _at(session, now, journey_id, Step.DETAILS)
    kept.keep(journey, details=asdict(returning.as_known(session, journey, details)))
    session.flush()


def confirm(session: Session, now: datetime, which: ToBook | int, hold_id: int, *, terms: str) -> Appointment:
    """Books what was checked. Asked again, it gives the same appointment.

    `hold_id` is the hold the client was looking at, `terms` the words agreed to. Stale if the journey
    holds another time by now, HoldLapsed if the time went back, SlotTaken if the client is elsewhere then.
    """
    locked = None if isinstance(which, int) else which
    journey = _locked(session, now, which if isinstance(which, int) else which.journey)
    if journey.appointment is not None:
        return journey.appointment
    details, held = details_of(journey), journey.hold
    if held is None or details is None or not may_open(state_of(journey), Step.CHECK):
        raise Stale()
    if held.id != hold_id:
        raise Stale("You chose another time meanwhile. Check this one before you book it.")
    if not is_live(held, now):
        raise HoldLapsed()
    known = returning.client_of(session, journey, details)
    known = known or people.find_client(session, details.name, details.email, details.phone)
    client = people.kept_client(
        session,
        now,
        known,
        name=details.name,
        email=details.email,
        phone=details.phone,
        wants_reminders=details.wants_reminders,
    )
    if details.is_child and details.booked_by:
        household.keep_guardian(session, now, client, details.booked_by)
    of, reference = (held, locked.reference) if locked is not None else (held.id, None)
    with batch.gathered(session):
        made = services.confirm(session, now, of, client, actor="client", reference=reference)
        _record_consents(session, now, journey, client, details, terms)
        batch.change(session, journey, appointment_id=made.id, expires_at=now + LIFETIME)
        journey.take_appointment(made)
    if journey.intake is not None and known is not None:
        returning.reopen_worse(session, now, client, journey.intake)
    return made


def _record_consents(
    session: Session, now: datetime, journey: Journey, client: Client, details: Details, terms: str
) -> None:
    if details.booked_by:
        terms = f"{terms} Agreed to by {details.booked_by}, who books for {details.name}."
    agreed = {ConsentKind.TERMS: terms}
    if details.wants_reminders:
        agreed[ConsentKind.REMINDERS] = "Remind me by e-mail the day before."
    people.record_consents(session, now, agreed, client_id=client.id)
    people.name_consents(session, intake_id=journey.intake_id, client_id=client.id)


# --- small parts -------------------------------------------------------------------------------------


def _locked(session: Session, now: datetime, which: Journey | int) -> Journey:
    """The journey of that number, locked; one that `lock` gave in this transaction is so already."""
    if isinstance(which, Journey):
        return which
    journey = session.get(Journey, which, with_for_update=True, populate_existing=True)
    return _expect(_alive(journey, now))


def _at(session: Session, now: datetime, which: Journey | int, step: Step) -> Journey:
    """The journey, locked; Stale unless `step` lies behind it or at its next one."""
    journey = _locked(session, now, which)
    if not may_open(state_of(journey), step):
        raise Stale()
    return journey


def _intake(journey: Journey) -> Intake:
    if journey.intake is None:
        raise Stale()
    return journey.intake


def _forget_after_questions(session: Session, journey: Journey) -> None:
    journey.outcome_seen = journey.is_provisional = False
    journey.option = None
    _release(session, journey)
    session.flush()


def _release(session: Session, journey: Journey) -> None:
    services.release(session, journey.hold_id)
    journey.take_hold(None)


def _gender(person: str) -> Gender | None:
    return Gender(person) if person in {gender.value for gender in Gender} else None
