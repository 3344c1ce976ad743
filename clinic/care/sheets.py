"""The session sheet: all a therapist needs to know before a session, opened on the record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.queries import Listed, listed
from clinic.booking.standing import Standing
from clinic.booking.statuses import Status
from clinic.care import brief, queries
from clinic.care.brief import Answered, AreaRow, Change, TechniqueRow
from clinic.care.queries import Kept
from clinic.catalog.models import OfferingOption
from clinic.intake import clearances, ledger
from clinic.intake import services as intakes
from clinic.intake.clearances import RELEASED
from clinic.intake.level import Level, Releaser, level_on
from clinic.intake.loading import load_sources
from clinic.intake.models import DecisionKind, Intake
from clinic.intake.questionnaire import Region, load_questionnaire
from clinic.intake.restrictions import FIRMEST, Restrictions
from clinic.intake.rules import Rules, load_rules
from clinic.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Note:
    """What one rule tells the therapist, with its number and what it rests on."""

    rule: str
    level: Level
    text: str
    why: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """What was told and what it means. `rules_version` is what it was judged by.

    `level` is that of the day, `intake_level` what the rules said; `decided` says in a line who cleared it,
    until when and with which limits.
    """

    level: Level
    intake_level: Level
    release_by: Releaser | None
    answered_at: datetime
    rules_version: str
    age: int | None
    pain: int | None
    areas: tuple[AreaRow, ...]
    techniques: tuple[TechniqueRow, ...]
    positions: tuple[str, ...]
    max_minutes: int | None
    extra_minutes: int
    marks: Mapping[str, tuple[str, ...]]
    regions: tuple[Region, ...]
    notes: tuple[Note, ...]
    own_words: str
    pages: tuple[tuple[str, list[Answered]], ...]
    decided: str
    clearance_id: int | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One session of a therapist: who, what, where, when, what to mind, and what came before."""

    listed: Listed
    mind: str
    is_limited: bool
    standing: Standing
    can_finish: bool
    opened_at: datetime
    health: Health | None = None
    changes: tuple[Change, ...] = ()
    changed_since: datetime | None = None
    earlier: tuple[Listed, ...] = field(default=())


def open_sheet(session: Session, now: datetime, reference: str, therapist_id: int, actor: str) -> Sheet:
    """Gives the sheet of a therapist's own session, and writes into the ledger that `actor` read it.

    NotFound for another therapist's session, whether it exists or not.
    """
    this = _own(session, reference, therapist_id)
    intake = session.get(Intake, this.intake_id) if this.intake_id else None
    kept = Kept(intake.level, intake.cleared_until_on, intake.restrictions) if intake else None
    line, is_limited = queries.mind_of(this, kept)
    earlier = queries.earlier_with(session, this)
    changes, since = _changes(session, this, intake, earlier)
    return Sheet(
        listed=this,
        mind=line,
        is_limited=is_limited,
        standing=this.standing(now),
        can_finish=may_finish(this.status, this.starts_at, now),
        opened_at=now,
        health=_own_health(session, now, intake, this, actor) if intake and intake.level else None,
        changes=tuple(changes),
        changed_since=since,
        earlier=tuple(earlier),
    )


def may_finish(status: Status, starts_at: datetime, now: datetime) -> bool:
    """Whether a session may be marked as given: somebody came, or should have, and it has begun."""
    return status in (Status.BOOKED, Status.CHECKED_IN) and starts_at <= now


def own_session(session: Session, reference: str, therapist_id: int) -> tuple[Listed, Level | None]:
    """A therapist's own session with the level of its answers; nothing is read. NotFound for another's."""
    this = _own(session, reference, therapist_id)
    level = session.scalar(sa.select(Intake.level).where(Intake.id == this.intake_id))
    return this, level


def _own(session: Session, reference: str, therapist_id: int) -> Listed:
    row = session.execute(
        listed().where(Appointment.reference == reference, Appointment.therapist_id == therapist_id)
    ).one_or_none()
    if row is None:
        raise NotFound()
    return Listed(**row._mapping)


def _own_health(session: Session, now: datetime, intake: Intake, this: Listed, actor: str) -> Health:
    firmest = session.scalar(
        sa.select(OfferingOption.pressure_firmest)
        .join(Appointment, Appointment.option_id == OfferingOption.id)
        .where(Appointment.id == this.id)
    )
    return health_of(session, now, intake, actor, on=this.local_day, firmest=firmest or FIRMEST)


def health_of(
    session: Session, now: datetime, intake: Intake, actor: str, *, on: date, firmest: int = FIRMEST
) -> Health:
    """Gives what was told and what it means for a session on the day `on`; that `actor` read it is recorded.

    `firmest` is the firmest pressure of what is booked (1 to 5).
    """
    plain = intakes.read_answers(session, now, intake, actor)
    answers = intakes.cleaned(intake)
    limits = intakes.restrictions_of(intake)
    rules = rules_of(intake)
    asked = load_questionnaire(intake.questionnaire_version)
    level = intake.level or Level.CLEAR
    return Health(
        level=level_on(level, intake.cleared_until_on, on),
        intake_level=level,
        release_by=intake.release_by,
        answered_at=intake.judged_at or intake.created_at,
        rules_version=rules.version,
        age=answers.age,
        pain=answers.pain,
        areas=tuple(brief.area_rows(limits, answers, firmest, asked, rules.techniques)),
        techniques=tuple(brief.technique_rows(limits, rules.techniques)),
        positions=tuple(brief.positions(limits)),
        max_minutes=limits.max_minutes,
        extra_minutes=limits.extra_minutes,
        marks=brief.marks(limits, answers),
        regions=asked.regions,
        notes=notes_of(intake),
        own_words=answers.text,
        pages=tuple(brief.in_words(plain, asked)),
        decided=_decided(session, intake),
        clearance_id=intake.clearance.id if intake.clearance else None,
    )


def rules_of(intake: Intake) -> Rules:
    """The rules an intake was judged by."""
    return load_rules(intake.rules_version) if intake.rules_version else load_rules()


def _decided(session: Session, intake: Intake) -> str:
    """'Cleared until 22 May 2027 by Dr Ruth Hallam (GP, GMC 7012345). Light only.', or ''."""
    clearance = intake.clearance
    if clearance is None or clearance.status not in RELEASED or clearance.expires_on is None:
        return ""
    given = [
        entry
        for entry in ledger.read(session, intake.id)
        if entry.kind in (DecisionKind.ALLOWED, DecisionKind.LIMITED, DecisionKind.CARRIED)
    ]
    signed = next((entry.signed for entry in reversed(given) if entry.signed.who), None)
    if signed is None and intake.based_on_id is not None:
        before = ledger.read(session, intake.based_on_id)
        signed = next((entry.signed for entry in reversed(before) if entry.signed.who), None)
    until = clearance.expires_on
    who = f" by {signed_by(signed)}" if signed else ""
    limits = clearances.limits_of(clearance)
    asked = load_questionnaire(intake.questionnaire_version)
    with_ = brief.limits_in_words(limits, asked, rules_of(intake).techniques) if limits else ""
    return f"Cleared until {until.day} {until:%B %Y}{who}. {with_}".strip()


def signed_by(signed: ledger.Signed) -> str:
    """'Dr Ruth Hallam (GP, GMC 7012345)'."""
    more = ", ".join(each for each in (signed.role, signed.registration) if each)
    return f"{signed.who} ({more})" if more else signed.who


def notes_of(intake: Intake) -> tuple[Note, ...]:
    """What each matched rule tells the therapist, with its reason and sources."""
    outcome = intakes.outcome_of(intake)
    rules = rules_of(intake)
    sources = load_sources(rules.sources_version)
    return tuple(
        Note(
            rule=note.rule_id,
            level=note.level,
            text=note.text,
            why=rules.rule(note.rule_id).reason,
            sources=tuple(
                sources[key].citation if key in sources else key for key in rules.rule(note.rule_id).sources
            ),
        )
        for note in outcome.notes
    )


def _changes(
    session: Session, this: Listed, intake: Intake | None, earlier: list[Listed]
) -> tuple[list[Change], datetime | None]:
    """What the limits say that they did not at the last session with other answers, and when that was."""
    if intake is None or intake.restrictions is None:
        return [], None
    last = next((each for each in earlier if each.intake_id and each.status is Status.FULFILLED), None)
    if last is None:
        return [], None
    if last.intake_id == intake.id:
        return [Change("same", "", "The same answers as last time.")], last.starts_at
    kept = session.scalar(sa.select(Intake.restrictions).where(Intake.id == last.intake_id))
    if kept is None:
        return [], None
    asked = load_questionnaire(intake.questionnaire_version)
    before, after = Restrictions.from_json(json.loads(kept)), intakes.restrictions_of(intake)
    return brief.changes(before, after, asked, rules_of(intake).techniques), last.starts_at
