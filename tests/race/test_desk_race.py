"""Two at the desk, or two owners, doing the same in one moment: one has it, the others are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from clinic.booking import services
from clinic.booking.models import Appointment, AppointmentEvent
from clinic.booking.statuses import Status
from clinic.db import transaction
from clinic.kernel.errors import BadInput, SlotTaken, Stale, WrongState
from clinic.people import accounts
from clinic.people.models import Role, RoleName, User, user_role
from tests import makers
from tests.race.crowd import at_once, faults_of_diary

pytestmark = [pytest.mark.database, pytest.mark.race]
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
CROWD = 12


@pytest.fixture
def clinic(engine: Engine) -> makers.Clinic:
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        return makers.clinic(session)


def booked(engine: Engine, clinic: makers.Clinic, now: datetime, day: int) -> Appointment:
    """An appointment with the first therapist at ten, so many days on."""
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        client = makers.client(session, now, f"Client {day}", email=f"client{day}@client.example")
        return services.book(
            session,
            now,
            clinic.wish(therapist_id=clinic.therapists[0].id, is_desk=True),
            TEN + timedelta(days=day),
            client,
            makers.intake(session, now),
            actor="user:1",
        )


def test_one_appointment_moved_by_many_is_moved_once(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    made = booked(engine, clinic, now, 0)

    def act(index: int) -> datetime:
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            at = TEN + timedelta(days=1 + index)
            return services.move(
                session, now, made.id, at, actor=f"user:{index}", version=made.version
            ).starts_at

    answers = at_once(CROWD, act)
    moved = [answer for answer in answers if isinstance(answer, datetime)]
    assert len(moved) == 1
    assert all(isinstance(answer, datetime | Stale | StaleDataError) for answer in answers), answers
    assert faults_of_diary(engine) == []
    with Session(engine) as session:
        stands = session.get_one(Appointment, made.id)
        assert stands.starts_at == moved[0]
        events = session.scalars(sa.select(AppointmentEvent.kind).order_by(AppointmentEvent.id)).all()
        assert events == ["booked", "moved"]


def test_many_moved_onto_one_time_leave_it_to_one(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    made = [booked(engine, clinic, now, day) for day in range(CROWD)]
    wanted = TEN + timedelta(days=CROWD, hours=4)

    def act(index: int) -> datetime:
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            each = made[index]
            return services.move(
                session, now, each.id, wanted, actor="user:1", version=each.version,
                therapist_id=clinic.therapists[0].id,
            ).starts_at  # fmt: skip

    answers = at_once(CROWD, act)
    assert sum(isinstance(answer, datetime) for answer in answers) == 1
    assert sum(isinstance(answer, SlotTaken) for answer in answers) == CROWD - 1, answers
    assert faults_of_diary(engine) == []


def test_moved_and_cancelled_at_once_is_one_of_both(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    made = booked(engine, clinic, now, 0)

    def act(index: int) -> Status:
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            if index % 2:
                return services.cancel(session, now, made.id, actor="user:1", version=made.version).status
            at = TEN + timedelta(days=1 + index)
            return services.move(session, now, made.id, at, actor="user:2", version=made.version).status

    answers = at_once(CROWD, act)
    assert sum(isinstance(answer, Status) for answer in answers) == 1
    told = (Stale, StaleDataError, WrongState)
    assert all(isinstance(answer, (Status, *told)) for answer in answers), answers
    assert faults_of_diary(engine) == []


def test_two_owners_who_demote_each_other_leave_one(engine: Engine, now: datetime) -> None:
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        owners = [
            makers.user(session, now, RoleName.OWNER, email=f"owner{number}@clinic.example")
            for number in range(4)
        ]
        makers.user(session, now, RoleName.RECEPTION)

    def act(index: int) -> int:
        other = owners[(index + 1) % len(owners)]
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            return accounts.change_account(
                session, now, other.id, name=other.name, email=other.email, roles=[RoleName.RECEPTION],
                is_active=True, actor=f"user:{owners[index].id}", version=other.version,
            ).id  # fmt: skip

    answers = at_once(len(owners), act)
    assert sum(isinstance(answer, BadInput) for answer in answers) == 1, answers
    with Session(engine) as session:
        left = session.scalar(
            sa.select(sa.func.count())
            .select_from(user_role)
            .join(Role, Role.id == user_role.c.role_id)
            .join(User, User.id == user_role.c.user_id)
            .where(Role.name == RoleName.OWNER, User.is_active)
        )
        assert left == 1
