"""Calendar files (RFC 5545): one UID for an appointment's life, a rising SEQUENCE, no health word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText


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


def write(invite: Invite) -> str:
    """The text of the file: METHOD PUBLISH, or CANCEL for one that is off. Times in the place's zone."""
    calendar = Calendar()
    calendar.add("prodid", "-//clinic//appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if invite.is_cancelled else "PUBLISH")
    event = Event()
    event.add("uid", invite.uid)
    event.add("sequence", invite.sequence)
    event.add("dtstamp", invite.stamp)
    event.add("dtstart", invite.starts_at.astimezone(ZoneInfo(invite.zone)))
    event.add("dtend", invite.ends_at.astimezone(ZoneInfo(invite.zone)))
    event.add("summary", invite.title)
    event.add("location", invite.where)
    event.add("status", "CANCELLED" if invite.is_cancelled else "CONFIRMED")
    organiser = vCalAddress(f"mailto:{invite.organiser}")
    organiser.params["CN"] = vText(invite.title)
    event["organizer"] = organiser
    if invite.note:
        event.add("description", invite.note)
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return calendar.to_ical().decode()
