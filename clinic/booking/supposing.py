"""The diary as it would be: without some of its entries, or with squares that nobody has taken yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.kernel.spans import Span
from clinic.kernel.ticks import TICK_MINUTES
from clinic.roster.diary import Claim
from clinic.roster.facts import Diary
from clinic.roster.hands import EFFORT_COLUMNS, stint
from clinic.roster.limits import Effort, Stint
from clinic.roster.models import DiaryEntry, DiarySpan, OwnerKind

# What `taken` makes something of.
COLUMNS = (
    DiarySpan.entry_id,
    DiarySpan.kind,
    DiarySpan.owner_id,
    DiarySpan.from_tick,
    DiarySpan.to_tick,
    *EFFORT_COLUMNS,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A stretch of somebody's time that an entry takes (epoch minutes), and what it asks of a therapist."""

    entry_id: int
    owner: tuple[str, int]
    span: Span
    stint: Stint | None


def taken_by(session: Session, entries: Collection[int] | sa.Select[tuple[int]]) -> list[Taken]:
    """What these entries take: one statement."""
    rows = session.execute(
        sa.select(*COLUMNS)
        .join(DiaryEntry, DiaryEntry.id == DiarySpan.entry_id)
        .where(DiarySpan.entry_id.in_(entries))
    )
    return [taken(*row) for row in rows]


def as_taken(claims: Iterable[Claim], effort: Effort) -> list[Taken]:
    """The same of squares that are only wanted."""
    found = []
    for claim in claims:
        ticks, work = claim.ticks(), (effort.hands_on, effort.is_deep, effort.before, effort.after)
        found.append(taken(0, claim.kind, claim.owner_id, ticks.start, ticks.stop, *work))
    return found


def changed(diary: Diary, gone: Iterable[Taken], come: Iterable[Taken] = ()) -> Diary:
    """A diary without what is `gone` and with what has `come`."""
    busy = {owner: list(spans) for owner, spans in diary.busy.items()}
    stints = {therapist_id: list(each) for therapist_id, each in diary.stints.items()}
    for each in gone:
        if each.span in busy.get(each.owner, ()):
            busy[each.owner].remove(each.span)
        if each.stint is not None and each.stint in stints.get(each.owner[1], ()):
            stints[each.owner[1]].remove(each.stint)
    for each in come:
        busy.setdefault(each.owner, []).append(each.span)
        if each.stint is not None:
            stints.setdefault(each.owner[1], []).append(each.stint)
    return Diary(busy, diary.away, stints)


def taken(
    entry_id: int,
    kind: OwnerKind,
    owner_id: int,
    from_tick: int,
    to_tick: int,
    hands_on: int,
    is_deep: bool,
    before: int,
    after: int,
) -> Taken:
    """A row of what an entry takes (ticks, minutes) as the stretch it is."""
    work = None
    if kind is OwnerKind.THERAPIST:
        work = stint(from_tick, to_tick, hands_on, is_deep, before, after)
    span = (from_tick * TICK_MINUTES, to_tick * TICK_MINUTES)
    return Taken(entry_id, (kind.value, owner_id), span, work)
