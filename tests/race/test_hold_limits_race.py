"""One visitor and one address holding with everybody at once: the gate lets them by one after the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking import hold_limits, services
from clinic.booking.hold_limits import Source
from clinic.booking.models import Hold
from clinic.booking.statuses import HoldStatus
from clinic.db import transaction
from clinic.kernel.errors import TooMany
from tests import makers
from tests.race.crowd import at_once, faults_of_diary

pytestmark = [pytest.mark.database, pytest.mark.race]
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TABS = 8


@pytest.fixture
def clinic(engine: Engine) -> makers.Clinic:
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        return makers.clinic(session)


def _holds(
    engine: Engine, clinic: makers.Clinic, now: datetime, who: Callable[[int], Source]
) -> list[object]:
    """What tabs were answered that each held another day at the same instant."""

    def act(index: int) -> int:
        with Session(engine) as session, transaction(session):
            intake = makers.intake(session, now)
            at = TEN + index * DAY
            return services.hold(session, now, clinic.wish(), at, intake, source=who(index)).id

    return list(at_once(TABS, act))


def _open(engine: Engine) -> int:
    with Session(engine) as session:
        wanted = sa.select(sa.func.count()).select_from(Hold).where(Hold.status == HoldStatus.OPEN)
        return session.scalar(wanted) or 0


def test_the_tabs_of_one_visitor_end_with_one_open_hold(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    answers = _holds(engine, clinic, now, lambda _tab: Source("visitor", "address"))
    assert all(isinstance(answer, int) for answer in answers), answers
    assert _open(engine) == 1
    assert faults_of_diary(engine) == []


def test_of_many_browsers_at_one_address_six_hold(
    engine: Engine, clinic: makers.Clinic, now: datetime
) -> None:
    answers = _holds(engine, clinic, now, lambda tab: Source(f"visitor {tab}", "address"))
    assert sum(isinstance(answer, TooMany) for answer in answers) == TABS - 6
    assert _open(engine) == 6
    assert faults_of_diary(engine) == []


def test_without_the_gate_both_limits_are_overrun(
    engine: Engine, clinic: makers.Clinic, now: datetime, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """The race is real: what follows counts first and writes later."""
    if backend == "sqlite":
        pytest.skip("SQLite has one writer at a time: its gate is the transaction")
    monkeypatch.setattr(hold_limits, "take_turns", lambda *_names: None)
    _holds(engine, clinic, now, lambda _tab: Source("visitor", "address"))
    assert _open(engine) > 1
