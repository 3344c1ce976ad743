"""How sessions went: pain before and after, noted by the therapist, and what it says of what helped.

Readings are whole numbers from 0 (none) to 10 (worst). They are health answers: whoever among the staff
writes or opens them leaves an audit event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.audit import services as audit
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.care.models import SessionOutcome
from clinic.catalog.models import Offering, OfferingOption
from clinic.catalog.recommendation import Helped
from clinic.intake.models import Intake
from clinic.kernel.errors import BadInput, NotFound, Stale, WrongState

WORST = 10
MATTERS = 2  # the smallest change, in points, that is more than chance
SHOWN = 7  # as many as can be read on a phone
_FARTHEST_BACK = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """The pain before and after one session; None where it was not asked."""

    starts_at: datetime
    tz: str
    session: str
    technique: str
    before: int | None
    after: int | None

    @property
    def change(self) -> int | None:
        """After less before: below zero is better."""
        return None if self.before is None or self.after is None else self.after - self.before


def may_note(status: Status, starts_at: datetime, now: datetime) -> bool:
    """Whether pain may be noted: the client is here, or was."""
    if status is Status.BOOKED:
        return starts_at <= now
    return status in (Status.CHECKED_IN, Status.FULFILLED)


def note(
    session: Session,
    now: datetime,
    reference: str,
    therapist_id: int,
    *,
    before: int | None,
    after: int | None,
    actor: str,
    version: int,
) -> SessionOutcome:
    """Keeps the pain before and after a therapist's own session; the same again changes nothing.

    `version` is that of the reading which was looked at, 0 where there was none. NotFound for another's
    session, WrongState before the client is there, BadInput for a number that is none from 0 to 10 and for
    nothing at all, Stale when it was noted otherwise meanwhile.
    """
    appointment = session.scalar(
        sa.select(Appointment)
        .where(Appointment.reference == reference, Appointment.therapist_id == therapist_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if appointment is None:
        raise NotFound()
    if not may_note(appointment.status, appointment.starts_at, now):
        raise WrongState("This can be noted once the client is here.")
    _check("before", before)
    _check("after", after)
    found = session.get(SessionOutcome, appointment.id, populate_existing=True)
    if found is None and before is None and after is None:
        raise BadInput("Choose a number from 0 to 10.", "before")
    if found is not None and (pain_of(found.pain_before), pain_of(found.pain_after)) == (before, after):
        return found
    if (found.version if found else 0) != version:
        raise Stale()
    kept = found or SessionOutcome(appointment_id=appointment.id)
    kept.pain_before, kept.pain_after = _kept(before), _kept(after)
    kept.noted_at, kept.actor = now, actor
    try:
        with session.begin_nested():
            session.add(kept)
            session.flush()
    except IntegrityError:
        raise Stale() from None
    audit.record(session, now, actor, "noted_outcome", "appointment", appointment.id)
    return kept


def outcome_of(session: Session, appointment_id: int) -> SessionOutcome | None:
    """What was noted of one session."""
    return session.get(SessionOutcome, appointment_id)


def pain_of(kept: str | None) -> int | None:
    """A reading as a number."""
    return None if kept is None else int(kept)


def open_course(
    session: Session, now: datetime, client_id: int, until: datetime, actor: str
) -> tuple[Reading, ...]:
    """The last readings of a client up to `until`, oldest first; that `actor` opened them is recorded."""
    found = tuple(_readings(session, client_id, until)[-SHOWN:])
    if found:
        audit.record(session, now, actor, "read_outcomes", "client", client_id)
    return found


def helped(session: Session, client_id: int | None) -> Mapping[str, Helped]:
    """What this client's own sessions did, by technique; nothing for a visitor nobody knows.

    Only sessions that were given, and of which the pain was asked before and after.
    """
    if client_id is None:
        return {}
    changes: dict[str, list[int]] = {}
    for reading in _readings(session, client_id):
        if reading.change is not None:
            changes.setdefault(reading.technique, []).append(reading.change)
    return {technique: Helped(len(each), sum(each) / len(each)) for technique, each in changes.items()}


def client_behind(session: Session, intake: Intake | None) -> int | None:
    """Whose answers these are: the client's own, or carried over from answers that are; None for a visitor.

    Only we write that answers were carried over, and only for who came by their own link or is at the desk.
    """
    for _step in range(_FARTHEST_BACK):
        if intake is None or intake.client_id is not None:
            break
        intake = session.get(Intake, intake.based_on_id) if intake.based_on_id else None
    return intake.client_id if intake is not None else None


def _readings(session: Session, client_id: int, until: datetime | None = None) -> Sequence[Reading]:
    wanted = (
        sa.select(Appointment, SessionOutcome, Offering)
        .join(SessionOutcome, SessionOutcome.appointment_id == Appointment.id)
        .join(OfferingOption, OfferingOption.id == Appointment.option_id)
        .join(Offering, Offering.id == OfferingOption.offering_id)
        .where(Appointment.client_id == client_id)
        .options(sa.orm.joinedload(Appointment.site))
        .order_by(Appointment.starts_at, Appointment.id)
    )
    if until is None:
        wanted = wanted.where(Appointment.status == Status.FULFILLED)
    else:
        wanted = wanted.where(Appointment.starts_at <= until)
    return [
        Reading(
            appointment.starts_at,
            appointment.site.tz,
            offering.desk_name,
            offering.technique,
            pain_of(outcome.pain_before),
            pain_of(outcome.pain_after),
        )
        for appointment, outcome, offering in session.execute(wanted)
    ]


def _check(field: str, pain: int | None) -> None:
    if pain is not None and not 0 <= pain <= WORST:
        raise BadInput("Choose a number from 0 to 10.", field)


def _kept(pain: int | None) -> str | None:
    return None if pain is None else str(pain)
