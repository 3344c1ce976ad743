"""Writing weekly hours: a therapist's week at each site, from a day on."""

from __future__ import annotations

import itertools
from calendar import day_name
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.writing import fresh
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput, NotFound
from clinic.kernel.ticks import TICK_MINUTES
from clinic.roster.models import Site, Therapist, WorkingBreak, WorkingHours
from clinic.roster.overlaps import Meeting, Weekly, first_meeting, meetings
from clinic.roster.writing import check_day, touch

_DAY = timedelta(days=1)
_AROUND = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Hours:
    """One day's hours as a form gives them: minutes of the day, Monday is 0, with breaks inside."""

    weekday: int
    opens: int
    closes: int
    breaks: tuple[tuple[int, int], ...] = ()


def set_week(
    session: Session,
    therapist_id: int,
    week: Mapping[int, Sequence[Hours]],
    *,
    from_on: date,
    until_on: date | None = None,
    version: int | None = None,
) -> Therapist:
    """Gives a therapist a new week, hours by site number, from a day on; the earlier one ends the day before.

    A site that `week` leaves out has no hours from then on. After `until_on`, where given, the earlier
    week goes on. Refuses hours that end before they start, overlap (also between sites: `overlaps`) or lie
    off the five minutes, and breaks outside them; Stale when `version` (of the therapist) is not today's.
    Appointments outside the new hours stay: `booking.impact.outside_hours` names them.
    """
    therapist = fresh(session.get(Therapist, therapist_id), version)
    _check_days(from_on, until_on)
    every = [each for hours in week.values() for each in hours]
    for each in every:
        check_hours(each)
    for hours in by_zone(week, {site_id: _site(session, site_id).tz for site_id in week}):
        refuse_overlaps(hours)
    _refuse_meeting(session, meeting(session, therapist_id, week, from_on, until_on))
    had = session.scalars(
        sa.select(WorkingHours.site_id).where(WorkingHours.therapist_id == therapist_id).distinct()
    )
    for site_id in sorted({*week, *had}):
        _replace(session, therapist_id, site_id, week.get(site_id, ()), from_on, until_on)
    touch(therapist)
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
    version: int | None = None,
) -> Therapist:
    """Gives a therapist new hours at one site from a day on; the hours at other sites stay as they are.

    Refuses as `set_week` does, and also hours that overlap with those at another site.
    """
    therapist = fresh(session.get(Therapist, therapist_id), version)
    _site(session, site_id)
    _check_days(from_on, until_on)
    for each in hours:
        check_hours(each)
    refuse_overlaps(hours)
    found = meeting(session, therapist_id, {site_id: hours}, from_on, until_on, replaces=(site_id,))
    _refuse_meeting(session, found)
    _replace(session, therapist_id, site_id, hours, from_on, until_on)
    touch(therapist)
    session.flush()
    return therapist


def _site(session: Session, site_id: int) -> Site:
    site = session.get(Site, site_id)
    if site is None:
        raise NotFound()
    return site


def _check_days(from_on: date, until_on: date | None) -> None:
    check_day(from_on, "from_on")
    if until_on is not None:
        check_day(until_on, "until_on")
        if until_on < from_on:
            raise BadInput("The last day must not be before the first.", "until_on")


def check_hours(hours: Hours) -> None:
    """Refuses hours that end before they start or lie off the five minutes, and breaks outside them.

    A refusal names opens, closes, or break 0, 1 ... by its place among the breaks.
    """
    if not 0 <= hours.weekday <= 6:
        raise BadInput("Choose a day of the week.", "weekday")
    if not 0 <= hours.opens < hours.closes <= walltime.DAY_MINUTES:
        raise BadInput("The hours must end after they start, on the same day.", "closes")
    named = [("opens", hours.opens), ("closes", hours.closes)]
    named += [(f"break {n}", minute) for n, pause in enumerate(hours.breaks) for minute in pause]
    for field, minute in named:
        if minute % TICK_MINUTES:
            raise BadInput("Use times that 5 minutes go into, like 9:05.", field)
    last = hours.opens
    for starts, ends, number in sorted((*pause, n) for n, pause in enumerate(hours.breaks)):
        if ends <= starts:
            raise BadInput("A break must end after it starts.", f"break {number}")
        if starts < last or ends > hours.closes:
            raise BadInput("Breaks must lie inside the hours and not overlap.", f"break {number}")
        last = ends


def by_zone(week: Mapping[int, Sequence[Hours]], zones: Mapping[int, str]) -> list[list[Hours]]:
    """The hours of a week, those of sites with one time zone together; `zones` by site number."""
    found: dict[str, list[Hours]] = {}
    for site_id, hours in week.items():
        found.setdefault(zones[site_id], []).extend(hours)
    return list(found.values())


def refuse_overlaps(hours: Sequence[Hours]) -> None:
    """Refuses two spans of hours that share time on one day, by one wall clock."""
    by_day = sorted((each.weekday, each.opens, each.closes) for each in hours)
    for (day, _opens, closes), (next_day, next_opens, _closes) in itertools.pairwise(by_day):
        if day == next_day and next_opens < closes:
            raise BadInput("Two spans of hours on one day overlap.", "opens")


def meeting(
    session: Session,
    therapist_id: int,
    week: Mapping[int, Sequence[Hours]],
    from_on: date,
    until_on: date | None,
    *,
    replaces: Collection[int] | None = None,
) -> Meeting | None:
    """The first time that a new week has the therapist at two places at once; None where it never does.

    Looked at by instants where the sites keep different time. `replaces` are the sites whose hours the week
    takes the place of, all of them where it is None.
    """
    zones = {row.id: walltime.zone(row.tz) for row in session.execute(sa.select(Site.id, Site.tz))}
    new = [
        Weekly(site_id, zones[site_id], each.weekday, each.opens, each.closes, from_on, until_on)
        for site_id, hours in week.items()
        for each in hours
    ]
    rows = session.scalars(
        sa.select(WorkingHours).where(
            WorkingHours.therapist_id == therapist_id,
            *_reaching_into(from_on - _AROUND, until_on + _AROUND if until_on else None),
        )
    ).all()
    others = [
        Weekly(row.site_id, zones[row.site_id], row.weekday, row.opens, row.closes, first, last)
        for row in rows
        for first, last in _left(row, from_on, until_on, replaces)
    ]
    return first_meeting(new, others)


def refuse_meetings_in(session: Session, site_id: int, tz: str, since: date) -> None:
    """Refuses a new time zone for a site in which somebody's hours, from `since` on, meet those elsewhere.

    BadInput at 'tz' names everybody and their days of the week at the site.
    """
    found = _meetings_in(session, site_id, tz, since)
    if not found:
        return
    names = {row.id: row.name for row in session.execute(sa.select(Therapist.id, Therapist.name))}
    said = "; ".join(
        f"{names[therapist_id]} on {', '.join(day_name[day] for day in sorted(days))}"
        for therapist_id, days in sorted(found.items(), key=lambda each: names[each[0]])
    )
    raise BadInput(
        f"In that zone hours here would overlap with hours at another site: {said}. Change the hours first.",
        "tz",
    )


def _meetings_in(session: Session, site_id: int, tz: str, since: date) -> dict[int, set[int]]:
    """The days of the week, by therapist, on which hours at a site would meet others in a new zone."""
    zones = {row.id: walltime.zone(row.tz) for row in session.execute(sa.select(Site.id, Site.tz))}
    zones[site_id] = walltime.zone(tz)
    here: dict[int, list[Weekly]] = {}
    elsewhere: dict[int, list[Weekly]] = {}
    for row in session.scalars(sa.select(WorkingHours).where(*_reaching_into(since, None))):
        weekly = Weekly(
            row.site_id, zones[row.site_id], row.weekday, row.opens, row.closes,
            max(row.valid_from_on, since), row.valid_until_on,
        )  # fmt: skip
        (here if row.site_id == site_id else elsewhere).setdefault(row.therapist_id, []).append(weekly)
    found: dict[int, set[int]] = {}
    for therapist_id in here.keys() & elsewhere.keys():
        for each in meetings(here[therapist_id], elsewhere[therapist_id]):
            found.setdefault(therapist_id, set()).add(each.one.weekday)
    return found


def _left(
    row: WorkingHours, from_on: date, until_on: date | None, replaces: Collection[int] | None
) -> list[tuple[date, date | None]]:
    """The stretches in which a row goes on beside a new week."""
    first, last = row.valid_from_on, row.valid_until_on
    if replaces is not None and row.site_id not in replaces:
        return [(first, last)]
    left: list[tuple[date, date | None]] = []
    if first < from_on:
        left.append((first, from_on - _DAY if last is None else min(last, from_on - _DAY)))
    if until_on is not None and (last is None or last > until_on):
        left.append((max(first, until_on + _DAY), last))
    return left


def _refuse_meeting(session: Session, found: Meeting | None) -> None:
    """BadInput that says on which day, and with what, new hours share time."""
    if found is not None:
        raise BadInput(in_words(session, found), "opens")


def in_words(session: Session, found: Meeting) -> str:
    """What shares time; on which day and where, if the sites keep different time."""
    if found.is_one_zone:
        return "These hours overlap with the hours at another site."
    on, other = found.on, found.other
    there = session.get_one(Site, other.site_id).name
    times = " to ".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (other.opens, other.closes))
    return f"On {on:%A} {on.day} {on:%B %Y} these hours overlap with those at {there}, {times} there."


def _reaching_into(from_on: date, until_on: date | None) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = [
        sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= from_on)
    ]
    if until_on is not None:
        wanted.append(WorkingHours.valid_from_on <= until_on)
    return wanted


def _replace(
    session: Session,
    therapist_id: int,
    site_id: int,
    hours: Sequence[Hours],
    from_on: date,
    until_on: date | None,
) -> None:
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


def _end_earlier(
    session: Session, therapist_id: int, site_id: int, from_on: date, until_on: date | None
) -> None:
    """Cuts the stretch [from_on, until_on] out of the hours there are; what lies after it goes on."""
    rows = session.scalars(
        sa.select(WorkingHours).where(
            WorkingHours.therapist_id == therapist_id,
            WorkingHours.site_id == site_id,
            *_reaching_into(from_on, until_on),
        )
    ).all()
    for row in rows:
        if until_on is not None and (row.valid_until_on is None or row.valid_until_on > until_on):
            session.add(_copy(row, until_on + _DAY, row.valid_until_on))
        if row.valid_from_on < from_on:
            row.valid_until_on = from_on - _DAY
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
