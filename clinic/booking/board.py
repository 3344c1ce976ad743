"""The board: days of the clinic by therapist, with what is free in them and how long a session fits there.

Free time is arithmetic over the same facts as every search for times (hours, closures, the diary), with
the buffers of what the therapist gives and a room for it; so a gap that is shown can be booked. The number
of statements does not grow with therapists or days.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, OfferingOption
from clinic.kernel import walltime
from clinic.kernel.spans import Span, merge, subtract
from clinic.kernel.ticks import TICK_MINUTES, tick_of
from clinic.roster import availability
from clinic.roster.availability import Demand, RoomTime, TherapistTime, WorkingPattern
from clinic.roster.models import (
    Closure,
    DiaryEntry,
    DiarySpan,
    OwnerKind,
    Room,
    Site,
    Therapist,
    TimeOff,
    WorkingBreak,
    WorkingHours,
    offering_room,
    therapist_skill,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A site as the board needs it."""

    id: int
    name: str
    slug: str
    tz: str
    grid_minutes: int
    talk_minutes: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A free stretch of a therapist. `starts` are the times at which a session may begin, each with the
    most minutes that fit from there: the client's whole time, buffers kept."""

    therapist_id: int
    site_id: int
    until: datetime
    starts: tuple[tuple[datetime, int], ...]

    @property
    def starts_at(self) -> datetime:
        return self.starts[0][0]

    @property
    def minutes(self) -> int:
        """The longest session that fits from the first start on."""
        return self.starts[0][1]

    def first_for(self, minutes: int) -> datetime | None:
        """The first start at which so long a session fits, or None."""
        return next((start for start, longest in self.starts if longest >= minutes), None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in which nobody is seen. `kind` is 'break', 'off' or 'closed'."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    word: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One therapist at one site over the days of a board: when they work, and what is free in it."""

    therapist_id: int
    therapist: str
    hue: int
    site: Place
    working: tuple[tuple[datetime, datetime], ...]
    stretches: tuple[Stretch, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Days of the clinic: a lane for each therapist who has hours there, by site and name."""

    first_day: date
    days: int
    sites: tuple[Place, ...]
    lanes: tuple[Lane, ...]
    closed: tuple[tuple[int, date, str], ...]

    def gaps_on(self, day: date, minutes: int) -> list[tuple[datetime, Lane, Gap]]:
        """The gaps of that day in which so long a session fits, each with its first start for it."""
        found = [
            (start, lane, gap)
            for lane in self.lanes
            for gap in lane.gaps
            if (start := gap.first_for(minutes)) is not None
            and walltime.local(start, walltime.zone(lane.site.tz)).date() == day
        ]
        return sorted(found, key=lambda each: (each[0], each[1].therapist))


@dataclass(frozen=True, slots=True)
class _Need:
    """What several options have in common as far as time goes, with the skills that any of them takes."""

    length: int
    before: int
    after: int
    turnover: int
    rooms: frozenset[int]


def places(session: Session, slug: str = "") -> list[Place]:
    """The active sites by number, or the one with that slug. One statement."""
    wanted = sa.select(Site.id, Site.name, Site.slug, Site.tz, Site.grid_minutes, Site.talk_minutes).where(
        Site.is_active
    )
    if slug:
        wanted = wanted.where(Site.slug == slug)
    return [Place(*row) for row in session.execute(wanted.order_by(Site.id))]


def load(session: Session, now: datetime, sites: Sequence[Place], first_day: date, days: int) -> Board:
    """Gives the board of those sites and days. Eight statements."""
    ids = [site.id for site in sites]
    therapists = _therapists(session, ids, first_day, days)
    closures = _closures(session, ids, first_day, days)
    rooms = _rooms(session, ids)
    skills = _skills(session)
    needs = _needs(session, sites, rooms)
    span = (first_day - timedelta(days=2), days + 4)
    busy = _busy(session, now, *span)
    off = _time_off(session, *span)
    lanes: list[Lane] = []
    for site in sites:
        here = {key[0]: each for key, each in therapists.items() if key[1] == site.id}
        shut = {day for site_id, day, _name in closures if site_id == site.id}
        times = {
            therapist_id: TherapistTime(
                therapist_id,
                availability.working_spans(each.patterns, first_day, days, walltime.zone(site.tz), shut),
                busy.get((OwnerKind.THERAPIST.value, therapist_id), ()),
            )
            for therapist_id, each in here.items()
        }
        site_rooms = [
            RoomTime(room_id, busy.get((OwnerKind.ROOM.value, room_id), ()))
            for room_id, site_id in rooms
            if site_id == site.id
        ]
        longest = _longest(site, now, first_day, days, times, site_rooms, needs[site.id], skills)
        for therapist_id, each in here.items():
            lanes.append(
                _lane(site, each, times[therapist_id], longest[therapist_id], off.get(therapist_id, []),
                      first_day, days, shut)
            )  # fmt: skip
    lanes.sort(key=lambda lane: (lane.site.id, lane.therapist, lane.therapist_id))
    return Board(first_day, days, tuple(sites), tuple(lanes), tuple(closures))


@dataclass(frozen=True, slots=True)
class _Therapist:
    id: int
    name: str
    hue: int
    patterns: tuple[WorkingPattern, ...]


def _therapists(
    session: Session, site_ids: Collection[int], first_day: date, days: int
) -> dict[tuple[int, int], _Therapist]:
    """Those with hours at the sites that count on one of the days: one statement."""
    last_day = first_day + timedelta(days=days - 1)
    rows = session.execute(
        sa.select(
            Therapist.id.label("therapist_id"), Therapist.name, Therapist.hue,
            WorkingHours.id.label("hours_id"), WorkingHours.site_id, WorkingHours.weekday,
            WorkingHours.opens, WorkingHours.closes, WorkingHours.valid_from_on,
            WorkingHours.valid_until_on, WorkingBreak.starts, WorkingBreak.ends,
        )
        .join(WorkingHours, WorkingHours.therapist_id == Therapist.id)
        .outerjoin(WorkingBreak, WorkingBreak.working_hours_id == WorkingHours.id)
        .where(
            Therapist.is_active,
            WorkingHours.site_id.in_(site_ids),
            WorkingHours.valid_from_on <= last_day,
            sa.or_(WorkingHours.valid_until_on.is_(None), WorkingHours.valid_until_on >= first_day),
        )
        .order_by(Therapist.name, Therapist.id, WorkingHours.id, WorkingBreak.starts)
    )  # fmt: skip
    heads: dict[tuple[int, int], tuple[str, int]] = {}
    patterns: dict[tuple[int, int], dict[int, WorkingPattern]] = {}
    for row in rows:
        key = (row.therapist_id, row.site_id)
        heads[key] = (row.name, row.hue)
        mine = patterns.setdefault(key, {})
        pattern = mine.get(row.hours_id) or WorkingPattern(
            row.weekday, row.opens, row.closes, (), row.valid_from_on, row.valid_until_on
        )
        if row.starts is not None:
            pattern = replace(pattern, breaks=(*pattern.breaks, (row.starts, row.ends)))
        mine[row.hours_id] = pattern
    return {
        key: _Therapist(key[0], name, hue, tuple(patterns[key].values()))
        for key, (name, hue) in heads.items()
    }


def _closures(
    session: Session, site_ids: Collection[int], first_day: date, days: int
) -> list[tuple[int, date, str]]:
    last_day = first_day + timedelta(days=days - 1)
    rows = session.execute(
        sa.select(Closure.site_id, Closure.name, Closure.starts_on, Closure.ends_on)
        .where(Closure.site_id.in_(site_ids), Closure.starts_on <= last_day, Closure.ends_on >= first_day)
        .order_by(Closure.starts_on, Closure.id)
    )
    return [
        (row.site_id, day, row.name)
        for row in rows
        for day in (first_day + timedelta(days=step) for step in range(days))
        if row.starts_on <= day <= row.ends_on
    ]


def _rooms(session: Session, site_ids: Collection[int]) -> list[tuple[int, int]]:
    rows = session.execute(
        sa.select(Room.id, Room.site_id)
        .where(Room.site_id.in_(site_ids), Room.is_active)
        .order_by(Room.is_step_free, Room.name, Room.id)
    )
    return [(row.id, row.site_id) for row in rows]


def _skills(session: Session) -> dict[int, set[int]]:
    """Skill → the therapists who have it."""
    found: dict[int, set[int]] = {}
    for therapist_id, skill_id in session.execute(
        sa.select(therapist_skill.c.therapist_id, therapist_skill.c.skill_id)
    ):
        found.setdefault(skill_id, set()).add(therapist_id)
    return found


def _needs(
    session: Session, sites: Sequence[Place], rooms: Sequence[tuple[int, int]]
) -> dict[int, dict[_Need, set[int]]]:
    """For each site, what its sessions take in time and the skills for it; alike ones count once."""
    given_in: dict[int, set[int]] = {}
    for offering_id, room_id in session.execute(
        sa.select(offering_room.c.offering_id, offering_room.c.room_id)
    ):
        given_in.setdefault(offering_id, set()).add(room_id)
    options = session.execute(
        sa.select(
            OfferingOption.offering_id, OfferingOption.minutes, OfferingOption.buffer_before_minutes,
            OfferingOption.buffer_after_minutes, OfferingOption.turnover_minutes, Offering.skill_id,
        )
        .join(Offering, Offering.id == OfferingOption.offering_id)
        .where(OfferingOption.is_active, Offering.is_active)
    ).all()  # fmt: skip
    needs: dict[int, dict[_Need, set[int]]] = {site.id: {} for site in sites}
    for site in sites:
        here = {room_id for room_id, site_id in rooms if site_id == site.id}
        for offering_id, minutes, before, after, turnover, skill_id in options:
            suits = frozenset(here & given_in[offering_id] if offering_id in given_in else here)
            for length in {minutes, minutes + site.talk_minutes}:
                need = _Need(length, before, after, turnover, suits)
                needs[site.id].setdefault(need, set()).add(skill_id)
    return needs


def _busy(session: Session, now: datetime, first_day: date, days: int) -> dict[tuple[str, int], list[Span]]:
    """The spans in which therapists and rooms are taken, in epoch minutes, from the diary alone."""
    utc = walltime.zone("UTC")
    low = tick_of(walltime.instant(first_day, 0, utc, 0))
    high = tick_of(walltime.instant(first_day + timedelta(days=days), 0, utc, 0))
    rows = session.execute(
        sa.select(
            sa.type_coerce(DiarySpan.kind, sa.String), DiarySpan.owner_id,
            DiarySpan.from_tick, DiarySpan.to_tick,
        )
        .join(DiaryEntry, DiaryEntry.id == DiarySpan.entry_id)
        .where(
            DiarySpan.kind.in_([OwnerKind.THERAPIST, OwnerKind.ROOM]),
            DiarySpan.to_tick > low,
            DiarySpan.from_tick < high,
            sa.or_(DiaryEntry.expires_at.is_(None), DiaryEntry.expires_at > now),
        )
    )  # fmt: skip
    busy: dict[tuple[str, int], list[Span]] = {}
    for kind, owner_id, from_tick, to_tick in rows:
        busy.setdefault((kind, owner_id), []).append((from_tick * TICK_MINUTES, to_tick * TICK_MINUTES))
    return busy


def _time_off(session: Session, first_day: date, days: int) -> dict[int, list[Span]]:
    """Therapist → when they are away, in epoch minutes. The reason is nobody's business at the desk."""
    utc = walltime.zone("UTC")
    rows = session.execute(
        sa.select(TimeOff.therapist_id, TimeOff.starts_at, TimeOff.ends_at).where(
            TimeOff.cancelled_at.is_(None),
            TimeOff.ends_at > walltime.instant(first_day, 0, utc, 0),
            TimeOff.starts_at < walltime.instant(first_day + timedelta(days=days), 0, utc, 0),
        )
    )
    found: dict[int, list[Span]] = {}
    for therapist_id, starts_at, ends_at in rows:
        span = (walltime.epoch_minute(starts_at), walltime.epoch_minute(ends_at))
        found.setdefault(therapist_id, []).append(span)
    return found


def _longest(
    site: Place,
    now: datetime,
    first_day: date,
    days: int,
    times: dict[int, TherapistTime],
    rooms: Sequence[RoomTime],
    needs: dict[_Need, set[int]],
    skills: dict[int, set[int]],
) -> dict[int, dict[int, int]]:
    """Therapist → start → the most minutes that fit from there."""
    zone = walltime.zone(site.tz)
    grid = availability.grid_of(first_day, days, site.grid_minutes, zone)
    earliest = -(-int(now.timestamp()) // 60)
    found: dict[int, dict[int, int]] = {therapist_id: {} for therapist_id in times}
    for need, skill_ids in needs.items():
        able = set().union(*(skills.get(skill_id, set()) for skill_id in skill_ids))
        demand = Demand(need.length, grid, need.before, need.after, need.turnover, earliest)
        who = [time for therapist_id, time in times.items() if therapist_id in able]
        where = [room for room in rooms if room.room_id in need.rooms]
        for opening in availability.openings(demand, who, where):
            mine = found[opening.therapist_id]
            mine[opening.start] = max(mine.get(opening.start, 0), need.length)
    return found


def _lane(
    site: Place,
    therapist: _Therapist,
    time: TherapistTime,
    longest: dict[int, int],
    off: Sequence[Span],
    first_day: date,
    days: int,
    shut: Collection[date],
) -> Lane:
    zone = walltime.zone(site.tz)
    bare = [replace(pattern, breaks=()) for pattern in therapist.patterns]
    whole = availability.working_spans(bare, first_day, days, zone, shut)
    away = [
        (max(low, opens), min(high, closes))
        for low, high in merge(off)
        for opens, closes in whole
        if low < closes and opens < high
    ]
    pauses = subtract(subtract(whole, time.working), away)
    stretches = [_stretch("off", "time off", span) for span in away]
    stretches += [_stretch("break", "break", span) for span in pauses]
    return Lane(
        therapist_id=therapist.id,
        therapist=therapist.name,
        hue=therapist.hue,
        site=site,
        working=tuple(_instants(span) for span in merge(whole)),
        stretches=tuple(sorted(stretches, key=lambda each: each.starts_at)),
        gaps=tuple(_gaps(site.id, time, longest)),
    )


def _gaps(site_id: int, time: TherapistTime, longest: dict[int, int]) -> Iterable[Gap]:
    """Cuts the starts of a therapist into the free stretches they lie in."""
    free = subtract(time.working, time.busy)
    lows = [low for low, _high in free]
    by_stretch: dict[Span, list[tuple[datetime, int]]] = {}
    for start in sorted(longest):
        at = bisect_right(lows, start) - 1
        if at >= 0:
            by_stretch.setdefault(free[at], []).append((walltime.from_epoch_minute(start), longest[start]))
    for (_low, high), starts in by_stretch.items():
        yield Gap(time.therapist_id, site_id, walltime.from_epoch_minute(high), tuple(starts))


def _stretch(kind: str, word: str, span: Span) -> Stretch:
    return Stretch(kind, *_instants(span), word)


def _instants(span: Span) -> tuple[datetime, datetime]:
    return walltime.from_epoch_minute(span[0]), walltime.from_epoch_minute(span[1])
