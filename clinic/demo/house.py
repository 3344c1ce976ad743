"""Builds the house: sites, rooms, offerings, people who work there, their hours, time away."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, OfferingOption, Skill
from clinic.demo import place
from clinic.demo.place import DemoTherapist
from clinic.intake.techniques import load_techniques
from clinic.people import passwords
from clinic.people.models import Role, RoleName, User
from clinic.people.services import DEMO_PASSWORD
from clinic.roster.models import (
    Closure,
    Gender,
    Room,
    Site,
    Therapist,
    WorkingBreak,
    WorkingHours,
    offering_room,
)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG_AGO = timedelta(days=900)


@dataclass(frozen=True, slots=True)
class House:
    """What was built, by its name; options by technique, shortest first."""

    sites: dict[str, Site]
    rooms: dict[str, Room]
    options: dict[str, list[OfferingOption]]
    therapists: dict[str, Therapist]
    hours: list[WorkingHours]
    closures: list[Closure]
    desk: User
    owner: User


def build(session: Session, now: datetime, today: date) -> House:
    """Adds the whole house, open for years, with a day's closure ahead and one behind."""
    sites = _sites(session)
    rooms = _rooms(session, sites)
    skills = _skills(session)
    options = _offerings(session, skills, rooms)
    desk, owner, users = _users(session, now - _LONG_AGO)
    therapists = _therapists(session, skills, users)
    hours = _hours(session, sites, therapists, today - _LONG_AGO)
    closures = _closures(session, sites, today)
    session.flush()
    return House(sites, rooms, options, therapists, hours, closures, desk, owner)


def weekday_from(day: date, weekday: int) -> date:
    """The first such weekday (Monday is 0) on or after `day`."""
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _sites(session: Session) -> dict[str, Site]:
    made = {
        facts["name"]: Site(clinic_name=place.CLINIC_NAME, tz=place.ZONE, currency=place.CURRENCY, **facts)
        for facts in place.SITES
    }
    session.add_all(made.values())
    session.flush()
    return made


def _rooms(session: Session, sites: dict[str, Site]) -> dict[str, Room]:
    made = {
        room.name: Room(
            site_id=sites[room.site].id,
            name=room.name,
            is_step_free=room.is_step_free,
            places=room.places,
        )
        for room in place.ROOMS
    }
    session.add_all(made.values())
    session.flush()
    return made


def _skills(session: Session) -> dict[str, Skill]:
    """One skill for each technique, under the name of its offering."""
    made = {offering.technique: Skill(name=offering.name) for offering in place.OFFERINGS}
    session.add_all(made.values())
    session.flush()
    return made


def _offerings(
    session: Session, skills: dict[str, Skill], rooms: dict[str, Room]
) -> dict[str, list[OfferingOption]]:
    techniques = load_techniques().by_id
    made: dict[str, list[OfferingOption]] = {}
    for position, facts in enumerate(place.OFFERINGS, start=1):
        technique = techniques[facts.technique]
        offering = Offering(
            name=facts.name,
            desk_name=facts.desk_name,
            technique=facts.technique,
            skill=skills[facts.technique],
            summary=facts.summary,
            position=position,
        )
        made[facts.technique] = [
            OfferingOption(
                offering=offering,
                minutes=minutes,
                price_minor=price,
                currency=place.CURRENCY,
                buffer_before_minutes=facts.before,
                buffer_after_minutes=facts.after,
                turnover_minutes=facts.turnover,
                pressure_lightest=technique.lightest,
                pressure_firmest=technique.firmest,
            )
            for minutes, price in facts.lengths
        ]
        session.add(offering)
    session.flush()
    suits = [
        {"offering_id": options[0].offering_id, "room_id": rooms[room.name].id}
        for technique, options in made.items()
        for room in place.ROOMS
        if technique in room.techniques
    ]
    session.execute(offering_room.insert(), suits)
    return made


def _users(session: Session, since: datetime) -> tuple[User, User, dict[str, User]]:
    """Desk, owner, and one user for each therapist; all with the demo password, hashed once."""
    roles = {name: Role(name=name) for name in RoleName}
    password = passwords.hash_password(DEMO_PASSWORD)

    def user(name: str, email: str, *held: RoleName) -> User:
        made = User(
            name=name,
            email=email,
            password=password,
            session_key=secrets.token_hex(24),
            created_at=since,
            roles=[roles[role] for role in held],
        )
        session.add(made)
        session.flush()
        return made

    desk = user(*place.DESK, RoleName.RECEPTION)
    owner = user(*place.OWNER, RoleName.OWNER, RoleName.RECEPTION)
    return (
        desk,
        owner,
        {each.name: user(each.name, each.email, RoleName.THERAPIST) for each in place.THERAPISTS},
    )


def _therapists(session: Session, skills: dict[str, Skill], users: dict[str, User]) -> dict[str, Therapist]:
    made = {
        facts.name: Therapist(
            name=facts.name,
            user_id=users[facts.name].id,
            gender=Gender(facts.gender),
            registration=facts.registration,
            about=facts.about,
            hue=facts.hue,
            skills=[skills[technique] for technique in facts.techniques],
        )
        for facts in place.THERAPISTS
    }
    session.add_all(made.values())
    session.flush()
    return made


def _hours(
    session: Session, sites: dict[str, Site], therapists: dict[str, Therapist], since: date
) -> list[WorkingHours]:
    made = [
        hours
        for facts in place.THERAPISTS
        for hours in _hours_of(facts, therapists[facts.name].id, sites, since)
    ]
    session.add_all(made)
    return made


def _hours_of(
    facts: DemoTherapist, therapist_id: int, sites: dict[str, Site], since: date
) -> list[WorkingHours]:
    made = []
    for site, days, span, breaks in facts.hours:
        opens, closes = place.wall_span(span)
        for day in days.split():
            pauses = [place.wall_span(pause) for pause in breaks]
            made.append(
                WorkingHours(
                    therapist_id=therapist_id,
                    site_id=sites[site].id,
                    weekday=_DAYS.index(day),
                    opens=opens,
                    closes=closes,
                    valid_from_on=since,
                    breaks=[WorkingBreak(starts=starts, ends=ends) for starts, ends in pauses],
                )
            )
    return made


def _closures(session: Session, sites: dict[str, Site], today: date) -> list[Closure]:
    ahead = weekday_from(today + timedelta(days=15), 1)
    behind = weekday_from(today - timedelta(days=50), 3)
    made = [
        Closure(site_id=sites[place.CANAL].id, name="New floor", starts_on=ahead, ends_on=ahead),
        Closure(
            site_id=sites[place.MILL].id, name="Drains", starts_on=behind, ends_on=behind + timedelta(days=1)
        ),
    ]
    session.add_all(made)
    return made
