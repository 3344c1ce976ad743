"""Who is trained for a session, at which sites, and on which days of a week they are in. Few statements."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.roster.models import Closure, Gender, Site, Therapist, TimeOff, WorkingHours, therapist_skill


@dataclass(frozen=True, slots=True)
class Staffing:
    """The sites at which a session can be given and the therapists who give it there."""

    sites: tuple[Site, ...]
    pairs: tuple[tuple[int, Therapist], ...]

    def at(self, site_id: int) -> list[Therapist]:
        """The therapists of a site, by name."""
        return [therapist for each, therapist in self.pairs if each == site_id]

    def site(self, slug: str | None) -> Site | None:
        return next((site for site in self.sites if site.slug == slug), None)

    def site_by_id(self, site_id: int) -> Site | None:
        return next((site for site in self.sites if site.id == site_id), None) or next(iter(self.sites), None)

    def knows(self, site_id: int, person: str) -> bool:
        """Whether 'any', 'woman', 'man' or a therapist's id can be asked for at the site."""
        people = self.at(site_id)
        genders = {each.gender.value for each in people if each.gender}
        return person == "any" or person in genders or person in {str(each.id) for each in people}

    @property
    def genders(self) -> dict[int, Gender | None]:
        return {therapist.id: therapist.gender for _site, therapist in self.pairs}

    @property
    def names(self) -> dict[int, str]:
        return {therapist.id: therapist.name for _site, therapist in self.pairs}


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days of a week: closed at the site or worked by nobody, worked by whom was asked for, spent away."""

    closed: frozenset[date]
    working: frozenset[date]
    away: frozenset[date]


def load(session: Session, skill_id: int) -> Staffing:
    """Two statements: the sites, and who of the skill has hours where."""
    sites = session.scalars(sa.select(Site).where(Site.is_active).order_by(Site.id)).all()
    pairs = session.execute(
        sa.select(WorkingHours.site_id, Therapist)
        .join(Therapist, Therapist.id == WorkingHours.therapist_id)
        .join(therapist_skill, therapist_skill.c.therapist_id == Therapist.id)
        .where(Therapist.is_active, therapist_skill.c.skill_id == skill_id)
        .distinct()
        .order_by(Therapist.name, Therapist.id)
    ).all()
    staffed = {site_id for site_id, _therapist in pairs}
    return Staffing(
        tuple(site for site in sites if site.id in staffed),
        tuple((site_id, therapist) for site_id, therapist in pairs),
    )


def calendar(session: Session, site: Site, ids: Collection[int], first: date, with_away: bool) -> Calendar:
    """What is known of the seven days from `first` on, for the therapists of `ids`; `away` on request."""
    days = [first + timedelta(days=step) for step in range(7)]
    closures = session.execute(
        sa.select(Closure.starts_on, Closure.ends_on).where(
            Closure.site_id == site.id, Closure.starts_on <= days[-1], Closure.ends_on >= first
        )
    ).all()
    hours = session.execute(
        sa.select(
            WorkingHours.therapist_id,
            WorkingHours.weekday,
            WorkingHours.valid_from_on,
            WorkingHours.valid_until_on,
        )
        .join(Therapist, Therapist.id == WorkingHours.therapist_id)
        .where(WorkingHours.site_id == site.id, Therapist.is_active)
    ).all()
    worked = {
        (day, therapist_id)
        for day in days
        for therapist_id, weekday, since, until in hours
        if weekday == day.weekday() and since <= day and (until is None or day <= until)
    }
    open_days = {day for day, _therapist in worked}
    working = {day for day, therapist_id in worked if therapist_id in ids}
    closed = {day for day in days if day not in open_days or any(a <= day <= b for a, b in closures)}
    away = _away(session, ids, days, ZoneInfo(site.tz)) if with_away else set()
    return Calendar(frozenset(closed), frozenset(working), frozenset(away & working))


def _away(session: Session, ids: Collection[int], days: list[date], zone: ZoneInfo) -> set[date]:
    """The days that time off touches."""
    opens = datetime.combine(days[0], time(), tzinfo=zone)
    closes = datetime.combine(days[-1] + timedelta(days=1), time(), tzinfo=zone)
    spans = session.execute(
        sa.select(TimeOff.starts_at, TimeOff.ends_at).where(
            TimeOff.therapist_id.in_(ids),
            TimeOff.cancelled_at.is_(None),
            TimeOff.starts_at < closes,
            TimeOff.ends_at > opens,
        )
    ).all()
    return {
        day
        for day in days
        for starts_at, ends_at in spans
        if starts_at.astimezone(zone).date() <= day
        and (ends_at - timedelta(seconds=1)).astimezone(zone).date() >= day
    }
