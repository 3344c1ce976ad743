"""Why nothing is free: the first condition that empties a search, in the order a person would ask. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from clinic.kernel.spans import Span, merge
from clinic.roster.availability import Demand, Opening, RoomTime, TherapistTime, room_at, starts_with


class Reason(StrEnum):
    """What leaves nothing; each is only named where all before it still leave something."""

    NO_SKILL = "no_skill"  # nobody at the site is trained in it
    NOBODY_SUITS = "nobody_suits"  # somebody is, but not whom was asked for
    NO_ROOM = "no_room"  # no room of the site suits
    NOT_OPEN_YET = "not_open_yet"  # beyond what may be booked
    TOO_SOON = "too_soon"  # over, or within the notice
    NOT_IN = "not_in"  # nobody of them has hours
    CLOSED = "closed"
    TOO_LONG = "too_long"  # with its buffers it fits into no hours
    AWAY = "away"  # time off
    FULL = "full"
    LIMITS = "limits"  # the therapists' hands
    ROOMS_FULL = "rooms_full"
    CLIENT_BUSY = "client_busy"


class Way(StrEnum):
    """What to give up so that there is something."""

    LATER = "later"
    OTHER_THERAPIST = "other_therapist"
    SHORTER = "shorter"
    OTHER_SITE = "other_site"


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The nearest time with one condition given up, at which site, and the client's minutes."""

    way: Way
    opening: Opening
    site_id: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """An empty search explained: the reason, and the ways out, the nearest first."""

    reason: Reason
    ways: tuple[Relaxation, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was asked for: their time, their hours were the site never closed, and their time off."""

    time: TherapistTime
    hours: Sequence[Span]
    away: Sequence[Span] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A search as it was asked: from the minute `first` to before `until`, of these people and rooms."""

    demand: Demand
    first: int
    until: int
    is_skilled: bool
    people: Sequence[Person]
    rooms: Sequence[RoomTime]
    client_busy: Sequence[Span] = ()


def why_nothing(case: Case) -> Reason | None:
    """Give the condition that leaves nothing of a search; None where something is left."""
    return _why_never(case) or _why_not_now(case)


def _why_never(case: Case) -> Reason | None:
    """What can be said without looking at anybody's diary."""
    demand = case.demand
    if not case.is_skilled:
        return Reason.NO_SKILL
    if not case.people:
        return Reason.NOBODY_SUITS
    if not case.rooms:
        return Reason.NO_ROOM
    if demand.latest is not None and demand.latest < case.first:
        return Reason.NOT_OPEN_YET
    if demand.earliest is not None and demand.earliest >= case.until:
        return Reason.TOO_SOON
    if not any(person.hours for person in case.people):
        return Reason.NOT_IN
    if not any(person.time.working for person in case.people):
        return Reason.CLOSED
    return None


def _why_not_now(case: Case) -> Reason | None:
    demand = case.demand
    whenever = replace(demand, earliest=None, latest=None)
    if not _starts(case, whenever, _nothing_taken):
        return Reason.TOO_LONG
    if not _starts(case, replace(demand, latest=None), _nothing_taken):
        return Reason.TOO_SOON
    if not _starts(case, demand, _nothing_taken):
        return Reason.NOT_OPEN_YET
    if not _starts(case, demand, _away):
        return Reason.AWAY
    if not _starts(case, demand, _taken):
        return Reason.FULL
    wanted = _starts(case, demand, _taken, keeps_limits=True)
    if not wanted:
        return Reason.LIMITS
    if not room_at(demand, wanted, case.rooms):
        return Reason.ROOMS_FULL
    if not room_at(demand, wanted, case.rooms, case.client_busy):
        return Reason.CLIENT_BUSY
    return None


def _starts(
    case: Case, demand: Demand, taken: Callable[[Person], Sequence[Span]], *, keeps_limits: bool = False
) -> set[int]:
    return {
        start
        for person in case.people
        for start in starts_with(
            demand, person.time.hands if keeps_limits else None, person.time.working, taken(person)
        )
    }


def _nothing_taken(_person: Person) -> Sequence[Span]:
    return ()


def _away(person: Person) -> Sequence[Span]:
    return merge(person.away)


def _taken(person: Person) -> Sequence[Span]:
    return person.time.busy
