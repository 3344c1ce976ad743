"""How much of a diary may be held from the web at once, so that a thousand fake holds cannot empty it.

Three limits, for holds that come with a `Source` (the desk has none, and none of them). A visitor has one
open hold. One address has a few, and makes a few dozen in an hour. And whatever the number of addresses, the
holds on a therapist's day leave at least half of the sessions that would still fit in: beyond that a time is
chosen without being kept. It takes no square of the diary and is entered when it is booked, so a person who
books gets it, and somebody who only holds takes nothing from anybody.

Limits are counted behind a gate: who holds from the same address or browser, or on the same day at the same
site, takes turns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import supposing
from clinic.booking.models import Hold
from clinic.booking.slots import Slot, Wish, length_of, search_for
from clinic.booking.statuses import HoldStatus
from clinic.booking.supposing import Taken
from clinic.catalog.models import Offering, OfferingOption
from clinic.kernel.errors import TooMany
from clinic.roster import availability, facts
from clinic.roster.diary import Claim
from clinic.roster.facts import Diary, Facts
from clinic.roster.limits import Effort
from clinic.roster.models import therapist_skill

MOST_OPEN = 6
MOST_AN_HOUR = 30
KEPT_FOR = timedelta(days=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a hold comes from: keyed digests of the browser and of the network, never the address itself.

    No `address` where it is not known. `most_open` and `most_an_hour` are the holds one address may have.
    """

    visitor: str
    address: str | None
    most_open: int = MOST_OPEN
    most_an_hour: int = MOST_AN_HOUR


def admit(session: Session, now: datetime, source: Source, site_id: int, on: date) -> list[int]:
    """Lets a source hold one more time on that day: gives its open holds, locked, which go back for it.

    TooMany where its address has as many as it may. Keeps others of that address, browser or day waiting
    until the transaction ends.
    """
    take_turns(session, f"address:{source.address}", f"visitor:{source.visitor}", f"day:{site_id}:{on}")
    own = session.scalars(
        sa.select(Hold.id)
        .where(Hold.visitor_digest == source.visitor, Hold.status == HoldStatus.OPEN)
        .order_by(Hold.id)
        .with_for_update()
    ).all()
    if source.address is not None:
        _check_address(session, now, source)
    return list(own)


def take_turns(session: Session, *names: str) -> None:
    """Waits for everybody who has named the same; always in this order. SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for name in names:
        key = int.from_bytes(hashlib.sha256(f"hold:{name}".encode()).digest()[:8], signed=True)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def _check_address(session: Session, now: datetime, source: Source) -> None:
    is_open = sa.and_(
        Hold.status == HoldStatus.OPEN, Hold.expires_at > now, Hold.visitor_digest != source.visitor
    )
    row = session.execute(
        sa.select(
            sa.func.count().filter(is_open),
            sa.func.count().filter(Hold.created_at > now - _HOUR),
        ).where(Hold.address_digest == source.address)
    ).one()
    if row[0] >= source.most_open:
        raise TooMany(
            "Too many times are kept for your internet connection. Try again in ten minutes, or ring us."
        )
    if row[1] >= source.most_an_hour:
        raise TooMany(
            "Too many times were chosen from your internet connection. Try again in an hour, or ring us."
        )


def forget_sources(session: Session, now: datetime) -> None:
    """Forgets where the holds of earlier days came from."""
    session.execute(
        sa.update(Hold)
        .where(
            Hold.address_digest.is_not(None), Hold.created_at < now - KEPT_FOR, Hold.status != HoldStatus.OPEN
        )
        .values(address_digest=None, visitor_digest=None)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True, slots=True)
class Share:
    """What the web holds of a day, seen by one who wants a time then: `known` is None where nobody else does.

    `bare` is the day without any hold from the web, `held` what those of others take of it; `longest` are the
    minutes of the longest session that each therapist gives.
    """

    known: Facts | None = None
    bare: Diary = field(default_factory=Diary)
    held: Sequence[Taken] = ()
    longest: Mapping[int, int] = field(default_factory=dict)

    def leaves_enough(self, slot: Slot, claims: Collection[Claim], talk_minutes: int) -> bool:
        """Whether half of the sessions that fit into the therapist's day still do with `claims` held.

        Counted for the session wished and for the longest that the therapist gives.
        """
        if self.known is None:
            return True
        search = self.known.search
        effort = Effort(search.hands_on, search.is_deep, search.buffer_before, search.buffer_after)
        full = supposing.changed(self.bare, [], [*self.held, *supposing.as_taken(claims, effort)])
        longest = self.longest.get(slot.therapist_id, 0) + talk_minutes
        return all(
            _fitting(self.known, full, slot, minutes) >= _fitting(self.known, self.bare, slot, minutes) // 2
            for minutes in {search.minutes, max(search.minutes, longest)}
        )


def share_of(session: Session, now: datetime, wish: Wish, on: date, own: Collection[int]) -> Share:
    """What the web holds of that day; `own` are holds that go back. One statement where nobody else does.

    The number of statements does not grow with the therapists or with what is held.
    """
    held = _held(session, now, on)
    if all(hold_id in own for hold_id in held.values()):
        return Share()
    search = search_for(wish, length_of(session, wish.option_id), on, 1, now)
    search = replace(search, gender=None, ignore_entry_id=None)
    site = facts.read_site(session, wish.site_id)
    known = facts.read(session, search, {site.id: site})
    taken = supposing.taken_by(session, list(held))
    return Share(
        known,
        supposing.changed(known.diary, taken),
        [each for each in taken if held[each.entry_id] not in own],
        _longest(session, [worker.therapist_id for worker in known.workers.get(site.id, ())]),
    )


def _held(session: Session, now: datetime, on: date) -> dict[int, int]:
    """The entries of the open holds from the web around that day, with the hold of each."""
    low = datetime(on.year, on.month, on.day, tzinfo=UTC) - _DAY
    rows = session.execute(
        sa.select(Hold.entry_id, Hold.id).where(
            Hold.status == HoldStatus.OPEN,
            Hold.entry_id.is_not(None),
            Hold.expires_at > now,
            Hold.visitor_digest.is_not(None),
            Hold.starts_at > low,
            Hold.starts_at < low + 3 * _DAY,
        )
    )
    return {entry_id: hold_id for entry_id, hold_id in rows if entry_id is not None}


def _fitting(known: Facts, diary: Diary, slot: Slot, minutes: int) -> int:
    """How many sessions of that length the therapist could still give one after the other, each in a room."""
    search = replace(known.search, minutes=minutes)
    site = known.sites[search.site_id]
    place = replace(known, search=search, diary=diary).site_time(site.id, *facts.bounds(search, site))
    one = [each for each in place.therapists if each.therapist_id == slot.therapist_id]
    found = availability.openings(place.demand, one, place.rooms)
    count, free_from = 0, None
    for start in sorted({opening.start for opening in found}):
        if free_from is None or start - search.buffer_before >= free_from:
            count, free_from = count + 1, start + minutes + search.buffer_after
    return count


def _longest(session: Session, therapist_ids: Collection[int]) -> dict[int, int]:
    """The minutes of the longest session that each therapist gives."""
    skill = therapist_skill.c
    rows = session.execute(
        sa.select(skill.therapist_id, sa.func.max(OfferingOption.minutes))
        .join(Offering, Offering.skill_id == skill.skill_id)
        .join(OfferingOption, OfferingOption.offering_id == Offering.id)
        .where(OfferingOption.is_active, Offering.is_active, skill.therapist_id.in_(therapist_ids))
        .group_by(skill.therapist_id)
    )
    return {row[0]: row[1] for row in rows}
