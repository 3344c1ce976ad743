"""Two who book together, and somebody has to decide about one of them, or about both, first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions, diary_check, journeys, pair_holds, pair_journeys, parties
from clinic.booking.models import Appointment, Journey, Party
from clinic.booking.pair_journeys import Names
from clinic.booking.pair_steps import PairStep, Turn, next_step
from clinic.booking.statuses import Status
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import ClearanceStatus, Intake
from clinic.jobs import chores
from clinic.kernel.errors import NotCleared, NotOffered
from clinic.notify.models import OutboxMessage
from clinic.roster.models import Room
from tests import makers
from tests.booking.test_pair_holds import CARL, HOUR, RUTH, TEN, Two, way
from tests.makers import Clinic

pytestmark = pytest.mark.database
HELD = {"heart": ["bp_not_controlled"]}
NEARER = timedelta(hours=20)


@pytest.fixture
def clinic(session: Session) -> Clinic:
    return makers.clinic(session)


@pytest.fixture
def wide(session: Session, clinic: Clinic) -> Room:
    return makers.room_for_two(session, clinic.site)


def on_the_way(
    session: Session, now: datetime, clinic: Clinic, token: str, answers: Mapping[str, Any] | None
) -> Journey:
    """A journey with a session chosen; whose answers are held has asked, and goes on meanwhile."""
    made = way(session, now, token, None, answers)
    if answers is not None:
        assert made.intake is not None
        decisions.ask(session, now, made.intake, Contact("Somebody", "s@client.example", None), clinic.site)
        session.refresh(made.intake)
        journeys.go_on_provisionally(session, now, made.id)
    made.option_id = clinic.swedish.id
    session.flush()
    return made


def two_of(
    session: Session,
    now: datetime,
    clinic: Clinic,
    first: Mapping[str, Any] | None = None,
    second: Mapping[str, Any] | None = None,
) -> Two:
    one = on_the_way(session, now, clinic, "one", first)
    pair = pair_journeys.begin(session, now, one.id, Names("Ruth Carver", "Carl Hall"))
    pair_journeys.give_turn(session, now, pair.id, Turn.SECOND)
    pair_journeys.attach(session, now, pair.id, on_the_way(session, now, clinic, "other", second))
    pair_journeys.give_turn(session, now, pair.id, Turn.BOTH)
    return Two(session, now, clinic, pair)


@pytest.fixture
def two(session: Session, now: datetime, clinic: Clinic) -> Two:
    """Ruth may be booked; somebody has to decide about Carl."""
    return two_of(session, now, clinic, second=HELD)


def booked(two: Two, *, one_room: bool = False) -> tuple[Appointment, Appointment]:
    two.take(one_room=one_room)
    two.keep(second=CARL)
    return two.confirm()


def decide(session: Session, now: datetime, intake: Intake | None, status: ClearanceStatus) -> None:
    assert intake is not None
    assert intake.clearance is not None
    ruling = Ruling(status, "A letter came.", Signed("Dr Mehta", "Doctor", "GMC 7012345"))
    decisions.decide(session, now, intake.clearance.id, ruling, actor="user:1", power=Releaser.CLINICIAN)


def told(session: Session, kind: str) -> list[dict[str, Any]]:
    found = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == kind))
    return [json.loads(each.payload) for each in found]


def room_of(session: Session) -> int | None:
    """The entry of the room for two."""
    shared = session.scalars(sa.select(Party)).one().shared_room
    return shared.entry_id if shared is not None else None


def test_the_one_is_booked_and_the_other_kept_until_somebody_has_decided(
    session: Session, now: datetime, two: Two
) -> None:
    ruth, carl = booked(two)
    assert (ruth.status, carl.status) == (Status.BOOKED, Status.PROVISIONAL)
    assert ruth.lapses_at is None
    assert carl.lapses_at is not None
    assert carl.lapses_at > now
    assert parties.companion(session, ruth.id) == carl
    assert [mail["reference"] for mail in told(session, "provisional")] == [
        f"{carl.reference[:3]}-{carl.reference[3:]}"
    ]
    assert two.is_whole


def test_a_yes_books_the_other_too(session: Session, now: datetime, two: Two) -> None:
    ruth, carl = booked(two)
    decide(session, now, carl.intake, ClearanceStatus.ALLOWED)
    assert (ruth.status, carl.status) == (Status.BOOKED, Status.BOOKED)
    assert told(session, "companion") == []
    assert parties.companion(session, ruth.id) == carl
    assert two.is_whole


def test_a_no_leaves_the_one_free_to_come_alone_and_says_nothing_of_why(
    session: Session, now: datetime, two: Two, wide: Room
) -> None:
    ruth, carl = booked(two, one_room=True)
    decide(session, now, carl.intake, ClearanceStatus.REFUSED)
    assert (ruth.status, carl.status) == (Status.BOOKED, Status.CANCELLED)
    (mail,) = told(session, "companion")
    assert (mail["appointment_id"], mail["other"], mail["what"]) == (ruth.id, "Carl", "cancelled")
    for word in ("cleared", "decid", "answer", "request"):
        assert word not in json.dumps(mail)
    parties.tidy(session)
    assert room_of(session) is not None
    assert two.is_whole


def test_nobody_who_decides_in_time_gives_back_theirs_alone(
    session: Session, now: datetime, two: Two, wide: Room
) -> None:
    ruth, carl = booked(two, one_room=True)
    assert carl.lapses_at is not None
    chores.run(session, carl.lapses_at)
    assert (ruth.status, carl.status) == (Status.BOOKED, Status.LAPSED)
    assert [mail["appointment_id"] for mail in told(session, "companion")] == [ruth.id]
    assert room_of(session) is not None
    assert diary_check.look(session, carl.starts_at - HOUR) == []


def test_where_both_wait_both_are_kept_and_lapse_with_their_room(
    session: Session, now: datetime, clinic: Clinic, wide: Room
) -> None:
    two = two_of(session, now, clinic, first=HELD, second=HELD)
    ruth, carl = booked(two, one_room=True)
    assert (ruth.status, carl.status) == (Status.PROVISIONAL, Status.PROVISIONAL)
    assert ruth.lapses_at is not None
    assert ruth.lapses_at == carl.lapses_at
    chores.run(session, ruth.lapses_at)
    assert (ruth.status, carl.status) == (Status.LAPSED, Status.LAPSED)
    assert room_of(session) is None
    assert diary_check.look(session, ruth.starts_at - HOUR) == []


def test_where_both_wait_each_is_decided_alone(session: Session, now: datetime, clinic: Clinic) -> None:
    two = two_of(session, now, clinic, first=HELD, second=HELD)
    ruth, carl = booked(two)
    decide(session, now, ruth.intake, ClearanceStatus.REFUSED)
    (mail,) = told(session, "companion")
    assert mail["kept_until"]  # Carl's own time waits too, and the mail says so
    assert (ruth.status, carl.status) == (Status.CANCELLED, Status.PROVISIONAL)
    decide(session, now, carl.intake, ClearanceStatus.ALLOWED)
    assert carl.status is Status.BOOKED
    assert two.is_whole


def test_a_time_too_near_to_decide_before_is_not_held_for_either(
    session: Session, now: datetime, two: Two
) -> None:
    with pytest.raises(NotOffered):
        two.take(now + NEARER - (now + NEARER - TEN) % timedelta(minutes=15))
    assert pair_journeys.holds_of(two.pair) is None


def test_a_no_before_they_are_booked_leaves_the_choice_to_the_other(
    session: Session, now: datetime, two: Two
) -> None:
    two.take()
    two.keep(second=CARL)
    first, second = pair_journeys.both(two.pair)
    decide(session, now, second.intake, ClearanceStatus.REFUSED)
    with pytest.raises(NotCleared):
        two.confirm()
    pair_journeys.wait_no_more(session, now, two.pair.id)
    assert next_step(pair_journeys.state_of(two.pair)) is PairStep.ONLY_ONE
    assert pair_journeys.holds_of(two.pair) is None
    stays = pair_journeys.go_alone(session, now, two.pair.id, Turn.FIRST, "fresh")
    assert stays == first
    assert two.is_whole


def test_who_still_waits_is_not_sent_back(session: Session, now: datetime, two: Two) -> None:
    two.take()
    pair_journeys.wait_no_more(session, now, two.pair.id)
    assert pair_journeys.are_live(two.pair, now)


def test_a_yes_between_hold_and_booking_books_both(session: Session, now: datetime, two: Two) -> None:
    two.take()
    two.keep(first=RUTH, second=CARL)
    _first, second = pair_journeys.both(two.pair)
    decide(session, now, second.intake, ClearanceStatus.ALLOWED)
    assert [each.status for each in two.confirm()] == [Status.BOOKED, Status.BOOKED]


def test_who_waits_may_go_on_alone(session: Session, now: datetime, two: Two) -> None:
    stays = pair_journeys.go_alone(session, now, two.pair.id, Turn.SECOND, "fresh")
    assert stays.is_provisional
    assert journeys.state_of(stays).has_option


def test_each_hold_says_whether_it_waits(two: Two) -> None:
    two.take()
    assert [each.is_provisional for each in two.held] == [False, True]
    assert pair_holds.entries_of(two.pair)
