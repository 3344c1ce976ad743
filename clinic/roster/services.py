"""The owner's and the therapists' writing: sites, rooms, therapists, time off, maintenance, closures.

Weekly hours stand in `roster.hours`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import available_timezones

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, Skill
from clinic.catalog.writing import fresh, keep, refuse_double, words
from clinic.intake.locales import locales
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, NotFound, SlotTaken
from clinic.kernel.money import SYMBOLS
from clinic.people import contact
from clinic.people.models import User
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.limits import Limits
from clinic.roster.models import (
    Closure,
    EntryKind,
    Gender,
    Maintenance,
    OwnerKind,
    Room,
    Site,
    Therapist,
    TimeOff,
    offering_room,
)
from clinic.roster.writing import (
    LONGEST_TIME_OFF,
    check_day,
    check_span,
    long_text,
    touch,
)

GRIDS = (5, 10, 15, 20, 30)
LONGEST_NOTICE = 43_200
# Hours: two weeks to decide at most, and a month to keep a time.
LONGEST_PROMISE, LONGEST_KEPT = 336, 720
# Names that stand for the machine's own zone or for none; a site has one of its own.
NO_PLACES = frozenset({"localtime", "Factory"})
MOST_IN_ROW, LONGEST_BREAK = 20, 240
NO_LIMITS = Limits()
_SITE_DOUBLE = "There is a site of that name already."
_ROOM_DOUBLE = "There is a room of that name at this site already."


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Everything an owner says of a site; lengths in minutes where the name does not say hours."""

    name: str
    clinic_name: str
    address: str
    phone: str
    email: str
    tz: str
    directions: str = ""
    locale: str = "UK"
    currency: str = "GBP"
    grid_minutes: int = 15
    min_notice_minutes: int = 120
    horizon_days: int = 60
    hold_minutes: int = 10
    change_until_minutes: int = 1440
    talk_minutes: int = 15
    decide_within_hours: int = 48
    provisional_hours: int = 120
    prefers_adjacent: bool = True
    is_active: bool = True


def save_site(
    session: Session, facts: SiteFacts, site_id: int | None = None, version: int | None = None
) -> Site:
    """A new or changed site; refuses a zone that does not exist, a name that is taken, and policies under
    which nothing could be booked.
    """
    site = fresh(session.get(Site, site_id), version) if site_id else None
    facts = _read_site(facts)
    refuse_double(session, Site, Site.name == facts.name, site_id, _SITE_DOUBLE)
    site = site or Site(slug=_slug(session, facts.name))
    for name in SiteFacts.__slots__:
        setattr(site, name, getattr(facts, name))
    return keep(session, site, _SITE_DOUBLE)


def _read_site(facts: SiteFacts) -> SiteFacts:
    """The facts as they are kept; refuses, at its field, each that cannot be."""
    if facts.locale not in locales():
        raise BadInput("Choose one of the countries.", "locale")
    if facts.currency not in SYMBOLS:
        raise BadInput("Choose one of the currencies.", "currency")
    read = replace(
        facts,
        name=words(facts.name, 80),
        clinic_name=words(facts.clinic_name, 80, "clinic_name"),
        address=long_text(facts.address, 500, "address"),
        directions=long_text(facts.directions, 1000, "directions"),
        phone=contact.read_phone(facts.phone, facts.locale),
        email=contact.read_email(facts.email),
    )
    if not read.address:
        raise BadInput("Enter the address.", "address")
    if not facts.tz:
        raise BadInput("Enter a time zone like Europe/London.", "tz")
    if facts.tz not in available_timezones() - NO_PLACES:
        raise BadInput(f"There is no time zone called {facts.tz[:60]!r}.", "tz")
    _check_site_numbers(facts)
    return read


def _check_site_numbers(facts: SiteFacts) -> None:
    if facts.grid_minutes not in GRIDS:
        raise BadInput("Times can start every 5, 10, 15, 20 or 30 minutes.", "grid_minutes")
    for field, low, high in (
        ("hold_minutes", 1, 60),
        ("talk_minutes", 0, 60),
        ("horizon_days", 1, 730),
        ("min_notice_minutes", 0, LONGEST_NOTICE),
        ("change_until_minutes", 0, LONGEST_NOTICE),
        ("decide_within_hours", 1, LONGEST_PROMISE),
        ("provisional_hours", 1, LONGEST_KEPT),
    ):
        if not low <= getattr(facts, field) <= high:
            raise BadInput(f"Enter a number from {low} to {high}.", field)
    if facts.talk_minutes % 5:
        raise BadInput("Enter a number of minutes that 5 goes into.", "talk_minutes")
    if facts.min_notice_minutes >= facts.horizon_days * walltime.DAY_MINUTES:
        raise BadInput(
            "That is as far as you book ahead: no time could be booked. Enter fewer.", "min_notice_minutes"
        )


def _slug(session: Session, name: str) -> str:
    plain = "-".join("".join(sign if sign.isalnum() else " " for sign in name.lower()).split())[:32] or "site"
    taken = set(session.scalars(sa.select(Site.slug).where(Site.slug.startswith(plain, autoescape=True))))
    number = 1
    while (slug := plain if number == 1 else f"{plain}-{number}") in taken:
        number += 1
    return slug


def save_room(
    session: Session,
    *,
    site_id: int,
    name: str,
    is_step_free: bool = False,
    is_for_two: bool = False,
    is_active: bool = True,
    room_id: int | None = None,
    version: int | None = None,
) -> Room:
    """A new or changed room; two rooms of one site have two names. A room stays at its site."""
    room = fresh(session.get(Room, room_id), version) if room_id else None
    if room is not None and room.site_id != site_id:
        raise BadInput("A room stays at its site. Add a room at the other site instead.", "site_id")
    if session.get(Site, site_id) is None:
        raise BadInput("Choose one of the sites.", "site_id")
    named = words(name, 60)
    refuse_double(session, Room, sa.and_(Room.site_id == site_id, Room.name == named), room_id, _ROOM_DOUBLE)
    room = room or Room(site_id=site_id)
    room.name, room.is_step_free, room.is_active = named, is_step_free, is_active
    room.places = 2 if is_for_two else 1
    return keep(session, room, _ROOM_DOUBLE)


def set_offering_rooms(session: Session, offering_id: int, room_ids: Collection[int]) -> None:
    """Says in which rooms an offering can be given; none means in any."""
    offering = session.get(Offering, offering_id)
    if offering is None:
        raise NotFound()
    wanted = sorted(set(room_ids))
    known = set(session.scalars(sa.select(Room.id).where(Room.id.in_(wanted))))
    if known != set(wanted):
        raise BadInput("Choose from the rooms shown.", "rooms")
    had = set(
        session.scalars(sa.select(offering_room.c.room_id).where(offering_room.c.offering_id == offering_id))
    )
    if had == known:
        return
    session.execute(sa.delete(offering_room).where(offering_room.c.offering_id == offering_id))
    for room_id in wanted:
        session.execute(sa.insert(offering_room).values(offering_id=offering_id, room_id=room_id))
    touch(offering)
    session.flush()


def save_therapist(
    session: Session,
    *,
    name: str,
    skill_ids: Collection[int],
    gender: Gender | None = None,
    registration: str = "",
    about: str = "",
    hue: int = 1,
    is_active: bool = True,
    user_id: int | None = None,
    limits: Limits = NO_LIMITS,
    therapist_id: int | None = None,
    version: int | None = None,
) -> Therapist:
    """A new or changed therapist with the skills of `skill_ids`; a sign-in belongs to one therapist only.

    `limits` protect their hands from now on; what is booked past them already stays.
    """
    therapist = fresh(session.get(Therapist, therapist_id), version) if therapist_id else None
    named = words(name, 120)
    if not 1 <= hue <= 8:
        raise BadInput("Choose one of the eight colours.", "hue")
    skills = list(session.scalars(sa.select(Skill).where(Skill.id.in_(skill_ids)).order_by(Skill.name)))
    if {skill.id for skill in skills} != set(skill_ids):
        raise BadInput("Choose from the skills shown.", "skills")
    _check_limits(limits)
    _check_sign_in(session, user_id, therapist_id)
    facts = {
        "name": named,
        "gender": gender,
        "registration": " ".join(long_text(registration, 60, "registration").split()),
        "about": long_text(about, 2000, "about"),
        "hue": hue,
        "is_active": is_active,
        "user_id": user_id,
        "most_deep_in_row": limits.most_deep_in_row,
        "most_hands_on_minutes_a_day": limits.most_hands_on_minutes,
        "least_break_minutes": limits.least_break,
    }
    therapist = therapist or Therapist()
    with session.no_autoflush:
        for key, value in facts.items():
            setattr(therapist, key, value)
        therapist.skills = skills
        touch(therapist)  # skills stand in a table of their own and would not raise the version
    return keep(session, therapist, "This sign-in belongs to another therapist.", "user_id")


def _check_limits(limits: Limits) -> None:
    for field, value, low, high in (
        ("most_deep_in_row", limits.most_deep_in_row, 1, MOST_IN_ROW),
        ("most_hands_on_minutes_a_day", limits.most_hands_on_minutes, 5, walltime.DAY_MINUTES),
        ("least_break_minutes", limits.least_break, 0, LONGEST_BREAK),
    ):
        if value is not None and not low <= value <= high:
            raise BadInput(f"Enter a number from {low} to {high}.", field)


def _check_sign_in(session: Session, user_id: int | None, therapist_id: int | None) -> None:
    if user_id is None:
        return
    if session.get(User, user_id) is None:
        raise BadInput("Choose one of the sign-ins.", "user_id")
    owner = session.scalar(sa.select(Therapist.id).where(Therapist.user_id == user_id))
    if owner is not None and owner != therapist_id:
        raise BadInput("This sign-in belongs to another therapist.", "user_id")


def read_note(text: str) -> str:
    """A note to time off, or why a room is out of use, on one line; refused at 'reason'."""
    return " ".join(long_text(text, 80, "reason").split())


def add_time_off(
    session: Session,
    now: datetime,
    therapist_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
) -> TimeOff:
    """Takes a therapist's time out of the diary; SlotTaken while an appointment or hold stands there."""
    if session.get(Therapist, therapist_id) is None:
        raise NotFound()
    check_span(starts_at, ends_at)
    note = read_note(reason)
    claim = Claim(OwnerKind.THERAPIST, therapist_id, starts_at, ends_at)
    try:
        entry_id = diary.enter(session, EntryKind.TIME_OFF, [claim], now)
    except SlotTaken:
        if _overlaps(session, TimeOff, TimeOff.therapist_id == therapist_id, starts_at, ends_at):
            raise SlotTaken("There is time off in the diary then already.", "therapist") from None
        raise SlotTaken("Something stands in the diary then. Move it first.", "therapist") from None
    made = TimeOff(
        therapist_id=therapist_id, starts_at=starts_at, ends_at=ends_at, reason=note, entry_id=entry_id
    )
    session.add(made)
    session.flush()
    return made


def cancel_time_off(
    session: Session, now: datetime, time_off_id: int, therapist_id: int | None = None
) -> None:
    """Gives the time back; NotFound where it is not `therapist_id`'s. Doing it twice does no harm."""
    found = session.get(TimeOff, time_off_id, with_for_update=True)
    if found is None or therapist_id not in (None, found.therapist_id):
        raise NotFound()
    if found.cancelled_at is None:
        diary.strike(session, found.entry_id)
        found.entry_id, found.cancelled_at = None, now
        session.flush()


def add_maintenance(
    session: Session, now: datetime, room_id: int, starts_at: datetime, ends_at: datetime, reason: str = ""
) -> Maintenance:
    """Takes a room out of use; SlotTaken while something is booked in it."""
    if session.get(Room, room_id) is None:
        raise NotFound()
    check_span(starts_at, ends_at)
    note = read_note(reason)
    claim = Claim(OwnerKind.ROOM, room_id, starts_at, ends_at)
    try:
        entry_id = diary.enter(session, EntryKind.MAINTENANCE, [claim], now)
    except SlotTaken:
        if _overlaps(session, Maintenance, Maintenance.room_id == room_id, starts_at, ends_at):
            raise SlotTaken("The room is out of use then already.", "room") from None
        raise SlotTaken("Something is booked in this room then. Move it first.", "room") from None
    made = Maintenance(room_id=room_id, starts_at=starts_at, ends_at=ends_at, reason=note, entry_id=entry_id)
    session.add(made)
    session.flush()
    return made


def _overlaps(
    session: Session,
    table: type[TimeOff] | type[Maintenance],
    own: sa.ColumnElement[bool],
    starts_at: datetime,
    ends_at: datetime,
) -> bool:
    """Whether one of the same kind that was not taken back lies in that time."""
    wanted = sa.select(table.id).where(
        own, table.cancelled_at.is_(None), table.starts_at < ends_at, table.ends_at > starts_at
    )
    return session.scalar(wanted.limit(1)) is not None


def cancel_maintenance(session: Session, now: datetime, maintenance_id: int) -> None:
    """Puts the room back in use. Doing it twice does no harm."""
    found = session.get(Maintenance, maintenance_id, with_for_update=True)
    if found is None:
        raise NotFound()
    if found.cancelled_at is None:
        diary.strike(session, found.entry_id)
        found.entry_id, found.cancelled_at = None, now
        session.flush()


def read_closure_name(text: str) -> str:
    """Why a site is closed, on one line; refused at 'name'."""
    return words(text, 80, sentence="Enter why it is closed, like Christmas.")


def check_closure_days(starts_on: date, ends_on: date) -> None:
    """Refuses a last day before the first, more than a year, and years that no clinic plans for."""
    check_day(starts_on, "starts_on")
    check_day(ends_on, "ends_on")
    if ends_on < starts_on:
        raise BadInput("The last day must not be before the first.", "ends_on")
    if ends_on - starts_on > LONGEST_TIME_OFF:
        raise BadInput("A closure can last a year at most.", "ends_on")


def add_closure(session: Session, site_id: int, name: str, starts_on: date, ends_on: date) -> Closure:
    """Closes a site on days, both included; what is booked then stays and is for people to move."""
    if session.get(Site, site_id) is None:
        raise BadInput("Choose one of the sites.", "site_id")
    check_closure_days(starts_on, ends_on)
    double = session.scalar(
        sa.select(Closure.id).where(
            Closure.site_id == site_id, Closure.starts_on <= starts_on, Closure.ends_on >= ends_on
        )
    )
    if double is not None:
        raise BadInput("The site is closed on those days already.", "starts_on")
    made = Closure(site_id=site_id, name=read_closure_name(name), starts_on=starts_on, ends_on=ends_on)
    session.add(made)
    session.flush()
    return made


def remove_closure(session: Session, closure_id: int) -> None:
    """Opens the site again on those days. Doing it twice does no harm."""
    session.execute(sa.delete(Closure).where(Closure.id == closure_id))
