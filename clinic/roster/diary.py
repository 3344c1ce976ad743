"""The diary: squared paper on which nothing can be written twice. The only writer of entries and claims.

Every therapist, room and client has one square for each five minutes. Whoever occupies it writes its
entry there; the primary key of `slot_claim` refuses the second. Claims are inserted in key order, so
that two writers who want the same squares meet at the first of them and never in a deadlock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic import batch
from clinic.kernel.errors import HoldLapsed, SlotTaken
from clinic.kernel.ticks import TICK_MINUTES, ticks_between
from clinic.kernel.walltime import from_epoch_minute
from clinic.roster.claims import Claim as Claim
from clinic.roster.claims import (
    all_or_nothing,
    wipe_squares,
    write_claims,
    write_entry,
    write_spans,
    write_squares,
)
from clinic.roster.claims import session_claims as session_claims
from clinic.roster.limits import Effort
from clinic.roster.models import DiaryEntry, DiarySpan, EntryKind, SlotClaim

NO_EFFORT = Effort()


def enter(
    session: Session,
    kind: EntryKind,
    claims: Iterable[Claim],
    now: datetime,
    expires_at: datetime | None = None,
    effort: Effort = NO_EFFORT,
) -> int:
    """Writes an entry with its claims and gives its id; SlotTaken if any square is written already.

    `effort` is what a session asks of the therapist's hands (`hands.effort_of`); nothing for time off.
    Lapsed holds that stand in the way are struck. A refusal writes nothing and leaves the caller's
    transaction usable.
    """
    wanted = list(claims)
    facts = {"kind": kind, "created_at": now, "expires_at": expires_at, **_effort_row(effort)}
    session.flush()
    connection, write = session.connection(), lambda connection: write_entry(connection, facts, wanted)
    made = all_or_nothing(connection, write)
    # Lapsed holds are looked for only where squares are taken: nearly always there are none.
    if made is None and strike_lapsed(session, wanted, now):
        made = all_or_nothing(connection, write)
    if made is None:
        raise SlotTaken(who=_who_stands_there(session, wanted))
    return made


def enter_many(
    session: Session,
    kind: EntryKind,
    many: Sequence[Sequence[Claim]],
    now: datetime,
    efforts: Sequence[Effort] | None = None,
) -> list[int]:
    """Writes many entries at one go and gives their ids in order; SlotTaken if any square is taken.

    `efforts` has one for each entry, where they are sessions. For filling a diary (an import, the demo
    clinic). All or none; no lapsed hold is struck for it.
    """
    if not many:
        return []
    entries = [
        {"kind": kind, "created_at": now, "expires_at": None, **_effort_row(effort)}
        for effort in efforts or [NO_EFFORT] * len(many)
    ]
    ids = list(
        session.scalars(sa.insert(DiaryEntry).returning(DiaryEntry.id, sort_by_parameter_order=True), entries)
    )
    if not write_claims(session.connection(), zip(ids, many, strict=True)):
        session.execute(sa.delete(DiaryEntry).where(DiaryEntry.id.in_(ids)))
        raise SlotTaken()
    return ids


def extend(session: Session, entry_id: int, claims: Iterable[Claim], now: datetime) -> None:
    """Adds the claims of an owner it has none of to an entry (a client to a hold, say).

    SlotTaken if a square is written already: the caller's transaction is to be undone then, as some of them
    are written. Without a savepoint, so a booking does not wait for two more answers.
    """
    wanted = list(claims)
    session.flush()
    connection = session.connection()
    if write_claims(connection, [(entry_id, wanted)]):
        return
    wipe_squares(connection, entry_id, (square for claim in wanted for square in claim.squares()))
    if not (strike_lapsed(session, wanted, now) and write_claims(connection, [(entry_id, wanted)])):
        raise SlotTaken(who=_who_stands_there(session, wanted, entry_id))


def _effort_row(effort: Effort) -> dict[str, Any]:
    return {
        "hands_on_minutes": effort.hands_on,
        "is_deep": effort.is_deep,
        "buffer_before_minutes": effort.before,
        "buffer_after_minutes": effort.after,
    }


def become_appointment(session: Session, entry_id: int, expires_at: datetime | None = None) -> None:
    """Turns a hold's entry into an appointment's. Its claims stay, so nothing can come between.

    `expires_at` is for a provisional one, which gives its time back then. HoldLapsed where the entry is gone:
    it lapsed and was struck.
    """
    batch.write(session, _CONFIRMED, {"entry": entry_id, "until": expires_at}, or_else=HoldLapsed())


_CONFIRMED = (
    sa.update(DiaryEntry.__table__)  # type: ignore[arg-type]
    .where(DiaryEntry.id == sa.bindparam("entry"), DiaryEntry.kind == EntryKind.HOLD)
    .values(kind=EntryKind.APPOINTMENT, expires_at=sa.bindparam("until"))
)


def keep_until(session: Session, entry_id: int, expires_at: datetime | None) -> bool:
    """Gives an entry another end of its waiting, or none; False where it has been struck meanwhile."""
    changed = session.execute(
        sa.update(DiaryEntry).where(DiaryEntry.id == entry_id).values(expires_at=expires_at)
    )
    return changed.rowcount == 1  # type: ignore[attr-defined]


def strike(session: Session, entry_id: int | None) -> None:
    """Takes an entry and its claims out of the diary. Doing it twice does no harm."""
    if entry_id is not None:
        session.execute(sa.delete(DiaryEntry).where(DiaryEntry.id == entry_id))


def redraw(session: Session, entry_id: int) -> None:
    """Makes an entry's spans say what its squares say: the squares are what the key guards."""
    squares = session.execute(
        sa.select(SlotClaim.kind, SlotClaim.owner_id, SlotClaim.tick)
        .where(SlotClaim.entry_id == entry_id)
        .order_by(SlotClaim.kind, SlotClaim.owner_id, SlotClaim.tick)
    ).all()
    session.execute(sa.delete(DiarySpan).where(DiarySpan.entry_id == entry_id))
    if not squares:
        strike(session, entry_id)
    for kind, owner_id in dict.fromkeys((kind, owner_id) for kind, owner_id, _tick in squares):
        ticks = [tick for k, o, tick in squares if (k, o) == (kind, owner_id)]
        instants = [from_epoch_minute(tick * TICK_MINUTES) for tick in (ticks[0], ticks[-1] + 1)]
        write_spans(session.connection(), [(entry_id, [Claim(kind, owner_id, *instants)])])


def sweep(session: Session, before: datetime, at_most: int = 500) -> int:
    """Takes out the entries that ended before `before`; says how many. The past is not guarded."""
    tick = ticks_between(before, before + timedelta(minutes=5)).start
    latest = sa.select(sa.func.max(DiarySpan.to_tick)).where(DiarySpan.entry_id == DiaryEntry.id)
    over = session.scalars(
        sa.select(DiaryEntry.id)
        .where(latest.scalar_subquery() <= tick)
        .order_by(DiaryEntry.id)
        .limit(at_most)
    ).all()
    if over:
        session.execute(sa.delete(DiaryEntry).where(DiaryEntry.id.in_(over)))
    return len(over)


def strike_lapsed(session: Session, claims: Sequence[Claim], now: datetime) -> bool:
    """Strikes the holds lapsed by `now` that stand in the way of `claims`; whether there were any."""
    if not claims:
        return False
    in_the_way = sa.or_(
        *(
            sa.and_(
                DiarySpan.kind == claim.kind,
                DiarySpan.owner_id == claim.owner_id,
                DiarySpan.touches(claim.ticks().start, claim.ticks().stop),
            )
            for claim in claims
        )
    )
    found = session.scalars(
        sa.select(DiaryEntry.id)
        .join(DiarySpan, DiarySpan.entry_id == DiaryEntry.id)
        .where(DiaryEntry.expires_at <= now, in_the_way)
        .distinct()
        .order_by(DiaryEntry.id)
    ).all()
    if not found:
        return False
    _lock_owners(session, found)
    # Judged again by the database: a hold confirmed meanwhile has no expires_at and stays.
    over = sa.and_(DiaryEntry.id.in_(found), DiaryEntry.expires_at <= now)
    session.execute(sa.delete(DiaryEntry).where(over))
    return True


def _lock_owners(session: Session, entry_ids: Sequence[int]) -> None:
    """Locks the holds and appointments of entries that are to be struck: striking one writes to its owner.

    Everybody else locks the owner first and its entry after; the other way round two would wait for each
    other. Appointments come before the holds they were made of, as where one is cancelled.
    """
    for table in reversed(DiaryEntry.metadata.sorted_tables):
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            if key.column.table is DiaryEntry.__table__ and key.ondelete == "SET NULL":
                owners = sa.select(table.c.id).where(key.parent.in_(entry_ids)).order_by(table.c.id)
                session.execute(owners.with_for_update()).all()


def move(
    session: Session, entry_id: int, claims: Iterable[Claim], now: datetime, effort: Effort | None = None
) -> None:
    """Gives an entry other squares: writes those it has not yet, then wipes those it no longer wants.

    New before old, in key order, so two entries that change places refuse each other instead of
    waiting for each other for ever. SlotTaken, with the entry where it was, if one is taken. An `effort` is
    written where the session itself has changed (another length, say).
    """
    wanted = list(claims)
    strike_lapsed(session, wanted, now)
    had = {
        (kind.value, owner, tick)
        for kind, owner, tick in session.execute(
            sa.select(SlotClaim.kind, SlotClaim.owner_id, SlotClaim.tick).where(
                SlotClaim.entry_id == entry_id
            )
        )
    }
    squares = {square for claim in wanted for square in claim.squares()}
    connection, new = session.connection(), sorted((*square, entry_id) for square in squares - had)
    if all_or_nothing(connection, lambda connection: write_squares(connection, new) or None) is None:
        raise SlotTaken(who=_who_stands_there(session, wanted, entry_id))
    wipe_squares(connection, entry_id, had - squares)
    session.execute(sa.delete(DiarySpan).where(DiarySpan.entry_id == entry_id))
    write_spans(connection, [(entry_id, wanted)])
    if effort is not None:
        session.execute(sa.update(DiaryEntry).where(DiaryEntry.id == entry_id).values(**_effort_row(effort)))


def _who_stands_there(session: Session, claims: Sequence[Claim], except_entry: int = 0) -> str | None:
    """'therapist', 'room' or 'client': the first of the wanted owners who is taken by another entry."""
    for claim in claims:
        ticks = claim.ticks()
        taken = session.scalar(
            sa.select(SlotClaim.tick)
            .where(
                SlotClaim.kind == claim.kind,
                SlotClaim.owner_id == claim.owner_id,
                SlotClaim.tick >= ticks.start,
                SlotClaim.tick < ticks.stop,
                SlotClaim.entry_id != except_entry,
            )
            .limit(1)
        )
        if taken is not None:
            return claim.kind.value
    return None
