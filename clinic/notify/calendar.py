"""Calendar files (RFC 5545): one UID for an appointment's life, a rising SEQUENCE, no health word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress, vText


@dataclass(frozen=True, slots=True)
class Invite:
    """What the file says. `title` and `where` are the clinic's name and address: nothing of the session."""

    uid: str
    sequence: int
    title: str
    where: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    organiser: str
    stamp: datetime
    note: str = ""
    is_cancelled: bool = False


def pack(invites: Sequence[Invite]) -> str:
    """What the file for several will say, to be kept with a message: a booking does not wait for the file."""
    return json.dumps([{name: getattr(each, name) for name in _NAMES} for each in invites], default=_iso)


def unpack(kept: str | None) -> str | None:
    """The file of what `pack` has kept; a file that was kept ready is that file."""
    if kept is None or kept.startswith("BEGIN:"):
        return kept
    return write_all([Invite(**{**each, **_instants(each)}) for each in json.loads(kept)])


_NAMES = tuple(Invite.__dataclass_fields__)


def _iso(instant: datetime) -> str:
    return instant.isoformat()


def _instants(packed: dict[str, Any]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(packed[name]) for name in ("starts_at", "ends_at", "stamp")}


def write(invite: Invite) -> str:
    """The text of the file: METHOD PUBLISH, or CANCEL for one that is off. Times in the place's zone."""
    return write_all([invite])


def write_all(invites: Sequence[Invite]) -> str:
    """One file for several that are all on, or all off: the method counts for the whole file."""
    calendar = Calendar()
    calendar.add("prodid", "-//clinic//appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if invites[0].is_cancelled else "PUBLISH")
    for invite in invites:
        calendar.add_component(_event(invite))
    # The rules of the zone around these times: from 1970 on they would be nine tenths of the file.
    years = [invite.starts_at.year for invite in invites]
    zones = (_zone(name, min(years) - 1, max(years) + 2) for name in sorted(calendar.get_missing_tzids()))
    before, event, rest = calendar.to_ical().decode().partition("BEGIN:VEVENT")
    return "".join((before, *zones, event, rest))


@lru_cache(maxsize=64)
def _zone(name: str, first_year: int, last_year: int) -> str:
    """The rules of a zone from one New Year to another. Writing them takes longer than all the rest."""
    found = Timezone.from_tzid(name, first_date=date(first_year, 1, 1), last_date=date(last_year, 1, 1))
    return found.to_ical().decode()


def _event(invite: Invite) -> Event:
    event = Event()
    event.add("uid", invite.uid)
    event.add("sequence", invite.sequence)
    event.add("dtstamp", invite.stamp)
    event.add("dtstart", _at_the_place(invite.starts_at, invite.zone))
    event.add("dtend", _at_the_place(invite.ends_at, invite.zone))
    event.add("summary", invite.title)
    event.add("location", invite.where)
    event.add("status", "CANCELLED" if invite.is_cancelled else "CONFIRMED")
    organiser = vCalAddress(f"mailto:{invite.organiser}")
    organiser.params["CN"] = vText(invite.title)
    event["organizer"] = organiser
    if invite.note:
        event.add("description", invite.note)
    return event


def _at_the_place(instant: datetime, zone: str) -> datetime:
    """The wall time of the place; UTC in the hour that comes twice, which a wall time cannot tell apart."""
    local = instant.astimezone(ZoneInfo(zone))
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return instant.astimezone(UTC)
    return local
