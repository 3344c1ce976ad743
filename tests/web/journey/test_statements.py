"""What a client waits for asks the database a fixed few things, however many work there and hold a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from clinic.booking import services, slots
from clinic.booking.hold_limits import Source
from clinic.roster.models import Room
from tests import makers
from tests.conftest import NOW
from tests.makers import Clinic
from tests.web.journey.steps import DETAILS, Walker, hidden

pytestmark = pytest.mark.database
# How many each takes at most: whoever adds one says so here. What a booking writes PostgreSQL takes together.
DAY, HOLD, CONFIRM = 3, 11, {"sqlite": 15, "postgresql": 6}


@contextmanager
def asked(app: Flask) -> Iterator[list[str]]:
    """What the app asks the database meanwhile, beginning and ending aside."""
    found: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            found.append(" ".join(statement.split()))

    engine = app.extensions["clinic.engine"]
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def way(app: Flask, clinic: Clinic, name: str) -> tuple[list[str], list[str], list[str]]:
    """The statements for a day's times, for holding one and for booking it."""
    walker = Walker(app)
    walker.to_time(clinic.swedish.id)
    with asked(app) as first:
        assert walker.get("/book/time/2026-11-24").status_code == 200
    with asked(app) as day:
        assert walker.get("/book/time/2026-11-24").status_code == 200
    assert len(first) == len(day) + 3, "hours, rooms and closures are read once"
    with asked(app) as hold:
        held = walker.post("/book/time?with=any", {"slot": "2026-11-24T10:00Z", "option": clinic.swedish.id})
    assert held.location == "/book/details"
    walker.post("/book/details", {**DETAILS, "name": name})
    number = hidden(walker.get("/book/check").text, "hold")
    with asked(app) as confirm:
        booked = walker.post("/book/check", {"hold": number})
    assert booked.location == "/book/booked"
    return day, hold, confirm


def test_a_day_a_hold_and_a_booking_cost_the_same_statements_however_large_the_clinic(
    app: Flask, clinic: Clinic, db: Session
) -> None:
    _hold_nearby(db, clinic, 1)
    small = way(app, clinic, "Ruth Carver")
    for number in range(10):
        makers.therapist(db, clinic.site, f"Therapist {number}", clinic.therapists[0].skills)
        db.add(Room(site_id=clinic.site.id, name=f"Extra {number}"))
    db.commit()
    _hold_nearby(db, clinic, 5)
    large = way(app, clinic, "Ben Hall")
    for few, many in zip(small, large, strict=True):
        assert len(many) == len(few), "\n".join(many)
    for said, most in zip(large, (DAY, HOLD, CONFIRM[db.get_bind().dialect.name]), strict=True):
        assert len(said) <= most, "\n".join(said)


def _hold_nearby(db: Session, clinic: Clinic, count: int) -> None:
    """Others hold times on the same day, from their own browsers."""
    for number in range(count):
        source = Source(f"visitor {count} {number}", f"address {count} {number}")
        free = slots.openings(db, clinic.wish(), date(2026, 11, 24), 1, NOW)[-1]
        services.hold(db, NOW, clinic.wish(), free.starts_at, makers.intake(db, NOW), source=source)
    db.commit()
