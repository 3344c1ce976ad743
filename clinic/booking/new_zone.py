"""Whether a site may be given another time zone: not where that would move what somebody was told.

Patterns (weekly hours) follow the new clock; what has a date is an instant and would stand at another time of
that clock. Clients have the time in their mail, so nothing is shifted for them behind their back.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import available_timezones

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import impact
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput
from clinic.roster import hours
from clinic.roster.models import Maintenance, Room, Site, Therapist, TimeOff, WorkingHours


def refuse(session: Session, now: datetime, site_id: int, tz: str) -> None:
    """BadInput, at 'tz', where a new zone would have somebody at two sites at once or show another time.

    Another time: of a coming appointment, or of time off and a room out of use that were entered by the
    site's clock. A zone whose clock says the same for all of them is taken; so is one that does not exist,
    which `save_site` refuses.
    """
    stands = session.get(Site, site_id)
    if stands is None or stands.tz == tz or tz not in available_timezones():
        return
    hours.refuse_meetings_in(session, site_id, tz, walltime.local(now, walltime.zone(stands.tz)).date())
    _refuse_appointments(session, now, stands, tz)
    _refuse_absences(session, now, stands, tz)


def _refuse_appointments(session: Session, now: datetime, stands: Site, tz: str) -> None:
    moved = [
        each
        for each in impact.coming(session, now, site_id=stands.id)
        if _says(each.starts_at, tz) != _says(each.starts_at, stands.tz)
    ]
    if not moved:
        return
    first = moved[0]
    there = walltime.local(first.starts_at, walltime.zone(stands.tz))
    clock = walltime.clock(first.starts_at, walltime.zone(tz))
    told = f"{there:%A} {there.day} {there:%B} at {there:%H:%M}"
    number = (
        "1 coming appointment would show another time than its client was told"
        if len(moved) == 1
        else f"{len(moved)} coming appointments would show another time than their clients were told"
    )
    raise BadInput(
        f"{number}: {first.client}, {told}, would see {clock}. Move or cancel first, or add a site with "
        "that zone.",
        "tz",
    )


def _refuse_absences(session: Session, now: datetime, stands: Site, tz: str) -> None:
    home = (
        sa.select(sa.func.min(Site.id))
        .join(WorkingHours, WorkingHours.site_id == Site.id)
        .where(WorkingHours.therapist_id == TimeOff.therapist_id, Site.is_active)
        .scalar_subquery()
    )
    away = (
        sa.select(Therapist.name, TimeOff.starts_at, TimeOff.ends_at)
        .join(Therapist, Therapist.id == TimeOff.therapist_id)
        .where(home == stands.id, TimeOff.cancelled_at.is_(None), TimeOff.ends_at > now)
    )
    shut = (
        sa.select(Room.name, Maintenance.starts_at, Maintenance.ends_at)
        .join(Room, Room.id == Maintenance.room_id)
        .where(Room.site_id == stands.id, Maintenance.cancelled_at.is_(None), Maintenance.ends_at > now)
    )
    for wanted, what in ((away, "The time off of"), (shut, "The time without")):
        moved = sorted(
            {
                name
                for name, *instants in session.execute(wanted)
                if any(_says(each, tz) != _says(each, stands.tz) for each in instants)
            }
        )
        if moved:
            raise BadInput(
                f"{what} {', '.join(moved)} would move on the clock. Take it back, change the zone, then "
                "enter it again.",
                "tz",
            )


def _says(instant: datetime, tz: str) -> datetime:
    """What the clock shows then."""
    return walltime.local(instant, walltime.zone(tz)).replace(tzinfo=None)
