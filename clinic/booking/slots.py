"""Which times are free for a session somebody wants: what the pages, the desk and the services ask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from clinic.catalog.models import OfferingOption
from clinic.kernel.errors import NotFound
from clinic.kernel.walltime import from_epoch_minute, zone
from clinic.roster.availability import Opening
from clinic.roster.choosing import nearest
from clinic.roster.models import Gender, Site
from clinic.roster.timetable import Search, find_openings, first_openings, openings_at

NEAREST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a time for. `talk_minutes` come on top of the option's hands-on minutes."""

    site_id: int
    option_id: int
    talk_minutes: int = 0
    therapist_id: int | None = None
    gender: Gender | None = None
    is_step_free: bool = False
    client_id: int | None = None
    ignore_entry_id: int | None = None
    is_desk: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A free time, as an instant, with the therapist and the room that would take it."""

    starts_at: datetime
    therapist_id: int
    room_id: int


def openings(session: Session, wish: Wish, first_day: date, days: int, now: datetime) -> list[Slot]:
    """Every free time from `first_day` (the site's day) on for `days` days, in order of time."""
    search = _search(session, wish, first_day, days, now)
    return [_slot(opening) for opening in find_openings(session, search)]


def soonest(session: Session, wish: Wish, now: datetime) -> Slot | None:
    """The first free time within the site's horizon, or None."""
    site = session.get(Site, wish.site_id)
    if site is None:
        raise NotFound()
    today = now.astimezone(zone(site.tz)).date()
    found = first_openings(session, _search(session, wish, today, site.horizon_days + 1, now), 1)
    return _slot(found[0]) if found else None


def slots_at(session: Session, wish: Wish, starts_at: datetime, now: datetime) -> list[Slot]:
    """Everybody who is free at exactly `starts_at`, each with a room."""
    search = _search(session, wish, starts_at.date(), 1, now)
    return [_slot(opening) for opening in openings_at(session, search, starts_at)]


def nearest_slots(
    session: Session, wish: Wish, starts_at: datetime, now: datetime, count: int = 3
) -> list[Slot]:
    """The free times nearest to `starts_at`, one for each start, in order of time."""
    site = session.get(Site, wish.site_id)
    if site is None:
        raise NotFound()
    middle = starts_at.astimezone(zone(site.tz)).date()
    first = max(now.astimezone(zone(site.tz)).date(), middle - timedelta(days=NEAREST_DAYS // 2))
    found = find_openings(session, _search(session, wish, first, NEAREST_DAYS, now))
    if not found and wish.therapist_id:
        return nearest_slots(session, replace(wish, therapist_id=None), starts_at, now, count)
    wanted = int(starts_at.timestamp() // 60)
    return [_slot(opening) for opening in nearest(found, wanted, count)]


def _search(session: Session, wish: Wish, first_day: date, days: int, now: datetime) -> Search:
    option = session.get(OfferingOption, wish.option_id)
    if option is None:
        raise NotFound()
    return Search(
        site_id=wish.site_id,
        offering_id=option.offering_id,
        minutes=option.minutes + wish.talk_minutes,
        buffer_before=option.buffer_before_minutes,
        buffer_after=option.buffer_after_minutes,
        turnover=option.turnover_minutes,
        skill_id=option.offering.skill_id,
        therapist_id=wish.therapist_id,
        gender=wish.gender,
        step_free=wish.is_step_free,
        client_id=wish.client_id,
        first_day=first_day,
        days=days,
        now=now,
        ignore_entry_id=wish.ignore_entry_id,
        by_desk=wish.is_desk,
    )


def _slot(opening: Opening) -> Slot:
    return Slot(from_epoch_minute(opening.start), opening.therapist_id, opening.room_id)
