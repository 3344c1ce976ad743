"""Free times as reception reads them out: one line for each start and therapist, five at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.board import Place
from clinic.booking.slots import Slot, Wish, openings
from clinic.kernel import walltime
from clinic.roster.models import Room, Therapist
from clinic.web.desk.blueprint import local_day, zone_word
from clinic.web.filters import clock_time, short_day
from clinic.web.numbers import read_whole
from clinic.web.times import read_slot, slot_value

# How far ahead one looks for the first times, a step at a time (days).
LOOKS = (7, 28, 90)
# Two times of one therapist that are nearer than this are one choice to a caller; the filters give the rest.
APART = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Offered:
    """A free time at a place, with the names a caller is told."""

    slot: Slot
    place: Place
    therapist: str
    hue: int
    room: str

    @property
    def value(self) -> str:
        """What a form sends of it; the services judge it anew."""
        return f"{slot_value(self.slot.starts_at)}/{self.slot.therapist_id}/{self.place.id}"

    def row(self, now: datetime, with_site: bool, note: str = "") -> tuple[str, str, str, str, int, str]:
        """What the macro `pick_times` draws: value, day, clock, therapist, hue, small line."""
        day, today = (local_day(each, self.place.tz) for each in (self.slot.starts_at, now))
        where = f"{self.room}, {self.place.name}{zone_word(self.place.tz)}" if with_site else self.room
        return (
            self.value,
            day_word(day, today),
            clock_time(self.slot.starts_at, self.place.tz),
            self.therapist,
            self.hue,
            f"{note}, {where}" if note else where,
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """A time as a form sent it."""

    starts_at: datetime
    therapist_id: int
    site_id: int


def read_chosen(text: str | None) -> Chosen | None:
    """What `Offered.value` wrote; None for anything else."""
    parts = (text or "").split("/")
    if len(parts) != 3:
        return None
    starts_at, therapist_id, site_id = read_slot(parts[0]), read_whole(parts[1]), read_whole(parts[2])
    if starts_at is None or therapist_id is None or site_id is None:
        return None
    return Chosen(starts_at, therapist_id, site_id)


def day_word(day: date, today: date) -> str:
    """'Today', 'Tomorrow', 'Thu 26 Nov'."""
    if day == today:
        return "Today"
    return "Tomorrow" if day == today + timedelta(days=1) else short_day(day)


def first_free(
    session: Session, wish: Wish, sites: Sequence[Place], now: datetime, since: datetime, count: int
) -> list[Offered]:
    """The first `count` times from `since` on at any of the sites, looking no further than it must."""
    for days in LOOKS:
        found: list[tuple[Slot, Place]] = []
        for site in sites:
            first = max(local_day(since, site.tz), local_day(now, site.tz))
            slots = openings(session, replace(wish, site_id=site.id), first, days, now)
            found += [(slot, site) for slot in slots if slot.starts_at >= since]
        shown = spread(sorted(found, key=_order))
        if len(shown) >= count or days == LOOKS[-1]:
            return named(session, shown[:count])
    return []


def spread(found: Iterable[tuple[Slot, Place]]) -> list[tuple[Slot, Place]]:
    """Those a caller is told: of one therapist's times close together only the first."""
    kept: list[tuple[Slot, Place]] = []
    last: dict[tuple[int, int], datetime] = {}
    for slot, place in found:
        key = (slot.therapist_id, place.id)
        if key not in last or slot.starts_at - last[key] >= APART:
            kept.append((slot, place))
            last[key] = slot.starts_at
    return kept


def on_day(session: Session, wish: Wish, site: Place, day: date, now: datetime) -> list[Offered]:
    """Every time of one day at a site."""
    slots = openings(session, replace(wish, site_id=site.id), day, 1, now)
    here = [(slot, site) for slot in slots if local_day(slot.starts_at, site.tz) == day]
    return named(session, sorted(here, key=_order))


def named(session: Session, found: Iterable[tuple[Slot, Place]]) -> list[Offered]:
    """Slots with the names of therapist and room: two statements."""
    pairs = list(found)
    if not pairs:
        return []
    therapists = {
        row.id: (row.name, row.hue)
        for row in session.execute(
            sa.select(Therapist.id, Therapist.name, Therapist.hue).where(
                Therapist.id.in_({slot.therapist_id for slot, _place in pairs})
            )
        )
    }
    rooms = {
        row.id: row.name
        for row in session.execute(
            sa.select(Room.id, Room.name).where(Room.id.in_({slot.room_id for slot, _place in pairs}))
        )
    }
    return [
        Offered(slot, place, *therapists[slot.therapist_id], room=rooms[slot.room_id])
        for slot, place in pairs
    ]


def difference(starts_at: datetime, wanted: datetime) -> str:
    """'30 min earlier', '2 h later', 'same time, 1 day later'."""
    minutes = int((starts_at - wanted).total_seconds() // 60)
    if minutes == 0:
        return "same time"
    word = "later" if minutes > 0 else "earlier"
    minutes = abs(minutes)
    days, rest = divmod(minutes, walltime.DAY_MINUTES)
    if days:
        said = "1 day" if days == 1 else f"{days} days"
        return f"same time, {said} {word}" if rest == 0 else f"{said} {word}"
    hours, left = divmod(minutes, 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{left} min"] if left else []), word])


def _order(pair: tuple[Slot, Place]) -> tuple[datetime, bool, int, int]:
    """By start; of equal starts first those that leave no gap in somebody's day."""
    slot, place = pair
    return slot.starts_at, not slot.leaves_no_hole, place.id, slot.therapist_id
