"""What a change of hours, rooms or offerings would hit: coming appointments, named before anybody saves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.queries import GONE, Listed, listed
from clinic.booking.statuses import Status
from clinic.catalog.models import OfferingOption
from clinic.kernel import walltime
from clinic.kernel.spans import contains, merge
from clinic.kernel.ticks import ticks_between
from clinic.roster.availability import WorkingPattern, working_spans
from clinic.roster.models import DiarySpan, OwnerKind

MOST_SHOWN = 200
_TO_COME = frozenset({Status.PROVISIONAL, Status.BOOKED, Status.CHECKED_IN})


def in_the_way(
    session: Session, kind: OwnerKind, owner_id: int, starts_at: datetime, ends_at: datetime
) -> list[Listed]:
    """The appointments that take a therapist's or a room's time between two instants, buffers included."""
    ticks = ticks_between(starts_at, ends_at)
    wanted = (
        listed()
        .join(DiarySpan, DiarySpan.entry_id == Appointment.entry_id)
        .where(
            DiarySpan.kind == kind,
            DiarySpan.owner_id == owner_id,
            DiarySpan.touches(ticks.start, ticks.stop),
        )
        .limit(MOST_SHOWN)
    )
    return _read(session, wanted)


def coming(
    session: Session,
    now: datetime,
    *,
    therapist_id: int | None = None,
    room_id: int | None = None,
    site_id: int | None = None,
    offering_id: int | None = None,
) -> list[Listed]:
    """The appointments still to come of a therapist, a room, a site or an offering, soonest first."""
    wanted = listed().where(Appointment.ends_at > now, Appointment.status.in_(_TO_COME))
    for column, value in (
        (Appointment.therapist_id, therapist_id),
        (Appointment.room_id, room_id),
        (Appointment.site_id, site_id),
        (OfferingOption.offering_id, offering_id),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    return _read(session, wanted)


def coming_by_option(session: Session, now: datetime, option_ids: Collection[int]) -> dict[int, int]:
    """How many appointments are still to come of each option that has any."""
    rows = session.execute(
        sa.select(Appointment.option_id, sa.func.count())
        .where(
            Appointment.option_id.in_(option_ids),
            Appointment.ends_at > now,
            Appointment.status.in_(_TO_COME),
        )
        .group_by(Appointment.option_id)
    )
    return {row[0]: row[1] for row in rows}


def outside_hours(
    session: Session,
    now: datetime,
    therapist_id: int,
    week: Mapping[int, Sequence[WorkingPattern]],
    from_on: date,
    until_on: date | None = None,
) -> list[Listed]:
    """The coming appointments from `from_on` to `until_on` that would lie outside a new week.

    `week` are the hours by site number. The session itself is judged, not the rest around it.
    """
    found = []
    for each in coming(session, now, therapist_id=therapist_id):
        if each.local_day < from_on or (until_on is not None and each.local_day > until_on):
            continue
        spans = merge(
            working_spans(
                week.get(each.site_id, ()),
                each.local_day - timedelta(days=1),
                2,
                walltime.zone(each.tz),
            )
        )
        start, end = walltime.epoch_minute(each.starts_at), walltime.epoch_minute(each.ends_at)
        if not contains(spans, start, end):
            found.append(each)
    return found


def on_days(session: Session, now: datetime, site_id: int, first: date, last: date) -> list[Listed]:
    """The coming appointments at a site on its days from `first` to `last`, both included."""
    return [each for each in coming(session, now, site_id=site_id) if first <= each.local_day <= last]


def _read(session: Session, wanted: sa.Select[*tuple[Any, ...]]) -> list[Listed]:
    return [Listed(**row._mapping) for row in session.execute(wanted.where(Appointment.status.not_in(GONE)))]
