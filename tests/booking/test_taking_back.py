"""Taking back one cancellation, or both, of two who had one room for both."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from clinic.booking import diary_check, parties, services, slots, taking_back
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.booking.taking_back import ROOM_GONE
from clinic.kernel.errors import SlotTaken, Stale
from clinic.roster.models import Room
from tests import makers
from tests.booking.test_parties import HOUR, TEN, both_of, guest
from tests.makers import Clinic

pytestmark = pytest.mark.database


@pytest.fixture
def clinic(session: Session) -> Clinic:
    return makers.clinic(session)


@pytest.fixture
def wide(session: Session, clinic: Clinic) -> Room:
    """The only room free: the two for one are being painted."""
    made = Room(site_id=clinic.site.id, name="Room for two", places=2)
    session.add(made)
    for each in clinic.rooms:
        each.is_active = False
    session.flush()
    return made


@pytest.fixture
def pair(session: Session, now: datetime, clinic: Clinic, wide: Room) -> list[Appointment]:
    anna = guest(session, now, clinic, "Anna Petrova")
    ben = guest(session, now, clinic, "Ben Hall", option_id=clinic.deep.id, talk_minutes=15)
    return both_of(session, parties.book(session, now, anna, ben, TEN, actor="desk", one_room=True))


def take_the_room(session: Session, now: datetime, clinic: Clinic, starts_at: datetime) -> None:
    who = makers.client(session, now, name="Cara Lane")
    services.book(
        session, now, clinic.wish(is_desk=True), starts_at, who, makers.intake(session, now), actor="desk"
    )


def test_one_comes_back_into_the_room_that_waits_for_both(
    session: Session, now: datetime, clinic: Clinic, wide: Room, pair: list[Appointment]
) -> None:
    one, other = pair
    services.cancel(session, now, one.id, actor="desk")
    parties.tidy(session)
    back = taking_back.reactivate(session, now, one.id, actor="desk")
    assert (back.status, back.room_id) == (Status.BOOKED, wide.id)
    assert parties.companion(session, one.id) == other
    assert diary_check.look(session, now) == []


def test_both_come_back_one_after_the_other(
    session: Session, now: datetime, clinic: Clinic, wide: Room, pair: list[Appointment]
) -> None:
    one, other = pair
    for each in pair:
        services.cancel(session, now, each.id, actor="desk")
    assert parties.tidy(session) == 1
    taking_back.reactivate(session, now, one.id, actor="desk")
    free = {slot.room_id for slot in slots.slots_at(session, clinic.wish(is_desk=True), TEN + HOUR, now)}
    assert wide.id not in free  # kept as long as the longer of the two needs it
    taking_back.reactivate(session, now, other.id, actor="desk")
    assert {each.status for each in pair} == {Status.BOOKED}
    assert diary_check.look(session, now) == []
    assert parties.tidy(session) == 0


def test_where_somebody_else_has_the_room_it_is_said_and_nothing_changes(
    session: Session, now: datetime, clinic: Clinic, wide: Room, pair: list[Appointment]
) -> None:
    for each in pair:
        services.cancel(session, now, each.id, actor="desk")
    parties.tidy(session)
    take_the_room(session, now, clinic, TEN)
    with pytest.raises(SlotTaken, match=ROOM_GONE):
        taking_back.reactivate(session, now, pair[0].id, actor="desk")
    session.expire_all()
    assert pair[0].status is Status.CANCELLED
    assert diary_check.look(session, now) == []


def test_a_room_taken_before_the_chores_came_by_is_the_partys_still(
    session: Session, now: datetime, clinic: Clinic, wide: Room, pair: list[Appointment]
) -> None:
    for each in pair:
        services.cancel(session, now, each.id, actor="desk")
    taking_back.reactivate(session, now, pair[1].id, actor="desk")
    assert parties.tidy(session) == 0
    assert diary_check.look(session, now) == []


def test_after_both_moved_together_one_comes_back_at_the_new_time(
    session: Session, now: datetime, clinic: Clinic, wide: Room, pair: list[Appointment]
) -> None:
    party = parties.party_of(session, pair[0].id)
    assert party is not None
    parties.move_together(session, now, party.id, TEN + 3 * HOUR, actor="desk")
    services.cancel(session, now, pair[0].id, actor="desk")
    taking_back.reactivate(session, now, pair[0].id, actor="desk")
    assert parties.companion(session, pair[0].id) == pair[1]
    assert diary_check.look(session, now) == []


def test_an_old_page_takes_nothing_back(
    session: Session, now: datetime, clinic: Clinic, wide: Room, pair: list[Appointment]
) -> None:
    seen = pair[0].version
    services.cancel(session, now, pair[0].id, actor="desk")
    with pytest.raises(Stale):
        taking_back.reactivate(session, now, pair[0].id, actor="desk", version=seen)


def test_who_had_a_room_alone_needs_that_room(session: Session, now: datetime, clinic: Clinic) -> None:
    anna = guest(session, now, clinic, "Anna Petrova")
    ben = guest(session, now, clinic, "Ben Hall")
    one, other = both_of(session, parties.book(session, now, anna, ben, TEN, actor="desk"))
    services.cancel(session, now, one.id, actor="desk")
    taking_back.reactivate(session, now, one.id, actor="desk")
    assert one.room_id != other.room_id
    services.cancel(session, now, one.id, actor="desk")
    later = TEN - timedelta(minutes=30)
    wish = clinic.wish(therapist_id=one.therapist_id, is_desk=True)
    services.book(session, now, wish, later, makers.client(session, now), anna.intake, actor="desk")
    with pytest.raises(SlotTaken):
        taking_back.reactivate(session, now, one.id, actor="desk")


def test_who_was_moved_alone_and_had_the_wide_room_at_another_time_has_it_again(
    session: Session, now: datetime, clinic: Clinic, wide: Room, pair: list[Appointment]
) -> None:
    """The other one's room is kept for them, and is in nobody's way."""
    one, other = pair
    services.move(session, now, one.id, TEN + 3 * HOUR, actor="desk")
    services.cancel(session, now, one.id, actor="desk")
    back = taking_back.reactivate(session, now, one.id, actor="desk")
    assert (back.status, back.room_id, back.starts_at) == (Status.BOOKED, wide.id, TEN + 3 * HOUR)
    services.cancel(session, now, one.id, actor="desk")
    assert parties.tidy(session) == 0
    assert (other.status, other.room_id) == (Status.BOOKED, wide.id)
    assert diary_check.look(session, now) == []
