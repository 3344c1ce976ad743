"""Whether a clinic can be booked: what is set up, and each thing that is missing, with a way to mend it.

`read` asks the database a constant number of times; `gaps` is arithmetic on what it gave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, OfferingOption, Skill
from clinic.kernel import walltime
from clinic.roster.models import Room, Site, Therapist, WorkingHours, offering_room, therapist_skill


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing: a sentence, what it keeps from happening, and what kind of thing to mend.

    `kind` is site, room, therapist, hours, offering or skill; `number` is the thing's, or None to add one.
    """

    sentence: str
    so: str
    kind: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """An active therapist: skills, the sites with hours today or later, whether somebody signs in as them."""

    id: int
    name: str
    skills: frozenset[int]
    sites: frozenset[int]
    has_sign_in: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """An active offering: the skill it takes, how many lengths it has, its rooms (empty: any)."""

    id: int
    name: str
    skill_id: int
    lengths: int
    rooms: frozenset[int]


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything in use: names by number, rooms with their site."""

    sites: Mapping[int, str]
    rooms: Mapping[int, tuple[str, int]]
    people: tuple[Person, ...]
    offerings: tuple[Offered, ...]
    skills: Mapping[int, str]


def read(session: Session, now: datetime) -> Setup:
    """Gives what is in use at `now`. Eight statements."""
    sites = {
        row.id: row for row in session.execute(sa.select(Site.id, Site.name, Site.tz).where(Site.is_active))
    }
    rooms = session.execute(sa.select(Room.id, Room.name, Room.site_id).where(Room.is_active))
    skills = session.execute(sa.select(Skill.id, Skill.name).where(Skill.is_active).order_by(Skill.name))
    zone = walltime.zone(next((row.tz for row in sites.values()), "UTC"))
    return Setup(
        sites={number: row.name for number, row in sites.items()},
        rooms={row.id: (row.name, row.site_id) for row in rooms if row.site_id in sites},
        people=tuple(_people(session, walltime.local(now, zone).date())),
        offerings=tuple(_offerings(session)),
        skills={row.id: row.name for row in skills},
    )


def _people(session: Session, today: date) -> Iterator[Person]:
    skills = _pairs(session, sa.select(therapist_skill.c.therapist_id, therapist_skill.c.skill_id))
    worked = _pairs(
        session,
        sa.select(WorkingHours.therapist_id, WorkingHours.site_id).where(
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= today)
        ),
    )
    rows = session.execute(
        sa.select(Therapist.id, Therapist.name, Therapist.user_id)
        .where(Therapist.is_active)
        .order_by(Therapist.name)
    )
    for row in rows:
        yield Person(
            row.id,
            row.name,
            frozenset(skills.get(row.id, ())),
            frozenset(worked.get(row.id, ())),
            row.user_id is not None,
        )


def _offerings(session: Session) -> Iterator[Offered]:
    rooms = _pairs(session, sa.select(offering_room.c.offering_id, offering_room.c.room_id))
    lengths = (
        sa.select(OfferingOption.offering_id, sa.func.count().label("number"))
        .where(OfferingOption.is_active)
        .group_by(OfferingOption.offering_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(Offering.id, Offering.name, Offering.skill_id, lengths.c.number)
        .outerjoin(lengths, lengths.c.offering_id == Offering.id)
        .where(Offering.is_active)
        .order_by(Offering.position, Offering.name)
    )
    for row in rows:
        yield Offered(row.id, row.name, row.skill_id, row.number or 0, frozenset(rooms.get(row.id, ())))


def _pairs(session: Session, wanted: sa.Select[int, int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for row in session.execute(wanted):
        found.setdefault(row[0], set()).add(row[1])
    return found


def gaps(setup: Setup) -> list[Gap]:
    """Gives what is missing: first what keeps everybody from booking, then each thing that does nothing."""
    return [*_nothing_at_all(setup), *_offering_gaps(setup), *_people_gaps(setup), *_place_gaps(setup)]


def _nothing_at_all(setup: Setup) -> Iterator[Gap]:
    none = "Nothing can be booked yet."
    if not setup.sites:
        yield Gap("There is no site in use.", none, "site")
    if not setup.rooms:
        yield Gap("There is no room in use.", none, "room")
    if not setup.skills:
        yield Gap("There is no skill.", "Therapists have skills and session types ask for one.", "skill")
    if not setup.people:
        yield Gap("There is no therapist at work.", none, "therapist")
    if not setup.offerings:
        yield Gap("There is no session type on offer.", none, "offering")


def _offering_gaps(setup: Setup) -> Iterator[Gap]:
    for offering in setup.offerings:
        able = [person for person in setup.people if offering.skill_id in person.skills]
        if not offering.lengths:
            yield Gap(f"{offering.name} has no length.", "Nobody sees it.", "offering", offering.id)
        elif not able:
            yield Gap(f"Nobody can give {offering.name}.", "Nobody sees it.", "offering", offering.id)
        elif any(person.sites for person in able) and not any(
            _can_be_given(setup, offering, person) for person in able
        ):
            yield Gap(
                f"{offering.name} has no room where its therapists work.",
                "It can never be booked.",
                "offering",
                offering.id,
            )


def _can_be_given(setup: Setup, offering: Offered, person: Person) -> bool:
    return any(
        site_id in person.sites and (not offering.rooms or room_id in offering.rooms)
        for room_id, (_name, site_id) in setup.rooms.items()
    )


def _people_gaps(setup: Setup) -> Iterator[Gap]:
    for person in setup.people:
        if not person.sites & set(setup.sites):
            yield Gap(f"{person.name} has no hours.", "Nobody can book them.", "hours", person.id)
        if not person.skills:
            yield Gap(f"{person.name} has no skills.", "Nobody can book them.", "therapist", person.id)
        if not person.has_sign_in:
            so = "They cannot see their day."
            yield Gap(f"{person.name} has no sign-in.", so, "therapist", person.id)


def _place_gaps(setup: Setup) -> Iterator[Gap]:
    worked_at = {site_id for person in setup.people for site_id in person.sites}
    for site_id, name in setup.sites.items():
        if not any(at == site_id for _name, at in setup.rooms.values()):
            yield Gap(f"{name} has no room.", "No time is free there.", "site", site_id)
        if setup.people and site_id not in worked_at:
            yield Gap(f"Nobody works at {name}.", "No time is free there.", "site", site_id)
    everywhere = any(not offering.rooms for offering in setup.offerings)
    for room_id, (name, site_id) in setup.rooms.items():
        used = everywhere or any(room_id in offering.rooms for offering in setup.offerings)
        if setup.offerings and not used:
            so = f"No session type is given there ({setup.sites[site_id]})."
            yield Gap(f"{name} is not used.", so, "room", room_id)
    given = {offering.skill_id for offering in setup.offerings}
    for skill_id, name in setup.skills.items():
        if setup.offerings and skill_id not in given:
            yield Gap(f"No session type asks for the skill {name}.", "It does nothing.", "skill", skill_id)
