"""Which times are free for a session somebody wants: what the pages, the desk and the services ask."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, OfferingOption
from clinic.kernel.errors import NotFound, NotOffered
from clinic.kernel.walltime import from_epoch_minute
from clinic.roster.availability import Opening
from clinic.roster.choosing import nearest
from clinic.roster.explaining import Reason, Way, explain
from clinic.roster.facts import Facts, Search, SiteRules
from clinic.roster.limits import is_deep
from clinic.roster.models import Gender, Site
from clinic.roster.reading import read_site
from clinic.roster.timetable import (
    find_openings,
    first_openings,
    openings_at,
    openings_in,
    read_around,
)

NEAREST_DAYS = 14
# Nobody books beyond these years, and beyond them the arithmetic of calendars runs out.
FIRST_YEAR, LAST_YEAR = 1900, 2200


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
    """A free time, as an instant, with the therapist and the room that would take it.

    `leaves_no_hole` marks those that a site which avoids holes in its days would rather give.
    """

    starts_at: datetime
    therapist_id: int
    room_id: int
    leaves_no_hole: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Length:
    """What a session of an option takes up (minutes) and asks for."""

    option_id: int
    offering_id: int
    skill_id: int
    technique: str
    lightest: int
    minutes: int
    buffer_before: int
    buffer_after: int
    turnover: int

    @classmethod
    def of(cls, option: OfferingOption) -> Length:
        """The length of an option that has been read already."""
        offering = option.offering
        return cls(
            option.id,
            option.offering_id,
            offering.skill_id,
            offering.technique,
            option.pressure_lightest,
            option.minutes,
            option.buffer_before_minutes,
            option.buffer_after_minutes,
            option.turnover_minutes,
        )


LENGTHS = sa.select(
    OfferingOption.id,
    OfferingOption.offering_id,
    Offering.skill_id,
    Offering.technique,
    OfferingOption.pressure_lightest,
    OfferingOption.minutes,
    OfferingOption.buffer_before_minutes,
    OfferingOption.buffer_after_minutes,
    OfferingOption.turnover_minutes,
).join(Offering, Offering.id == OfferingOption.offering_id)
# Written once: putting it together takes longer than the answer.
_LENGTH = LENGTHS.where(OfferingOption.id == sa.bindparam("option_id"))


def openings(session: Session, wish: Wish, first_day: date, days: int, now: datetime) -> list[Slot]:
    """Every free time from `first_day` (the site's day) on for `days` days, in order of time."""
    search = _search(session, wish, first_day, days, now)
    return [_slot(opening) for opening in find_openings(session, search)]


def starts_on(
    session: Session, wish: Wish, option: OfferingOption, site: Site, day: date, now: datetime
) -> list[datetime]:
    """The free starts of one day of the site, each once and in order: four statements."""
    search = search_for(wish, Length.of(option), day, 1, now)
    found = find_openings(session, search, SiteRules.of(site))
    return [from_epoch_minute(start) for start in dict.fromkeys(opening.start for opening in found)]


def soonest(session: Session, wish: Wish, now: datetime) -> Slot | None:
    """The first free time within the site's horizon, or None."""
    site = read_site(session, wish.site_id)
    found = first_openings(session, _search(session, wish, _today(site, now), site.horizon_days + 1, now), 1)
    return _slot(found[0]) if found else None


def slots_at(session: Session, wish: Wish, starts_at: datetime, now: datetime) -> list[Slot]:
    """Everybody who is free at exactly `starts_at`, each with a room."""
    search = _search(session, wish, starts_at.date(), 1, now)
    return [_slot(opening) for opening in openings_at(session, search, starts_at)]


def around(
    session: Session,
    wish: Wish,
    option: OfferingOption,
    site: Site,
    starts_at: datetime,
    now: datetime,
    *,
    whole_day: bool = True,
) -> Facts:
    """What is known of the day of a start, for a wish with option and site at hand: four statements.

    Without the `whole_day` of that start alone.
    """
    search = search_for(wish, Length.of(option), starts_at.date(), 1, now)
    return read_around(session, search, starts_at, SiteRules.of(site), whole_day=whole_day)


def free_at(known: Facts, starts_at: datetime) -> list[Slot]:
    """Everybody who is free at exactly `starts_at`, each with a room, by what was read around it."""
    return [_slot(opening) for opening in openings_in(known, starts_at)]


def nearest_slots(
    session: Session, wish: Wish, starts_at: datetime, now: datetime, count: int = 3
) -> list[Slot]:
    """The free times nearest to `starts_at`, one for each start, nearest first."""
    check_reach(starts_at)
    site = read_site(session, wish.site_id)
    middle = starts_at.astimezone(site.zone).date()
    first = max(_today(site, now), middle - timedelta(days=NEAREST_DAYS // 2))
    found = find_openings(session, _search(session, wish, first, NEAREST_DAYS, now))
    if not found and wish.therapist_id:
        return nearest_slots(session, replace(wish, therapist_id=None), starts_at, now, count)
    wanted = int(starts_at.timestamp() // 60)
    return [_slot(opening) for opening in nearest(found, wanted, count)]


@dataclass(frozen=True, slots=True)
class WayOut:
    """A free time with one condition given up: which, at which site, with which option."""

    way: Way
    slot: Slot
    site_id: int
    option_id: int
    minutes: int


@dataclass(frozen=True, slots=True)
class NoTimes:
    """Why a search finds nothing, and the nearest ways out, the nearest first."""

    reason: Reason
    ways: tuple[WayOut, ...]


def why_nothing(
    session: Session,
    wish: Wish,
    first_day: date,
    days: int,
    now: datetime,
    *,
    options: Collection[int] = (),
    other_sites: Collection[int] = (),
) -> NoTimes | None:
    """Why nothing is free for a wish on these days and what is nearest; None where something is free.

    `options` are those whose length may be taken instead (shorter ones of the same offering count, so
    whatever the intake lets in may be passed). Seven statements.
    """
    length = length_of(session, wish.option_id)
    search = search_for(wish, length, first_day, days, now)
    shorter = _shorter(session, length, options)
    found = explain(
        session,
        search,
        shorter=[search_for(wish, each, first_day, days, now) for each in shorter],
        other_sites=other_sites,
    )
    if found is None:
        return None
    lengths = {each.minutes + wish.talk_minutes: each for each in (*shorter, length)}
    ways = []
    for each in found.ways:
        taken = lengths[each.minutes]
        ways.append(WayOut(each.way, _slot(each.opening), each.site_id, taken.option_id, taken.minutes))
    return NoTimes(found.reason, tuple(ways))


def _shorter(session: Session, length: Length, options: Collection[int]) -> list[Length]:
    wanted = LENGTHS.where(
        OfferingOption.id.in_(options),
        OfferingOption.offering_id == length.offering_id,
        OfferingOption.minutes < length.minutes,
        OfferingOption.is_active,
    )
    return [Length(*row) for row in session.execute(wanted)]


def _today(site: SiteRules, now: datetime) -> date:
    return now.astimezone(site.zone).date()


def _search(session: Session, wish: Wish, first_day: date, days: int, now: datetime) -> Search:
    return search_for(wish, length_of(session, wish.option_id), first_day, days, now)


def search_for(wish: Wish, length: Length, first_day: date, days: int, now: datetime) -> Search:
    """What the timetable is asked for a wish that takes this length of its offering."""
    check_reach(first_day)
    return Search(
        site_id=wish.site_id,
        offering_id=length.offering_id,
        minutes=length.minutes + wish.talk_minutes,
        buffer_before=length.buffer_before,
        buffer_after=length.buffer_after,
        turnover=length.turnover,
        skill_id=length.skill_id,
        therapist_id=wish.therapist_id,
        gender=wish.gender,
        step_free=wish.is_step_free,
        client_id=wish.client_id,
        first_day=first_day,
        days=days,
        now=now,
        ignore_entry_id=wish.ignore_entry_id,
        by_desk=wish.is_desk,
        hands_on=length.minutes,
        is_deep=is_deep(length.technique, length.lightest),
    )


def check_reach(day: date) -> None:
    """NotOffered for a day, or an instant, in years with which nobody can reckon on."""
    if day.year < FIRST_YEAR:
        raise NotOffered("That time is over.")
    if day.year > LAST_YEAR:
        raise NotOffered("That is further ahead than we book.")


def length_of(session: Session, option_id: int) -> Length:
    """What an option takes up, in one statement; NotFound where there is none."""
    row = session.connection().execute(_LENGTH, {"option_id": option_id}).one_or_none()
    if row is None:
        raise NotFound()
    return Length(*row)


def _slot(opening: Opening) -> Slot:
    start = from_epoch_minute(opening.start)
    return Slot(start, opening.therapist_id, opening.room_id, opening.leaves_no_hole)
