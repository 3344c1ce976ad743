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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking.models import (
    Appointment,
    AppointmentEvent,
    Hold,
    JourneyPair,
    Party,
    PartyMember,
    Series,
    SeriesPart,
)
from clinic.catalog.models import OfferingOption
from clinic.db import transaction
from clinic.intake.models import Decision, DecisionKind, Intake
from clinic.notify.models import OutboxMessage
from clinic.roster.models import DiaryEntry, DiarySpan, SlotClaim, TimeOff
from tests import makers
from tests.race import clerks, history
from tests.race.clerks import EPOCH, MICROSECOND, Clerk, Orders, minute
from tests.race.history import Afterwards, History, House, Operation
from tests.race.work import LAPSE

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 4
STUCK_SECONDS = 180
RULINGS = (DecisionKind.ASKED, DecisionKind.ALLOWED, DecisionKind.REFUSED, DecisionKind.ENDED)
CLIENTS = 10
AHEAD = 50  # days: so far that even a night's run, whose clock runs fast, does not reach the first day
KEPT_HOURS = 1
TALK_MINUTES = 15


@dataclass(frozen=True)
class Weather:
    """How long it goes on: until so many operations and faults, and so many seconds, have passed."""

    operations: int
    faults: int
    seconds: float = 0
    most_seconds: float = 600
    every: float = 0.24


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
        again = sum("again" in each.facts for each in asked)
        faults = f"{self.kills} processes killed, {self.cuts} connections cut, {again} asked once more"
        lines = [f"{len(asked)} operations in {self.seconds:.0f} s, {known} answered, {faults}"]
        for kind, answers in sorted(history.counted(asked).items()):
            said = ", ".join(f"{answer} {number}" for answer, number in sorted(answers.items()))
            lines.append(f"  {kind}: {said}")
        return "\n".join(lines)


def prepare(engine: Engine, folder: Path, days: int = 8) -> tuple[Orders, House]:
    """A clinic of two therapists, two rooms (one for two) and ten clients, and what its clerks must know."""
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        clinic = makers.clinic(
            session, hold_minutes=20, provisional_hours=KEPT_HOURS, horizon_days=AHEAD + days + 60,
            talk_minutes=TALK_MINUTES,
        )  # fmt: skip
        clinic.rooms[1].places = 2
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
            first=minute(now) // 1440 * 1440 + AHEAD * 1440,
            days=days,
        )
        house = House(
            therapists=tuple(orders.therapists),
            rooms=tuple(room.id for room in clinic.rooms),
            sessions={each.id: _session_of(each) for each in (clinic.swedish, clinic.deep)},
            too_deep=frozenset({clinic.deep.id}),
            kept_minutes=KEPT_HOURS * 60,
            wide=frozenset({clinic.rooms[1].id}),
            talk_minutes=TALK_MINUTES,
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
            [sys.executable, "-m", "tests.race.shift"],
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
    asked = history.read(folder)
    return Outcome(History(house, asked, afterwards(engine, asked)), kills, cuts, crew.stuck, seconds)


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


def afterwards(engine: Engine, asked: Sequence[Operation]) -> Afterwards:
    """What the database holds, as plain values. What the system did is put down to who `asked` just then."""
    by_now = {each.now: each.id for each in asked}
    with Session(engine) as session:
        holds = {
            row.id: {
                "created": stamp(row.created_at), "therapist": row.therapist_id, "room": row.room_id,
                "starts": minute(row.starts_at), "ends": minute(row.ends_at), "option": row.option_id,
                "expires": stamp(row.expires_at), "status": row.status.value, "intake": row.intake_id,
            }
            for row in session.scalars(sa.select(Hold).order_by(Hold.id))
        }  # fmt: skip
        appointments = {
            row.id: {
                "hold": row.hold_id, "status": row.status.value, "client": row.client_id,
                "therapist": row.therapist_id, "room": row.room_id, "starts": minute(row.starts_at),
                "ends": minute(row.ends_at), "option": row.option_id, "version": row.version,
                "intake": row.intake_id,
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
            **_ledgers(session, by_now, appointments),
            claims=_rows(session, *_columns(SlotClaim, "kind", "owner_id", "tick", "entry_id")),
            spans=_rows(
                session, *_columns(DiarySpan, "kind", "owner_id", "from_tick", "to_tick", "entry_id")
            ),
            entries=frozenset(session.scalars(sa.select(DiaryEntry.id))),
            mails=_mails(session),
        )  # fmt: skip


def _ledgers(
    session: Session, by_now: Mapping[int, str], appointments: Mapping[int, Mapping[str, Any]]
) -> dict[str, Any]:
    """What the two ledgers tell: of appointments, and of the decisions about answers."""

    def by(at: datetime, actor: str) -> str:
        return by_now.get(stamp(at), actor)

    of_one = sa.select(AppointmentEvent).where(AppointmentEvent.kind != "together")
    lines = session.scalars(of_one.order_by(AppointmentEvent.id)).all()
    moved_to, starts = {}, {number: row["starts"] for number, row in appointments.items()}
    for line in reversed(lines):
        if line.kind == "moved":
            moved_to[line.appointment_id, by(line.at, line.actor)] = starts[line.appointment_id]
            was = datetime.strptime(line.detail, "from %A %d %B %Y at %H:%M").replace(tzinfo=UTC)
            starts[line.appointment_id] = minute(was)
    rulings = sa.select(Decision).where(Decision.kind.in_(RULINGS)).order_by(Decision.id)
    parts = sa.select(SeriesPart.appointment_id, SeriesPart.series_id, Series.created_at, Series.actor)
    return {
        "events": tuple((line.appointment_id, by(line.at, line.actor), line.kind) for line in lines),
        "moved_to": moved_to,
        "rulings": tuple(
            (each.intake_id, by(each.at, each.actor), each.kind.value) for each in session.scalars(rulings)
        ),
        "intakes": {
            number: stamp(at) for number, at in session.execute(sa.select(Intake.id, Intake.created_at))
        },
        "series": {
            number: (series, by(at, actor))
            for number, series, at, actor in session.execute(parts.join(Series))
        },
        "parties": _parties(session),
        "parties_by": {
            number: by(at, "nobody") for number, at in session.execute(sa.select(Party.id, Party.created_at))
        },
        "pairs": {
            number: by(at, "nobody")
            for number, at in session.execute(sa.select(JourneyPair.id, JourneyPair.created_at))
        },
    }


def _parties(session: Session) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = dict.fromkeys(session.scalars(sa.select(Party.id)), ())
    members = sa.select(PartyMember.party_id, PartyMember.appointment_id)
    for party, appointment in session.execute(members.order_by(PartyMember.appointment_id)):
        found[party] += (appointment,)
    return found


def stamp(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _columns(table: Any, *names: str) -> list[Any]:
    return [getattr(table, name) for name in names]


def _rows(session: Session, *columns: Any, order: Any = None) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) for row in session.execute(sa.select(*columns).order_by(order)))


def _mails(session: Session) -> dict[int, int]:
    """How many mails are owed for each appointment; those of a series, a request or a companion are not."""
    owed: dict[int, int] = {}
    for key in session.scalars(sa.select(OutboxMessage.key)):
        if key.startswith(("series:", "clearance_", "companion:")):
            continue
        appointment = int(key.split(":")[1])
        owed[appointment] = owed.get(appointment, 0) + 1
    return owed
