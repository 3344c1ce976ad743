"""What no key can know is found, and put right where that takes no decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions, diary_check, parties, services
from clinic.booking.models import Appointment
from clinic.booking.parties import Guest
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import DiaryEntry, DiarySpan, EntryKind, OwnerKind, Room, SlotClaim
from tests import makers

pytestmark = pytest.mark.database
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
def appointment(session: Session, now: datetime) -> Appointment:
    clinic = makers.clinic(session)
    services.hold(session, now, clinic.wish(), TEN + timedelta(hours=3), makers.intake(session, now))
    client = makers.client(session, now)
    return services.book(session, now, clinic.wish(), TEN, client, makers.intake(session, now), actor="test")


def kinds(session: Session, now: datetime) -> list[str]:
    return [fault.kind for fault in diary_check.look(session, now)]


def test_a_sound_diary_has_no_faults(session: Session, now: datetime, appointment: Appointment) -> None:
    steps: list[tuple[int, int]] = []
    assert diary_check.look(session, now, lambda done, every: steps.append((done, every))) == []
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_an_entry_that_nobody_owns_is_found_and_struck(
    session: Session, now: datetime, appointment: Appointment
) -> None:
    diary.enter(
        session, EntryKind.APPOINTMENT, [Claim(OwnerKind.ROOM, 77, TEN, TEN + timedelta(hours=1))], now
    )
    faults = diary_check.look(session, now)
    assert [fault.kind for fault in faults] == ["ownerless"]
    assert diary_check.repair(session, now, faults) == []
    assert kinds(session, now) == []


def test_an_appointment_missing_from_the_diary_is_entered_again(
    session: Session, now: datetime, appointment: Appointment
) -> None:
    diary.strike(session, appointment.entry_id)
    session.expire_all()
    faults = diary_check.look(session, now)
    assert [(fault.kind, fault.number) for fault in faults] == [("missing", appointment.id)]
    assert diary_check.repair(session, now, faults) == []
    assert appointment.entry_id is not None
    assert kinds(session, now) == []


def test_a_time_that_waits_is_entered_again_for_as_long_as_it_is_kept(
    session: Session, now: datetime, appointment: Appointment
) -> None:
    """And not for good: nobody may decide, and then it is anybody's."""
    decisions.reopen(session, now, appointment, actor="rules")
    appointment.lapses_at = now + timedelta(hours=5)
    diary.strike(session, appointment.entry_id)
    session.expire_all()
    assert diary_check.repair(session, now, diary_check.look(session, now)) == []
    assert session.get_one(DiaryEntry, appointment.entry_id).expires_at == appointment.lapses_at


def test_one_of_two_is_entered_again_into_the_room_that_is_theirs(session: Session, now: datetime) -> None:
    clinic = makers.clinic(session)
    session.add(Room(site_id=clinic.site.id, name="Room for two", places=2))
    session.flush()
    both = [makers.client(session, now, name) for name in ("Anna Petrova", "Ben Hall")]
    guests = [Guest(who, makers.intake(session, now), clinic.wish(client_id=who.id)) for who in both]
    party = parties.book(session, now, *guests, TEN, actor="test", one_room=True)
    diary.strike(session, parties.coming(party)[0].entry_id)
    session.expire_all()
    assert diary_check.repair(session, now, diary_check.look(session, now)) == []
    assert kinds(session, now) == []


def test_two_who_want_one_time_are_left_to_people(
    session: Session, now: datetime, appointment: Appointment
) -> None:
    diary.strike(session, appointment.entry_id)
    session.expire_all()
    other = Claim(OwnerKind.THERAPIST, appointment.therapist_id, TEN, TEN + timedelta(hours=1))
    diary.enter(session, EntryKind.TIME_OFF, [other], now)
    faults = [fault for fault in diary_check.look(session, now) if fault.kind == "missing"]
    assert diary_check.repair(session, now, faults) == faults


@pytest.mark.parametrize("table", [DiarySpan, SlotClaim])
def test_squares_and_spans_that_differ_are_made_even(
    session: Session, now: datetime, appointment: Appointment, table: type[DiarySpan] | type[SlotClaim]
) -> None:
    session.execute(
        sa.delete(table).where(table.entry_id == appointment.entry_id, table.kind == OwnerKind.CLIENT)
    )
    faults = diary_check.look(session, now)
    assert [fault.kind for fault in faults] == ["uneven"]
    assert diary_check.repair(session, now, faults) == []
    assert kinds(session, now) == []


def test_the_past_is_swept_out_and_can_still_be_moved(
    session: Session, now: datetime, appointment: Appointment
) -> None:
    later = TEN + timedelta(days=2)
    services.lapse_holds(session, later)
    assert diary.sweep(session, TEN) == 0
    assert diary.sweep(session, later) == 1
    session.expire_all()
    assert session.scalar(sa.select(sa.func.count()).select_from(DiaryEntry)) == 0
    assert diary_check.look(session, later + timedelta(days=1)) == []
    moved = services.move(session, later, appointment.id, later + timedelta(hours=3), actor="desk")
    assert moved.entry_id is not None
    assert kinds(session, later) == []
