"""Makers: a small clinic and its people, with plain values that a test may change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from clinic.booking.slots import Wish
from clinic.catalog.models import Offering, OfferingOption, Skill
from clinic.intake import services as intakes
from clinic.intake.models import Intake
from clinic.people import services as people
from clinic.people.models import Client, RoleName, User
from clinic.roster.models import Gender, Room, Site, Therapist, WorkingBreak, WorkingHours

PASSWORD = "a-long-password"
WELL = {
    "health_consent": "yes", "age_years": 40, "goal": "relax", "pressure_pref": 3,
}  # fmt: skip

# Every question answered by somebody well who wants to relax.
ALL_WELL: dict[str, Any] = {
    **WELL, "born_on": "1986-05-01", "now_signs": [], "saddle_numb": "no", "bladder_bowel": [],
    "nerve_signs": [], "pregnancy": "no", "sensitivity": [], "body_map": {}, "feeling_ill": [],
    "leg_swelling": "none", "head_neck_signs": [], "recent_injury": "none", "cancer_history": "never",
    "blood": [], "heart": [], "bones": [], "nerves_brain": [], "skin": [], "ops": [], "immune_meds": [],
    "allergies": [], "anything_else": {"doctor_said_no": False, "text": ""},
}  # fmt: skip


@dataclass
class Clinic:
    """One site, two therapists who work 9 to 17 every day, two rooms, Swedish and deep tissue."""

    site: Site
    therapists: list[Therapist]
    rooms: list[Room]
    swedish: OfferingOption
    deep: OfferingOption

    def wish(self, **changes: Any) -> Wish:
        return Wish(**{"site_id": self.site.id, "option_id": self.swedish.id, **changes})


def site(session: Session, **changes: Any) -> Site:
    values = {
        "name": "Canal Street", "slug": "canal-street", "clinic_name": "Test Rooms",
        "address": "14 Canal Street\nLondon", "phone": "+442079460142", "email": "hello@clinic.example",
        "tz": "Europe/London", "min_notice_minutes": 0,
    }  # fmt: skip
    made = Site(**{**values, **changes})
    session.add(made)
    session.flush()
    return made


def room_for_two(session: Session, at: Site) -> Room:
    made = Room(site_id=at.id, name="Room for two", places=2)
    session.add(made)
    session.flush()
    return made


def therapist(session: Session, at: Site, name: str, skills: Sequence[Skill], **changes: Any) -> Therapist:
    days = changes.pop("days", range(7))
    opens, closes = changes.pop("opens", 9 * 60), changes.pop("closes", 17 * 60)
    made = Therapist(name=name, skills=list(skills), **{"gender": Gender.WOMAN, **changes})
    session.add(made)
    session.flush()
    for weekday in days:
        session.add(
            WorkingHours(
                therapist_id=made.id,
                site_id=at.id,
                weekday=weekday,
                opens=opens,
                closes=closes,
                valid_from_on=date(2020, 1, 1),
                breaks=[WorkingBreak(starts=12 * 60, ends=12 * 60 + 30)] if opens < 720 < closes else [],
            )
        )
    session.flush()
    return made


def option(session: Session, skill: Skill, name: str, technique: str, **changes: Any) -> OfferingOption:
    offering = Offering(name=name, desk_name=name[:12], technique=technique, skill_id=skill.id)
    session.add(offering)
    session.flush()
    values = {"minutes": 60, "price_minor": 6200, "currency": "GBP", "buffer_after_minutes": 15}
    made = OfferingOption(offering_id=offering.id, **{**values, **changes})
    session.add(made)
    session.flush()
    return made


def clinic(session: Session, **site_changes: Any) -> Clinic:
    """The smallest whole clinic."""
    place = site(session, **site_changes)
    skills = [Skill(name="Swedish"), Skill(name="Deep tissue")]
    rooms = [Room(site_id=place.id, name=f"Room {n}") for n in (1, 2)]
    session.add_all([*skills, *rooms])
    session.flush()
    return Clinic(
        site=place,
        therapists=[
            therapist(session, place, "Amara Osei", skills, hue=1),
            therapist(session, place, "Tom Whitfield", skills, hue=2, gender=Gender.MAN),
        ],
        rooms=rooms,
        swedish=option(session, skills[0], "Swedish", "swedish", pressure_firmest=4),
        deep=option(session, skills[1], "Deep tissue", "deep_tissue", pressure_lightest=4),
    )


def intake(session: Session, now: datetime, answers: Mapping[str, Any] | None = None) -> Intake:
    """A judged intake; of someone well who wants to relax, unless `answers` say otherwise."""
    made = intakes.begin(session, now, {**WELL, **(answers or {})}, clinic="Test Rooms")
    intakes.judge(session, now, made)
    return made


def client(session: Session, now: datetime, name: str = "Anna Petrova", **changes: Any) -> Client:
    values = {"email": "anna@client.example", "phone": "+442079460000"}
    return people.add_client(session, now, name=name, **{**values, **changes})


def user(session: Session, now: datetime, *roles: RoleName, email: str = "desk@clinic.example") -> User:
    return people.add_user(session, now, name="Sam Webb", email=email, password=PASSWORD, roles=roles)


def as_json(value: object) -> str:
    return json.dumps(value)
