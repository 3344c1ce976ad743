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
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import supposing
from clinic.booking.models import Hold
from clinic.booking.slots import Slot
from clinic.booking.statuses import HoldStatus
from clinic.booking.supposing import Taken
from clinic.catalog.models import Offering, OfferingOption
from clinic.kernel.errors import TooMany
from clinic.roster import availability, facts
from clinic.roster.diary import Claim
from clinic.roster.facts import Diary, Facts
from clinic.roster.limits import Effort
from clinic.roster.models import therapist_skill
from clinic.roster.standing import kept

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
    own, others_open, in_the_hour = [], 0, 0
    for row in session.execute(
        _OF_SOURCE,
        {"visitor": source.visitor, "address": source.address, "since": now - _HOUR, "now": now},
    ):
        is_open, is_theirs = row.status is HoldStatus.OPEN, row.visitor_digest == source.visitor
        if is_open and is_theirs:
            own.append(row.id)
        if source.address is not None and row.address_digest == source.address:
            others_open += is_open and not is_theirs and row.expires_at > now
            in_the_hour += row.created_at > now - _HOUR
    if others_open >= source.most_open:
        raise TooMany(
            "Too many times are kept for your internet connection. Try again in ten minutes, or ring us."
        )
    if in_the_hour >= source.most_an_hour:
        raise TooMany(
            "Too many times were chosen from your internet connection. Try again in an hour, or ring us."
        )
    return own


def take_turns(session: Session, *names: str) -> None:
    """Waits for everybody who has named the same; always in this order. SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return
    keys = {
        f"key_{place}": int.from_bytes(hashlib.sha256(f"hold:{name}".encode()).digest()[:8], signed=True)
        for place, name in enumerate(names)
    }
    session.connection().execute(_turns(len(keys)), keys)


@lru_cache(maxsize=8)
def _turns(count: int) -> sa.Select[*tuple[Any, ...]]:
    """One statement for all: what a SELECT lists is worked out from left to right."""
    places = (sa.bindparam(f"key_{place}", type_=sa.BigInteger) for place in range(count))
    return sa.select(*map(sa.func.pg_advisory_xact_lock, places))


# The open holds of a visitor, and those of an address that count against it.
_OF_SOURCE = (
    sa.select(
        Hold.id, Hold.status, Hold.visitor_digest, Hold.address_digest, Hold.created_at, Hold.expires_at
    )
    .where(
        sa.or_(
            sa.and_(Hold.visitor_digest == sa.bindparam("visitor"), Hold.status == HoldStatus.OPEN),
            sa.and_(
                Hold.address_digest == sa.bindparam("address"),
                sa.or_(
                    Hold.created_at > sa.bindparam("since"),
                    sa.and_(Hold.status == HoldStatus.OPEN, Hold.expires_at > sa.bindparam("now")),
                ),
            ),
        )
    )
    .order_by(Hold.id)
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


def share_of(session: Session, now: datetime, known: Facts, on: date, own: Collection[int]) -> Share:
    """What the web holds of the day that is known; `own` are holds that go back.

    One statement, and another where others hold something and sessions have changed since one was made.
    """
    held = _held(session, now, on)
    others = [taken for hold_id, taken in held if hold_id not in own]
    if not others:
        return Share()
    return Share(
        replace(known, search=replace(known.search, first_day=on, days=1)),
        supposing.changed(known.diary, [taken for _hold_id, taken in held]),
        others,
        kept(session, known.mark, "longest", partial(_longest, session)),
    )


def _held(session: Session, now: datetime, on: date) -> list[tuple[int, Taken]]:
    """What the open holds from the web take around that day, each with the number of its hold."""
    low = datetime(on.year, on.month, on.day, tzinfo=UTC) - _DAY
    around = {"now": now, "low": low, "high": low + 3 * _DAY}
    rows = session.connection().execute(_HELD, around)
    return [(hold_id, supposing.taken(*row)) for hold_id, *row in rows]


# Put together once: that takes longer than the answer.
_HELD = supposing.with_holds().where(
    Hold.status == HoldStatus.OPEN,
    Hold.expires_at > sa.bindparam("now"),
    Hold.visitor_digest.is_not(None),
    Hold.starts_at > sa.bindparam("low"),
    Hold.starts_at < sa.bindparam("high"),
)


def _fitting(known: Facts, diary: Diary, slot: Slot, minutes: int) -> int:
    """How many sessions of that length the therapist could still give one after the other, each in a room."""
    search = replace(known.search, minutes=minutes)
    site, then = known.sites[search.site_id], replace(known, search=search, diary=diary)
    demand = facts.demand_at(search, site, *facts.bounds(search, site))
    worker = next(each for each in known.workers[site.id] if each.therapist_id == slot.therapist_id)
    one = then.therapist(worker, site, closed=known.closed.get(site.id, ()))
    found = availability.openings(demand, [one], then.rooms(site.id))
    count, free_from = 0, None
    for start in sorted({opening.start for opening in found}):
        if free_from is None or start - search.buffer_before >= free_from:
            count, free_from = count + 1, start + minutes + search.buffer_after
    return count


def _longest(session: Session) -> Mapping[int, int]:
    """The minutes of the longest session that each therapist gives."""
    return {row[0]: row[1] for row in session.connection().execute(LONGEST)}


LONGEST = (
    sa.select(therapist_skill.c.therapist_id, sa.func.max(OfferingOption.minutes))
    .join(Offering, Offering.skill_id == therapist_skill.c.skill_id)
    .join(OfferingOption, OfferingOption.offering_id == Offering.id)
    .where(OfferingOption.is_active, Offering.is_active)
    .group_by(therapist_skill.c.therapist_id)
)
