"""Two people at once: the same start, two therapists, two rooms or one for both; both or neither."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from clinic.booking import diary_check, parties, services, slots, taking_back
from clinic.booking.models import Appointment, Party
from clinic.booking.parties import Guest
from clinic.booking.statuses import Status
from clinic.kernel.errors import BadInput, NotCleared, SlotTaken, WrongState
from clinic.notify.models import OutboxMessage
from clinic.roster.models import Room
from tests import makers
from tests.makers import Clinic

pytestmark = pytest.mark.database
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
TUESDAY = date(2026, 11, 24)
HOUR = timedelta(hours=1)


@pytest.fixture
def clinic(session: Session) -> Clinic:
    return makers.clinic(session)


@pytest.fixture
def wide(session: Session, clinic: Clinic) -> Room:
    """A room for two, beside the two that hold one."""
    return makers.room_for_two(session, clinic.site)


def guest(session: Session, now: datetime, clinic: Clinic, name: str, **changes: Any) -> Guest:
    who = makers.client(session, now, name=name, email=f"{name.split()[0].lower()}@client.example")
    answers = changes.pop("answers", None)
    wish = clinic.wish(client_id=who.id, is_desk=True, **changes)
    return Guest(who, makers.intake(session, now, answers), wish)


@pytest.fixture
def anna(session: Session, now: datetime, clinic: Clinic) -> Guest:
    return guest(session, now, clinic, "Anna Petrova")


@pytest.fixture
def ben(session: Session, now: datetime, clinic: Clinic) -> Guest:
    return guest(session, now, clinic, "Ben Hall", option_id=clinic.deep.id, talk_minutes=15)


def both_of(session: Session, party: Party) -> list[Appointment]:
    session.refresh(party, ["members"])
    return parties.coming(party)


def is_whole(session: Session, now: datetime) -> bool:
    return diary_check.look(session, now) == []


def test_both_start_together_with_two_therapists_in_two_rooms(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest
) -> None:
    party = parties.book(session, now, anna, ben, TEN, actor="desk")
    one, other = both_of(session, party)
    assert one.starts_at == other.starts_at == TEN
    assert one.therapist_id != other.therapist_id
    assert one.room_id != other.room_id
    assert (one.option_id, other.option_id) == (clinic.swedish.id, clinic.deep.id)
    assert session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == 2
    assert parties.companion(session, one.id) == other
    assert is_whole(session, now)


def test_the_starts_found_can_all_be_booked_and_no_other(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest
) -> None:
    busy = clinic.wish(therapist_id=clinic.therapists[0].id)
    who = makers.client(session, now, name="Cara Lane")
    services.book(session, now, busy, TEN, who, makers.intake(session, now), actor="desk")
    found = {pair.starts_at for pair in parties.find(session, anna.wish, ben.wish, TUESDAY, 1, now)}
    assert found
    everything = {slot.starts_at for slot in slots.openings(session, anna.wish, TUESDAY, 1, now)}
    assert TEN not in found
    for start in sorted(everything):
        with session.begin_nested() as attempt:
            if start in found:
                parties.book(session, now, anna, ben, start, actor="desk")
            else:
                with pytest.raises(SlotTaken):
                    parties.book(session, now, anna, ben, start, actor="desk")
            attempt.rollback()


def test_no_room_for_the_second_is_no_time_for_two(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest
) -> None:
    clinic.rooms[1].is_active = False
    session.flush()
    assert parties.find(session, anna.wish, ben.wish, TUESDAY, 3, now) == []


def test_one_therapist_for_two_people_is_no_time(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest
) -> None:
    clinic.therapists[1].is_active = False
    session.flush()
    assert parties.find(session, anna.wish, ben.wish, TUESDAY, 3, now) == []


def test_both_or_neither(session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest) -> None:
    busy = clinic.wish(therapist_id=clinic.therapists[1].id)
    who = makers.client(session, now, name="Cara Lane")
    services.book(session, now, busy, TEN, who, makers.intake(session, now), actor="desk")
    with pytest.raises(SlotTaken):
        parties.book(session, now, anna, ben, TEN, actor="desk")
    assert [each.client_id for each in session.scalars(sa.select(Appointment))] == [who.id]
    assert is_whole(session, now)


def test_each_is_judged_by_their_own_answers(
    session: Session, now: datetime, clinic: Clinic, anna: Guest
) -> None:
    stopped = guest(session, now, clinic, "Ben Hall", answers={"now_signs": ["chest_pain"]})
    with pytest.raises(NotCleared):
        parties.book(session, now, anna, stopped, TEN, actor="desk")
    assert session.scalars(sa.select(Appointment)).all() == []


def test_nobody_comes_with_themselves(session: Session, now: datetime, anna: Guest) -> None:
    with pytest.raises(BadInput):
        parties.book(session, now, anna, anna, TEN, actor="desk")


def test_a_search_costs_the_same_however_many_work_there(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest, wide: Room
) -> None:
    def cost(days: int) -> int:
        said: list[str] = []

        def count(*_args: Any) -> None:
            said.append("")

        event.listen(session.get_bind(), "before_cursor_execute", count)
        parties.find(session, anna.wish, ben.wish, TUESDAY, days, now, one_room=True)
        event.remove(session.get_bind(), "before_cursor_execute", count)
        return len(said)

    few = cost(1)
    skills = clinic.therapists[0].skills
    for number in range(4):
        makers.therapist(session, clinic.site, f"Therapist {number}", skills)
        session.add(Room(site_id=clinic.site.id, name=f"Another {number}", places=2))
    session.flush()
    assert cost(14) == few


# --- one room ----------------------------------------------------------------------------------------


def test_a_room_for_two_is_taken_once_for_both(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest, wide: Room
) -> None:
    party = parties.book(session, now, anna, ben, TEN, actor="desk", one_room=True)
    one, other = both_of(session, party)
    assert one.room_id == other.room_id == wide.id
    assert is_whole(session, now)
    later = TEN + HOUR  # Ben's session lasts 75 minutes: the room is taken as long as the longer one
    free = {slot.room_id for slot in slots.slots_at(session, clinic.wish(is_desk=True), later, now)}
    assert wide.id not in free


def test_no_room_holds_two_where_none_is_made_for_it(
    session: Session, now: datetime, anna: Guest, ben: Guest
) -> None:
    assert parties.find(session, anna.wish, ben.wish, TUESDAY, 3, now, one_room=True) == []
    with pytest.raises(SlotTaken):
        parties.book(session, now, anna, ben, TEN, actor="desk", one_room=True)


def test_the_room_stays_taken_until_neither_comes(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest, wide: Room
) -> None:
    party = parties.book(session, now, anna, ben, TEN, actor="desk", one_room=True)
    one, other = both_of(session, party)
    services.cancel(session, now, one.id, actor="desk")
    assert parties.tidy(session) == 0
    assert party.shared_room is not None
    assert party.shared_room.entry_id is not None
    assert parties.companion(session, other.id) is None
    services.cancel(session, now, other.id, actor="desk")
    assert parties.tidy(session) == 1
    assert is_whole(session, now)


def test_a_pair_in_one_room_moves_by_a_quarter_of_an_hour(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest, wide: Room
) -> None:
    """Their own squares do not stand in their way, and each keeps their therapist."""
    party = parties.book(session, now, anna, ben, TEN, actor="desk", one_room=True)
    before = [each.therapist_id for each in both_of(session, party)]
    moved = parties.move_together(session, now, party.id, TEN + HOUR / 4, actor="desk")
    assert [each.starts_at for each in moved] == [TEN + HOUR / 4] * 2
    assert [each.therapist_id for each in moved] == before
    assert [each.room_id for each in moved] == [wide.id] * 2
    assert is_whole(session, now)


# --- afterwards --------------------------------------------------------------------------------------


def test_cancelled_together_nothing_of_them_is_left_in_the_diary(
    session: Session, now: datetime, anna: Guest, ben: Guest, wide: Room
) -> None:
    party = parties.book(session, now, anna, ben, TEN, actor="desk", one_room=True)
    gone = parties.cancel_together(session, now, party.id, actor="desk", reason="ill")
    assert [each.status for each in gone] == [Status.CANCELLED] * 2
    assert is_whole(session, now)
    assert parties.find(session, anna.wish, ben.wish, TUESDAY, 1, now, one_room=True)


def test_moved_together_to_a_time_for_one_both_stay(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest
) -> None:
    party = parties.book(session, now, anna, ben, TEN, actor="desk")
    busy = clinic.wish(therapist_id=clinic.therapists[1].id)
    who = makers.client(session, now, name="Cara Lane")
    services.book(session, now, busy, TEN + 4 * HOUR, who, makers.intake(session, now), actor="desk")
    with pytest.raises(SlotTaken, match="both"):
        parties.move_together(session, now, party.id, TEN + 4 * HOUR, actor="desk")
    session.expire_all()
    assert [each.starts_at for each in both_of(session, party)] == [TEN, TEN]
    assert is_whole(session, now)


def test_one_of_them_may_be_moved_alone(session: Session, now: datetime, anna: Guest, ben: Guest) -> None:
    party = parties.book(session, now, anna, ben, TEN, actor="desk")
    one, other = both_of(session, party)
    services.move(session, now, one.id, TEN + 3 * HOUR, actor="desk")
    assert parties.companion(session, other.id) is None
    assert is_whole(session, now)


def test_somebody_may_be_brought_along_to_what_is_booked(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest, wide: Room
) -> None:
    booked = services.book(session, now, anna.wish, TEN, anna.client, anna.intake, actor="desk")
    before = (booked.therapist_id, booked.sequence)
    party = parties.bring(session, now, booked.id, ben, TEN, actor="desk", one_room=True)
    one, other = both_of(session, party)
    assert (one.id, one.therapist_id, one.sequence) == (booked.id, *before)
    assert one.room_id == other.room_id == wide.id
    assert other.client_id == ben.client.id
    assert is_whole(session, now)
    with pytest.raises(WrongState):
        parties.bring(session, now, booked.id, ben, TEN, actor="desk")


def test_who_is_brought_along_to_another_start_moves_the_first(
    session: Session, now: datetime, anna: Guest, ben: Guest
) -> None:
    booked = services.book(session, now, anna.wish, TEN, anna.client, anna.intake, actor="desk")
    party = parties.bring(session, now, booked.id, ben, TEN + 3 * HOUR, actor="desk")
    assert [each.starts_at for each in both_of(session, party)] == [TEN + 3 * HOUR] * 2
    assert booked.sequence == 1
    assert is_whole(session, now)


def test_two_appointments_become_a_pair(
    session: Session, now: datetime, anna: Guest, ben: Guest, wide: Room
) -> None:
    one = services.book(session, now, anna.wish, TEN, anna.client, anna.intake, actor="desk")
    other = services.book(session, now, ben.wish, TEN + 3 * HOUR, ben.client, ben.intake, actor="desk")
    parties.unite(session, now, one.id, other.id, TEN, actor="desk", one_room=True)
    assert one.starts_at == other.starts_at == TEN
    assert one.room_id == other.room_id == wide.id
    assert parties.companion(session, one.id) == other
    assert is_whole(session, now)


# --- with somebody else ------------------------------------------------------------------------------


@pytest.mark.parametrize("one_room", [False, True])
def test_who_still_comes_may_bring_another_instead(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest, wide: Room, one_room: bool
) -> None:
    """In the room that was for her and the one who called off: it goes back to be taken anew."""
    one, other = both_of(session, parties.book(session, now, anna, ben, TEN, actor="desk", one_room=one_room))
    services.cancel(session, now, other.id, actor="desk")
    cara = guest(session, now, clinic, "Cara Lane")
    parties.bring(session, now, one.id, cara, TEN, actor="desk", one_room=one_room)
    here = parties.companion(session, one.id)
    assert here is not None
    assert here.client_id == cara.client.id
    assert one.room_id == here.room_id if one_room else one.room_id != here.room_id
    assert is_whole(session, now)


def test_who_called_off_comes_back_alone_once_the_other_comes_with_somebody_else(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest, wide: Room
) -> None:
    one, other = both_of(session, parties.book(session, now, anna, ben, TEN, actor="desk", one_room=True))
    services.cancel(session, now, other.id, actor="desk")
    cara = guest(session, now, clinic, "Cara Lane")
    parties.bring(session, now, one.id, cara, TEN + 3 * HOUR, actor="desk")
    taking_back.reactivate(session, now, other.id, actor="desk")
    assert other.status is Status.BOOKED
    assert parties.companion(session, other.id) is None
    assert parties.tidy(session) == 0
    assert is_whole(session, now)


@pytest.mark.parametrize("one_room", [False, True])
def test_two_who_were_parted_are_brought_together_again(
    session: Session, now: datetime, anna: Guest, ben: Guest, wide: Room, one_room: bool
) -> None:
    """One of them was moved to another time, and the room that they shared is free for it."""
    one, other = both_of(session, parties.book(session, now, anna, ben, TEN, actor="desk", one_room=True))
    services.move(session, now, other.id, TEN + 3 * HOUR, actor="desk")
    parties.unite(session, now, one.id, other.id, TEN, actor="desk", one_room=one_room)
    assert one.starts_at == other.starts_at == TEN
    assert parties.companion(session, one.id) == other
    assert (one.room_id == other.room_id) is one_room
    assert is_whole(session, now)
    with pytest.raises(WrongState):
        parties.unite(session, now, one.id, other.id, TEN + HOUR, actor="desk")


def test_who_was_parted_and_comes_with_another_leaves_the_room_to_who_is_in_it(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest, wide: Room
) -> None:
    one, other = both_of(session, parties.book(session, now, anna, ben, TEN, actor="desk", one_room=True))
    services.move(session, now, other.id, TEN + 3 * HOUR, actor="desk")
    cara = guest(session, now, clinic, "Cara Lane")
    parties.bring(session, now, other.id, cara, TEN + 3 * HOUR, actor="desk", one_room=True)
    assert parties.tidy(session) == 0
    services.move(session, now, other.id, TEN + 5 * HOUR, actor="desk")
    services.move(session, now, one.id, TEN + 5 * HOUR, actor="desk")
    assert parties.companion(session, one.id) is None
    parties.tidy(session)
    assert is_whole(session, now)


def test_whom_somebody_brings_may_have_the_therapist_that_she_had(
    session: Session, now: datetime, clinic: Clinic, anna: Guest
) -> None:
    """Her own time does not stand in the way of either of them."""
    booked = services.book(session, now, anna.wish, TEN, anna.client, anna.intake, actor="desk")
    named = guest(session, now, clinic, "Cara Lane", therapist_id=booked.therapist_id)
    parties.bring(session, now, booked.id, named, TEN + HOUR / 2, actor="desk")
    here = parties.companion(session, booked.id)
    assert here is not None
    assert here.therapist_id == named.wish.therapist_id != booked.therapist_id
    assert is_whole(session, now)


def test_nobody_is_brought_along_to_two_who_come_together(
    session: Session, now: datetime, clinic: Clinic, anna: Guest, ben: Guest
) -> None:
    party = parties.book(session, now, anna, ben, TEN, actor="desk")
    alone = guest(session, now, clinic, "Cara Lane")
    third = services.book(session, now, alone.wish, TEN + 3 * HOUR, alone.client, alone.intake, actor="desk")
    one, other = both_of(session, party)
    with pytest.raises(WrongState):
        parties.unite(session, now, third.id, one.id, TEN + 5 * HOUR, actor="desk")
    with pytest.raises(WrongState):
        parties.bring(session, now, other.id, alone, TEN, actor="desk")
    assert is_whole(session, now)
