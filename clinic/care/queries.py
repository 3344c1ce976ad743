"""What a therapist sees of their own days: appointments with the one line to mind, breaks, free time.

A week costs the same number of statements as a day. Nothing here reads a health answer: the line to mind
comes from the limits that were kept when the answers were judged.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.queries import GONE, Listed, appointments_on, listed, span_of
from clinic.booking.statuses import Status
from clinic.care import agenda
from clinic.care.agenda import Stretch, Work
from clinic.intake.level import Level, level_on
from clinic.intake.models import Intake
from clinic.intake.restrictions import Restrictions, one_line
from clinic.kernel import walltime
from clinic.kernel.spans import Span
from clinic.kernel.ticks import TICK_MINUTES, tick_of
from clinic.roster.availability import WorkingPattern
from clinic.roster.models import (
    Closure,
    DiaryEntry,
    DiarySpan,
    OwnerKind,
    Site,
    Therapist,
    TimeOff,
    WorkingHours,
)

EARLIER_SHOWN = 8
NOTHING = "Nothing to mind"
NOT_ASKED = "No health questions yet"
NOT_DECIDED = "Waits for a decision"
NOT_CLEARED = "Not cleared. Do not begin"
READ_NOTES = "Read the notes on the sheet"
_OPEN = frozenset({Status.PROVISIONAL, Status.BOOKED, Status.CHECKED_IN})


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment in a therapist's day. `mind` is the one line not to be missed."""

    listed: Listed
    mind: str
    is_limited: bool
    is_first: bool

    @property
    def is_open(self) -> bool:
        """Whether it has not been given, missed or called off yet."""
        return self.listed.status in _OPEN


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a therapist: hours worked, visits and what lies between them, all by time."""

    day: date
    work: tuple[Work, ...]
    visits: tuple[Visit, ...]
    stretches: tuple[Stretch, ...]

    @property
    def hands_on_minutes(self) -> int:
        """Minutes on the table, talk left out; a no-show counts for nothing."""
        return sum(v.listed.minutes for v in self.visits if v.listed.status is not Status.NO_SHOW)

    @property
    def places(self) -> tuple[str, ...]:
        """The sites of the day, by time, each once."""
        names = [*(work.site for work in self.work), *(visit.listed.site for visit in self.visits)]
        return tuple(dict.fromkeys(names))

    def next_visit(self, now: datetime) -> Visit | None:
        """The visit that is on, or the next to come."""
        return next((v for v in self.visits if v.is_open and v.listed.ends_at > now), None)


def therapist_of(session: Session, user_id: int) -> Therapist | None:
    """The therapist who signs in as that user."""
    return session.scalar(sa.select(Therapist).where(Therapist.user_id == user_id))


def home_zone(session: Session, therapist_id: int) -> str:
    """The zone of the place where a therapist works, the first by number; else of the clinic's first site."""
    works_at = sa.select(WorkingHours.site_id).where(WorkingHours.therapist_id == therapist_id)
    found = session.execute(
        sa.select(Site.tz).where(Site.is_active).order_by(Site.id.in_(works_at).desc(), Site.id).limit(1)
    ).scalar()
    return found or "UTC"


def days_of(session: Session, now: datetime, therapist_id: int, first_day: date, days: int = 1) -> list[Day]:
    """The `days` days of a therapist from `first_day` on, each read on the clock of its place."""
    found = appointments_on(session, first_day, days, therapist_id=therapist_id)
    kept = _kept(session, {each.intake_id for each in found if each.intake_id})
    known = _seen_before(session, therapist_id, found)
    patterns = _patterns(session, therapist_id, first_day, days)
    closed = _closed(session, {site_id for site_id, _name, _tz in patterns}, first_day, days)
    first, until = span_of(first_day, days)
    busy = _busy(session, now, therapist_id, first, until)
    away = _away(session, therapist_id, first, until)
    made = []
    for day in (first_day + timedelta(days=step) for step in range(days)):
        work = [
            each
            for (site_id, name, tz), mine in patterns.items()
            for each in agenda.work_on(day, name, tz, mine, closed.get(site_id, ()))
        ]
        work.sort(key=lambda each: each.opens)
        visits = tuple(_visit(each, kept, known) for each in found if each.local_day == day)
        gaps = agenda.stretches(work, busy, away, since=walltime.epoch_minute(now))
        made.append(Day(day, tuple(work), visits, tuple(gaps)))
    return made


@dataclass(frozen=True, slots=True)
class Kept:
    """What an intake led to: its level, until when it is cleared, its limits as they are kept."""

    level: Level | None
    cleared_until_on: date | None
    restrictions: str | None


def _visit(each: Listed, kept: dict[int, Kept], known: Collection[int]) -> Visit:
    line, is_limited = mind_of(each, kept.get(each.intake_id or 0))
    return Visit(each, line, is_limited, each.client_id not in known)


def mind_of(each: Listed, kept: Kept | None) -> tuple[str, bool]:
    """The one line of an appointment, on the day it is, and whether it limits anything."""
    if each.status is Status.PROVISIONAL:
        return NOT_DECIDED, True
    if kept is None or kept.level is None:
        return NOT_ASKED, False
    return line_of(level_on(kept.level, kept.cleared_until_on, each.local_day), kept.restrictions)


def _kept(session: Session, intake_ids: Collection[int]) -> dict[int, Kept]:
    """What the intakes led to. Answers are not read."""
    if not intake_ids:
        return {}
    rows = session.execute(
        sa.select(Intake.id, Intake.level, Intake.cleared_until_on, Intake.restrictions).where(
            Intake.id.in_(intake_ids)
        )
    )
    return {row.id: Kept(row.level, row.cleared_until_on, row.restrictions) for row in rows}


def line_of(level: Level | None, kept: str | None) -> tuple[str, bool]:
    """The therapist's one line for what was kept with an intake, and whether it limits anything.

    `level` is that of the day (`level_on`): what is held and not cleared is not to be begun.
    """
    if level is None or kept is None:
        return NOT_ASKED, False
    if level is Level.CLEARANCE:
        return NOT_CLEARED, True
    limits = Restrictions.from_json(json.loads(kept))
    line = one_line(limits)
    if line == one_line(Restrictions()):
        line = ""
    if not line and any(limits.excluded.values()):
        # Techniques that merely do not fit (no rule behind them) are nothing to mind.
        line = "Some techniques left out."
    if not line and level is Level.ADAPT:
        line = READ_NOTES
    return line or NOTHING, bool(line)


def _seen_before(session: Session, therapist_id: int, found: Sequence[Listed]) -> set[int]:
    """The clients in the list who have been with this therapist before the first day listed."""
    if not found:
        return set()
    return set(
        session.scalars(
            sa.select(Appointment.client_id)
            .where(
                Appointment.therapist_id == therapist_id,
                Appointment.client_id.in_({each.client_id for each in found}),
                Appointment.starts_at < found[0].starts_at,
                Appointment.status == Status.FULFILLED,
            )
            .distinct()
        )
    )


def _patterns(
    session: Session, therapist_id: int, first_day: date, days: int
) -> dict[tuple[int, str, str], list[WorkingPattern]]:
    """The weekly hours that count on those days, by site (number, name, zone)."""
    rows = session.execute(
        sa.select(WorkingHours, Site.name, Site.tz)
        .join(Site, Site.id == WorkingHours.site_id)
        .where(
            WorkingHours.therapist_id == therapist_id,
            WorkingHours.valid_from_on <= first_day + timedelta(days=days - 1),
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= first_day),
        )
        .order_by(WorkingHours.site_id, WorkingHours.weekday, WorkingHours.opens)
    )
    found: dict[tuple[int, str, str], list[WorkingPattern]] = {}
    for hours, name, tz in rows:
        pauses = tuple((pause.starts, pause.ends) for pause in hours.breaks)
        found.setdefault((hours.site_id, name, tz), []).append(
            WorkingPattern(
                hours.weekday, hours.opens, hours.closes, pauses, hours.valid_from_on, hours.valid_until_on
            )
        )
    return found


def _closed(
    session: Session, site_ids: Collection[int], first_day: date, days: int
) -> dict[int, frozenset[date]]:
    last = first_day + timedelta(days=days - 1)
    rows = session.execute(
        sa.select(Closure.site_id, Closure.starts_on, Closure.ends_on).where(
            Closure.site_id.in_(site_ids), Closure.starts_on <= last, Closure.ends_on >= first_day
        )
    )
    found: dict[int, set[date]] = {}
    for site_id, starts_on, ends_on in rows:
        at = max(starts_on, first_day)
        while at <= min(ends_on, last):
            found.setdefault(site_id, set()).add(at)
            at += timedelta(days=1)
    return {site_id: frozenset(each) for site_id, each in found.items()}


def _busy(session: Session, now: datetime, therapist_id: int, first: datetime, until: datetime) -> list[Span]:
    """What the diary has of a therapist, rest between clients included, in epoch minutes."""
    rows = session.execute(
        sa.select(DiarySpan.from_tick, DiarySpan.to_tick)
        .join(DiaryEntry, DiaryEntry.id == DiarySpan.entry_id)
        .where(
            DiarySpan.kind == OwnerKind.THERAPIST,
            DiarySpan.owner_id == therapist_id,
            DiarySpan.touches(tick_of(first), tick_of(until)),
            sa.or_(DiaryEntry.expires_at.is_(None), DiaryEntry.expires_at > now),
        )
    )
    return [(row.from_tick * TICK_MINUTES, row.to_tick * TICK_MINUTES) for row in rows]


def _away(session: Session, therapist_id: int, first: datetime, until: datetime) -> list[tuple[Span, str]]:
    rows = session.execute(
        sa.select(TimeOff.starts_at, TimeOff.ends_at, TimeOff.reason).where(
            TimeOff.therapist_id == therapist_id,
            TimeOff.cancelled_at.is_(None),
            TimeOff.starts_at < until,
            TimeOff.ends_at > first,
        )
    )
    minute = walltime.epoch_minute
    return [((minute(row.starts_at), minute(row.ends_at)), row.reason) for row in rows]


def earlier_with(session: Session, this: Listed) -> list[Listed]:
    """The client's earlier appointments with the same therapist, latest first."""
    wanted = (
        listed()
        .where(
            Appointment.client_id == this.client_id,
            Appointment.therapist_id == this.therapist_id,
            Appointment.starts_at < this.starts_at,
            Appointment.status.not_in(GONE),
        )
        .order_by(None)
        .order_by(Appointment.starts_at.desc())
        .limit(EARLIER_SHOWN)
    )
    return [Listed(**row._mapping) for row in session.execute(wanted)]


def own_time_off(session: Session, therapist_id: int, since: datetime) -> list[TimeOff]:
    """The time off of a therapist that is not over at `since`, soonest first."""
    return list(
        session.scalars(
            sa.select(TimeOff)
            .where(
                TimeOff.therapist_id == therapist_id, TimeOff.cancelled_at.is_(None), TimeOff.ends_at > since
            )
            .order_by(TimeOff.starts_at)
        )
    )
