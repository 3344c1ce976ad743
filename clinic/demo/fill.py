"""Fills an empty database with the demo clinic: the house first, then its people, then their times.

Everything is drawn from one seeded source and counted from the day of `now`, so the same `now` gives the
same clinic. Only what must be secret (session keys, the password's salt, encryption) differs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from clinic.demo import house as houses
from clinic.demo import place
from clinic.demo.absences import Absences, add_absences
from clinic.demo.clearances import add_clearances
from clinic.demo.diarist import Diarist
from clinic.demo.house import House
from clinic.demo.people import Crowd, Person
from clinic.demo.planning import Plan, Space, Visit, cut
from clinic.demo.readings import add_readings
from clinic.demo.together import add_pairs
from clinic.demo.waiting import add_call_backs
from clinic.kernel import walltime
from clinic.roster.availability import WorkingPattern, working_spans

DAYS_PAST, DAYS_AHEAD = 84, 42
CLIENTS = 400
# For each: in how many days from today they want their time.
PROVISIONAL, HELD_NOW = (2, 3, 5, 6), (0, 1, 2)
_SEED = "Linden Rooms"


def fill(session: Session, now: datetime, tell: Callable[[str], None] = lambda _sentence: None) -> None:
    """Adds the whole demo clinic; `tell` is given a sentence as each part is done. Leaves the commit."""
    dice = Random(_SEED)  # noqa: S311 - believable, not secret
    zone = ZoneInfo(place.ZONE)
    today = walltime.local(now, zone).date()
    house = houses.build(session, now, today)
    tell(f"{len(house.sites)} sites, {len(house.rooms)} rooms, {len(house.therapists)} therapists")
    absences = add_absences(session, now, today, house, zone)
    crowd = Crowd(dice, today, house.options)
    people = [_joining(crowd.welcome(), dice, today) for _ in range(CLIENTS - len(PROVISIONAL))]
    waiting = [_wanting(crowd.held(number), today, days) for number, days in enumerate(PROVISIONAL)]
    visitors = [_wanting(crowd.welcome(), today, days) for days in HELD_NOW]
    tell(f"{CLIENTS} clients")
    visits = _visits(dice, zone, today, now, house, absences, people, [*waiting, *visitors])
    diarist = Diarist(session, dice, now, house, zone)
    diarist.write(visits, people=people, provisional=waiting, visitors=visitors)
    tell(f"{len(visits)} appointments")
    tell(f"{add_readings(session, Random(f'{_SEED}, readings'), now)} sessions with pain before and after")  # noqa: S311
    number = add_pairs(session, now, f"user:{house.desk.id}")
    tell(f"{number} pairs who come together")
    number = add_clearances(session, now, house, crowd, waiting)
    tell(f"{number} clearances to decide")
    number = add_call_backs(session, dice, now, today, house, crowd)
    tell(f"{number} people who want to be rung")


def _joining(person: Person, dice: Random, today: date) -> Person:
    """With the day on which they would come first: the new ones at any time, the others in their rhythm."""
    first = (today - timedelta(days=DAYS_PAST)).toordinal()
    span = DAYS_PAST + 7 if person.is_new else person.interval
    person.due_on = first + dice.randint(0, span)
    return person


def _wanting(person: Person, today: date, days: int) -> Person:
    """With the day from which they want a time."""
    person.due_on = (today + timedelta(days=days)).toordinal()
    return person


def _visits(
    dice: Random,
    zone: ZoneInfo,
    today: date,
    now: datetime,
    house: House,
    absences: Absences,
    people: list[Person],
    waiting: list[Person],
) -> list[Visit]:
    spaces = working_spaces(
        house, absences, today - timedelta(days=DAYS_PAST), DAYS_PAST + DAYS_AHEAD + 1, zone
    )
    plan = Plan(
        dice=dice,
        zone=zone,
        today=today,
        now=walltime.epoch_minute(now),
        rooms=_rooms(),
        skills={each.name: frozenset(each.techniques) for each in place.THERAPISTS},
        people=people,
        waiting=waiting,
        waiting_from=walltime.epoch_minute(now) + 150,
        quiet=_quiet_days(spaces, today),
        blocked=absences.rooms,
    )
    return plan.fill(spaces)


def working_spaces(house: House, absences: Absences, first: date, days: int, zone: ZoneInfo) -> list[Space]:
    """Every stretch that somebody works: hours without breaks, closures and time off; by day, then name."""
    found = []
    for site in house.sites.values():
        closed = {
            closure.starts_on + timedelta(days=step)
            for closure in house.closures
            if closure.site_id == site.id
            for step in range((closure.ends_on - closure.starts_on).days + 1)
        }
        for name, therapist in house.therapists.items():
            patterns = [
                WorkingPattern(
                    hours.weekday, hours.opens, hours.closes, tuple((b.starts, b.ends) for b in hours.breaks)
                )
                for hours in house.hours
                if hours.therapist_id == therapist.id and hours.site_id == site.id
            ]
            spans = working_spans(patterns, first, days, zone, closed)
            for start, end in cut(spans, absences.therapists.get(name, ())):
                day = walltime.local(walltime.from_epoch_minute(start), zone).date()
                found.append(Space(day, start, end, name, site.name))
    return sorted(found, key=lambda space: (space.day, space.start, space.therapist))


def _rooms() -> dict[str, list[tuple[str, frozenset[str]]]]:
    """The rooms of each site in the order in which they are taken: step-free ones last."""
    ordered = sorted(place.ROOMS, key=lambda room: (room.is_step_free, room.name))
    return {
        facts["name"]: [(room.name, room.techniques) for room in ordered if room.site == facts["name"]]
        for facts in place.SITES
    }


def _quiet_days(spaces: list[Space], today: date) -> dict[str, date]:
    """One of each therapist's days in the coming week, so that everything can be had within it."""
    days: dict[str, list[date]] = {}
    for space in spaces:
        mine = days.setdefault(space.therapist, [])
        if today < space.day <= today + timedelta(days=6) and space.day not in mine:
            mine.append(space.day)
    return {
        name: mine[number % len(mine)] for number, (name, mine) in enumerate(days.items(), start=1) if mine
    }
