"""The machine notices a broken service: faults are planted, one at a time, and each must be found.

This is planting, not mocking: the whole service runs but for what is broken in it, and the test passes when
the machine fails. The quickest to be found are planted with the suite; CLINIC_MACHINE_FAULTS=all plants all.
Those of series are in `machine_series_faults.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import decisions, services
from clinic.booking.models import Appointment, Hold
from clinic.booking.slots import Slot
from clinic.booking.statuses import HoldStatus, Status
from clinic.catalog.models import OfferingOption
from clinic.roster import diary
from clinic.roster import services as roster
from clinic.roster.diary import Claim
from clinic.roster.models import DiaryEntry, DiarySpan, OwnerKind, SlotClaim, TimeOff
from tests.booking import machine_series_faults
from tests.booking.machine_series import WholeDesk
from tests.booking.planting import FAULTS, fault

pytestmark = pytest.mark.database
EXAMPLES = 200
IS_WHOLE = os.environ.get("CLINIC_MACHINE_FAULTS") == "all"

WITH_THE_SUITE = {
    "a strike forgets the spans",
    "a move does not wipe the old",
    "a confirmation leaves the time to lapse",
    "a cancellation leaves the entry",
    "a date that is taken is left out",
}


@contextmanager
def without(patch: pytest.MonkeyPatch, name: str, instead: Callable[..., Any]) -> Iterator[None]:
    """With a function of the diary replaced for a moment."""
    with patch.context() as here:
        here.setattr(diary, name, instead)
        yield


def nothing(*_args: Any, **_more: Any) -> None:
    return None


# --- The diary


@fault
def a_strike_forgets_the_spans(patch: pytest.MonkeyPatch) -> None:
    def strike(session: Session, entry_id: int | None) -> None:
        session.execute(sa.delete(SlotClaim).where(SlotClaim.entry_id == entry_id))

    patch.setattr(diary, "strike", strike)


@fault
def a_move_does_not_wipe_the_old(patch: pytest.MonkeyPatch) -> None:
    def move(session: Session, entry_id: int, claims: Sequence[Claim], now: datetime, *_more: Any) -> None:
        diary.extend(session, entry_id, [each for each in claims if not_there(session, entry_id, each)], now)

    def not_there(session: Session, entry_id: int, claim: Claim) -> bool:
        mine = sa.select(SlotClaim.tick).where(
            SlotClaim.entry_id == entry_id,
            SlotClaim.kind == claim.kind,
            SlotClaim.owner_id == claim.owner_id,
            SlotClaim.tick.in_(claim.ticks()),
        )
        return session.scalar(mine.limit(1)) is None

    patch.setattr(diary, "move", move)


@fault
def a_move_forgets_the_spans(patch: pytest.MonkeyPatch) -> None:
    move = diary.move

    def moved(session: Session, entry_id: int, *args: Any) -> None:
        spans = session.execute(sa.select(DiarySpan.__table__).where(DiarySpan.entry_id == entry_id)).all()
        move(session, entry_id, *args)
        session.execute(sa.delete(DiarySpan).where(DiarySpan.entry_id == entry_id))
        session.execute(sa.insert(DiarySpan.__table__), [dict(row._mapping) for row in spans])  # type: ignore[arg-type]

    patch.setattr(diary, "move", moved)


@fault
def what_has_not_lapsed_is_struck(patch: pytest.MonkeyPatch) -> None:
    strike_lapsed = diary.strike_lapsed

    def too_soon(session: Session, claims: Sequence[Claim], now: datetime) -> bool:
        return strike_lapsed(session, claims, now + timedelta(minutes=5))

    patch.setattr(diary, "strike_lapsed", too_soon)


@fault
def what_has_lapsed_is_not_struck(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(diary, "strike_lapsed", nothing)


# --- Holds


@fault
def a_confirmation_ignores_the_lapse(patch: pytest.MonkeyPatch) -> None:
    confirm = services.confirm

    def in_time(session: Session, now: datetime, hold_id: int, *args: Any, **more: Any) -> Appointment:
        held = session.get_one(Hold, hold_id)
        return confirm(session, min(now, held.expires_at - timedelta(seconds=1)), hold_id, *args, **more)

    patch.setattr(services, "confirm", in_time)


@fault
def a_confirmation_leaves_the_time_to_lapse(patch: pytest.MonkeyPatch) -> None:
    become = diary.become_appointment

    def with_its_end(session: Session, entry_id: int, expires_at: datetime | None = None) -> bool:
        ends = session.scalar(sa.select(DiaryEntry.expires_at).where(DiaryEntry.id == entry_id))
        return become(session, entry_id, expires_at or ends)

    patch.setattr(diary, "become_appointment", with_its_end)


@fault
def a_confirmation_does_not_look_at_the_client(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(diary, "extend", nothing)


@fault
def a_hold_ignores_the_buffers(patch: pytest.MonkeyPatch) -> None:
    def bare(
        _option: OfferingOption, slot: Slot, starts_at: datetime, ends_at: datetime, client_id: int | None
    ) -> list[Claim]:
        return diary.session_claims(
            therapist_id=slot.therapist_id, room_id=slot.room_id, client_id=client_id, starts_at=starts_at,
            ends_at=ends_at, buffer_before=0, buffer_after=0, turnover=0,
        )  # fmt: skip

    patch.setattr(services, "claims_of", bare)


@fault
def a_hold_takes_no_room(patch: pytest.MonkeyPatch) -> None:
    claims_of = services.claims_of

    def without_room(*args: Any) -> list[Claim]:
        return [claim for claim in claims_of(*args) if claim.kind is not OwnerKind.ROOM]

    patch.setattr(services, "claims_of", without_room)


@fault
def the_chores_mark_a_hold_and_leave_its_entry(patch: pytest.MonkeyPatch) -> None:
    lapse_holds = services.lapse_holds

    def only_marked(session: Session, now: datetime) -> int:
        with without(patch, "strike", nothing):
            return lapse_holds(session, now)

    patch.setattr(services, "lapse_holds", only_marked)


@fault
def letting_go_marks_a_confirmed_hold(patch: pytest.MonkeyPatch) -> None:
    def release(session: Session, hold_id: int) -> None:
        held = session.get_one(Hold, hold_id)
        diary.strike(session, held.entry_id)
        held.status, held.entry_id = HoldStatus.RELEASED, None
        session.flush()

    patch.setattr(services, "release", release)


# --- Appointments


@fault
def a_cancellation_leaves_the_entry(patch: pytest.MonkeyPatch) -> None:
    cancel = services.cancel

    def halfway(*args: Any, **more: Any) -> Appointment:
        with without(patch, "strike", nothing):
            return cancel(*args, **more)

    patch.setattr(services, "cancel", halfway)


@fault
def a_move_forgets_the_row(patch: pytest.MonkeyPatch) -> None:
    move = services.move

    def with_its_old_therapist(*args: Any, **more: Any) -> Appointment:
        made = move(*args, **more)
        made.room_id = 1 if made.room_id != 1 else 2
        return made

    patch.setattr(services, "move", with_its_old_therapist)


@fault
def a_cancellation_is_taken_back_without_its_time(patch: pytest.MonkeyPatch) -> None:
    def reactivate(session: Session, _now: datetime, number: int, **_more: Any) -> Appointment:
        made = session.get_one(Appointment, number)
        made.status = Status.BOOKED
        return made

    patch.setattr(services, "reactivate", reactivate)


# --- Decisions and time off


@fault
def a_yes_leaves_the_time_to_lapse(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(diary, "keep_until", lambda *_args: True)


@fault
def a_no_leaves_the_time_taken(patch: pytest.MonkeyPatch) -> None:
    give_back = decisions._give_back

    def kept(*args: Any) -> None:
        with without(patch, "strike", nothing):
            give_back(*args)

    patch.setattr(decisions, "_give_back", kept)


@fault
def nobody_decides_and_the_time_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decisions, "lapse_provisional", lambda *_args: 0)


@fault
def time_off_that_ends_stays_in_the_diary(patch: pytest.MonkeyPatch) -> None:
    def cancel_time_off(session: Session, now: datetime, number: int) -> None:
        session.get_one(TimeOff, number).cancelled_at = now

    patch.setattr(roster, "cancel_time_off", cancel_time_off)


assert FAULTS.keys() >= machine_series_faults.PLANTED


@pytest.mark.parametrize("name", FAULTS)
def test_the_machine_notices_that(name: str, shared_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    if not IS_WHOLE and name not in WITH_THE_SUITE:
        pytest.skip("planted with CLINIC_MACHINE_FAULTS=all")
    FAULTS[name](monkeypatch)

    class BrokenDesk(WholeDesk):
        engine = shared_engine

    with pytest.raises(
        Exception
    ) as found:  # a wrong answer, an invariant, a constraint: whatever meets it first
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            BrokenDesk,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=40,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert not isinstance(found.value, TypeError | AttributeError), "the planted fault does not fit any more"
