"""A storm: processes of clerks at work on one database, killed and cut off at random; its history."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment, AppointmentEvent, Hold
from clinic.catalog.models import OfferingOption
from clinic.db import transaction
from clinic.notify.models import OutboxMessage
from clinic.roster.models import DiaryEntry, DiarySpan, SlotClaim, TimeOff
from tests import makers
from tests.race import clerks, history
from tests.race.clerks import EPOCH, LAPSE, MICROSECOND, Clerk, Orders, minute
from tests.race.history import Afterwards, History, House

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 4
STUCK_SECONDS = 180
CLIENTS = 10


@dataclass(frozen=True)
class Weather:
    """How long it goes on: until so many operations and faults, and so many seconds, have passed."""

    operations: int
    faults: int
    seconds: float = 0
    most_seconds: float = 600
    every: float = 0.3


@dataclass(frozen=True)
class Outcome:
    """A run: its history, how often a process was killed and a connection cut, and how long it took."""

    history: History
    kills: int
    cuts: int
    stuck: int
    seconds: float

    @property
    def faults(self) -> int:
        return self.kills + self.cuts

    def figures(self) -> str:
        """What is worth telling: how much of what, in how long."""
        asked = self.history.operations
        known = sum(each.is_known for each in asked)
        faults = f"{self.kills} processes killed, {self.cuts} connections cut"
        lines = [f"{len(asked)} operations in {self.seconds:.0f} s, {known} answered, {faults}"]
        for kind, answers in sorted(history.counted(asked).items()):
            said = ", ".join(f"{answer} {number}" for answer, number in sorted(answers.items()))
            lines.append(f"  {kind}: {said}")
        return "\n".join(lines)


def prepare(engine: Engine, folder: Path, days: int = 6) -> tuple[Orders, House]:
    """A clinic with two therapists, two rooms and ten clients, and what its clerks must know."""
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        clinic = makers.clinic(session)
        now = clerks.BEGINS
        clients = [
            makers.client(session, now, f"Client {number}", email=f"c{number}@client.example")
            for number in range(CLIENTS)
        ]
        intakes = [makers.intake(session, now) for _ in clients]
        for client, intake in zip(clients, intakes, strict=True):
            intake.client_id = client.id
        session.flush()
        orders = Orders(
            url=engine.url.render_as_string(hide_password=False),
            folder=str(folder),
            number=0,
            started=time.monotonic_ns(),
            site=clinic.site.id,
            therapists=[therapist.id for therapist in clinic.therapists],
            options=[clinic.swedish.id, clinic.deep.id],
            clients=[client.id for client in clients],
            intakes=[intake.id for intake in intakes],
            first=minute(now) // 1440 * 1440 + 20 * 1440,
            days=days,
        )
        house = House(
            therapists=tuple(orders.therapists),
            rooms=tuple(room.id for room in clinic.rooms),
            sessions={each.id: _session_of(each) for each in (clinic.swedish, clinic.deep)},
        )
    return orders, house


def _session_of(option: OfferingOption) -> history.Session:
    return history.Session(
        option.minutes, option.buffer_before_minutes, option.buffer_after_minutes, option.turnover_minutes
    )


class Crew:
    """The processes of clerks. Kills only what it started itself."""

    def __init__(self, orders: Orders) -> None:
        self.orders, self.started = orders, 0
        self.working: list[int] = []
        self.stuck = 0
        self._house = subprocess.Popen(
            [sys.executable, "-m", "tests.race.clerks"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._heard()

    def _heard(self) -> str:
        assert self._house.stdout is not None
        return self._house.stdout.readline().strip()

    def _say(self, **words: Any) -> str:
        assert self._house.stdin is not None
        self._house.stdin.write(json.dumps(words) + "\n")
        self._house.stdin.flush()
        return self._heard()

    def add(self) -> None:
        self.started += 1
        self.working.append(int(self._say(**asdict(replace(self.orders, number=self.started)))))

    def kill(self, process: int) -> None:
        """SIGKILL, in the middle of whatever it does."""
        os.kill(process, signal.SIGKILL)
        self._say(gone=process)
        self.working.remove(process)

    def finish(self) -> None:
        """Lets everybody end what they are at, and waits for it; who does not end is stuck, and killed."""
        Path(self.orders.folder, "stop").touch()
        patience = threading.Timer(STUCK_SECONDS, self._give_up)
        patience.start()
        while self.working:
            self._say(gone=self.working[0])
            self.working.pop(0)
        patience.cancel()

    def _give_up(self) -> None:
        self.stuck = len(self.working)
        for process in self.working:
            os.kill(process, signal.SIGKILL)

    def close(self) -> None:
        assert self._house.stdin is not None
        assert self._house.stdout is not None
        self._house.stdin.close()
        self._house.wait(STUCK_SECONDS)
        self._house.stdout.close()


@contextmanager
def a_crew(orders: Orders) -> Iterator[Crew]:
    crew = Crew(orders)
    try:
        for _ in range(PROCESSES):
            crew.add()
        yield crew
    finally:
        crew.close()


def rage(engine: Engine, folder: Path, weather: Weather, seed: int = 1) -> Outcome:
    """Lets the clerks work while processes are killed and connections cut; gives what came of it.

    On SQLite every fault is a killed process; on PostgreSQL three of four are connections cut by the server.
    """
    orders, house = prepare(engine, folder)
    chance, kills, cuts = random.Random(seed), 0, 0
    began = time.monotonic()
    cut = _cutter(engine)
    with a_crew(orders) as crew:
        while not _is_enough(folder, weather, kills + cuts, time.monotonic() - began):
            time.sleep(weather.every * chance.uniform(0.5, 1.5))
            if kills + cuts >= weather.faults and not weather.seconds:
                continue
            if cut is not None and chance.random() < 0.75:
                cuts += cut()
            else:
                crew.kill(chance.choice(crew.working))
                crew.add()
                kills += 1
        crew.finish()
    _close_the_day(orders, engine)
    seconds = time.monotonic() - began
    return Outcome(History(house, history.read(folder), afterwards(engine)), kills, cuts, crew.stuck, seconds)


def _is_enough(folder: Path, weather: Weather, faults: int, seconds: float) -> bool:
    if seconds > weather.most_seconds:
        return True
    if faults < weather.faults or seconds < weather.seconds:
        return False
    answered = sum(path.read_bytes().count(b'"answer": "') for path in folder.glob("*.jsonl"))
    return answered >= weather.operations


def _cutter(engine: Engine) -> Callable[[], int] | None:
    """Cuts one connection of those at work, and says how many it cut; None on SQLite, which has none."""
    if engine.dialect.name != "postgresql":
        return None
    statement = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
        " ORDER BY random() LIMIT 1"
    )

    def cut() -> int:
        with engine.connect() as connection:
            return int(connection.scalar(statement) is True)

    return cut


def _close_the_day(orders: Orders, engine: Engine) -> None:
    """What the worker does at last: strikes what has lapsed. The last operation of every history."""
    clerk = Clerk(replace(orders, number=0, started=orders.started - 10**10), engine, 0)
    clerk.ask(LAPSE, {})
    clerk.book.close()


def afterwards(engine: Engine) -> Afterwards:
    """What the database holds, as plain values."""
    with Session(engine) as session:
        holds = {
            row.id: {
                "created": stamp(row.created_at), "therapist": row.therapist_id, "room": row.room_id,
                "starts": minute(row.starts_at), "ends": minute(row.ends_at), "option": row.option_id,
                "expires": stamp(row.expires_at), "status": row.status.value,
            }
            for row in session.scalars(sa.select(Hold).order_by(Hold.id))
        }  # fmt: skip
        appointments = {
            row.id: {
                "hold": row.hold_id, "status": row.status.value, "client": row.client_id,
                "therapist": row.therapist_id, "room": row.room_id, "starts": minute(row.starts_at),
                "ends": minute(row.ends_at), "option": row.option_id, "version": row.version,
            }
            for row in session.scalars(sa.select(Appointment).order_by(Appointment.id))
        }  # fmt: skip
        absences = {
            row.id: {
                "therapist": row.therapist_id, "starts": minute(row.starts_at), "ends": minute(row.ends_at),
                "reason": row.reason, "cancelled": row.cancelled_at and stamp(row.cancelled_at),
            }
            for row in session.scalars(sa.select(TimeOff).order_by(TimeOff.id))
        }  # fmt: skip
        return Afterwards(
            holds,
            appointments,
            absences,
            events=_rows(
                session, AppointmentEvent.appointment_id, AppointmentEvent.actor, AppointmentEvent.kind,
                order=AppointmentEvent.id,
            ),
            claims=_rows(session, *_columns(SlotClaim, "kind", "owner_id", "tick", "entry_id")),
            spans=_rows(
                session, *_columns(DiarySpan, "kind", "owner_id", "from_tick", "to_tick", "entry_id")
            ),
            entries=frozenset(session.scalars(sa.select(DiaryEntry.id))),
            mails=_mails(session),
        )  # fmt: skip


def stamp(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _columns(table: Any, *names: str) -> list[Any]:
    return [getattr(table, name) for name in names]


def _rows(session: Session, *columns: Any, order: Any = None) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) for row in session.execute(sa.select(*columns).order_by(order)))


def _mails(session: Session) -> dict[int, int]:
    owed: dict[int, int] = {}
    for key in session.scalars(sa.select(OutboxMessage.key)):
        if key.startswith("series:"):
            continue
        appointment = int(key.split(":")[1])
        owed[appointment] = owed.get(appointment, 0) + 1
    return owed
