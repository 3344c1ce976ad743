"""Times at which two people can come at once: two therapists, and two rooms or one that holds two.

The squares of both are entered at one go, in key order over both: two pairs who want each other's time meet
at the first square, and never half way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import supposing
from clinic.booking.slots import Slot, Wish, length_of, search_for
from clinic.booking.taking import claims_of
from clinic.catalog.models import OfferingOption
from clinic.kernel.errors import SlotTaken
from clinic.kernel.walltime import epoch_minute, from_epoch_minute
from clinic.roster import availability, diary, facts, reading
from clinic.roster.availability import RoomTime
from clinic.roster.diary import Claim
from clinic.roster.facts import Facts
from clinic.roster.hands import check_limits, effort_of
from clinic.roster.models import EntryKind, OwnerKind, Room

TRIES = 12
SHARED_PLACES = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """A start at which both can come, with who and where for each of the two."""

    first: Slot
    second: Slot

    @property
    def starts_at(self) -> datetime:
        return self.first.starts_at

    @property
    def is_one_room(self) -> bool:
        return self.first.room_id == self.second.room_id


@dataclass(frozen=True, slots=True)
class Side:
    """Who could give one of the sessions at each start, and which rooms are free for it then.

    `known` is what was read for it, without what goes.
    """

    length: int
    turnover: int
    who: dict[int, list[int]]
    rooms: dict[int, list[int]]
    room_times: Sequence[RoomTime]
    known: Facts


def find(
    session: Session,
    first: Wish,
    second: Wish,
    first_day: date,
    days: int,
    now: datetime,
    *,
    one_room: bool = False,
    ignore: Collection[int] = (),
) -> list[Pair]:
    """Every start at which both can come, by start, each once; in one room where `one_room` asks for it.

    The site is that of the first wish. `ignore` are entries that go (those of a party that is moved). The
    number of statements does not grow with therapists, rooms or days.
    """
    sides = _sides(session, (first, second), first_day, days, now, ignore)
    shared = shared_rooms(session, first.site_id, sides) if one_room else None
    found = []
    for start in sorted(set(sides[0].who) & set(sides[1].who)):
        pair = next(candidates(sides, shared, start), None)
        if pair is not None:
            found.append(pair)
    return found


def _sides(
    session: Session,
    wishes: tuple[Wish, Wish],
    first_day: date,
    days: int,
    now: datetime,
    ignore: Collection[int],
) -> tuple[Side, Side]:
    site = reading.read_site(session, wishes[0].site_id)
    gone = supposing.taken_by(session, ignore) if ignore else []
    made = []
    for wish in wishes:
        length = length_of(session, wish.option_id)
        search = search_for(replace(wish, site_id=site.id), length, first_day, days, now)
        known = reading.read(session, search, {site.id: site})
        known = replace(known, diary=supposing.changed(known.diary, gone))
        place = known.site_time(site.id, *facts.bounds(search, site))
        # A room that is always free: who is free when, whatever the rooms.
        anywhere = availability.openings(place.demand, place.therapists, [RoomTime(0)], known.client_busy)
        who: dict[int, list[int]] = {}
        for opening in anywhere:
            who.setdefault(opening.start, []).append(opening.therapist_id)
        rooms: dict[int, list[int]] = {}
        for room in place.rooms:
            for start in sorted(availability.room_at(place.demand, list(who), [room])):
                rooms.setdefault(start, []).append(room.room_id)
        made.append(Side(search.minutes, search.turnover, who, rooms, place.rooms, known))
    return made[0], made[1]


def shared_rooms(session: Session, site_id: int, sides: tuple[Side, Side]) -> dict[int, list[int]]:
    """The rooms for two that suit both sessions and are free for the longer of them, by start."""
    wide = session.scalars(
        sa.select(Room.id).where(Room.site_id == site_id, Room.is_active, Room.places >= SHARED_PLACES)
    ).all()
    both = {room.room_id for room in sides[0].room_times} & {room.room_id for room in sides[1].room_times}
    starts = sorted(set(sides[0].who) & set(sides[1].who))
    need = max(side.length + side.turnover for side in sides)
    found: dict[int, list[int]] = {}
    for room in sides[0].room_times:
        if room.room_id not in both or room.room_id not in wide or not starts:
            continue
        whole = [(starts[0], starts[-1] + need)]
        for start in availability.starts(whole, room.busy, starts, before=0, length=need, after=0):
            found.setdefault(start, []).append(room.room_id)
    return found


def minute_of(starts_at: datetime) -> int:
    """A start as the sides count it (epoch minutes)."""
    return epoch_minute(starts_at)


def candidates(sides: tuple[Side, Side], shared: dict[int, list[int]] | None, start: int) -> Iterator[Pair]:
    """Everybody and every room that would do at a start, the first choice first."""
    at = from_epoch_minute(start)
    if shared is None:
        rooms = [
            (one, other)
            for one in sides[0].rooms.get(start, ())
            for other in sides[1].rooms.get(start, ())
            if one != other
        ]
    else:
        rooms = [(room, room) for room in shared.get(start, ())]
    for one in sides[0].who.get(start, ()):
        for other in sides[1].who.get(start, ()):
            if one == other:
                continue
            for here, there in rooms:
                yield Pair(Slot(at, one, here), Slot(at, other, there))


def sides_at(
    session: Session,
    wishes: tuple[Wish, Wish],
    starts_at: datetime,
    now: datetime,
    ignore: Collection[int],
) -> tuple[Side, Side]:
    site = reading.read_site(session, wishes[0].site_id)
    on = starts_at.astimezone(site.zone).date()
    return _sides(session, wishes, on - timedelta(days=1), 3, now, ignore)


def enter(
    session: Session,
    now: datetime,
    wishes: tuple[Wish, Wish],
    sides: tuple[Side, Side],
    shared: dict[int, list[int]] | None,
    starts_at: datetime,
) -> tuple[Pair, list[int]]:
    """Enters the first pair at that start whose squares are free: entries of both, then of the room for two.

    They are holds without an end, for the caller to make appointments of. SlotTaken, with nothing entered,
    where all of them are taken.
    """
    options = (
        session.get_one(OfferingOption, wishes[0].option_id),
        session.get_one(OfferingOption, wishes[1].option_id),
    )
    tz = reading.read_site(session, wishes[0].site_id).zone.key
    for tried, pair in enumerate(candidates(sides, shared, minute_of(starts_at))):
        if tried >= TRIES:
            break
        entries = try_one(session, now, wishes, options, pair, tz)
        if entries is not None:
            return pair, entries
    raise SlotTaken()


def try_one(
    session: Session,
    now: datetime,
    wishes: tuple[Wish, Wish],
    options: tuple[OfferingOption, OfferingOption],
    pair: Pair,
    tz: str,
) -> list[int] | None:
    """Enters exactly that pair: the entries of both, then of the room for two; None where it is taken."""
    try:
        with session.begin_nested():
            return _enter(session, now, wishes, options, pair, tz)
    except SlotTaken:
        return None


def _enter(
    session: Session,
    now: datetime,
    wishes: tuple[Wish, Wish],
    options: tuple[OfferingOption, OfferingOption],
    pair: Pair,
    tz: str,
) -> list[int]:
    efforts = [effort_of(option) for option in options]
    slots = (pair.first, pair.second)
    many = claims_of_pair(options, wishes, pair)
    if pair.is_one_room:
        efforts.append(diary.NO_EFFORT)
        diary.strike_lapsed(session, many[-1], now)
    # Therapists whose limits are looked at are locked: by everybody in the same order.
    for at in sorted((0, 1), key=lambda at: slots[at].therapist_id):
        ends_at = pair.starts_at + timedelta(minutes=options[at].minutes + wishes[at].talk_minutes)
        check_limits(session, many[at], efforts[at], pair.starts_at, ends_at, tz, now)
    return diary.enter_many(session, EntryKind.HOLD, many, now, efforts)


def claims_of_pair(
    options: Sequence[OfferingOption], wishes: Sequence[Wish], pair: Pair
) -> list[list[Claim]]:
    """The squares of each of the two, and in one room those of the room after them."""
    slots = (pair.first, pair.second)
    many = [
        _claims(*each, without_room=pair.is_one_room) for each in zip(options, wishes, slots, strict=True)
    ]
    return [*many, [_room_claim(options, wishes, pair)]] if pair.is_one_room else many


def _claims(option: OfferingOption, wish: Wish, slot: Slot, *, without_room: bool) -> list[Claim]:
    ends_at = slot.starts_at + timedelta(minutes=option.minutes + wish.talk_minutes)
    claims = claims_of(option, slot, slot.starts_at, ends_at, wish.client_id)
    return [claim for claim in claims if not without_room or claim.kind is not OwnerKind.ROOM]


def _room_claim(options: Sequence[OfferingOption], wishes: Sequence[Wish], pair: Pair) -> Claim:
    """The room for as long as either of the two needs it."""
    minutes = max(
        option.minutes + wish.talk_minutes + option.turnover_minutes
        for option, wish in zip(options, wishes, strict=True)
    )
    start = pair.starts_at
    return Claim(OwnerKind.ROOM, pair.first.room_id, start, start + timedelta(minutes=minutes))
