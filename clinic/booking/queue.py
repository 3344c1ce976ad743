"""What waits for somebody: requests for clearance with the promised answer, call-backs, provisional times.

None of these values holds an answer, a rule or a reason: the desk reads them too. Requests take two
statements, however many wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.queries import Listed, listed
from clinic.booking.statuses import Status
from clinic.intake.level import Releaser
from clinic.intake.models import CallBack, CallBackStatus, Clearance, ClearanceDocument, ClearanceStatus
from clinic.roster.models import Site

LATELY = timedelta(days=14)
MOST = 60
_DECIDED = (ClearanceStatus.ALLOWED, ClearanceStatus.LIMITED, ClearanceStatus.REFUSED, ClearanceStatus.ENDED)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `due_at` is the clinic's promise, `files` how many replies were sent in."""

    id: int
    intake_id: int
    status: ClearanceStatus
    release_by: Releaser
    name: str
    email: str | None
    phone: str | None
    best_time: str
    site_id: int
    site: str
    tz: str
    opened_at: datetime
    waiting_since: datetime
    due_at: datetime
    decided_at: datetime | None
    expires_on: date | None
    files: int
    version: int
    times: tuple[Listed, ...] = ()

    @property
    def is_for_the_desk(self) -> bool:
        """Whether reception may decide: no therapist is needed."""
        return self.release_by is Releaser.RECEPTION

    def over_by(self, now: datetime) -> timedelta | None:
        """How long the promise is broken; None while it is kept, or while the client is asked."""
        late = self.status is ClearanceStatus.OPEN and now > self.due_at
        return now - self.due_at if late else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait for someone: call-backs, provisional times, clearances; `overdue` of these too long."""

    call_backs: int
    provisional: int
    clearances: int
    overdue: int


@dataclass(frozen=True, slots=True)
class OpenCall:
    """Someone who asked to be rung. What they wrote is not for the desk."""

    id: int
    name: str
    phone: str
    email: str | None
    best_time: str
    site: str
    tz: str
    created_at: datetime


def number(session: Session, now: datetime) -> tuple[int, int]:
    """How many requests wait for us, and how many of them longer than promised: one statement."""
    row = session.execute(
        sa.select(
            sa.func.count().label("waiting"),
            sa.func.count(sa.case((Clearance.due_at < now, 1))).label("overdue"),
        ).where(Clearance.status == ClearanceStatus.OPEN)
    ).one()
    return row.waiting, row.overdue


def open_ones(session: Session) -> list[Request]:
    """Those that wait for us, what was promised first on top."""
    return _read(session, Clearance.status == ClearanceStatus.OPEN, Clearance.due_at, Clearance.id)


def asked_again(session: Session) -> list[Request]:
    """Those of whom we want to know more, the longest asked first."""
    wanted = Clearance.status == ClearanceStatus.MORE_NEEDED
    return _read(session, wanted, Clearance.decided_at, Clearance.id)


def decided_lately(session: Session, now: datetime) -> list[Request]:
    """What was decided within two weeks, the latest first; also what ended as an answer changed."""
    wanted = sa.and_(Clearance.status.in_(_DECIDED), Clearance.decided_at > now - LATELY)
    return _read(session, wanted, Clearance.decided_at.desc(), Clearance.id.desc())


def one(session: Session, clearance_id: int) -> Request | None:
    """The request of that number."""
    found = _read(session, Clearance.id == clearance_id, Clearance.id)
    return found[0] if found else None


def _read(session: Session, wanted: sa.ColumnElement[bool], *order: Any) -> list[Request]:
    files = (
        sa.select(sa.func.count())
        .where(ClearanceDocument.clearance_id == Clearance.id)
        .scalar_subquery()
        .label("files")
    )
    rows = session.execute(
        sa.select(
            Clearance.id, Clearance.intake_id, Clearance.status, Clearance.release_by, Clearance.name,
            Clearance.email, Clearance.phone, Clearance.best_time, Clearance.site_id,
            Site.name.label("site"), Site.tz, Clearance.opened_at, Clearance.waiting_since, Clearance.due_at,
            Clearance.decided_at, Clearance.expires_on, files, Clearance.version,
        )
        .join(Site, Site.id == Clearance.site_id)
        .where(wanted)
        .order_by(*order)
        .limit(MOST)
    ).all()  # fmt: skip
    times = _times(session, [row.intake_id for row in rows])
    return [Request(**row._mapping, times=tuple(times.get(row.intake_id, ()))) for row in rows]


def _times(session: Session, intake_ids: Sequence[int]) -> dict[int, list[Listed]]:
    """The times that are kept for these intakes until somebody decides, soonest first."""
    found: dict[int, list[Listed]] = {}
    if intake_ids:
        wanted = listed().where(
            Appointment.intake_id.in_(intake_ids), Appointment.status == Status.PROVISIONAL
        )
        for row in session.execute(wanted):
            found.setdefault(row.intake_id, []).append(Listed(**row._mapping))
    return found


# --- the desk's bar, call-backs, provisional times -------------------------------------------------------


def waiting(session: Session, now: datetime) -> Waiting:
    """What stands in the desk's bar: four numbers, one statement."""
    calls = sa.select(sa.func.count()).where(CallBack.status == CallBackStatus.OPEN).scalar_subquery()
    times = (
        sa.select(sa.func.count())
        .where(Appointment.status == Status.PROVISIONAL, Appointment.ends_at > now)
        .scalar_subquery()
    )
    asked = sa.select(sa.func.count()).where(Clearance.status == ClearanceStatus.OPEN)
    row = session.execute(
        sa.select(
            calls.label("calls"),
            times.label("times"),
            asked.scalar_subquery().label("asked"),
            asked.where(Clearance.due_at < now).scalar_subquery().label("overdue"),
        )
    ).one()
    return Waiting(row.calls, row.times, row.asked, row.overdue)


def open_calls(session: Session) -> list[OpenCall]:
    """Who asked to be rung and has not been, longest waiting first."""
    rows = session.execute(
        sa.select(
            CallBack.id,
            CallBack.name,
            CallBack.phone,
            CallBack.email,
            CallBack.best_time,
            Site.name.label("site"),
            Site.tz,
            CallBack.created_at,
        )
        .join(Site, Site.id == CallBack.site_id)
        .where(CallBack.status == CallBackStatus.OPEN)
        .order_by(CallBack.created_at, CallBack.id)
    )
    return [OpenCall(**row._mapping) for row in rows]


def provisional_times(session: Session, now: datetime) -> list[Listed]:
    """The times kept for somebody until a therapist has decided, soonest first."""
    wanted = listed().where(Appointment.status == Status.PROVISIONAL, Appointment.ends_at > now)
    return [Listed(**row._mapping) for row in session.execute(wanted)]
