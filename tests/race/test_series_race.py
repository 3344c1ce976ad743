"""Two series that want overlapping dates at once: one has all of them, the other nothing at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import series, services
from clinic.booking.models import Appointment, Series, SeriesPart
from clinic.booking.series import Chosen, Reach
from clinic.booking.series_dates import Every
from clinic.booking.statuses import Status
from clinic.db import transaction
from clinic.kernel.errors import SlotTaken
from clinic.notify.models import OutboxMessage
from tests import makers
from tests.race.crowd import at_once, faults_of_diary

pytestmark = [pytest.mark.database, pytest.mark.race]
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
WEEK, QUARTER = timedelta(weeks=1), timedelta(minutes=15)
CROWD = 12


@pytest.fixture
def clinic(engine: Engine) -> makers.Clinic:
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        return makers.clinic(session)


def firsts(engine: Engine, clinic: makers.Clinic, now: datetime, number: int) -> list[int]:
    """An appointment each for so many clients, at nine, one and three, before any of the dates they want."""
    made = []
    with Session(engine) as session, transaction(session):
        for index in range(number):
            client = makers.client(session, now, f"Client {index}", email=f"c{index}@client.example")
            at = TEN + timedelta(days=index // 6, hours=(-1, 3, 5)[index // 2 % 3])
            wish = clinic.wish(therapist_id=clinic.therapists[index % 2].id, is_desk=True)
            made.append(
                services.book(session, now, wish, at, client, makers.intake(session, now), actor="test").id
            )
    return made


def test_of_overlapping_series_one_stands_whole_and_the_others_leave_nothing(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    ids = firsts(engine, clinic, now, CROWD)
    wanted = clinic.therapists[0].id

    def act(index: int) -> int:
        start = TEN + 2 * WEEK + QUARTER * (index % 4)
        dates = [Chosen(start + n * WEEK, wanted) for n in range(4)]
        with Session(engine) as session, transaction(session):
            return series.book(session, now, ids[index], dates, Every.WEEK, actor="test").id

    answers = at_once(CROWD, act)
    assert sum(isinstance(answer, int) for answer in answers) == 1, answers
    assert sum(isinstance(answer, SlotTaken) for answer in answers) == CROWD - 1
    assert faults_of_diary(engine) == []
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == CROWD + 4
        assert session.scalar(sa.select(sa.func.count()).select_from(Series)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(SeriesPart)) == 5
        mails = session.scalars(sa.select(OutboxMessage.kind).where(OutboxMessage.kind != "booked")).all()
        assert mails == ["series"]


def test_series_that_cross_in_the_middle_never_stand_half(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    """Each begins where the other ends, and takes the therapists in turn."""
    ids = firsts(engine, clinic, now, CROWD)
    both = [therapist.id for therapist in clinic.therapists]

    def act(index: int) -> int:
        weeks = range(2 + index % 3, 6 + index % 3)
        dates = [Chosen(TEN + n * WEEK, both[(n + index) % 2]) for n in weeks]
        with Session(engine) as session, transaction(session):
            return series.book(session, now, ids[index], dates, Every.WEEK, actor="test").id

    answers = at_once(CROWD, act)
    stood = {answer for answer in answers if isinstance(answer, int)}
    assert stood
    assert all(isinstance(answer, int | SlotTaken) for answer in answers), answers
    assert faults_of_diary(engine) == []
    with Session(engine) as session:
        sizes = session.execute(
            sa.select(SeriesPart.series_id, sa.func.count()).group_by(SeriesPart.series_id)
        )
        assert {row.series_id: row[1] for row in sizes} == dict.fromkeys(stood, 5)


def test_the_same_series_sent_twelve_times_is_one(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    first = firsts(engine, clinic, now, 1)[0]
    dates = [Chosen(TEN + n * WEEK, clinic.therapists[0].id) for n in (2, 3)]

    def act(_index: int) -> int:
        with Session(engine) as session, transaction(session):
            return series.book(session, now, first, dates, Every.WEEK, actor="test").id

    answers = at_once(CROWD, act)
    assert len(set(answers)) == 1, answers
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 3


def test_moving_and_cancelling_a_series_at_once_leaves_no_half_of_either(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    first = firsts(engine, clinic, now, 1)[0]
    with Session(engine) as session, transaction(session):
        dates = [Chosen(TEN + n * WEEK, clinic.therapists[0].id) for n in (2, 3, 4)]
        series.book(session, now, first, dates, Every.WEEK, actor="test")
        was = session.get_one(Appointment, first).starts_at

    def act(index: int) -> str:
        with Session(engine) as session, transaction(session):
            if index % 2:
                series.cancel(session, now, first, Reach.ALL, actor="test")
                return "cancelled"
            series.move(session, now, first, was + timedelta(days=1 + index), Reach.ALL, actor="test")
            return "moved"

    at_once(6, act)
    assert faults_of_diary(engine) == []
    with Session(engine) as session:
        found = session.scalars(sa.select(Appointment).order_by(Appointment.starts_at)).all()
        assert {each.status for each in found} == {Status.CANCELLED}
        assert [each.starts_at - found[1].starts_at for each in found[1:]] == [n * WEEK for n in range(3)]
