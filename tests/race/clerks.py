"""Clerks: threads that ask the services at random and write down what they asked and what was answered."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic import undone
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.db import reading, transaction
from clinic.kernel.errors import Refusal, SlotTaken
from clinic.roster.models import DiarySpan, OwnerKind

THREADS = 4
BEGINS = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HASTE = 600  # the clinic's clock against the wall's: twenty minutes of holding pass in two seconds
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CUT = "57P01"  # the server ended this connection on an administrator's word
Args = dict[str, Any]
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

    def work(self, kinds_of_work: Mapping[Kind, float], until: Callable[[], bool]) -> None:
        """Asks one thing after another, each as often as it weighs, until told to stop."""
        kinds, weights = zip(*kinds_of_work.items(), strict=True)
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
        """As the web answers (clinic/web/once_more.py): what the database has undone is asked once more."""
        again: dict[str, Any] = {}
        while True:
            is_committing = False
            try:
                with Session(self.engine, expire_on_commit=False) as session, transaction(session):
                    facts = kind.do(self, session, now, me, args)
                    is_committing = True
                return {"answer": "ok", "facts": facts | again}
            except Refusal as refusal:
                return {"answer": type(refusal).__name__, "facts": why(refusal) | again}
            except Exception as error:
                if again or not is_undone(error, is_committing):
                    return went_wrong(error)
                again = {"again": in_words(error)}

    def clock(self, at: int) -> datetime:
        """The clinic's clock at a monotonic instant, to the second; what is left tells the askers apart."""
        seconds = (at - self.orders.started) * HASTE // 1_000_000_000
        return BEGINS + timedelta(seconds=seconds, microseconds=self.number * 1000 + self.count % 1000)

    # --- What a clerk sees before asking

    def one_of(self, query: sa.Select[Any]) -> Any:
        """One of the rows, or None."""
        rows = self.all_of(query)
        return self.chance.choice(rows) if rows else None

    def all_of(self, query: sa.Select[Any]) -> Sequence[Any]:
        with reading(self.engine).connect() as connection:
            return connection.execute(query).all()

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


def is_undone(error: Exception, is_committing: bool) -> bool:
    """Whether nothing of it is kept, beyond doubt."""
    cut_off = isinstance(error, DBAPIError) and undone.is_cut_off(error)
    return undone.is_undone(error) or (cut_off and not is_committing)


def went_wrong(error: Exception) -> dict[str, Any]:
    """What is written down of an error: nothing is known where the connection was lost."""
    if is_lost(error):
        return {"answer": None, "done": float("inf"), "facts": {"lost": True}}
    return {"answer": "error", "facts": {"said": in_words(error)}}


def in_words(error: Exception) -> str:
    """Kind, words and place of an error, in one line."""
    statement = getattr(error, "statement", None) or ""
    words = f"{type(error).__name__}: {getattr(error, 'orig', error)} at {statement}"
    return " ".join(words.split())[:900]


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


def want_nothing(_clerk: Clerk) -> dict[str, Any]:
    return {}


def fail_with(error: Exception) -> Callable[..., dict[str, Any]]:
    """So that an error met while looking stands in the history too."""

    def fail(*_args: object) -> dict[str, Any]:
        raise error

    return fail


def told(made: Appointment) -> Args:
    """What an answer says of an appointment."""
    return {
        "appointment": made.id, "hold": made.hold_id, "status": made.status.value, "version": made.version,
        "therapist": made.therapist_id, "room": made.room_id, "starts": minute(made.starts_at),
        "reference": made.reference,
    }  # fmt: skip


def told_with_room(session: Session, made: Appointment) -> Args:
    """The same, and whether the room is its own or the one that its party has for two."""
    room = sa.select(DiarySpan.owner_id).where(
        DiarySpan.entry_id == made.entry_id, DiarySpan.kind == OwnerKind.ROOM
    )
    return {**told(made), "own_room": session.scalar(room.limit(1)) is not None}


def told_each(made: Sequence[Appointment]) -> Args:
    """The same of many."""
    return {"each": {str(one.id): told(one) for one in made}}


def instant(minute: int) -> datetime:
    return EPOCH + minute * MINUTE


def minute(at: datetime) -> int:
    return (at - EPOCH) // MINUTE
