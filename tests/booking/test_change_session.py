"""Another session, or another therapist, at the same time: also for one of two who have a room together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from clinic.booking import companions, desk, diary_check, parties, services
from clinic.booking.models import Appointment
from clinic.booking.parties import Guest
from clinic.catalog.models import OfferingOption
from clinic.kernel.errors import SlotTaken
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import EntryKind, OwnerKind, Room
from tests import makers
from tests.makers import Clinic

pytestmark = pytest.mark.database
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clinic(session: Session) -> Clinic:
    return makers.clinic(session)


@pytest.fixture
def wide(session: Session, clinic: Clinic) -> Room:
    return makers.room_for_two(session, clinic.site)


@pytest.fixture
def long(session: Session, clinic: Clinic) -> OfferingOption:
    """A longer session than the one they have, with the same skill."""
    made = OfferingOption(
        offering_id=clinic.swedish.offering_id, minutes=90, price_minor=8800, currency="GBP"
    )
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def both(session: Session, now: datetime, clinic: Clinic, wide: Room) -> list[Appointment]:
    """Anna and Ben at ten, in one room."""
    people = [makers.client(session, now, name) for name in ("Anna Petrova", "Ben Hall")]
    guests = [Guest(who, makers.intake(session, now), clinic.wish(client_id=who.id)) for who in people]
    return parties.coming(parties.book(session, now, *guests, TEN, actor="desk", one_room=True))


def change(session: Session, now: datetime, made: Appointment, option: OfferingOption) -> Appointment:
    return desk.change_session(session, now, made.id, option.id, actor="desk", version=made.version)


def is_free(session: Session, now: datetime, room: Room, start: datetime) -> bool:
    """Whether somebody else could have five minutes of the room."""
    claim = Claim(OwnerKind.ROOM, room.id, start, start + timedelta(minutes=5))
    try:
        diary.strike(session, diary.enter(session, EntryKind.MAINTENANCE, [claim], now))
    except SlotTaken:
        return False
    return True


def test_one_of_two_stays_in_their_room(
    session: Session, now: datetime, clinic: Clinic, both: list[Appointment], wide: Room
) -> None:
    change(session, now, both[0], clinic.deep)
    assert [each.room_id for each in both] == [wide.id] * 2
    assert diary_check.look(session, now) == []


def test_it_needs_no_other_room(
    session: Session, now: datetime, clinic: Clinic, both: list[Appointment], wide: Room
) -> None:
    for room in clinic.rooms:
        room.is_active = False
    session.flush()
    assert change(session, now, both[0], clinic.deep).room_id == wide.id


def test_their_room_is_kept_for_the_longer_of_the_two(
    session: Session, now: datetime, clinic: Clinic, both: list[Appointment], wide: Room, long: OfferingOption
) -> None:
    assert is_free(session, now, wide, TEN + HOUR)
    change(session, now, both[0], long)
    assert not is_free(session, now, wide, TEN + HOUR)
    assert is_free(session, now, wide, TEN + 1.5 * HOUR)
    change(session, now, both[0], clinic.swedish)
    assert is_free(session, now, wide, TEN + HOUR)
    assert diary_check.look(session, now) == []


def test_a_longer_session_is_refused_where_somebody_has_their_room_after_them(
    session: Session, now: datetime, clinic: Clinic, both: list[Appointment], wide: Room, long: OfferingOption
) -> None:
    claim = Claim(OwnerKind.ROOM, wide.id, TEN + HOUR, TEN + 2 * HOUR)
    diary.enter(session, EntryKind.MAINTENANCE, [claim], now)
    with pytest.raises(SlotTaken, match="does not fit in"):
        change(session, now, both[0], long)
    session.expire_all()
    assert (both[0].option_id, both[0].ends_at) == (clinic.swedish.id, TEN + HOUR)


def test_who_comes_alone_gets_a_room_that_is_free_for_longer(
    session: Session, now: datetime, clinic: Clinic, long: OfferingOption
) -> None:
    made = services.book(
        session,
        now,
        clinic.wish(),
        TEN,
        makers.client(session, now),
        makers.intake(session, now),
        actor="desk",
    )
    room, other = sorted(clinic.rooms, key=lambda each: each.id != made.room_id)
    claim = Claim(OwnerKind.ROOM, room.id, TEN + HOUR, TEN + 2 * HOUR)
    diary.enter(session, EntryKind.MAINTENANCE, [claim], now)
    assert change(session, now, made, long).room_id == other.id


@pytest.mark.parametrize("has_other_rooms", [True, False])
def test_with_another_therapist_at_their_time_one_of_two_stays_in_their_room(
    session: Session,
    now: datetime,
    clinic: Clinic,
    both: list[Appointment],
    wide: Room,
    has_other_rooms: bool,
) -> None:
    third = makers.therapist(session, clinic.site, "Hana Sato", clinic.therapists[0].skills, hue=3)
    for room in clinic.rooms:
        room.is_active = has_other_rooms
    session.flush()
    companions.move(session, now, both[0].id, TEN, actor="desk", therapist_id=third.id)
    assert both[0].therapist_id == third.id
    assert [each.room_id for each in both] == [wide.id] * 2
    assert parties.companion(session, both[0].id) == both[1]
    assert diary_check.look(session, now) == []


def test_a_therapist_who_is_taken_at_their_time_leaves_both_as_they_were(
    session: Session, now: datetime, clinic: Clinic, both: list[Appointment], wide: Room
) -> None:
    before = [(each.therapist_id, each.room_id, each.sequence) for each in both]
    with pytest.raises(SlotTaken):
        companions.move(session, now, both[0].id, TEN, actor="desk", therapist_id=both[1].therapist_id)
    session.expire_all()
    assert [(each.therapist_id, each.room_id, each.sequence) for each in both] == before
    assert diary_check.look(session, now) == []
