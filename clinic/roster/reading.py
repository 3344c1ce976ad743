"""Hours, closures and the diary read for a search: five statements, plain tuples only.

All busy time (appointments, holds, time off, maintenance) comes from the diary and nowhere else, and a
lapsed hold is air here as it is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.kernel import walltime
from clinic.kernel.errors import NotFound
from clinic.kernel.spans import Span
from clinic.kernel.ticks import TICK_MINUTES
from clinic.roster import statements
from clinic.roster.availability import WorkingPattern
from clinic.roster.facts import Diary, Facts, Search, SiteRules, Worker
from clinic.roster.hands import SESSIONS, stint
from clinic.roster.limits import Limits
from clinic.roster.models import EntryKind, Gender, OwnerKind, Room, Therapist
from clinic.roster.standing import kept, mark_of

_SESSIONS = frozenset(kind.value for kind in SESSIONS)
# Minutes before the first opening and after the last closing in which the diary is read as well: more than
# any turnover, and than any change of the clocks.
_TO_SPARE = 300


def read_sites(session: Session, site_ids: Collection[int] | None = None) -> dict[int, SiteRules]:
    """Give the rules of the open sites among those asked for (all, where None), by name."""
    if site_ids is None:
        rows = _rows(session, statements.SITES)
    else:
        rows = _rows(session, statements.SITES_NAMED, site_ids=list(site_ids))
    return {row.id: SiteRules(row.id, row.name, walltime.zone(row.tz), *row[3:]) for row in rows}


def read_site(session: Session, site_id: int) -> SiteRules:
    """Give the rules of one open site; NotFound if there is none."""
    found = read_sites(session, [site_id])
    if not found:
        raise NotFound("There is no such site.")
    return found[site_id]


def read(
    session: Session,
    search: Search,
    sites: dict[int, SiteRules],
    *,
    every_weekday: bool = False,
    only_at: int | None = None,
) -> Facts:
    """Read who works, which rooms suit, what is closed and who is taken, on the days of the search.

    Hours of weekdays that are not among those days are left out, and so are those who have no others,
    unless `every_weekday` is wanted. Where only the start `only_at` (epoch minute) matters, no more of the
    diary is read than a session then could touch or leave a hole beside; all, where hands are protected.
    """
    days = range(7) if every_weekday else range(min(search.days, 7))
    weekdays = [(search.first_day.weekday() + step) % 7 for step in days]
    narrowed = (search.skill_id, search.offering_id, search.therapist_id, search.gender, search.room_id)
    asked = (*narrowed, search.step_free, search.first_day, search.days, *sites, *weekdays)

    def standing() -> tuple[dict[int, list[Worker]], dict[int, list[int]], dict[int, set[date]]]:
        return (
            _workers(session, search, list(sites), weekdays),
            _room_ids(session, search, list(sites)),
            _closed_days(session, search, list(sites)),
        )

    mark = mark_of(session)
    workers, room_ids, closed = kept(session, mark, asked, standing)
    therapist_ids = {worker.therapist_id for here in workers.values() for worker in here}
    limited = {worker.therapist_id for here in workers.values() for worker in here if worker.limits}
    all_rooms = [room_id for here in room_ids.values() for room_id in here]
    around = _ticks_around(search, sites, workers, is_limited=bool(limited))
    if only_at is not None and not limited:
        around = _ticks_at(search, sites, only_at)
    diary = _diary(session, search, around, sorted(therapist_ids), all_rooms, limited)
    return Facts(search, sites, workers, room_ids, closed, diary, mark)


def _workers(
    session: Session, search: Search, site_ids: Sequence[int], weekdays: Sequence[int]
) -> dict[int, list[Worker]]:
    """Give, by site, the therapists who suit with their weekly hours there, by name."""
    wanted = statements.WORKERS
    if search.therapist_id is not None:
        wanted = wanted.where(Therapist.id == search.therapist_id)
    if search.gender is not None:
        wanted = wanted.where(Therapist.gender == search.gender)
    first, last = search.first_day, _last_day(search)
    rows = _rows(
        session,
        wanted,
        skill_id=search.skill_id,
        site_ids=site_ids,
        weekdays=weekdays,
        first=first,
        last=last,
    )
    people: dict[tuple[int, int], tuple[Gender | None, Limits]] = {}
    hours: dict[tuple[int, int], dict[int, tuple[Any, list[Span]]]] = {}
    for site_id, hours_id, therapist_id, gender, deep, hands_on, rest, *facts, starts, ends in rows:
        who = (site_id, therapist_id)
        if who not in people:
            people[who] = (Gender(gender) if gender else None, Limits(deep, hands_on, rest))
            hours[who] = {}
        breaks = hours[who].setdefault(hours_id, (facts, []))[1]
        if starts is not None:
            breaks.append((starts, ends))
    found: dict[int, list[Worker]] = {}
    for who, (gender, limits) in people.items():
        patterns = [
            WorkingPattern(weekday, opens, closes, tuple(breaks), since, until)
            for (weekday, opens, closes, since, until), breaks in hours[who].values()
        ]
        found.setdefault(who[0], []).append(Worker(who[1], gender, limits, patterns))
    return found


def _room_ids(session: Session, search: Search, site_ids: Sequence[int]) -> dict[int, list[int]]:
    """Give, by site, the rooms that suit."""
    wanted = statements.ROOMS
    if search.step_free:
        wanted = wanted.where(Room.is_step_free)
    if search.room_id is not None:
        wanted = wanted.where(Room.id == search.room_id)
    found: dict[int, list[int]] = {}
    for site_id, room_id in _rows(session, wanted, site_ids=site_ids, offering_id=search.offering_id):
        found.setdefault(site_id, []).append(room_id)
    return found


def _closed_days(session: Session, search: Search, site_ids: Sequence[int]) -> dict[int, set[date]]:
    first, last = search.first_day, _last_day(search)
    closures = _rows(session, statements.CLOSURES, site_ids=site_ids, first=first, last=last)
    found: dict[int, set[date]] = {}
    for site_id, starts_on, ends_on in closures:
        found.setdefault(site_id, set()).update(_days(max(starts_on, first), min(ends_on, last)))
    return found


def _diary(
    session: Session,
    search: Search,
    ticks: tuple[int, int],
    therapist_ids: Sequence[int],
    room_ids: Sequence[int],
    limited: Collection[int],
) -> Diary:
    """Give when each owner is taken (epoch minutes), from the diary alone, and stints of those `limited`."""
    low, high = ticks
    rows = _rows(
        session,
        statements.TAKEN[session.get_bind().dialect.name],
        therapist_ids=list(therapist_ids),
        room_ids=list(room_ids),
        client_id=search.client_id or 0,
        low=low,
        high=high,
        now=search.now,
        ignored=search.ignore_entry_id or 0,
    )
    found = Diary()
    busy, therapist, time_off = found.busy, OwnerKind.THERAPIST.value, EntryKind.TIME_OFF.value
    for owner, owner_id, kind, from_tick, to_tick, *effort in rows:
        span = (from_tick * TICK_MINUTES, to_tick * TICK_MINUTES)
        taken = busy.get((owner, owner_id))
        if taken is None:
            busy[owner, owner_id] = [span]
        else:
            taken.append(span)
        if owner != therapist:
            continue
        if kind == time_off:
            found.away.setdefault(owner_id, []).append(span)
        elif owner_id in limited and kind in _SESSIONS:
            found.stints.setdefault(owner_id, []).append(stint(from_tick, to_tick, *effort))
    return found


def _rows(session: Session, statement: sa.Executable, **values: Any) -> Sequence[Any]:
    """Ask for plain tuples, straight from the connection: the session's own way would take twice as long."""
    if session.autoflush:
        session.flush()
    return session.connection().execute(statement, values).all()


def _ticks_around(
    search: Search, sites: dict[int, SiteRules], workers: dict[int, list[Worker]], *, is_limited: bool
) -> tuple[int, int]:
    """Give the ticks that any session of the search could touch, with hours to spare.

    From the first opening of the first day to the last closing of the last; a day more on both sides where
    hands are protected, for what was given before counts.
    """
    reach = search.minutes + search.buffer_before + search.buffer_after + search.turnover
    reach += walltime.DAY_MINUTES if is_limited else _TO_SPARE
    hours = [
        (sites[site_id].zone, each)
        for site_id, here in workers.items()
        for who in here
        for each in who.patterns
    ]
    if not hours:
        return 0, 0
    opens = {(zone, each.opens) for zone, each in hours}
    closes = {(zone, each.closes) for zone, each in hours}
    first = min(walltime.minute_at(search.first_day, minute, zone, 0) for zone, minute in opens) - reach
    last = max(walltime.minute_at(_last_day(search), minute, zone, 1) for zone, minute in closes) + reach
    return first // TICK_MINUTES, last // TICK_MINUTES + 1


def _ticks_at(search: Search, sites: dict[int, SiteRules], start: int) -> tuple[int, int]:
    """Give the ticks that a session from that minute could touch, or one a step of the grid away."""
    step = max(site.grid_minutes for site in sites.values())
    first = start - search.buffer_before - step
    last = start + search.minutes + max(search.buffer_after, search.turnover) + step
    return first // TICK_MINUTES, last // TICK_MINUTES + 1


def _last_day(search: Search) -> date:
    return search.first_day + timedelta(days=search.days - 1)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=step) for step in range((last - first).days + 1))
