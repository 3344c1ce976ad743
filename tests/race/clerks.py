"""Clerks: threads that ask the services at random and write down what they asked and what was answered.

Run as a program this file is the house they start from: it has everything imported and forks a process of
clerks for each line it reads, so that one may be killed and followed by another at no cost. It ends, and
its clerks with it, when its standard input does.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic import db
from clinic.booking import series, services
from clinic.booking.models import Appointment, AppointmentEvent, Hold
from clinic.booking.series import Chosen
from clinic.booking.series_dates import Every
from clinic.booking.slots import Wish
from clinic.booking.statuses import Status
from clinic.db import key_ring, make_engine, transaction
from clinic.intake.models import Intake
from clinic.kernel.errors import Refusal, SlotTaken
from clinic.people.models import Client
from clinic.roster import services as roster
from clinic.roster.models import TimeOff
from tests.conftest import FIELD_KEY

THREADS = 4
BEGINS = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HASTE = 300  # the clinic's clock against the wall's: ten minutes of holding pass in two seconds
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CUT = "57P01"  # the server ended this connection on an administrator's word
MICROSECOND, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Orders:
    """What a process of clerks is told: where to write, on which database, and what there is to ask for.

    `started` is the monotonic instant at which the clinic's clock stood at BEGINS; `number` is the
    process's own; `first` and `days` bound the epoch minutes that are wanted.
    """

    url: str
    folder: str
    number: int
    started: int
    site: int
    therapists: list[int]
    options: list[int]
    clients: list[int]
    intakes: list[int]
    first: int
    days: int


class Clerk:
    """One thread's clerk, with a file of its own."""

    def __init__(self, orders: Orders, engine: Engine, thread: int) -> None:
        self.orders, self.engine = orders, engine
        self.name = f"p{orders.number}.{thread}"
        self.number = (orders.number * THREADS + thread) % 1000
        self.chance = random.Random(self.name)
        self.count = 0
        path = Path(orders.folder, f"{self.name}.jsonl")
        self.book = path.open("a", buffering=1, encoding="utf-8")

    def work(self, until: Callable[[], bool]) -> None:
        """Asks one thing after another until told to stop."""
        kinds, weights = zip(*WORK.items(), strict=True)
        while not until():
            (kind,) = self.chance.choices(kinds, weights)
            try:
                args = kind.choose(self)
            except DBAPIError as error:
                if not is_lost(error):
                    self.ask(Kind("look", want_nothing, fail_with(error)), {})
                continue  # cut off while looking: nothing was asked
            if args is not None:
                self.ask(kind, args)

    def ask(self, kind: Kind, args: dict[str, Any]) -> None:
        """Writes down what is asked, asks it in one transaction, writes down what was answered."""
        self.count += 1
        me = f"{self.name}.{self.count}"
        at = time.monotonic_ns()
        now = self.clock(at)
        asked = {"id": me, "kind": kind.name, "at": at, "now": (now - EPOCH) // MICROSECOND, "args": args}
        self.book.write(json.dumps(asked) + "\n")
        answer = self._answer(kind, args, now, me)
        self.book.write(json.dumps({"done": time.monotonic_ns(), **answer}) + "\n")

    def _answer(self, kind: Kind, args: dict[str, Any], now: datetime, me: str) -> dict[str, Any]:
        try:
            with Session(self.engine, expire_on_commit=False) as session, transaction(session):
                facts = kind.do(self, session, now, me, args)
            return {"answer": "ok", "facts": facts}
        except Refusal as refusal:
            return {"answer": type(refusal).__name__, "facts": why(refusal)}
        except Exception as error:
            if is_lost(error):
                return {"answer": None, "done": float("inf"), "facts": {"lost": True}}
            statement = getattr(error, "statement", None) or ""
            said = f"{type(error).__name__}: {getattr(error, 'orig', error)} at {statement[:300]}"
            return {"answer": "error", "facts": {"said": " ".join(said.split())}}

    def clock(self, at: int) -> datetime:
        """The clinic's clock at a monotonic instant, to the second; what is left tells the askers apart."""
        seconds = (at - self.orders.started) * HASTE // 1_000_000_000
        return BEGINS + timedelta(seconds=seconds, microseconds=self.number * 1000 + self.count % 1000)

    # --- What a clerk sees before asking

    def one_of(self, query: sa.Select[Any]) -> Any:
        """One of the rows, or None."""
        with Session(self.engine) as session:
            rows = session.execute(query).all()
        return self.chance.choice(rows) if rows else None

    def a_start(self) -> int:
        """A minute somebody may want; now and then one that is never offered."""
        day = self.orders.first + 1440 * self.chance.randrange(self.orders.days)
        if self.chance.random() < 0.02:
            return day + self.chance.choice((605, 7 * 60, 12 * 60, 18 * 60))
        return day + 9 * 60 + 15 * self.chance.randrange(32)

    def an_appointment(self, *likely: Status) -> Any:
        """(number, version, status) of a recent one, as a page showed it; mostly one of `likely`."""
        table = sa.select(Appointment.id, Appointment.version, Appointment.status)
        if self.chance.random() < 0.8:
            table = table.where(Appointment.status.in_(likely))
        return self.one_of(table.order_by(Appointment.id.desc()).limit(40))

    def a_version(self, row: Any) -> int | None:
        return row.version if self.chance.random() < 0.7 else None


def why(refusal: Refusal) -> dict[str, Any]:
    """What else is known of a refusal: who stands there, and the database's error that led to it."""
    cause = refusal.__context__
    known = {"who": refusal.who} if isinstance(refusal, SlotTaken) else {}
    return known | ({"because": type(cause.orig).__name__} if isinstance(cause, DBAPIError) else {})


def is_lost(error: Exception) -> bool:
    """Whether it says no more than that the connection was cut, in use or while it was made."""
    if not isinstance(error, DBAPIError):
        return False
    by_server = isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate in (None, CUT)
    return error.connection_invalidated or by_server


@dataclass(frozen=True)
class Kind:
    """A kind of operation: what to ask for (None: nothing to ask now), and how it is asked."""

    name: str
    choose: Callable[[Clerk], dict[str, Any] | None]
    do: Callable[[Clerk, Session, datetime, str, dict[str, Any]], dict[str, Any]]


# --- What is wanted


def want_hold(clerk: Clerk) -> dict[str, Any]:
    therapist = clerk.chance.choice([None, *clerk.orders.therapists])
    client = clerk.chance.choice(clerk.orders.clients) if clerk.chance.random() < 0.3 else None
    option = clerk.chance.choice(clerk.orders.options)
    return {"starts": clerk.a_start(), "therapist": therapist, "client": client, "option": option}


def want_book(clerk: Clerk) -> dict[str, Any]:
    return {**want_hold(clerk), "client": clerk.chance.choice(clerk.orders.clients)}


def want_confirm(clerk: Clerk) -> dict[str, Any] | None:
    row = clerk.one_of(sa.select(Hold.id, Hold.client_id).order_by(Hold.id.desc()).limit(6))
    return row and {"hold": row.id, "client": row.client_id or clerk.chance.choice(clerk.orders.clients)}


def want_release(clerk: Clerk) -> dict[str, Any] | None:
    row = clerk.one_of(sa.select(Hold.id).order_by(Hold.id.desc()).limit(25))
    return row and {"hold": row.id}


def want_move(clerk: Clerk) -> dict[str, Any] | None:
    row = clerk.an_appointment(Status.BOOKED)
    therapist = clerk.chance.choice([None, *clerk.orders.therapists])
    return row and {
        "appointment": row.id, "version": clerk.a_version(row), "starts": clerk.a_start(),
        "therapist": therapist,
    }  # fmt: skip


def want_cancel(clerk: Clerk) -> dict[str, Any] | None:
    row = clerk.an_appointment(Status.BOOKED, Status.CHECKED_IN)
    return row and {"appointment": row.id, "version": clerk.a_version(row)}


def want_reactivate(clerk: Clerk) -> dict[str, Any] | None:
    row = clerk.an_appointment(Status.CANCELLED, Status.NO_SHOW)
    return row and {"appointment": row.id, "version": clerk.a_version(row)}


def want_series(clerk: Clerk) -> dict[str, Any] | None:
    columns = (Appointment.id, Appointment.client_id, Appointment.option_id, Appointment.starts_at)
    booked = sa.select(*columns).where(Appointment.status == Status.BOOKED)
    row = clerk.one_of(booked.order_by(Appointment.id.desc()).limit(20))
    if row is None:
        return None
    of_day = minute(row.starts_at) % 1440
    days = clerk.chance.sample(range(clerk.orders.days), 2)
    dates = [
        [clerk.orders.first + 1440 * day + of_day, clerk.chance.choice(clerk.orders.therapists)]
        for day in days
    ]
    return {"after": row.id, "client": row.client_id, "option": row.option_id, "dates": dates}


def want_status(clerk: Clerk) -> dict[str, Any] | None:
    row = clerk.an_appointment(Status.BOOKED, Status.CHECKED_IN, Status.FULFILLED, Status.NO_SHOW)
    wanted = clerk.chance.choice((Status.CHECKED_IN, Status.FULFILLED, Status.NO_SHOW, Status.BOOKED))
    return row and {"appointment": row.id, "version": clerk.a_version(row), "status": wanted.value}


def want_time_off(clerk: Clerk) -> dict[str, Any]:
    starts = clerk.a_start() // 5 * 5
    therapist = clerk.chance.choice(clerk.orders.therapists)
    return {"therapist": therapist, "starts": starts, "ends": starts + 5 * clerk.chance.randint(6, 30)}


def want_end_of_time_off(clerk: Clerk) -> dict[str, Any] | None:
    row = clerk.one_of(sa.select(TimeOff.id).order_by(TimeOff.id.desc()).limit(10))
    return row and {"absence": row.id}


def want_nothing(_clerk: Clerk) -> dict[str, Any]:
    return {}


# --- How it is asked


def instant(minute: int) -> datetime:
    return EPOCH + minute * MINUTE


def minute(at: datetime) -> int:
    return (at - EPOCH) // MINUTE


def told(made: Appointment) -> dict[str, Any]:
    return {
        "appointment": made.id, "hold": made.hold_id, "status": made.status.value, "version": made.version,
        "therapist": made.therapist_id, "room": made.room_id, "starts": minute(made.starts_at),
        "reference": made.reference,
    }  # fmt: skip


def wish(clerk: Clerk, args: dict[str, Any], *, is_desk: bool = False) -> Wish:
    return Wish(
        clerk.orders.site, args["option"], therapist_id=args["therapist"], client_id=args["client"],
        is_desk=is_desk,
    )  # fmt: skip


def an_intake(clerk: Clerk, session: Session) -> Intake:
    return session.get_one(Intake, clerk.chance.choice(clerk.orders.intakes))


def do_hold(clerk: Clerk, session: Session, now: datetime, _me: str, args: dict[str, Any]) -> dict[str, Any]:
    made = services.hold(session, now, wish(clerk, args), instant(args["starts"]), an_intake(clerk, session))
    return {"hold": made.id, "therapist": made.therapist_id, "room": made.room_id}


def do_book(clerk: Clerk, session: Session, now: datetime, me: str, args: dict[str, Any]) -> dict[str, Any]:
    client, intake = session.get_one(Client, args["client"]), an_intake(clerk, session)
    wanted = wish(clerk, args, is_desk=True)
    made = services.book(session, now, wanted, instant(args["starts"]), client, intake, actor=me)
    session.flush()
    return told(made)


def do_confirm(_c: Clerk, session: Session, now: datetime, me: str, args: dict[str, Any]) -> dict[str, Any]:
    client = session.get_one(Client, args["client"])
    made = services.confirm(session, now, args["hold"], client, actor=me)
    session.flush()
    return told(made) | ({} if made.created_at == now else {"version": None, "status": None})


def do_release(_c: Clerk, session: Session, _now: datetime, _me: str, args: dict[str, Any]) -> dict[str, Any]:
    services.release(session, args["hold"])
    return {}


def do_move(_c: Clerk, session: Session, now: datetime, me: str, args: dict[str, Any]) -> dict[str, Any]:
    made = services.move(
        session, now, args["appointment"], instant(args["starts"]), actor=me,
        therapist_id=args["therapist"], version=args["version"],
    )  # fmt: skip
    session.flush()
    return told(made)


def do_cancel(_c: Clerk, session: Session, now: datetime, me: str, args: dict[str, Any]) -> dict[str, Any]:
    made = services.cancel(session, now, args["appointment"], actor=me, version=args["version"])
    session.flush()
    return told(made)


def do_reactivate(
    _c: Clerk, session: Session, now: datetime, me: str, args: dict[str, Any]
) -> dict[str, Any]:
    made = services.reactivate(session, now, args["appointment"], actor=me, version=args["version"])
    session.flush()
    return told(made)


def do_status(_c: Clerk, session: Session, now: datetime, me: str, args: dict[str, Any]) -> dict[str, Any]:
    made = services.set_status(
        session, now, args["appointment"], Status(args["status"]), actor=me, version=args["version"]
    )
    session.flush()
    return told(made)


def do_series(_c: Clerk, session: Session, now: datetime, me: str, args: dict[str, Any]) -> dict[str, Any]:
    chosen = [Chosen(instant(starts), therapist) for starts, therapist in args["dates"]]
    series.book(session, now, args["after"], chosen, Every.WEEK, actor=me, is_desk=True)
    session.flush()
    new = sa.select(Appointment.id).join(AppointmentEvent, AppointmentEvent.appointment_id == Appointment.id)
    return {"made": session.scalars(new.where(AppointmentEvent.actor == me)).all()}


def do_lapse(_c: Clerk, session: Session, now: datetime, _me: str, _args: dict[str, Any]) -> dict[str, Any]:
    return {"lapsed": services.lapse_holds(session, now)}


def do_time_off(_c: Clerk, session: Session, now: datetime, me: str, args: dict[str, Any]) -> dict[str, Any]:
    made = roster.add_time_off(
        session, now, args["therapist"], instant(args["starts"]), instant(args["ends"]), reason=me
    )
    return {"absence": made.id}


def do_end_time_off(
    _c: Clerk, session: Session, now: datetime, _me: str, args: dict[str, Any]
) -> dict[str, Any]:
    roster.cancel_time_off(session, now, args["absence"])
    return {}


def fail_with(error: Exception) -> Callable[..., dict[str, Any]]:
    """So that an error met while looking stands in the history too."""

    def fail(*_args: object) -> dict[str, Any]:
        raise error

    return fail


LAPSE = Kind("lapse", want_nothing, do_lapse)

# What is done, and how often. A new kind of operation gets its line here, its rule in tests/race/model.py.
WORK: dict[Kind, float] = {
    Kind("hold", want_hold, do_hold): 22,
    Kind("confirm", want_confirm, do_confirm): 16,
    Kind("release", want_release, do_release): 5,
    Kind("book", want_book, do_book): 10,
    Kind("move", want_move, do_move): 10,
    Kind("cancel", want_cancel, do_cancel): 14,
    Kind("reactivate", want_reactivate, do_reactivate): 6,
    Kind("status", want_status, do_status): 5,
    Kind("series", want_series, do_series): 5,
    Kind("time_off", want_time_off, do_time_off): 4,
    Kind("end_time_off", want_end_of_time_off, do_end_time_off): 5,
    LAPSE: 3,
}


# --- Processes


def serve(orders: Orders) -> None:
    """One process of clerks: works until the file 'stop' appears in its folder."""
    engine = make_engine(orders.url)
    stop = Path(orders.folder, "stop")
    clerks = [Clerk(orders, engine, thread) for thread in range(THREADS)]
    threads = [threading.Thread(target=clerk.work, args=(stop.exists,)) for clerk in clerks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    key_ring.load([("test", FIELD_KEY)])
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # every refusal by the key makes it warn
    # Sixteen who write without a pause leave one waiting longer than people would; a real deadlock on SQLite
    # is told at once, however long one is ready to wait.
    db.BUSY_SECONDS = 120
    sa.orm.configure_mappers()
    children = set()
    print("ready", flush=True)
    for line in sys.stdin:
        said = json.loads(line)
        if "gone" in said:
            os.waitpid(said["gone"], 0)
            children.discard(said["gone"])
            print("gone", flush=True)
            continue
        child = os.fork()
        if child == 0:
            serve(Orders(**said))
            os._exit(0)
        children.add(child)
        print(child, flush=True)
    for child in children:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
