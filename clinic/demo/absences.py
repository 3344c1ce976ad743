"""Who is away and which room is out of use, in the weeks around today."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from clinic.demo.house import House, weekday_from
from clinic.kernel.spans import Span
from clinic.kernel.walltime import epoch_minute, instant
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import EntryKind, Maintenance, OwnerKind, TimeOff

MON, TUE, WED, THU, FRI = range(5)
# (therapist, days from today, the first such weekday from there, from minute, days, to minute, reason)
TIME_OFF = (
    ("Amara Osei", -38, MON, 0, 7, 0, "Holiday"),
    ("Callum Reid", -20, THU, 0, 1, 0, "Course"),
    ("Grace Lindqvist", -9, TUE, 0, 1, 0, "Moving house"),
    ("Tom Whitfield", 2, FRI, 17 * 60, 0, 20 * 60, "Concert"),
    ("Elena Marsh", 8, WED, 0, 1, 0, "Course"),
    ("Hana Sato", 17, MON, 0, 7, 0, "Holiday"),
    ("Joseph Kimani", 26, WED, 0, 3, 0, "Family"),
)
# (room, days from today, weekday, from minute, to minute, reason)
MAINTENANCE = (
    ("Room 2", 4, WED, 12 * 60, 14 * 60, "New blind"),
    ("Mat room", 9, TUE, 13 * 60, 15 * 60, "Mats cleaned"),
)


@dataclass(slots=True)
class Absences:
    """The spans (epoch minutes) in which a therapist is away and a room is out of use, by name."""

    therapists: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    rooms: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))


def add_absences(session: Session, now: datetime, today: date, house: House, zone: ZoneInfo) -> Absences:
    """Adds time off and maintenance; those not over since yesterday stand in the diary."""
    found = Absences()
    kept_from = instant(today - timedelta(days=1), 0, zone, 0)
    for name, days, weekday, opens, more, closes, reason in TIME_OFF:
        day = weekday_from(today + timedelta(days=days), weekday)
        starts_at = instant(day, opens, zone, 0)
        ends_at = instant(day + timedelta(days=more), closes, zone, 0)
        found.therapists[name].append((epoch_minute(starts_at), epoch_minute(ends_at)))
        therapist_id = house.therapists[name].id
        away = TimeOff(therapist_id=therapist_id, starts_at=starts_at, ends_at=ends_at, reason=reason)
        if ends_at > kept_from:
            claims = [Claim(OwnerKind.THERAPIST, therapist_id, starts_at, ends_at)]
            away.entry_id = diary.enter(session, EntryKind.TIME_OFF, claims, now)
        session.add(away)
    for name, days, weekday, opens, closes, reason in MAINTENANCE:
        day = weekday_from(today + timedelta(days=days), weekday)
        starts_at, ends_at = instant(day, opens, zone, 0), instant(day, closes, zone, 0)
        found.rooms[name].append((epoch_minute(starts_at), epoch_minute(ends_at)))
        room_id = house.rooms[name].id
        claims = [Claim(OwnerKind.ROOM, room_id, starts_at, ends_at)]
        entry_id = diary.enter(session, EntryKind.MAINTENANCE, claims, now)
        session.add(
            Maintenance(
                room_id=room_id, starts_at=starts_at, ends_at=ends_at, reason=reason, entry_id=entry_id
            )
        )
    session.flush()
    return found
