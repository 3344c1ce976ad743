"""A series before anything is booked: each date free or not, why not, and the nearest times instead.

One search over the whole stretch, whatever the number of dates; nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.queries import GONE
from clinic.booking.screening import check_allowed, is_bookable
from clinic.booking.series_dates import Date, Every, expand
from clinic.booking.slots import Slot, Wish, openings
from clinic.catalog.models import OfferingOption
from clinic.intake.models import Intake
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, NotCleared, NotFound
from clinic.roster.models import Closure, Site, TimeOff, WorkingHours

AROUND_DAYS = 3
ALTERNATIVES = 3
APART = timedelta(hours=1)  # two times that are nearer to each other are one choice
FURTHEST_AHEAD = timedelta(days=2 * 366)


class Clash(StrEnum):
    """Why a date of a series cannot be had as it is."""

    OVER = "over"
    BEYOND = "beyond"
    NOT_CLEARED = "not_cleared"
    CLOSED = "closed"
    AWAY = "away"
    NOT_WORKING = "not_working"
    YOURS = "yours"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One date: the slot that would be booked, or why not and the nearest times, those of the day first.

    `position` counts from 1; `is_shifted` as in `series_dates`.
    """

    position: int
    day: date
    starts_at: datetime
    is_shifted: bool
    slot: Slot | None
    clash: Clash | None
    nearest: tuple[Slot, ...]


def preview(
    session: Session,
    now: datetime,
    wish: Wish,
    first_starts_at: datetime,
    every: Every,
    count: int,
    intake: Intake | None,
    *,
    is_first_kept: bool = False,
) -> list[Proposal]:
    """Gives each of `count` dates from the first on; with `is_first_kept` the first is booked and left out.

    BadInput for a series that is too long or too far ahead; Excluded, and NotCleared for answers that let
    nothing be booked at all. A day after the last that a clearance counts for is a clash of its own.
    """
    site, option = session.get(Site, wish.site_id), session.get(OfferingOption, wish.option_id)
    if site is None or option is None:
        raise NotFound()
    zone = walltime.zone(site.tz)
    if abs(first_starts_at - now) > FURTHEST_AHEAD:
        raise BadInput("That is too far ahead. Choose an earlier first date.", "first")
    dates = expand(first_starts_at, every, count, zone)[1 if is_first_kept else 0 :]
    if not dates:
        raise BadInput("Choose at least two dates.", "count")
    if intake is None or intake.level is None:
        raise NotCleared("The health questions come first.")
    check_allowed(intake, option, _a_day_that_counts(intake, dates))
    finder = _Finder(session, now, wish, site, zone, option.minutes + wish.talk_minutes, intake, dates)
    return [
        finder.proposal(number, each) for number, each in enumerate(dates, start=2 if is_first_kept else 1)
    ]


def _a_day_that_counts(intake: Intake, dates: Sequence[Date]) -> date:
    """A day on which the answers count, if there is one: then only the session is judged."""
    fitting = (each.day for each in dates if is_bookable(intake, each.day))
    return next(fitting, intake.cleared_until_on or dates[0].day)


class _Finder:
    """What is read once for all dates: free times, closures, time off, hours, the client's own."""

    def __init__(
        self,
        session: Session,
        now: datetime,
        wish: Wish,
        site: Site,
        zone: ZoneInfo,
        minutes: int,
        intake: Intake,
        dates: Sequence[Date],
    ) -> None:
        self.now, self.wish, self.zone, self.intake, self.minutes = now, wish, zone, intake, minutes
        self.today = walltime.local(now, zone).date()
        # The last day on which any time may still be booked; the horizon does not bind the desk.
        self.last_day = walltime.local(now + FURTHEST_AHEAD, zone).date() - timedelta(days=1)
        if not wish.is_desk:
            self.last_day = min(self.last_day, self.today + timedelta(days=site.horizon_days))
        first = max(self.today, dates[0].day - timedelta(days=AROUND_DAYS))
        last = min(dates[-1].day + timedelta(days=AROUND_DAYS), self.last_day)
        self.by_day: dict[date, list[Slot]] = {}
        if first <= last:
            anybody = replace(wish, therapist_id=None)
            for slot in openings(session, anybody, first, (last - first).days + 1, now):
                day = walltime.local(slot.starts_at, zone).date()
                self.by_day.setdefault(day, []).append(slot)
        around = (dates[0].starts_at - timedelta(days=1), dates[-1].starts_at + timedelta(days=2))
        self.closed = _closed(session, site.id, dates[0].day, dates[-1].day)
        self.away = _away(session, wish.therapist_id, *around)
        self.weekdays = _weekdays(session, wish.therapist_id, site.id)
        self.own = _own(session, wish, *around)

    def proposal(self, position: int, each: Date) -> Proposal:
        slot = self._slot(each)
        clash = None if slot else self._clash(each)
        nearest = () if slot else self._nearest(each)
        return Proposal(position, each.day, each.starts_at, each.is_shifted, slot, clash, nearest)

    def _slot(self, each: Date) -> Slot | None:
        if not is_bookable(self.intake, each.day):
            return None
        wanted = self.wish.therapist_id
        return next(
            (
                slot
                for slot in self.by_day.get(each.day, ())
                if slot.starts_at == each.starts_at and wanted in (None, slot.therapist_id)
            ),
            None,
        )

    def _clash(self, each: Date) -> Clash:
        starts_at, ends_at = each.starts_at, each.starts_at + timedelta(minutes=self.minutes)
        if starts_at < self.now:
            return Clash.OVER
        if not is_bookable(self.intake, each.day):
            return Clash.NOT_CLEARED
        if each.day > self.last_day:
            return Clash.BEYOND
        if any(low <= each.day <= high for low, high in self.closed):
            return Clash.CLOSED
        if any(low < ends_at and starts_at < high for low, high in self.own):
            return Clash.YOURS
        if any(low < ends_at and starts_at < high for low, high in self.away):
            return Clash.AWAY
        if self.weekdays is not None and each.day.weekday() not in self.weekdays:
            return Clash.NOT_WORKING
        return Clash.TAKEN

    def _nearest(self, each: Date) -> tuple[Slot, ...]:
        """The nearest free times, those of the day first; with the same therapist where that one is free."""
        best: dict[datetime, Slot] = {}
        for step in range(-AROUND_DAYS, AROUND_DAYS + 1):
            day = each.day + timedelta(days=step)
            for slot in self.by_day.get(day, ()) if is_bookable(self.intake, day) else ():
                kept = best.get(slot.starts_at)
                if kept is None or slot.therapist_id == self.wish.therapist_id:
                    best[slot.starts_at] = slot
        ranked = sorted(best.values(), key=lambda slot: self._distance(slot, each))
        chosen: list[Slot] = []
        for slot in ranked:
            if all(abs(slot.starts_at - other.starts_at) >= APART for other in chosen):
                chosen.append(slot)
        return tuple(chosen[:ALTERNATIVES])

    def _distance(self, slot: Slot, each: Date) -> tuple[int, timedelta, datetime]:
        days = abs((walltime.local(slot.starts_at, self.zone).date() - each.day).days)
        return days, abs(slot.starts_at - each.starts_at), slot.starts_at


def _closed(session: Session, site_id: int, first: date, last: date) -> list[tuple[date, date]]:
    rows = session.execute(
        sa.select(Closure.starts_on, Closure.ends_on).where(
            Closure.site_id == site_id, Closure.starts_on <= last, Closure.ends_on >= first
        )
    )
    return [(row.starts_on, row.ends_on) for row in rows]


def _away(
    session: Session, therapist_id: int | None, first: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    if therapist_id is None:
        return []
    rows = session.execute(
        sa.select(TimeOff.starts_at, TimeOff.ends_at).where(
            TimeOff.therapist_id == therapist_id,
            TimeOff.cancelled_at.is_(None),
            TimeOff.starts_at < until,
            TimeOff.ends_at > first,
        )
    )
    return [(row.starts_at, row.ends_at) for row in rows]


def _weekdays(session: Session, therapist_id: int | None, site_id: int) -> Collection[int] | None:
    """The weekdays on which the therapist ever works there; None where anybody would do."""
    if therapist_id is None:
        return None
    wanted = sa.select(WorkingHours.weekday).where(
        WorkingHours.therapist_id == therapist_id, WorkingHours.site_id == site_id
    )
    return set(session.scalars(wanted))


def _own(session: Session, wish: Wish, first: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    if wish.client_id is None:
        return []
    rows = session.execute(
        sa.select(Appointment.starts_at, Appointment.ends_at).where(
            Appointment.client_id == wish.client_id,
            Appointment.status.not_in(GONE),
            Appointment.starts_at < until,
            Appointment.ends_at > first,
        )
    )
    return [(row.starts_at, row.ends_at) for row in rows]
