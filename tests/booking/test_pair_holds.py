"""Two who book together from the web: held and booked both or neither, each by their own answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import (
    diary_check,
    journeys,
    pair_holds,
    pair_journeys,
    pairs,
    parties,
    screening,
    services,
    slots,
)
from clinic.booking.hold_limits import Source
from clinic.booking.kept import LIFETIME, Details, digest
from clinic.booking.models import Appointment, Hold, Journey, JourneyPair
from clinic.booking.pair_journeys import Names
from clinic.booking.pair_steps import PairStep, Turn, next_step
from clinic.booking.statuses import HoldStatus, Status
from clinic.jobs import chores
from clinic.kernel.errors import BadInput, Excluded, HoldLapsed, NotCleared, SlotTaken, Stale, TooMany
from clinic.notify.models import OutboxMessage
from clinic.people import household
from clinic.people.models import Client, Consent
from clinic.roster.models import DiaryEntry, Room
from tests import makers
from tests.makers import Clinic

pytestmark = pytest.mark.database
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE = Source(visitor="browser", address="network")
TERMS = "You can move or cancel online."
RUTH = Details("Ruth Carver", "ruth@client.example", "+442079460321", wants_reminders=True)
CARL = Details(
    "Carl Hall", "ruth@client.example", "+442079460321", wants_reminders=True, booked_by="Ruth Carver"
)


@pytest.fixture
def clinic(session: Session) -> Clinic:
    return makers.clinic(session)


@pytest.fixture
def wide(session: Session, clinic: Clinic) -> Room:
    """A room for two, beside the two that hold one."""
    return makers.room_for_two(session, clinic.site)


@dataclass
class Two:
    """Two on their way, and what they do."""

    session: Session
    now: datetime
    clinic: Clinic
    pair: JourneyPair

    def take(self, starts_at: datetime = TEN, *, source: Source = HERE, one_room: bool = False) -> None:
        first, second = pair_journeys.both(self.pair)
        pair_holds.take_time(
            self.session,
            self.now,
            self.pair.id,
            self.clinic.site,
            starts_at,
            one_room=one_room,
            looked_at=(first.option_id or 0, second.option_id or 0),
            source=source,
        )

    @property
    def held(self) -> tuple[Hold, Hold]:
        found = pair_journeys.holds_of(self.pair)
        assert found is not None
        return found

    def keep(self, first: Details = RUTH, second: Details = CARL) -> None:
        pair_holds.keep_details(self.session, self.now, self.pair.id, first, second)

    def confirm(self, now: datetime | None = None) -> tuple[Appointment, Appointment]:
        ids = (self.held[0].id, self.held[1].id)
        pair_holds.confirm(self.session, now or self.now, self.pair.id, ids, terms=TERMS)
        return pair_holds.appointments_of(self.pair)

    @property
    def is_whole(self) -> bool:
        return diary_check.look(self.session, self.now) == []


def way(
    session: Session,
    now: datetime,
    token: str,
    option_id: int | None,
    answers: Mapping[str, Any] | None = None,
) -> Journey:
    made = Journey(
        token_digest=digest(token),
        intake=makers.intake(session, now, answers),
        created_at=now,
        expires_at=now + LIFETIME,
        outcome_seen=True,
        option_id=option_id,
    )
    session.add(made)
    session.flush()
    return made


def two_of(
    session: Session,
    now: datetime,
    clinic: Clinic,
    answers: Mapping[str, Any] | None = None,
    token: str = "one",  # noqa: S107
) -> Two:
    first = way(session, now, token, clinic.swedish.id)
    pair = pair_journeys.begin(session, now, first.id, Names("Ruth Carver", "Carl Hall"))
    pair_journeys.give_turn(session, now, pair.id, Turn.SECOND)
    second = way(session, now, f"{token} too", clinic.swedish.id, answers)
    pair_journeys.attach(session, now, pair.id, second)
    pair_journeys.give_turn(session, now, pair.id, Turn.BOTH)
    return Two(session, now, clinic, pair)


@pytest.fixture
def two(session: Session, now: datetime, clinic: Clinic) -> Two:
    return two_of(session, now, clinic)


def test_both_are_held_and_booked_together(session: Session, two: Two) -> None:
    two.take()
    assert next_step(pair_journeys.state_of(two.pair)) is PairStep.DETAILS
    assert two.is_whole
    two.keep()
    one, other = two.confirm()
    assert one.starts_at == other.starts_at == TEN
    assert one.therapist_id != other.therapist_id
    assert one.room_id != other.room_id
    assert (one.client.name, other.client.name) == ("Ruth Carver", "Carl Hall")
    assert parties.companion(session, one.id) == other
    assert session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == 2
    assert two.is_whole


def test_what_was_agreed_to_for_the_other_is_kept_with_who_agreed(session: Session, two: Two) -> None:
    two.take()
    two.keep()
    _one, other = two.confirm()
    words = session.scalars(sa.select(Consent.wording).where(Consent.client_id == other.client_id)).all()
    assert any("Agreed to by Ruth Carver, who books for Carl Hall." in each for each in words)


@pytest.mark.parametrize("one_room", [False, True], ids=["two rooms", "one room"])
def test_every_time_that_is_shown_can_be_held(
    session: Session, now: datetime, two: Two, wide: Room, one_room: bool
) -> None:
    busy = two.clinic.wish(therapist_id=two.clinic.therapists[0].id)
    who = makers.client(session, now, name="Cara Lane")
    services.book(session, now, busy, TEN + 4 * HOUR, who, makers.intake(session, now), actor="desk")
    two.take(one_room=one_room)
    wishes = pair_holds.wishes_of(two.pair, two.clinic.site)
    shown = pairs.find(
        session, *wishes, TEN.date(), 1, now, one_room=one_room, ignore=pair_holds.entries_of(two.pair)
    )
    assert TEN - HOUR / 4 in {each.starts_at for each in shown}
    for each in shown:
        with session.begin_nested() as attempt:
            two.take(each.starts_at, one_room=one_room)
            assert two.held[0].starts_at == two.held[1].starts_at == each.starts_at
            attempt.rollback()
        session.expire_all()


def test_booked_twice_it_is_booked_once(session: Session, two: Two) -> None:
    two.take()
    two.keep()
    first = two.confirm()
    assert two.confirm() == first
    assert session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 2


def test_a_room_for_two_is_held_and_booked_once_for_both(session: Session, two: Two, wide: Room) -> None:
    two.take(one_room=True)
    assert two.is_whole
    free = slots.slots_at(session, two.clinic.wish(), TEN, two.now)
    assert wide.id not in {slot.room_id for slot in free}
    two.keep()
    one, other = two.confirm()
    assert one.room_id == other.room_id == wide.id
    party = parties.party_of(session, one.id)
    assert party is not None
    assert party.shared_room is not None
    assert two.is_whole


def test_another_time_gives_the_first_one_back(session: Session, two: Two, wide: Room) -> None:
    two.take(one_room=True)
    before = [each.id for each in two.held]
    two.take(TEN + HOUR / 4)
    assert [session.get_one(Hold, each).status for each in before] == [HoldStatus.RELEASED] * 2
    assert session.scalar(sa.select(sa.func.count()).select_from(DiaryEntry)) == 2
    assert two.is_whole


def test_the_same_time_asked_again_is_the_same_hold(two: Two) -> None:
    two.take()
    before = [each.id for each in two.held]
    two.take()
    assert [each.id for each in two.held] == before


def test_both_or_neither_and_what_was_held_stays(session: Session, now: datetime, two: Two) -> None:
    two.take()
    busy = two.clinic.wish(therapist_id=two.clinic.therapists[1].id)
    who = makers.client(session, now, name="Cara Lane")
    services.book(session, now, busy, TEN + 3 * HOUR, who, makers.intake(session, now), actor="desk")
    before = [each.id for each in two.held]
    with pytest.raises(SlotTaken):
        two.take(TEN + 3 * HOUR)
    session.expire_all()
    assert [each.id for each in two.held] == before
    assert pair_journeys.are_live(two.pair, now)
    assert two.is_whole


def test_a_lapsed_hold_of_two_is_anybodys_and_books_nothing(session: Session, two: Two, wide: Room) -> None:
    two.take(one_room=True)
    two.keep()
    later = two.now + timedelta(minutes=two.clinic.site.hold_minutes)
    with pytest.raises(HoldLapsed):
        two.confirm(later)
    assert len(slots.slots_at(session, two.clinic.wish(), TEN, later)) == 2
    services.lapse_holds(session, later)
    assert parties.tidy(session) == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(DiaryEntry)) == 0


def test_what_another_took_in_the_way_of_a_lapsed_room_is_theirs(
    session: Session, now: datetime, two: Two, wide: Room
) -> None:
    """The entry of the room is struck for whoever wants it, as the two holds are."""
    two.take(one_room=True)
    later = now + timedelta(minutes=two.clinic.site.hold_minutes)
    others = two_of(session, later, two.clinic, token="other")
    others.take(one_room=True)
    assert {each.room_id for each in others.held} == {wide.id}
    assert two.pair.entry_id is None or session.get(DiaryEntry, two.pair.entry_id) is None


# --- each by their own answers -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ({"now_signs": ["chest_pain"]}, NotCleared),
        ({"cancer_history": "now"}, NotCleared),
    ],
)
def test_answers_of_the_second_that_stop_are_minded(
    session: Session, now: datetime, clinic: Clinic, answers: dict[str, Any], refusal: type[Exception]
) -> None:
    two = two_of(session, now, clinic, answers)
    with pytest.raises((refusal, Stale)):
        two.take()
    assert session.scalars(sa.select(Hold)).all() == []


def limit_second(session: Session, two: Two, clinic: Clinic) -> None:
    """What the second chose is not to be had any more by their answers: deep work for light hands."""
    _first, second = pair_journeys.both(two.pair)
    second.intake = makers.intake(session, two.now, {"blood": ["blood_thinner"]})
    second.option = clinic.deep
    session.flush()
    assert second.intake is not None
    with pytest.raises(Excluded):
        screening.check_allowed(second.intake, clinic.deep, TEN.date())


def test_a_session_that_the_seconds_answers_exclude_is_not_held(
    session: Session, two: Two, clinic: Clinic
) -> None:
    limit_second(session, two, clinic)
    with pytest.raises(Excluded):
        two.take()
    assert session.scalars(sa.select(Hold)).all() == []


def test_a_session_that_they_exclude_meanwhile_is_not_booked(
    session: Session, two: Two, clinic: Clinic
) -> None:
    two.take()
    two.keep()
    _first, second = pair_journeys.both(two.pair)
    two.held[1].intake_id = makers.intake(session, two.now, {"blood": ["blood_thinner"]}).id
    two.held[1].option_id = clinic.deep.id
    second.option = clinic.deep
    session.flush()
    session.expire(two.held[1])
    with pytest.raises(Excluded):
        two.confirm()


def test_what_is_chosen_and_not_to_be_had_is_refused_at_the_choice(
    session: Session, two: Two, clinic: Clinic
) -> None:
    limit_second(session, two, clinic)
    _first, second = pair_journeys.both(two.pair)
    with pytest.raises(Excluded):
        journeys.choose_option(session, two.now, second.id, clinic.deep.id)


def test_the_limits_of_either_therapists_hands_are_kept(session: Session, now: datetime, two: Two) -> None:
    for each in two.clinic.therapists:
        each.most_hands_on_minutes_a_day = 60
    who = makers.client(session, now, name="Cara Lane")
    early = two.clinic.wish(therapist_id=two.clinic.therapists[0].id)
    services.book(session, now, early, TEN + 4 * HOUR, who, makers.intake(session, now), actor="desk")
    with pytest.raises(SlotTaken):
        two.take()


# --- the limits of web holds -------------------------------------------------------------------------


def test_a_pair_counts_as_two_and_is_one_open_hold_of_a_visitor(
    session: Session, now: datetime, two: Two
) -> None:
    two.take()
    assert {each.visitor_digest for each in two.held} == {"browser"}
    alone = services.hold(
        session, now, two.clinic.wish(), TEN + 3 * HOUR, makers.intake(session, now), source=HERE
    )
    assert [each.status for each in two.held] == [HoldStatus.RELEASED] * 2
    assert alone.status is HoldStatus.OPEN


def test_an_address_with_room_for_one_hold_has_none_for_two(
    session: Session, now: datetime, two: Two
) -> None:
    tight = Source(visitor="another", address="network", most_open=1)
    with pytest.raises(TooMany):
        two.take(source=tight)
    services.hold(session, now, two.clinic.wish(), TEN, makers.intake(session, now), source=tight)


def test_where_the_day_holds_enough_a_time_is_chosen_and_booked_all_the_same(
    session: Session, now: datetime, two: Two, wide: Room
) -> None:
    for number in range(6):
        services.hold(
            session,
            now,
            two.clinic.wish(),
            TEN + timedelta(minutes=150 + 75 * (number // 2)),
            makers.intake(session, now),
            source=Source(visitor=f"visitor {number}", address=f"address {number}"),
        )
    two.take(one_room=True)
    assert [each.entry_id for each in two.held] == [None, None]
    assert two.pair.entry_id is None
    two.keep()
    one, other = two.confirm()
    assert one.room_id == other.room_id == wide.id
    assert two.is_whole


# --- turns -------------------------------------------------------------------------------------------


def test_taking_the_screen_gives_the_held_time_back(session: Session, two: Two, wide: Room) -> None:
    two.take(one_room=True)
    pair_journeys.give_turn(session, two.now, two.pair.id, Turn.FIRST)
    assert pair_journeys.holds_of(two.pair) is None
    assert session.scalar(sa.select(sa.func.count()).select_from(DiaryEntry)) == 0


def test_who_gives_the_screen_back_without_being_ready_leaves_the_choice(
    session: Session, now: datetime, clinic: Clinic
) -> None:
    two = two_of(session, now, clinic, {"now_signs": ["chest_pain"]})
    assert next_step(pair_journeys.state_of(two.pair)) is PairStep.ONLY_ONE
    second = two.pair.second_id
    alone = pair_journeys.go_alone(session, now, two.pair.id, Turn.FIRST, "a new token")
    assert alone.option_id == clinic.swedish.id
    assert pair_journeys.find(session, now, "a new token") is None
    assert session.get(Journey, second) is None
    assert journeys.find(session, now, "a new token") == alone


def test_the_second_goes_on_alone_where_the_first_may_not(session: Session, now: datetime, two: Two) -> None:
    second = two.pair.second_id
    alone = pair_journeys.go_alone(session, now, two.pair.id, Turn.SECOND, "a new token")
    assert alone.id == second
    assert session.scalars(sa.select(Journey.id)).all() == [second]


def test_who_is_stopped_does_not_go_on_alone(session: Session, now: datetime, clinic: Clinic) -> None:
    two = two_of(session, now, clinic, {"now_signs": ["chest_pain"]})
    with pytest.raises(Stale):
        pair_journeys.go_alone(session, now, two.pair.id, Turn.SECOND, "a new token")


def test_two_of_one_name_are_asked_who_comes_too(session: Session, now: datetime, clinic: Clinic) -> None:
    first = way(session, now, "one", clinic.swedish.id)
    with pytest.raises(BadInput):
        pair_journeys.begin(session, now, first.id, Names("Ruth Carver", "ruth  carver"))


def test_a_child_who_comes_too_has_the_one_who_books_as_guardian(
    session: Session, now: datetime, clinic: Clinic
) -> None:
    two = two_of(session, now, clinic, {"age_years": 17, "guardian_ok": "attend"})
    assert pair_journeys.is_child(two.pair.second)
    two.take()
    child = Details("Carl Hall", RUTH.email, RUTH.phone, True, booked_by="Ruth Carver", is_child=True)
    two.keep(second=child)
    one, other = two.confirm()
    guardian = household.guardian_of(session, other.client)
    assert guardian is not None
    assert guardian.id == one.client_id
    assert session.scalar(sa.select(sa.func.count()).select_from(Client)) == 2


def test_an_old_way_of_two_is_swept_with_all_it_held(session: Session, two: Two, wide: Room) -> None:
    two.take(one_room=True)
    later = two.now + LIFETIME
    chores.run(session, later)
    assert session.scalars(sa.select(JourneyPair)).all() == []
    assert session.scalars(sa.select(Journey)).all() == []
    chores.run(session, later)
    assert diary_check.look(session, later) == []


def test_once_booked_nothing_of_it_is_given_back_by_leaving(session: Session, two: Two) -> None:
    two.take()
    two.keep()
    one, other = two.confirm()
    pair_journeys.leave(session, two.now, two.pair.id)
    assert [one.status, other.status] == [Status.BOOKED] * 2
    assert two.is_whole


def test_once_booked_no_other_time_is_held(session: Session, two: Two) -> None:
    """In another tab, or by going back: what is booked is moved, and not booked beside."""
    two.take()
    two.keep()
    booked = two.confirm()
    with pytest.raises(Stale):
        two.take(TEN + 3 * HOUR)
    assert [each.status for each in session.scalars(sa.select(Hold))] == [HoldStatus.CONFIRMED] * 2
    assert two.confirm() == booked
