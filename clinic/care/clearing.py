"""The page on which a clearance is decided: all that was told, opened on the record; and deciding.

Reads, and one service around `booking.decisions`, which says what became of the times that waited.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions, queue
from clinic.booking.models import Appointment
from clinic.booking.queries import Listed
from clinic.booking.queue import Request
from clinic.booking.services import day_at
from clinic.booking.statuses import Status
from clinic.care import brief, sheets
from clinic.care.brief import Answered
from clinic.care.sheets import Health, Note
from clinic.intake import clearances, documents, ledger
from clinic.intake import services as intakes
from clinic.intake.clearances import Ruling
from clinic.intake.documents import Opened
from clinic.intake.ledger import Entry
from clinic.intake.level import Level, Releaser
from clinic.intake.models import (
    Clearance,
    ClearanceDocument,
    ClearanceStatus,
    DecisionKind,
    DocumentKind,
    Intake,
)
from clinic.intake.questionnaire import load_questionnaire
from clinic.intake.techniques import Technique
from clinic.kernel.errors import NotFound
from clinic.people.models import User
from clinic.roster.models import Site

KIND_WORDS = {
    DecisionKind.JUDGED: "Judged",
    DecisionKind.CARRIED: "Carried over, as nothing changed",
    DecisionKind.ASKED: "We were asked to look",
    DecisionKind.ALLOWED: "Allowed",
    DecisionKind.LIMITED: "Allowed with limits",
    DecisionKind.REFUSED: "Refused",
    DecisionKind.MORE_NEEDED: "The client was asked for more",
    DecisionKind.HELD: "Held for clearance by a therapist",
    DecisionKind.REOPENED: "A booked time waits again",
    DecisionKind.ENDED: "Ended, as an answer changed",
    DecisionKind.CHECKED: "Checked on the day",
    DecisionKind.DECLINED: "Declined on the day",
    DecisionKind.CHOSEN: "A session was chosen",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that holds an intake, with the answers it looks at."""

    note: Note
    answers: tuple[Answered, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A reply that was sent in, without its content; `size` in bytes."""

    id: int
    kind: DocumentKind
    name: str
    size: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger in words: who did what, on whose word, why."""

    at: datetime
    who: str
    what: str
    signed: str
    more: str
    reason: str
    version: str


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one request. `limits` is what the decision that stands has set, in a line."""

    request: Request
    health: Health
    reasons: tuple[Reason, ...]
    notes: tuple[Note, ...]
    papers: tuple[Paper, ...]
    history: tuple[Line, ...]
    question: str
    limits: str
    can_decide: bool
    techniques: tuple[Technique, ...]
    opened_at: datetime


def open_case(session: Session, now: datetime, clearance_id: int, actor: str) -> Case:
    """Gives everything about a request, and writes into the ledger that `actor` read the answers."""
    request, clearance = _found(session, clearance_id)
    intake = clearance.intake
    health = sheets.health_of(
        session, now, intake, actor, on=day_at(session.get_one(Site, clearance.site_id), now)
    )
    held = clearances.holding(intake)
    rules = sheets.rules_of(intake)
    limits = clearances.limits_of(clearance)
    return Case(
        request=request,
        health=health,
        reasons=tuple(_reason(intake, note) for note in health.notes if note.rule in held),
        notes=tuple(note for note in health.notes if note.rule not in held),
        papers=tuple(_papers(session, clearance.id)),
        history=tuple(_history(session, intake)),
        question=clearance.question,
        limits=brief.limits_in_words(limits, rules.questionnaire, rules.techniques) if limits else "",
        can_decide=clearance.status is not ClearanceStatus.ENDED and intake.level is Level.CLEARANCE,
        techniques=tuple(rules.techniques.by_id.values()),
        opened_at=now,
    )


def _found(session: Session, clearance_id: int) -> tuple[Request, Clearance]:
    request, clearance = queue.one(session, clearance_id), session.get(Clearance, clearance_id)
    if request is None or clearance is None:
        raise NotFound()
    return request, clearance


def _reason(intake: Intake, note: Note) -> Reason:
    """A holding rule with the answers it asks about, and where they were marked."""
    asked = load_questionnaire(intake.questionnaire_version)
    wanted = sheets.rules_of(intake).rule(note.rule).when.asks()
    return Reason(note, tuple(brief.answers_to(intakes.answers_of(intake), asked, wanted)))


def _papers(session: Session, clearance_id: int) -> Iterable[Paper]:
    rows = session.scalars(
        sa.select(ClearanceDocument)
        .where(ClearanceDocument.clearance_id == clearance_id)
        .order_by(ClearanceDocument.id)
    )
    return [Paper(row.id, row.kind, row.name, row.size, row.added_at) for row in rows]


def open_document(session: Session, now: datetime, clearance_id: int, document_id: int, actor: str) -> Opened:
    """Opens a reply that was sent in to this request, on the record. NotFound for another request's."""
    of = session.scalar(sa.select(ClearanceDocument.clearance_id).where(ClearanceDocument.id == document_id))
    if of != clearance_id:
        raise NotFound()
    return documents.open(session, now, document_id, actor)


# --- what was decided so far -------------------------------------------------------------------------


def _history(session: Session, intake: Intake) -> list[Line]:
    entries = ledger.read(session, intake.id)
    names = _names(session, {entry.actor for entry in entries})
    return [_line(entry, names, intake) for entry in entries]


def _line(entry: Entry, names: dict[str, str], intake: Intake) -> Line:
    rules = sheets.rules_of(intake)
    parts = []
    if entry.expires_on is not None:
        parts.append(f"Until {entry.expires_on.day} {entry.expires_on:%B %Y}.")
    if entry.limits is not None:
        parts.append(brief.limits_in_words(entry.limits, rules.questionnaire, rules.techniques))
    shown = entry.matched if entry.kind is DecisionKind.JUDGED else entry.scope
    if shown:
        parts.append(f"Rules {', '.join(shown)}.")
    return Line(
        at=entry.at,
        who=names.get(entry.actor, entry.actor),
        what=KIND_WORDS[entry.kind],
        signed=sheets.signed_by(entry.signed) if entry.signed.who else "",
        more=" ".join(parts),
        reason=entry.reason,
        version=entry.rules_version,
    )


def _names(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """'user:7' → 'Amara Osei', 'rules' → 'the rules', 'client' → 'the client': one statement."""
    numbers = {int(each.removeprefix("user:")) for each in actors if each.startswith("user:")}
    rows = session.execute(sa.select(User.id, User.name).where(User.id.in_(numbers)))
    people = {f"user:{row.id}": row.name for row in rows}
    return {ledger.RULES: "the rules", ledger.CLIENT: "the client", **people}


# --- deciding ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settled:
    """What a decision did: the times that are booked by it, given back, or still wait."""

    name: str
    status: ClearanceStatus
    booked: tuple[Listed, ...]
    given_back: tuple[Listed, ...]
    waiting: tuple[Listed, ...]


def decide(
    session: Session,
    now: datetime,
    clearance_id: int,
    ruling: Ruling,
    *,
    actor: str,
    power: Releaser,
    version: int,
) -> Settled:
    """Keeps a decision and says what became of the times that waited. Refuses as `decisions.decide` does."""
    request, _clearance = _found(session, clearance_id)
    found = decisions.decide(session, now, clearance_id, ruling, actor=actor, power=power, version=version)
    now_is = _statuses(session, request.times)
    return Settled(
        name=found.name,
        status=found.status,
        booked=_those(request.times, now_is, Status.BOOKED),
        given_back=_those(request.times, now_is, Status.CANCELLED, Status.LAPSED),
        waiting=_those(request.times, now_is, Status.PROVISIONAL),
    )


def _statuses(session: Session, times: Sequence[Listed]) -> dict[int, Status]:
    rows = session.execute(
        sa.select(Appointment.id, Appointment.status).where(Appointment.id.in_([each.id for each in times]))
    )
    return {row.id: row.status for row in rows}


def _those(times: Sequence[Listed], now_is: dict[int, Status], *statuses: Status) -> tuple[Listed, ...]:
    return tuple(each for each in times if now_is[each.id] in statuses)
