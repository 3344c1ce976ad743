"""The clinic of the machine, and what its plain model foretells of single appointments.

The model is the one that histories of concurrent runs are judged by (tests/race/model.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.kernel.errors import Refusal
from tests import makers
from tests.race import history
from tests.race.history import NEVER, House
from tests.race.model import MOVABLE, STANDING, Square, State, place

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONDAY_NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WEEK = 7 * 1440
WEDNESDAY = (datetime(2026, 11, 25, tzinfo=UTC) - EPOCH) // timedelta(minutes=1)
PROVISIONAL = "provisional"


@dataclass(eq=False)
class Visit:
    """A hold, and the appointment it became, as the model has it; `intake` is undecided, yes, no, or well."""

    hold: int
    state: State
    intake_id: int
    intake: str
    clearance: int | None = None
    appointment: int | None = None


@dataclass(eq=False)
class Absence:
    number: int
    state: State


class Clinic(RuleBasedStateMachine):
    """A clinic with two therapists, two rooms and two clients, and what is foretold of it."""

    engine: Engine

    def set_up(self) -> None:
        self.connection = self.engine.connect()
        self.outer = self.connection.begin()
        self.session = Session(
            self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        self.now = MONDAY_NINE
        self.things: list[Visit | Absence] = []
        self.clinic = makers.clinic(self.session, prefers_adjacent=False)  # the first who is free gives it
        self.staff = [therapist.id for therapist in self.clinic.therapists]
        self.clients = [
            makers.client(self.session, self.now, f"Client {n}", email=f"c{n}@client.example").id
            for n in (1, 2)
        ]
        self.well = makers.intake(self.session, self.now).id
        self.option = self.clinic.swedish.id
        self.house = House(
            tuple(self.staff),
            tuple(r.id for r in self.clinic.rooms),
            {self.option: history.Session(60, 0, 15)},
        )
        self.session.flush()

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            self.outer.rollback()
            self.connection.close()

    # --- What the model says

    @property
    def minute(self) -> float:
        return (self.now - EPOCH) / timedelta(minutes=1)

    def stands(self, thing: Visit | Absence) -> bool:
        return thing.state.stage in STANDING and thing.state.expires > self.minute

    def is_blocked(self, square: Square, own: Visit | None = None) -> bool:
        kind, owner, low, high = square
        return any(
            (k, o) == (kind, owner) and a < high and low < b
            for thing in self.things
            if thing is not own and self.stands(thing)
            for k, o, a, b in thing.state.squares(self.house)
        )

    def slots(
        self, starts: int, who: int | None, client: int | None, own: Visit | None = None
    ) -> list[tuple[int, int]]:
        """Therapist and room of everybody who is free then, in the order in which they are tried."""
        if starts < self.minute or starts % 15 or not self.house.is_open(starts, starts + 75):
            return []
        found = []
        for therapist in self.staff if who is None else [who]:
            for room in self.house.rooms:
                wanted = place(self.house, self.option, starts, starts + 60, therapist, room, client)
                if not any(self.is_blocked(square, own) for square in wanted):
                    found.append((therapist, room))
                    break
        return found

    def is_too_near(self, starts: int) -> bool:
        return starts < self.minute + 24 * 60

    def kept_until(self, starts: int) -> float:
        return min(self.minute + 120 * 60, starts - 12 * 60)

    def moved(self, visit: Visit, starts: int, therapist: int | None) -> tuple[str, State]:
        """What a move would be answered, and how the appointment would stand."""
        state = visit.state
        if state.stage not in MOVABLE or not self.stands(visit):
            return "WrongState", state
        if starts % 15 or (state.stage == PROVISIONAL and self.is_too_near(starts)):
            return "NotOffered", state
        free = self.slots(starts, therapist, state.client, visit)
        if not free:
            return "SlotTaken", state
        until = min(state.expires, self.kept_until(starts)) if state.stage == PROVISIONAL else NEVER
        who, room = free[0]
        return "ok", replace(state, therapist=who, room=room, starts=starts, ends=starts + 60, expires=until)

    # --- What the services say

    def ask(self, act: Callable[[], Any]) -> tuple[str, Any]:
        """What a request would be answered: 'ok' and the result, or the name of the refusal, undone."""
        try:
            with self.session.begin_nested():
                result = act()
                self.session.flush()
        except Refusal as refusal:
            self.session.expire_all()
            return type(refusal).__name__, None
        self.session.expire_all()
        return "ok", result

    def row(self, visit: Visit) -> Appointment:
        return self.session.get_one(Appointment, visit.appointment)


def instant(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=minute)
