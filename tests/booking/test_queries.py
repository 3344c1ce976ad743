"""The lists that desk, practice and client read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from clinic.booking import queries, queue, services
from clinic.booking.models import Appointment
from clinic.booking.standing import Mark, standing
from clinic.booking.statuses import Status
from tests import makers

pytestmark = pytest.mark.database

TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)


@pytest.fixture
def made(session: Session, now: datetime) -> makers.Clinic:
    return makers.clinic(session)


def book(session: Session, now: datetime, made: makers.Clinic, at: datetime, name: str) -> Appointment:
    client = makers.client(session, now, name, email=f"{name[:3].lower()}@client.example")
    intake = makers.intake(session, now)
    return services.book(session, now, made.wish(is_desk=True), at, client, intake, actor="user:1")


def statements(session: Session, read: object) -> int:
    """How many statements `read` sends."""
    seen: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    bind = session.connection()
    event.listen(bind, "before_cursor_execute", note)
    try:
        read()  # type: ignore[operator]
    finally:
        event.remove(bind, "before_cursor_execute", note)
    return len(seen)


def test_a_day_is_listed_in_order_of_time_without_what_was_cancelled(
    session: Session, now: datetime, made: makers.Clinic
) -> None:
    book(session, now, made, TEN + timedelta(hours=3), "Carl Late")
    book(session, now, made, TEN, "Anna Early")
    gone = book(session, now, made, TEN, "Bea Gone")
    services.cancel(session, now, gone.id, actor="user:1")
    found = queries.appointments_on(session, DAY, 1)
    assert [each.client for each in found] == ["Anna Early", "Carl Late"]
    assert (found[0].desk_name, found[0].minutes, found[0].room) == ("Swedish", 60, "Room 1")
    everything = queries.appointments_on(session, DAY, 1, with_gone=True)
    assert Status.CANCELLED in {each.status for each in everything}


def test_a_day_is_the_day_of_the_place(session: Session, now: datetime) -> None:
    made = makers.clinic(session, tz="Pacific/Auckland")
    morning = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)  # ten in the morning of the 24th there
    book(session, now, made, morning, "Kiri Long")
    assert [each.client for each in queries.appointments_on(session, DAY, 1)] == ["Kiri Long"]
    assert queries.appointments_on(session, date(2026, 11, 23), 1) == []


def test_lists_are_narrowed_to_a_therapist_and_to_sites(
    session: Session, now: datetime, made: makers.Clinic
) -> None:
    first = book(session, now, made, TEN, "Anna Early")
    mine = queries.appointments_on(session, DAY, 1, therapist_id=first.therapist_id)
    assert [each.id for each in mine] == [first.id]
    assert queries.appointments_on(session, DAY, 1, site_ids=[made.site.id + 1]) == []


def test_a_day_costs_one_statement_however_full_it_is(
    session: Session, now: datetime, made: makers.Clinic
) -> None:
    for hour in (-1, 0, 3, 4):
        book(session, now, made, TEN + timedelta(hours=hour), f"Client {hour + 1}")
    assert statements(session, lambda: queries.appointments_on(session, DAY, 1)) == 1


def test_a_hold_is_listed_until_it_lapses(session: Session, now: datetime, made: makers.Clinic) -> None:
    services.hold(session, now, made.wish(), TEN, makers.intake(session, now))
    (held,) = queries.holds_on(session, now, DAY, 1)
    assert held.minutes_left(now + timedelta(seconds=30)) == 10
    assert queries.holds_on(session, now + timedelta(minutes=10), DAY, 1) == []


def test_a_card_names_who_did_what_and_what_to_prepare(
    session: Session, now: datetime, made: makers.Clinic
) -> None:
    user = makers.user(session, now)
    client = makers.client(session, now)
    intake = makers.intake(session, now)
    booked = services.book(
        session, now, made.wish(is_desk=True), TEN, client, intake, actor=f"user:{user.id}"
    )
    card = queries.card(session, booked.reference)
    assert card is not None
    assert (card.desk_line, card.is_ready) == ("Ready", True)
    assert [(each.actor, each.kind) for each in card.events] == [("Sam Webb", "booked")]
    assert queries.card(session, "ZZZZZZ") is None


def test_what_waits_is_counted(session: Session, now: datetime, made: makers.Clinic) -> None:
    booked = book(session, now, made, TEN, "Anna Early")
    session.execute(
        sa.update(Appointment).where(Appointment.id == booked.id).values(status=Status.PROVISIONAL)
    )
    assert queue.waiting(session, now) == queue.Waiting(0, 1, 0, 0)
    assert [each.id for each in queue.provisional_times(session, now)] == [booked.id]


@pytest.mark.parametrize(
    ("status", "minutes", "mark", "word"),
    [
        (Status.BOOKED, -1, Mark.BOOKED, ""),
        (Status.BOOKED, 0, Mark.LATE, "due now"),
        (Status.BOOKED, 10, Mark.LATE, "late 10 min"),
        (Status.BOOKED, 60, Mark.LATE, "not checked in"),
        (Status.CHECKED_IN, -5, Mark.ARRIVED, ""),
        (Status.CHECKED_IN, 5, Mark.IN_SESSION, ""),
        (Status.CHECKED_IN, 61, Mark.IN_SESSION, "session over"),
        (Status.NO_SHOW, 10, Mark.NO_SHOW, ""),
        (Status.FULFILLED, 10, Mark.DONE, ""),
    ],
)
def test_how_an_appointment_stands_follows_from_the_clock(
    status: Status, minutes: int, mark: Mark, word: str
) -> None:
    found = standing(status, TEN, TEN + timedelta(hours=1), TEN + timedelta(minutes=minutes))
    assert (found.mark, found.word) == (mark, word)
