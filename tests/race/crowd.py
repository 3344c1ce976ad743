"""Many at once: threads that start together, and what a diary must look like afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking.lifecycle import LIVE
from clinic.booking.models import Appointment, Hold, JourneyPair, SharedRoom
from clinic.booking.statuses import HoldStatus
from clinic.roster.models import DiaryEntry, DiarySpan, SlotClaim, TimeOff

Answer = TypeVar("Answer")


def at_once(number: int, act: Callable[[int], Answer]) -> list[Answer | Exception]:
    """What `number` threads answered that were let go together; an exception is an answer too."""
    gate = threading.Barrier(number)
    answers: list[Answer | Exception | None] = [None] * number

    def run(index: int) -> None:
        gate.wait()
        try:
            answers[index] = act(index)
        except Exception as fault:
            answers[index] = fault

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for answer in answers if answer is not None]


def faults_of_diary(engine: Engine) -> list[str]:
    """Everything that is wrong with the diary: claims without an owner, owners without claims, overlaps."""
    with Session(engine) as session:
        owned = {
            entry
            for query in (
                # A lapsed hold loses its entry to whoever takes its place; the chore marks it afterwards.
                sa.select(Hold.entry_id).where(Hold.status == HoldStatus.OPEN, Hold.entry_id.is_not(None)),
                sa.select(Appointment.entry_id).where(Appointment.status.in_(LIVE)),
                sa.select(SharedRoom.entry_id).where(SharedRoom.entry_id.is_not(None)),
                sa.select(JourneyPair.entry_id).where(JourneyPair.entry_id.is_not(None)),
                sa.select(TimeOff.entry_id).where(TimeOff.cancelled_at.is_(None)),
            )
            for entry in session.scalars(query)
        }
        entries = set(session.scalars(sa.select(DiaryEntry.id)))
        claims = session.execute(
            sa.select(SlotClaim.kind, SlotClaim.owner_id, SlotClaim.tick, SlotClaim.entry_id)
        ).all()
        spans = session.execute(
            sa.select(
                DiarySpan.kind, DiarySpan.owner_id, DiarySpan.from_tick, DiarySpan.to_tick, DiarySpan.entry_id
            )
        ).all()
    wrong = [f"entry {entry} has no owner" for entry in entries - owned]
    wrong += [f"an owner's entry {entry} is gone" for entry in owned - entries]
    wrong += [f"entry {entry} has no claims" for entry in entries - {claim.entry_id for claim in claims}]
    squares = {(kind, owner, tick, entry) for kind, owner, tick, entry in claims}
    drawn = {(kind, owner, t, entry) for kind, owner, start, stop, entry in spans for t in range(start, stop)}
    if squares != drawn:
        wrong.append("spans and claims differ")
    if len({square[:3] for square in squares}) != len(squares):
        wrong.append("a square is written twice")
    return wrong
