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
from clinic.roster import services as roster
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
    assert steps == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


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


@pytest.mark.parametrize("is_room_gone", [False, True])
@pytest.mark.parametrize("is_one_gone", [False, True])
def test_two_are_entered_again_into_the_room_that_is_theirs(
    session: Session, now: datetime, is_one_gone: bool, is_room_gone: bool
) -> None:
    clinic = makers.clinic(session)
    makers.room_for_two(session, clinic.site)
    both = [makers.client(session, now, name) for name in ("Anna Petrova", "Ben Hall")]
    guests = [Guest(who, makers.intake(session, now), clinic.wish(client_id=who.id)) for who in both]
    party = parties.book(session, now, *guests, TEN, actor="test", one_room=True)
    assert party.shared_room is not None
    if is_one_gone:
        diary.strike(session, parties.coming(party)[0].entry_id)
    if is_room_gone:
        diary.strike(session, party.shared_room.entry_id)
    session.expire_all()
    found = diary_check.look(session, now)
    assert len(found) == (2 if is_room_gone else int(is_one_gone))
    assert diary_check.repair(session, now, found) == []
    assert kinds(session, now) == []
    assert party.shared_room.entry_id is not None
    rooms = sa.select(SlotClaim.entry_id).where(SlotClaim.kind == OwnerKind.ROOM).distinct()
    assert session.scalars(rooms).all() == [party.shared_room.entry_id]


@pytest.mark.parametrize("kind", ["time_off", "maintenance"])
def test_who_is_away_and_a_room_out_of_use_are_entered_again(
    session: Session, now: datetime, appointment: Appointment, kind: str
) -> None:
    """Both were entered and their entries are gone; what was taken back since is left alone."""
    later, end = TEN + timedelta(days=1), TEN + timedelta(days=1, hours=2)
    if kind == "time_off":
        gone = roster.add_time_off(session, now, appointment.therapist_id, later, end)
        over = roster.add_time_off(session, now, appointment.therapist_id, end, end + timedelta(hours=1))
        roster.cancel_time_off(session, now, over.id)
    else:
        gone = roster.add_maintenance(session, now, appointment.room_id, later, end)
        over = roster.add_maintenance(session, now, appointment.room_id, end, end + timedelta(hours=1))
        roster.cancel_maintenance(session, now, over.id)
    diary.strike(session, gone.entry_id)
    session.expire_all()
    faults = diary_check.look(session, now)
    assert [(fault.kind, fault.number) for fault in faults] == [(kind, gone.id)]
    assert diary_check.repair(session, now, faults) == []
    assert gone.entry_id is not None
    assert kinds(session, now) == []


@pytest.mark.parametrize(
    "said",
    [{"starts_at": TEN - timedelta(minutes=30)}, {"ends_at": TEN + timedelta(hours=2)}, {"room_id": 2}],
)
def test_an_appointment_that_stands_elsewhere_than_it_says_is_written_where_it_says(
    session: Session, now: datetime, appointment: Appointment, said: dict[str, object]
) -> None:
    other = session.scalars(sa.select(Room.id).where(Room.id != appointment.room_id)).first()
    if "room_id" in said:
        said = {"room_id": other}
    session.execute(sa.update(Appointment).where(Appointment.id == appointment.id).values(**said))
    session.expire_all()
    faults = diary_check.look(session, now)
    assert [(fault.kind, fault.number) for fault in faults] == [("astray", appointment.id)]
    assert diary_check.repair(session, now, faults) == []
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
    assert "uneven" in [fault.kind for fault in faults]
    assert diary_check.repair(session, now, faults) == []
    assert kinds(session, now) == []
    theirs = sa.select(sa.func.count()).select_from(SlotClaim).where(SlotClaim.kind == OwnerKind.CLIENT)
    assert session.scalar(theirs) == 12, "the client's hour is theirs again"


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
