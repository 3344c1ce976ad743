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
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
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
from clinic.kernel import walltime
from clinic.kernel.errors import TooMany
from clinic.roster import availability, facts, standing
from clinic.roster.availability import Demand
from clinic.roster.diary import Claim
from clinic.roster.facts import Diary, Facts
from clinic.roster.limits import Effort
from clinic.roster.models import DiaryEntry, DiarySpan, RosterState, Site, therapist_skill
from clinic.roster.standing import kept

MOST_OPEN = 6
MOST_AN_HOUR = 30
KEPT_FOR = timedelta(days=1)
_HOUR = timedelta(hours=1)
# More than any session needs before and after it.
_TO_SPARE = timedelta(hours=5)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a hold comes from: keyed digests of the browser and of the network, never the address itself.

    No `address` where it is not known. `most_open` and `most_an_hour` are the holds one address may have.
    """

    visitor: str
    address: str | None
    most_open: int = MOST_OPEN
    most_an_hour: int = MOST_AN_HOUR


@dataclass(frozen=True, slots=True)
class WebHolds:
    """What the web holds, for one who wants another time.

    `own` are their open holds; `of_day` what each open hold takes around the day, with its number.
    """

    own: tuple[int, ...]
    of_day: Sequence[tuple[int, Taken]]

    @property
    def others(self) -> list[Taken]:
        """What of it is not their own."""
        return [taken for hold_id, taken in self.of_day if hold_id not in self.own]


def admit(session: Session, now: datetime, source: Source, site: Site, on: date) -> WebHolds:
    """Lets a source hold one more time on that day: gives its open holds, which go back for it, and others'.

    TooMany where its address has as many as it may. Keeps others of that address, browser or day waiting
    until the transaction ends. The mark of what stands is read with it: one statement for all.
    """
    take_turns(session, f"address:{source.address}", f"visitor:{source.visitor}", f"day:{site.id}:{on}")
    asked = {"visitor": source.visitor, "address": source.address, "since": now - _HOUR, "now": now}
    rows: Sequence[Any] = session.connection().execute(_HELD, {**asked, **_around(site, on)}).all()
    standing.just_read(session, rows[0].mark)
    holds = {row.id: row for row in rows if row.id is not None}.values()
    theirs = [row for row in holds if source.address is not None and row.address_digest == source.address]
    open_there = (row for row in theirs if row.visitor_digest != source.visitor and _is_open(row, now))
    if sum(1 for _row in open_there) >= source.most_open:
        raise TooMany(
            "Too many times are kept for your internet connection. Try again in ten minutes, or ring us."
        )
    if sum(row.created_at > now - _HOUR for row in theirs) >= source.most_an_hour:
        raise TooMany(
            "Too many times were chosen from your internet connection. Try again in an hour, or ring us."
        )
    own = tuple(
        row.id for row in holds if row.visitor_digest == source.visitor and row.status is HoldStatus.OPEN
    )
    of_day = [(row.id, supposing.taken(*row[_FACTS:])) for row in rows if row.entry_id is not None]
    return WebHolds(own, of_day)


def _is_open(row: Any, now: datetime) -> bool:
    return row.status is HoldStatus.OPEN and row.expires_at > now


def _around(site: Site, on: date) -> dict[str, datetime]:
    """A day of a site, with a little on either side for what is tidied and made ready then."""
    zone = walltime.zone(site.tz)
    begins, ends = (walltime.minute_at(on, minute, zone, 0) for minute in (0, walltime.DAY_MINUTES))
    return {
        "low": walltime.from_epoch_minute(begins) - _TO_SPARE,
        "high": walltime.from_epoch_minute(ends) + _TO_SPARE,
    }


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


# The open holds of a visitor, those of an address that count against it, and those from the web around a day
# with what they take; one row at least, for the mark.
_IS_OPEN = sa.and_(Hold.status == HoldStatus.OPEN, Hold.expires_at > sa.bindparam("now"))
_IS_OF_DAY = sa.and_(
    _IS_OPEN,
    Hold.visitor_digest.is_not(None),
    Hold.ends_at > sa.bindparam("low"),
    Hold.starts_at < sa.bindparam("high"),
)
_IS_OF_SOURCE = sa.or_(
    sa.and_(Hold.visitor_digest == sa.bindparam("visitor"), Hold.status == HoldStatus.OPEN),
    sa.and_(
        Hold.address_digest == sa.bindparam("address"),
        sa.or_(Hold.created_at > sa.bindparam("since"), _IS_OPEN),
    ),
)
_OF_HOLD = (Hold.id, Hold.status, Hold.visitor_digest, Hold.address_digest, Hold.created_at, Hold.expires_at)
_FACTS = 1 + len(_OF_HOLD)
_HELD = (
    sa.select(RosterState.mark, *_OF_HOLD, *supposing.COLUMNS)
    .select_from(RosterState)
    .outerjoin(Hold, sa.or_(_IS_OF_SOURCE, _IS_OF_DAY))
    .outerjoin(DiarySpan, sa.and_(DiarySpan.entry_id == Hold.entry_id, _IS_OF_DAY))
    .outerjoin(DiaryEntry, DiaryEntry.id == DiarySpan.entry_id)
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
        lengths = sorted({search.minutes, max(search.minutes, longest)})
        now, then = (_fitting(self.known, diary, slot, lengths) for diary in (self.bare, full))
        return all(left >= most // 2 for left, most in zip(then, now, strict=True))


def share_of(session: Session, known: Facts, on: date, web: WebHolds) -> Share:
    """What the web holds of the day that is known, the whole day where others hold something.

    A statement only where sessions have changed.
    """
    others = web.others
    if not others:
        return Share()
    return Share(
        replace(known, search=replace(known.search, first_day=on, days=1)),
        supposing.changed(known.diary, [taken for _hold_id, taken in web.of_day]),
        others,
        kept(session, known.mark, "longest", partial(_longest, session)),
    )


def _fitting(known: Facts, diary: Diary, slot: Slot, lengths: Sequence[int]) -> list[int]:
    """How many sessions of each length (minutes) the therapist could still give one after the other."""
    search, day = known.search, replace(known, diary=diary)
    site = known.sites[search.site_id]
    worker = next(each for each in known.workers[site.id] if each.therapist_id == slot.therapist_id)
    one = day.therapist(worker, site, closed=known.closed.get(site.id, ()))
    found = []
    for minutes in lengths:
        asked = replace(search, minutes=minutes)
        demand = facts.demand_at(asked, site, *facts.bounds(asked, site))
        openings = availability.openings(demand, [one], day.rooms(site.id))
        found.append(_one_after_the_other([each.start for each in openings], demand))
    return found


def _one_after_the_other(starts: Iterable[int], demand: Demand) -> int:
    """How many sessions fit when each begins at the first of these starts (epoch minutes) that it can."""
    count, free_from = 0, None
    for start in sorted(set(starts)):
        if free_from is None or start - demand.before >= free_from:
            count, free_from = count + 1, start + demand.length + demand.after
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
