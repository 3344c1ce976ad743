"""Holds and confirmations with everybody at once, and with the process killed in the middle."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment, Hold
from clinic.booking.statuses import HoldStatus, Status
from clinic.db import transaction
from clinic.kernel.errors import SlotTaken
from clinic.notify.models import OutboxMessage
from clinic.people.models import Client
from tests import makers
from tests.race.crowd import at_once, faults_of_diary

pytestmark = [pytest.mark.database, pytest.mark.race]
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CROWD = 50
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clinic(engine: Engine) -> makers.Clinic:
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        return makers.clinic(session)


def test_of_fifty_holds_on_one_slot_one_stands(engine: Engine, clinic: makers.Clinic, now: datetime) -> None:
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)

    def act(_index: int) -> int:
        with Session(engine) as session, transaction(session):
            intake = makers.intake(session, now)
            return services.hold(session, now, wish, TEN, intake).id

    answers = at_once(CROWD, act)
    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert sum(isinstance(answer, SlotTaken) for answer in answers) == CROWD - 1
    assert faults_of_diary(engine) == []


def test_half_overlapping_bookings_share_nothing(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    starts = [TEN + timedelta(minutes=15 * (index % 12)) for index in range(CROWD)]

    def act(index: int) -> Appointment:
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            client = makers.client(session, now, name=f"Client {index}")
            return services.book(
                session, now, wish, starts[index], client, makers.intake(session, now), actor="test"
            )

    answers = at_once(CROWD, act)
    made = sorted(answer.starts_at for answer in answers if isinstance(answer, Appointment))
    assert made
    assert all(later - earlier >= timedelta(minutes=75) for earlier, later in itertools.pairwise(made))
    assert all(isinstance(answer, Appointment | SlotTaken) for answer in answers)
    assert faults_of_diary(engine) == []


def test_one_hold_confirmed_by_sixteen_is_one_appointment(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        held = services.hold(session, now, clinic.wish(), TEN, makers.intake(session, now))
        client = makers.client(session, now)

    def act(_index: int) -> str:
        with Session(engine) as session, transaction(session):
            who = session.get_one(Client, client.id)
            return services.confirm(session, now, held.id, who, actor="client").reference

    answers = at_once(16, act)
    assert len(set(answers)) == 1
    assert isinstance(answers[0], str)
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Appointment)) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == 1


def test_a_hold_is_confirmed_or_taken_over_never_both(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    """At the very instant a hold lapses, its owner confirms and another wants the slot."""
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    for day in range(6):
        at = TEN + timedelta(days=day)
        with Session(engine, expire_on_commit=False) as session, transaction(session):
            held = services.hold(session, now, wish, at, makers.intake(session, now))
            client = makers.client(session, now, name=f"Client {day}")

        def act(index: int, held: Hold = held, client: Client = client, at: datetime = at) -> object:
            over = held.expires_at
            with Session(engine) as session, transaction(session):
                if index % 2:
                    return services.hold(session, over, wish, at, makers.intake(session, now)).id
                who = session.get_one(Client, client.id)
                return services.confirm(session, over - SECOND, held.id, who, actor="client").reference

        answers = at_once(8, act)
        assert {type(a) for a in answers if not isinstance(a, Exception)} <= {int, str}
        winners = {a for a in answers if not isinstance(a, Exception)}
        assert len(winners) == 1, answers
    assert faults_of_diary(engine) == []


BOOKER = """
import sys
from datetime import timedelta
from sqlalchemy.orm import Session
from clinic.booking import services
from clinic.booking.slots import Wish
from clinic.db import key_ring, make_engine, transaction
from clinic.kernel.errors import Refusal
from tests import makers
from tests.conftest import FIELD_KEY, NOW
from tests.race.test_booking_race import TEN

key_ring.load([("test", FIELD_KEY)])
engine = make_engine(sys.argv[1])
site_id, option_id, me = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
wish = Wish(site_id=site_id, option_id=option_id)
print("ready", flush=True)
for number in range(2000):
    at = TEN + timedelta(days=number % 40, minutes=15 * ((number * 7 + me) % 24))
    try:
        with Session(engine) as session, transaction(session):
            held = services.hold(session, NOW, wish, at, makers.intake(session, NOW))
            hold_id = held.id
        with Session(engine) as session, transaction(session):
            client = makers.client(session, NOW, name=f"Client {me} {number}")
            made = services.confirm(session, NOW, hold_id, client, actor="client")
            reference, appointment_id = made.reference, made.id
        print("booked", reference, flush=True)
        if number % 5 == 0:
            with Session(engine) as session, transaction(session):
                services.cancel(session, NOW, appointment_id, actor="test")
            print("cancelled", reference, flush=True)
    except Refusal:
        pass
"""


def test_killed_in_the_middle_nothing_is_lost_and_no_claim_is_orphaned(
    engine: Engine, database_url: str, clinic: makers.Clinic, now: datetime
) -> None:
    booked: set[str] = set()
    cancelled: set[str] = set()
    for round_number in range(3):
        workers = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    BOOKER,
                    database_url,
                    str(clinic.site.id),
                    str(clinic.swedish.id),
                    str(me),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for me in range(round_number * 2, round_number * 2 + 2)
        ]
        for worker in workers:
            assert worker.stdout is not None
            seen = 0
            for line in worker.stdout:  # until this one has shown that it is in the thick of it
                seen += _take(line, booked, cancelled)
                if seen >= 4:
                    break
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
        for worker in workers:
            assert worker.stdout is not None
            for line in worker.stdout:
                _take(line, booked, cancelled)
            worker.wait()
            worker.stdout.close()
    assert len(booked) >= 20
    with Session(engine) as session, transaction(session):
        rows = {row.reference: row for row in session.scalars(sa.select(Appointment))}
        assert booked <= set(rows)
        live = {reference for reference, row in rows.items() if row.status is Status.BOOKED}
        assert cancelled.isdisjoint(live)
        assert all(rows[reference].entry_id for reference in live)
        services.lapse_holds(session, now + timedelta(hours=1))
        assert session.scalar(
            sa.select(sa.func.count()).select_from(Hold).where(Hold.status == HoldStatus.OPEN)
        ) == 0  # fmt: skip
    assert faults_of_diary(engine) == []


def _take(line: str, booked: set[str], cancelled: set[str]) -> int:
    word, _, reference = line.strip().partition(" ")
    if word == "booked" and reference:
        booked.add(reference)
        return 1
    if word == "cancelled" and reference:
        cancelled.add(reference)
    return 0
