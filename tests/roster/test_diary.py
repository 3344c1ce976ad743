"""The diary refuses every second writer of a square, and only that."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from clinic.db import transaction
from clinic.kernel.errors import BadInput, HoldLapsed, SlotTaken
from clinic.roster import diary
from clinic.roster.claims import all_or_nothing
from clinic.roster.diary import Claim
from clinic.roster.models import DiaryEntry, DiarySpan, EntryKind, OwnerKind, SlotClaim

pytestmark = pytest.mark.database
HOUR = timedelta(hours=1)
FIVE = timedelta(minutes=5)


def therapist(now: datetime, start: int, end: int, owner: int = 1) -> Claim:
    """A therapist's claim from `start` to `end`, in minutes after `now`."""
    return Claim(OwnerKind.THERAPIST, owner, now + timedelta(minutes=start), now + timedelta(minutes=end))


def count(session: Session, table: type) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@pytest.mark.parametrize("kind", list(EntryKind))
@pytest.mark.parametrize(
    ("start", "end"), [(0, 60), (30, 90), (-30, 30), (15, 45), (-15, 75), (55, 60), (58, 62)]
)
def test_an_overlap_is_refused_whoever_stands_there(
    session: Session, now: datetime, kind: EntryKind, start: int, end: int
) -> None:
    diary.enter(session, kind, [therapist(now, 0, 60)], now)
    with pytest.raises(SlotTaken) as refused:
        diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, start, end)], now)
    assert refused.value.who == "therapist"


@pytest.mark.parametrize(("start", "end"), [(60, 120), (-60, 0)])
def test_touching_times_do_not_collide(session: Session, now: datetime, start: int, end: int) -> None:
    diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 60)], now)
    assert diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, start, end)], now)


def test_the_same_number_of_another_kind_is_another_owner(session: Session, now: datetime) -> None:
    for kind in OwnerKind:
        diary.enter(session, EntryKind.APPOINTMENT, [Claim(kind, 1, now, now + HOUR)], now)
    assert count(session, DiaryEntry) == 3


def test_a_refusal_leaves_nothing_and_the_transaction_usable(session: Session, now: datetime) -> None:
    diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 60)], now)
    claims, spans = count(session, SlotClaim), count(session, DiarySpan)
    room = Claim(OwnerKind.ROOM, 9, now, now + HOUR)
    with pytest.raises(SlotTaken):
        diary.enter(session, EntryKind.HOLD, [room, therapist(now, 30, 60)], now)
    assert (count(session, SlotClaim), count(session, DiarySpan)) == (claims, spans)
    diary.enter(session, EntryKind.HOLD, [room], now)


def test_striking_frees_the_time_and_twice_does_no_harm(session: Session, now: datetime) -> None:
    entry = diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 60)], now)
    diary.strike(session, entry)
    diary.strike(session, entry)
    diary.strike(session, None)
    again = diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 60)], now)
    assert again != entry, "a number is never given away twice"
    diary.strike(session, entry)
    assert count(session, SlotClaim) == 12


def test_a_lapsed_hold_frees_its_slot_and_an_open_one_does_not(session: Session, now: datetime) -> None:
    diary.enter(session, EntryKind.HOLD, [therapist(now, 0, 60)], now, expires_at=now + 2 * FIVE)
    with pytest.raises(SlotTaken):
        diary.enter(session, EntryKind.HOLD, [therapist(now, 0, 60)], now + FIVE)
    diary.enter(session, EntryKind.HOLD, [therapist(now, 30, 90)], now + 2 * FIVE)
    assert count(session, DiaryEntry) == 1


def test_a_confirmed_hold_no_longer_lapses(session: Session, now: datetime) -> None:
    entry = diary.enter(session, EntryKind.HOLD, [therapist(now, 0, 60)], now, expires_at=now + FIVE)
    diary.become_appointment(session, entry)
    with pytest.raises(HoldLapsed):
        diary.become_appointment(session, entry)
    with pytest.raises(SlotTaken):
        diary.enter(session, EntryKind.HOLD, [therapist(now, 0, 60)], now + HOUR)


def test_a_struck_hold_cannot_become_an_appointment(session: Session, now: datetime) -> None:
    entry = diary.enter(session, EntryKind.HOLD, [therapist(now, 0, 60)], now, expires_at=now + FIVE)
    diary.strike(session, entry)
    with pytest.raises(HoldLapsed):
        diary.become_appointment(session, entry)


def test_the_client_can_be_added_to_a_hold_unless_taken(session: Session, now: datetime) -> None:
    client = Claim(OwnerKind.CLIENT, 5, now, now + HOUR)
    first = diary.enter(session, EntryKind.HOLD, [therapist(now, 0, 60, owner=1)], now)
    second = diary.enter(session, EntryKind.HOLD, [therapist(now, 0, 60, owner=2)], now)
    diary.extend(session, first, [client], now)
    with pytest.raises(SlotTaken) as refused:
        diary.extend(session, second, [client], now)
    assert refused.value.who == "client"


@pytest.mark.parametrize("end", [0, -5, 60 * 24 * 400])
def test_a_span_that_ends_before_it_starts_or_never_is_refused(
    session: Session, now: datetime, end: int
) -> None:
    with pytest.raises(BadInput):
        diary.enter(session, EntryKind.TIME_OFF, [therapist(now, 0, end)], now)


spans = st.tuples(st.integers(1, 2), st.integers(0, 24), st.integers(1, 8))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(spans, max_size=12))
def test_the_database_refuses_exactly_the_overlaps(
    session: Session, now: datetime, wanted: list[tuple[int, int, int]]
) -> None:
    session.execute(sa.delete(DiaryEntry))
    taken: set[tuple[int, int]] = set()
    for owner, first, length in wanted:
        squares = {(owner, tick) for tick in range(first, first + length)}
        claim = therapist(now, first * 5, (first + length) * 5, owner)
        if squares & taken:
            with pytest.raises(SlotTaken):
                diary.enter(session, EntryKind.APPOINTMENT, [claim], now)
        else:
            diary.enter(session, EntryKind.APPOINTMENT, [claim], now)
            taken |= squares
    assert count(session, SlotClaim) == len(taken)


def test_moving_by_a_quarter_hour_does_not_collide_with_itself(session: Session, now: datetime) -> None:
    entry = diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 60)], now)
    diary.move(session, entry, [therapist(now, 15, 75)], now)
    kept = session.scalars(sa.select(SlotClaim.tick).order_by(SlotClaim.tick)).all()
    assert list(kept) == list(therapist(now, 15, 75).ticks())
    diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 15)], now)


def test_moving_onto_another_is_refused_and_changes_nothing(session: Session, now: datetime) -> None:
    entry = diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 60)], now)
    diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 60, 120)], now)
    with pytest.raises(SlotTaken):
        diary.move(session, entry, [therapist(now, 30, 90)], now)
    kept = session.scalars(sa.select(SlotClaim.tick).where(SlotClaim.entry_id == entry)).all()
    assert sorted(kept) == list(therapist(now, 0, 60).ticks())


def test_moving_to_another_therapist_frees_the_first(session: Session, now: datetime) -> None:
    entry = diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 60, owner=1)], now)
    diary.move(session, entry, [therapist(now, 0, 60, owner=2)], now)
    diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 60, owner=1)], now)
    with pytest.raises(SlotTaken):
        diary.enter(session, EntryKind.APPOINTMENT, [therapist(now, 0, 60, owner=2)], now)


def test_many_are_entered_at_one_go_in_their_order(session: Session, now: datetime) -> None:
    many = [[therapist(now, 60, 120)], [therapist(now, 0, 60)], [therapist(now, 0, 60, owner=2)]]
    entries = diary.enter_many(session, EntryKind.APPOINTMENT, many, now)
    starts = [session.scalar(sa.select(DiarySpan.from_tick).where(DiarySpan.entry_id == i)) for i in entries]
    assert starts == [claims[0].ticks().start for claims in many]
    assert count(session, SlotClaim) == 36
    assert diary.enter_many(session, EntryKind.APPOINTMENT, [], now) == []


def test_many_at_one_go_are_all_refused_for_one_that_is_taken(session: Session, now: datetime) -> None:
    diary.enter(session, EntryKind.TIME_OFF, [therapist(now, 0, 60)], now)
    with pytest.raises(SlotTaken):
        diary.enter_many(
            session, EntryKind.APPOINTMENT, [[therapist(now, 60, 120)], [therapist(now, 30, 45)]], now
        )
    assert (count(session, DiaryEntry), count(session, SlotClaim)) == (1, 12)


def test_what_takes_longer_than_a_day_is_found_on_each_of_its_days(session: Session, now: datetime) -> None:
    """The diary says it in rows of a day at most; any hour of it is found, and no hour outside."""
    entry = diary.enter(
        session, EntryKind.TIME_OFF, [Claim(OwnerKind.THERAPIST, 1, now, now + 50 * HOUR)], now
    )
    rows = session.execute(
        sa.select(DiarySpan.from_tick, DiarySpan.to_tick).where(DiarySpan.entry_id == entry)
    )
    ticks = sorted((low, high) for low, high in rows)
    assert [high - low for low, high in ticks] == [288, 288, 24]
    begins, ends = ticks[0][0], ticks[-1][1]
    for tick, is_taken in (
        (begins - 1, False),
        (begins, True),
        (begins + 300, True),
        (ends - 1, True),
        (ends, False),
    ):
        found = session.scalars(sa.select(DiarySpan.entry_id).where(DiarySpan.touches(tick, tick + 1))).all()
        assert bool(found) is is_taken, tick
    diary.redraw(session, entry)
    again = session.execute(
        sa.select(DiarySpan.from_tick, DiarySpan.to_tick).where(DiarySpan.entry_id == entry)
    )
    assert sorted((low, high) for low, high in again) == ticks


def test_a_connection_that_is_cut_as_a_savepoint_ends_is_an_error_and_nothing_more(
    engine: Engine, backend: str
) -> None:
    if backend != "postgres":
        pytest.skip("SQLite has no connection to cut")

    def cut_off(connection: sa.Connection) -> int:
        number = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        with engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:number)"), {"number": number})
        return 1

    def enter() -> None:
        with Session(engine) as session, transaction(session), session.begin_nested():
            all_or_nothing(session.connection(), cut_off)

    with pytest.raises(OperationalError):
        enter()
