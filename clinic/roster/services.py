"""The owner's and the therapists' writing: sites, rooms, therapists, hours, time off, closures."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Skill
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, NotFound, SlotTaken, Stale
from clinic.roster import diary
from clinic.roster.diary import Claim
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
    WorkingBreak,
    WorkingHours,
    offering_room,
)

Row = TypeVar("Row")
LONGEST_TIME_OFF = timedelta(days=366)


def fresh(found: Row | None, version: int | None) -> Row:
    """The row, if it is there and still the version that was looked at; NotFound or Stale otherwise."""
    if found is None:
        raise NotFound()
    if version is not None and getattr(found, "version", version) != version:
        raise Stale()
    return found


@dataclass(frozen=True, slots=True)
class Hours:
    """One day's hours as a form gives them: minutes of the day, Monday is 0, with breaks inside."""

    weekday: int
    opens: int
    closes: int
    breaks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Everything an owner says of a site; lengths in minutes."""

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
    is_active: bool = True


def save_site(
    session: Session, facts: SiteFacts, site_id: int | None = None, version: int | None = None
) -> Site:
    """A new or changed site; refuses a zone that does not exist and a name that is taken."""
    walltime.zone(facts.tz)
    _check_site_numbers(facts)
    _refuse_double(session, Site, Site.name == facts.name, site_id, "There is a site of that name already.")
    site = fresh(session.get(Site, site_id), version) if site_id else Site(slug=_slug(session, facts.name))
    for name in SiteFacts.__slots__:
        setattr(site, name, getattr(facts, name))
    session.add(site)
    session.flush()
    return site


def _check_site_numbers(facts: SiteFacts) -> None:
    if facts.grid_minutes not in (5, 10, 15, 20, 30):
        raise BadInput("Times can start every 5, 10, 15, 20 or 30 minutes.", "grid_minutes")
    for field, low, high in (
        ("hold_minutes", 1, 60),
        ("talk_minutes", 0, 60),
        ("horizon_days", 1, 730),
        ("min_notice_minutes", 0, 43200),
        ("change_until_minutes", 0, 43200),
    ):
        if not low <= getattr(facts, field) <= high:
            raise BadInput(f"Enter a number from {low} to {high}.", field)
    if facts.talk_minutes % 5:
        raise BadInput("Enter a number of minutes that 5 goes into.", "talk_minutes")


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
    is_active: bool = True,
    room_id: int | None = None,
    version: int | None = None,
) -> Room:
    """A new or changed room; two rooms of one site have two names."""
    _refuse_double(
        session,
        Room,
        sa.and_(Room.site_id == site_id, Room.name == name),
        room_id,
        "There is a room of that name at this site already.",
    )
    room = fresh(session.get(Room, room_id), version) if room_id else Room(site_id=site_id)
    room.name, room.is_step_free, room.is_active = _words(name, 60), is_step_free, is_active
    session.add(room)
    session.flush()
    return room


def set_offering_rooms(session: Session, offering_id: int, room_ids: Collection[int]) -> None:
    """Says in which rooms an offering can be given; none means in any."""
    session.execute(sa.delete(offering_room).where(offering_room.c.offering_id == offering_id))
    for room_id in sorted(set(room_ids)):
        session.execute(sa.insert(offering_room).values(offering_id=offering_id, room_id=room_id))


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
    therapist_id: int | None = None,
    version: int | None = None,
) -> Therapist:
    """A new or changed therapist with the skills of `skill_ids`."""
    if not 1 <= hue <= 8:
        raise BadInput("Choose one of the eight colours.", "hue")
    therapist = fresh(session.get(Therapist, therapist_id), version) if therapist_id else Therapist()
    therapist.name, therapist.gender = _words(name, 120), gender
    therapist.registration, therapist.about = registration.strip()[:60], about.strip()
    therapist.hue, therapist.is_active, therapist.user_id = hue, is_active, user_id
    therapist.skills = list(session.scalars(sa.select(Skill).where(Skill.id.in_(skill_ids))))
    session.add(therapist)
    session.flush()
    return therapist


def set_working_hours(
    session: Session,
    therapist_id: int,
    site_id: int,
    hours: Sequence[Hours],
    *,
    from_on: date,
    until_on: date | None = None,
) -> None:
    """Gives a therapist new weekly hours at a site from a day on; the earlier ones end the day before.

    Refuses hours that end before they start, overlap (also with another site's), or breaks outside them.
    Appointments that stand outside the new hours stay: see `booking.queries` for what they hit.
    """
    if until_on is not None and until_on < from_on:
        raise BadInput("The last day must not be before the first.", "until_on")
    for each in hours:
        _check_hours(each)
    _refuse_overlaps(hours)
    _refuse_other_sites(session, therapist_id, site_id, hours, from_on, until_on)
    _end_earlier(session, therapist_id, site_id, from_on, until_on)
    for each in hours:
        session.add(
            WorkingHours(
                therapist_id=therapist_id,
                site_id=site_id,
                weekday=each.weekday,
                opens=each.opens,
                closes=each.closes,
                valid_from_on=from_on,
                valid_until_on=until_on,
                breaks=[WorkingBreak(starts=starts, ends=ends) for starts, ends in each.breaks],
            )
        )
    session.flush()


def _check_hours(hours: Hours) -> None:
    if not 0 <= hours.weekday <= 6:
        raise BadInput("Choose a day of the week.", "weekday")
    if not 0 <= hours.opens < hours.closes <= walltime.DAY_MINUTES:
        raise BadInput("The hours must end after they start, on the same day.", "closes")
    last = hours.opens
    for starts, ends in sorted(hours.breaks):
        if ends <= starts:
            raise BadInput("A break must end after it starts.", "breaks")
        if starts < last or ends > hours.closes:
            raise BadInput("Breaks must lie inside the hours and not overlap.", "breaks")
        last = ends


def _refuse_overlaps(hours: Sequence[Hours]) -> None:
    by_day = sorted((each.weekday, each.opens, each.closes) for each in hours)
    for (day, _opens, closes), (next_day, next_opens, _closes) in itertools.pairwise(by_day):
        if day == next_day and next_opens < closes:
            raise BadInput("Two spans of hours on one day overlap.", "opens")


def _refuse_other_sites(
    session: Session,
    therapist_id: int,
    site_id: int,
    hours: Sequence[Hours],
    from_on: date,
    until_on: date | None,
) -> None:
    others = session.execute(
        sa.select(WorkingHours.weekday, WorkingHours.opens, WorkingHours.closes).where(
            WorkingHours.therapist_id == therapist_id,
            WorkingHours.site_id != site_id,
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= from_on),
            WorkingHours.valid_from_on <= (until_on or date.max),
        )
    ).all()
    for each in hours:
        for weekday, opens, closes in others:
            if weekday == each.weekday and opens < each.closes and each.opens < closes:
                raise BadInput("These hours overlap with the hours at another site.", "opens")


def _end_earlier(
    session: Session, therapist_id: int, site_id: int, from_on: date, until_on: date | None
) -> None:
    """Cuts the stretch [from_on, until_on] out of the hours there are; what lies after it goes on."""
    rows = session.scalars(
        sa.select(WorkingHours).where(
            WorkingHours.therapist_id == therapist_id,
            WorkingHours.site_id == site_id,
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= from_on),
            WorkingHours.valid_from_on <= (until_on or date.max),
        )
    ).all()
    day = timedelta(days=1)
    for row in rows:
        goes_on = until_on is not None and (row.valid_until_on is None or row.valid_until_on > until_on)
        if goes_on and until_on is not None:
            session.add(_copy(row, until_on + day, row.valid_until_on))
        if row.valid_from_on < from_on:
            row.valid_until_on = from_on - day
        else:
            session.delete(row)
    session.flush()


def _copy(row: WorkingHours, from_on: date, until_on: date | None) -> WorkingHours:
    return WorkingHours(
        therapist_id=row.therapist_id,
        site_id=row.site_id,
        weekday=row.weekday,
        opens=row.opens,
        closes=row.closes,
        valid_from_on=from_on,
        valid_until_on=until_on,
        breaks=[WorkingBreak(starts=pause.starts, ends=pause.ends) for pause in row.breaks],
    )


def add_time_off(
    session: Session,
    now: datetime,
    therapist_id: int,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
) -> TimeOff:
    """Takes a therapist's time out of the diary; SlotTaken while an appointment or hold stands there."""
    _check_span(starts_at, ends_at)
    claim = Claim(OwnerKind.THERAPIST, therapist_id, starts_at, ends_at)
    try:
        entry_id = diary.enter(session, EntryKind.TIME_OFF, [claim], now)
    except SlotTaken:
        raise SlotTaken("Something stands in the diary then. Move it first.", "therapist") from None
    made = TimeOff(
        therapist_id=therapist_id, starts_at=starts_at, ends_at=ends_at, reason=reason[:80], entry_id=entry_id
    )
    session.add(made)
    session.flush()
    return made


def cancel_time_off(session: Session, now: datetime, time_off_id: int) -> None:
    """Gives the time back. Doing it twice does no harm."""
    found = session.get(TimeOff, time_off_id, with_for_update=True)
    if found is None:
        raise NotFound()
    if found.cancelled_at is None:
        diary.strike(session, found.entry_id)
        found.entry_id, found.cancelled_at = None, now
        session.flush()


def add_maintenance(
    session: Session, now: datetime, room_id: int, starts_at: datetime, ends_at: datetime, reason: str = ""
) -> Maintenance:
    """Takes a room out of use; SlotTaken while something is booked in it."""
    _check_span(starts_at, ends_at)
    claim = Claim(OwnerKind.ROOM, room_id, starts_at, ends_at)
    try:
        entry_id = diary.enter(session, EntryKind.MAINTENANCE, [claim], now)
    except SlotTaken:
        raise SlotTaken("Something is booked in this room then. Move it first.", "room") from None
    made = Maintenance(
        room_id=room_id, starts_at=starts_at, ends_at=ends_at, reason=reason[:80], entry_id=entry_id
    )
    session.add(made)
    session.flush()
    return made


def cancel_maintenance(session: Session, now: datetime, maintenance_id: int) -> None:
    """Puts the room back in use. Doing it twice does no harm."""
    found = session.get(Maintenance, maintenance_id, with_for_update=True)
    if found is None:
        raise NotFound()
    if found.cancelled_at is None:
        diary.strike(session, found.entry_id)
        found.entry_id, found.cancelled_at = None, now
        session.flush()


def add_closure(session: Session, site_id: int, name: str, starts_on: date, ends_on: date) -> Closure:
    """Closes a site on days, both included; what is booked then stays and is for people to move."""
    if ends_on < starts_on:
        raise BadInput("The last day must not be before the first.", "ends_on")
    if ends_on - starts_on > LONGEST_TIME_OFF:
        raise BadInput("A closure can last a year at most.", "ends_on")
    made = Closure(site_id=site_id, name=_words(name, 80), starts_on=starts_on, ends_on=ends_on)
    session.add(made)
    session.flush()
    return made


def remove_closure(session: Session, closure_id: int) -> None:
    """Opens the site again on those days. Doing it twice does no harm."""
    session.execute(sa.delete(Closure).where(Closure.id == closure_id))


def _check_span(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise BadInput("The end must be after the start.", "ends")
    if ends_at - starts_at > LONGEST_TIME_OFF:
        raise BadInput("That is longer than a year.", "ends")


def _words(text: str, most: int) -> str:
    words = " ".join(text.split())
    if not words:
        raise BadInput("Enter a name.", "name")
    if len(words) > most:
        raise BadInput(f"Use {most} signs or fewer.", "name")
    return words


def _refuse_double(
    session: Session, table: type, same: sa.ColumnElement[bool], own_id: int | None, sentence: str
) -> None:
    found = session.scalar(sa.select(table.id).where(same).limit(1))  # type: ignore[attr-defined]
    if found is not None and found != own_id:
        raise BadInput(sentence, "name")
