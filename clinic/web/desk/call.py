"""Which call a page is about. Its token stays in reception's cookie; the address has a number only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import redirect, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue

from clinic.booking import calls, queries
from clinic.booking.calls import Caller
from clinic.booking.models import Journey
from clinic.booking.queries import Listed
from clinic.booking.screening import BOOKABLE, is_bookable, waits
from clinic.intake import pages, returning
from clinic.intake import services as intakes
from clinic.intake.models import Intake, IntakeStatus
from clinic.intake.pages import EVERYTHING, Asking
from clinic.intake.questionnaire import load_questionnaire
from clinic.kernel.codes import new_token
from clinic.kernel.errors import NotFound, NotOffered
from clinic.web import database
from clinic.web.desk.blueprint import places, today

KEY = "calls"
MOST = 6


@dataclass(frozen=True, slots=True)
class Call:
    """An open call: its number on the pages, the row behind it, and who rings."""

    number: int
    journey: Journey
    caller: Caller

    @property
    def intake(self) -> Intake | None:
        return self.journey.intake

    @property
    def is_asking(self) -> bool:
        """Whether the questions are being asked; only then may their page be opened."""
        return self.intake is not None and self.intake.status is IntakeStatus.DRAFT

    @property
    def asking(self) -> Asking:
        """What is asked in this call: of a known caller only what holds no longer."""
        return returning.asking_of(database.session(), self.intake) if self.intake else EVERYTHING

    @property
    def may_book(self) -> bool:
        """Whether the outcome lets a time be booked, or kept until somebody has decided."""
        if self.intake is None or self.is_asking:
            return False
        is_open = self.intake.level in BOOKABLE or self.intake.cleared_until_on is not None
        return is_open or waits(self.intake)


def is_provisional(call: Call) -> bool:
    """Whether a time can only be kept for them until somebody has decided."""
    return call.intake is not None and not is_bookable(call.intake, today()) and waits(call.intake)


def expect(number: int) -> Call:
    """The call with that number at this desk; NotFound once it is over, NotOffered without any site."""
    token = _tokens().get(str(number))
    journey = calls.find(database.session(), database.now(), token) if token else None
    caller = calls.caller_of(journey) if journey else None
    if journey is None or caller is None:
        raise NotFound("That call has ended. Begin a new one.")
    if not places():
        raise NotOffered("No site is open for booking. The owner can open one under Clinic, Sites.")
    return Call(number, journey, caller)


def remember(token: str) -> int:
    """Gives a new call its number; the oldest goes when there are too many."""
    tokens = _tokens()
    number = max((int(each) for each in tokens), default=0) + 1
    tokens[str(number)] = token
    while len(tokens) > MOST:
        del tokens[min(tokens, key=int)]
    cookie[KEY] = tokens
    return number


def begin(caller: Caller) -> int:
    """A new call of this desk; gives its number."""
    token = new_token()
    with database.transaction() as session:
        calls.begin(session, database.now(), token, caller)
    return remember(token)


def forget(number: int) -> None:
    """Takes a call off this desk's list."""
    tokens = _tokens()
    tokens.pop(str(number), None)
    cookie[KEY] = tokens


def waiting() -> list[Call]:
    """The calls of this desk that are still open, in the order in which they came in."""
    tokens = _tokens()
    if not tokens:
        return []
    found = calls.open_calls(database.session(), database.now(), list(tokens.values()))
    open_ones = []
    for number, token in sorted(tokens.items(), key=lambda pair: int(pair[0])):
        caller = calls.caller_of(found[token]) if token in found else None
        if caller is not None:
            open_ones.append(Call(int(number), found[token], caller))
    return open_ones


def onward(number: int) -> ResponseReturnValue:
    """To the first thing not yet done in a call."""
    call = expect(number)
    if call.journey.appointment is not None:
        reference = call.journey.appointment.reference
        return redirect(url_for("desk.appointment", reference=reference, new=1), code=303)
    if call.intake is None:
        return redirect(url_for("desk.call_health", number=number), code=303)
    if call.is_asking:
        return redirect(url_for("desk.call_questions", number=number, slug=next_slug(call)), code=303)
    if not call.may_book:
        return redirect(url_for("desk.call_outcome", number=number), code=303)
    endpoint = "desk.call_session" if call.journey.option_id is None else "desk.call_time"
    return redirect(url_for(endpoint, number=number), code=303)


def next_slug(call: Call) -> str:
    """The page of questions that comes next; the last one where all is answered."""
    assert call.intake is not None
    questionnaire = load_questionnaire(call.intake.questionnaire_version)
    answers = intakes.answers_of(call.intake)
    last = pages.pages_shown(questionnaire, answers, call.asking)[-1].slug
    return pages.next_page(questionnaire, answers, call.asking) or last


def legs(call: Call, now_at: str) -> dict[str, object]:
    """What the head of each page of a call shows: who, what may be booked, which session."""
    session = database.session()
    line, is_ready = "", False
    if call.intake is not None and not call.is_asking:
        line, is_ready = queries.desk_line_of(session, call.intake.id, today())
    return {
        "call": call,
        "caller": call.caller,
        "at_leg": now_at,
        "desk_line": line,
        "is_ready": is_ready,
        "is_provisional": is_provisional(call),
        "last_visit": last_visit(call.caller.client_id, database.now()),
        "option": call.journey.option,
        "others": [each for each in waiting() if each.number != call.number],
    }


def last_visit(client_id: int | None, now: datetime) -> Listed | None:
    """When the caller was here last, and with whom."""
    if client_id is None:
        return None
    mine = queries.appointments_of_all(database.session(), [client_id])[client_id]
    return next((visit for visit in reversed(mine) if visit.ends_at <= now), None)


def _tokens() -> dict[str, str]:
    kept = cookie.get(KEY)
    return dict(kept) if isinstance(kept, dict) else {}
