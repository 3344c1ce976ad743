"""Whether a session keeps to a therapist's limits: looked at again, under a lock, before it is taken.

The diary's key knows squares of time, not how many deep sessions stand in a row; so two clients at once could
each take one that is allowed alone and too many together. Whoever takes a therapist's time therefore asks
`limits_hold` first. It locks the therapist's row where limits are set (and only there) until the end of the
transaction; the second of two then sees what the first has entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.catalog.models import OfferingOption
from clinic.kernel import walltime
from clinic.kernel.errors import SlotTaken
from clinic.kernel.ticks import TICK_MINUTES
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.limits import Effort, Hands, Limits, Stint, is_deep
from clinic.roster.models import DiaryEntry, DiarySpan, EntryKind, OwnerKind, Therapist

# Entries of these kinds are sessions that a therapist gives.
SESSIONS = (EntryKind.HOLD, EntryKind.APPOINTMENT)
LIMIT_COLUMNS = (
    Therapist.most_deep_in_row,
    Therapist.most_hands_on_minutes_a_day,
    Therapist.least_break_minutes,
)
EFFORT_COLUMNS = (
    DiaryEntry.hands_on_minutes,
    DiaryEntry.is_deep,
    DiaryEntry.buffer_before_minutes,
    DiaryEntry.buffer_after_minutes,
)
TOO_MUCH = "The therapist has no time left for this session that day."
_DAY = timedelta(days=1)


def effort_of(option: OfferingOption) -> Effort:
    """What a session of this option asks of the therapist's hands. The first talk is no hands-on time."""
    return Effort(
        option.minutes,
        is_deep(option.offering.technique, option.pressure_lightest),
        option.buffer_before_minutes,
        option.buffer_after_minutes,
    )


def stint(from_tick: int, to_tick: int, hands_on: int, deep: bool, before: int, after: int) -> Stint:
    """A session as the diary has it, buffers taken off again; they count as rest."""
    return Stint(from_tick * TICK_MINUTES + before, to_tick * TICK_MINUTES - after, hands_on, deep)


def midnights(first: datetime, last: datetime, zone: ZoneInfo) -> list[int]:
    """The local midnights from the day before `first` to the day after `last`."""
    day, until = walltime.local(first, zone).date() - _DAY, walltime.local(last, zone).date() + _DAY
    return [walltime.minute_at(day + step * _DAY, 0, zone, 0) for step in range((until - day) // _DAY + 1)]


def check_limits(
    session: Session,
    claims: Sequence[Claim],
    effort: Effort,
    starts_at: datetime,
    ends_at: datetime,
    tz: str,
    now: datetime,
    *,
    ignore_entry_id: int | None = None,
) -> None:
    """Refuses (SlotTaken) a session that the limits of the therapist among its claims do not bear.

    To be asked right before `diary.enter` or `diary.move`, with the same claims. Lapsed holds in the way are
    struck before the lock is taken: entries first, then therapists, in which order everybody waits.
    """
    therapist_id = next(claim.owner_id for claim in claims if claim.kind is OwnerKind.THERAPIST)
    diary.strike_lapsed(session, claims, now)
    zone = walltime.zone(tz)
    if not limits_hold(
        session, therapist_id, starts_at, ends_at, effort, zone, now, ignore_entry_id=ignore_entry_id
    ):
        raise SlotTaken(TOO_MUCH, who="therapist")


def limits_hold(
    session: Session,
    therapist_id: int,
    starts_at: datetime,
    ends_at: datetime,
    effort: Effort,
    zone: ZoneInfo,
    now: datetime,
    *,
    ignore_entry_id: int | None = None,
) -> bool:
    """Tell whether one more session keeps to the therapist's limits; locks their row where any are set.

    To be asked in the transaction that enters the session, before it is entered. `ends_at` is the end of the
    client's time, `zone` the site's, `ignore_entry_id` the entry that is moved. Where the answer is no, the
    lock is let go.
    """
    attempt = session.begin_nested()
    limits = _locked_limits(session, therapist_id)
    if not limits:
        attempt.commit()
        return True
    stints = _stints(session, therapist_id, starts_at, ends_at, now, ignore_entry_id)
    hands = Hands(limits, sorted(stints), midnights(starts_at, ends_at, zone))
    start, end = walltime.epoch_minute(starts_at), walltime.epoch_minute(ends_at)
    holds = bool(hands.allow([start], end - start, effort))
    if holds:
        attempt.commit()
    else:
        attempt.rollback()
    return holds


def _locked_limits(session: Session, therapist_id: int) -> Limits | None:
    has_any = sa.or_(
        Therapist.most_deep_in_row.is_not(None),
        Therapist.most_hands_on_minutes_a_day.is_not(None),
        Therapist.least_break_minutes > 0,
    )
    # The key stays free: whoever merely refers to the therapist need not wait.
    row = session.execute(
        sa.select(*LIMIT_COLUMNS).where(Therapist.id == therapist_id, has_any).with_for_update(key_share=True)
    ).one_or_none()
    return None if row is None else Limits(*row)


def _stints(
    session: Session,
    therapist_id: int,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    ignore_entry_id: int | None,
) -> Iterable[Stint]:
    """The therapist's sessions of the days around, but for lapsed holds and the entry that is moved."""
    low, high = starts_at - 2 * _DAY, ends_at + 2 * _DAY
    wanted = (
        sa.select(DiarySpan.from_tick, DiarySpan.to_tick, *EFFORT_COLUMNS)
        .join(DiaryEntry, DiaryEntry.id == DiarySpan.entry_id)
        .where(
            DiarySpan.kind == OwnerKind.THERAPIST,
            DiarySpan.owner_id == therapist_id,
            DiarySpan.touches(
                walltime.epoch_minute(low) // TICK_MINUTES, walltime.epoch_minute(high) // TICK_MINUTES
            ),
            DiaryEntry.kind.in_(SESSIONS),
            sa.or_(DiaryEntry.expires_at.is_(None), DiaryEntry.expires_at > now),
            DiarySpan.entry_id != (ignore_entry_id or 0),
        )
    )
    return (stint(*row) for row in session.execute(wanted))
