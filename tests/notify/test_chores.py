"""What time alone makes untrue is put right, and nothing that somebody needs goes with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Hold, Journey
from clinic.booking.statuses import HoldStatus
from clinic.intake.models import CallBack, CallBackStatus, Finding, Intake
from clinic.jobs import chores
from clinic.people.models import Consent
from clinic.roster.models import DiaryEntry
from tests import makers

pytestmark = pytest.mark.database
LATER = timedelta(days=2, seconds=1)


def journey(session: Session, now: datetime, **changes: Any) -> Journey:
    values: dict[str, Any] = {"token_digest": "0" * 64, "expires_at": now + timedelta(hours=2)}
    made = Journey(created_at=now, **{**values, **changes})
    session.add(made)
    session.flush()
    return made


def held(session: Session, now: datetime, intake: Intake) -> Hold:
    clinic = makers.clinic(session, hold_minutes=60)
    return services.hold(session, now, clinic.wish(), now + timedelta(days=1), intake)


def test_a_lapsed_hold_gives_its_time_back(session: Session, now: datetime) -> None:
    hold = held(session, now, makers.intake(session, now))
    assert chores.run(session, now).holds == 0
    assert chores.run(session, now + timedelta(hours=1)).holds == 1
    assert hold.status is HoldStatus.LAPSED
    assert session.scalar(sa.select(sa.func.count(DiaryEntry.id))) == 0


def test_a_journey_that_ended_goes_with_what_it_held(session: Session, now: datetime) -> None:
    intake = makers.intake(session, now)
    hold = held(session, now, intake)
    journey(session, now, intake_id=intake.id, hold_id=hold.id, expires_at=now + timedelta(minutes=5))
    assert chores.sweep_journeys(session, now) == 0
    assert chores.sweep_journeys(session, now + timedelta(minutes=5)) == 1
    assert hold.status is HoldStatus.RELEASED
    assert session.scalar(sa.select(Journey.id)) is None
    assert session.scalar(sa.select(sa.func.count(DiaryEntry.id))) == 0


def test_an_appointment_outlives_the_journey_that_led_to_it(session: Session, now: datetime) -> None:
    intake = makers.intake(session, now)
    hold = held(session, now, intake)
    made = services.confirm(session, now, hold.id, makers.client(session, now), actor="test")
    journey(session, now, intake_id=intake.id, hold_id=hold.id, appointment_id=made.id)
    done = chores.run(session, now + LATER)
    assert (done.holds, done.journeys, done.intakes) == (0, 1, 0)
    assert made.entry_id is not None
    assert hold.status is HoldStatus.CONFIRMED


def test_answers_that_led_nowhere_go_after_two_days_with_their_findings(
    session: Session, now: datetime
) -> None:
    intake = makers.intake(session, now, {"bones": ["osteoporosis"]})
    hold = held(session, now, intake)
    intake_id = intake.id
    assert session.scalar(sa.select(Finding.id).where(Finding.intake_id == intake_id)) is not None
    assert chores.run(session, now + LATER - timedelta(seconds=1)).intakes == 0
    session.expire_all()
    assert chores.run(session, now + LATER).intakes == 1
    session.expire_all()
    assert session.get(Intake, intake_id) is None
    assert session.scalar(sa.select(Finding.id).where(Finding.intake_id == intake_id)) is None
    assert hold.intake_id is None
    assert session.scalar(sa.select(Consent.id).where(Consent.intake_id == intake_id)) is not None


def test_answers_on_a_way_that_goes_on_are_kept(session: Session, now: datetime) -> None:
    intake = makers.intake(session, now)
    journey(session, now, intake_id=intake.id, expires_at=now + timedelta(days=9))
    assert chores.run(session, now + LATER).intakes == 0


@pytest.mark.parametrize(("status", "swept"), [(CallBackStatus.OPEN, 0), (CallBackStatus.DONE, 1)])
def test_answers_wait_for_a_call_back_that_is_owed(
    status: CallBackStatus, swept: int, session: Session, now: datetime
) -> None:
    intake = makers.intake(session, now)
    call = CallBack(
        intake_id=intake.id, site_id=makers.site(session).id, name="Anna", phone="+442079460000",
        status=status, created_at=now,
    )  # fmt: skip
    session.add(call)
    session.flush()
    assert chores.run(session, now + LATER).intakes == swept
    session.expire_all()
    assert (call.intake_id is None) == bool(swept)


def test_chores_done_twice_do_nothing_the_second_time(session: Session, now: datetime) -> None:
    held(session, now, makers.intake(session, now))
    assert chores.run(session, now + LATER).total == 2
    assert chores.run(session, now + LATER).total == 0
