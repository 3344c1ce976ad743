"""Work around midnight and in the nights when the clocks change: each day shows its own hours."""

from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import board
from clinic.web.desk.day import gaps_of
from clinic.web.desk.grid import items_of
from tests import makers
from tests.conftest import NOW
from tests.web.desk.test_call import text

pytestmark = pytest.mark.database


@pytest.fixture
def night(db: Session, clinic: makers.Clinic) -> str:
    """The name of somebody who works around the clock, every day."""
    made = makers.therapist(db, clinic.site, "Nora Night", clinic.therapists[0].skills, opens=0, closes=1440)
    db.commit()
    return made.name


@pytest.mark.parametrize(
    "day", [date(2026, 11, 24), date(2026, 11, 25), date(2027, 3, 28), date(2026, 10, 25)]
)
def test_who_works_around_the_clock_is_open_every_day(db: Session, night: str, day: date) -> None:
    monday = date.fromordinal(day.toordinal() - day.weekday())
    shown = board.load(db, NOW, board.places(db), monday, 7)
    lane = next(each for each in shown.lanes if each.therapist == night)
    assert len(lane.working) == 7
    items = items_of(lane, day, (), (), gaps_of(lane, day), {}, NOW, 60)
    assert not [item for item in items if item.kind == "shut"]
    if day > NOW.date():
        assert any(lane_.therapist == night for _start, lane_, _gap in shown.gaps_on(day, 60))
        first = min(start for start, lane_, _gap in shown.gaps_on(day, 60) if lane_.therapist == night)
        assert first.hour == 0


def test_the_day_and_the_week_show_the_hours_after_midnight(desk: FlaskClient, night: str) -> None:
    day = text(desk.get("/desk/?on=2026-11-25"))
    assert "00:00" in day
    assert night in text(desk.get("/desk/week?on=2026-11-25&minutes=60"))
