"""The database: base class, column types, engine, session, and the one kind of transaction.

SQLite (the default) runs in WAL mode with foreign keys on. pysqlite's own transaction handling is
switched off and BEGIN is ours, so savepoints work; whatever may write begins IMMEDIATE, because a
reader that later wants to write cannot wait for its turn and fails with 'database is locked'.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import event
from sqlalchemy.engine import Dialect, Engine, make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import Pool
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_SECONDS = 20


class Base(DeclarativeBase):
    """All tables; constraints are named by one rule so that migrations can name them too."""

    metadata = sa.MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values, keeps UTC, gives aware values back on both databases."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class KeyRing:
    """The field-encryption keys of this process: the first writes, any of them reads."""

    def __init__(self) -> None:
        self._keys: dict[str, AESGCM] = {}
        self._newest = ""

    def load(self, keys: Sequence[tuple[str, bytes]]) -> None:
        self._keys = {name: AESGCM(key) for name, key in keys}
        self._newest = keys[0][0]

    def seal(self, text: str, context: str) -> bytes:
        """`text` encrypted: version, key id, nonce, ciphertext; bound to `context` (table.column)."""
        return self.seal_bytes(text.encode(), context)

    def open(self, sealed: bytes, context: str) -> str:
        """What `seal` was given; KeyError for an unknown key, InvalidTag if it was tampered with."""
        return self.open_bytes(sealed, context).decode()

    def seal_bytes(self, plain: bytes, context: str) -> bytes:
        """The same as `seal` for what is no text."""
        nonce = os.urandom(12)
        name = self._newest.encode()
        head = bytes([1, len(name)]) + name
        return head + nonce + self._keys[self._newest].encrypt(nonce, plain, context.encode())

    def open_bytes(self, sealed: bytes, context: str) -> bytes:
        """What `seal_bytes` was given; refuses as `open` does."""
        length = sealed[1]
        name = sealed[2 : 2 + length].decode()
        nonce, body = sealed[2 + length : 14 + length], sealed[14 + length :]
        return self._keys[name].decrypt(nonce, body, context.encode())


key_ring = KeyRing()


class EncryptedText(TypeDecorator[str]):
    """Health text, encrypted with AES-GCM; `context` names its table and column and is authenticated."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else key_ring.seal(value, self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else key_ring.open(bytes(value), self.context)


class EncryptedBytes(TypeDecorator[bytes]):
    """A file with health in it, encrypted as EncryptedText is."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else key_ring.seal_bytes(value, self.context)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return None if value is None else key_ring.open_bytes(bytes(value), self.context)


def one_of(enum: type, name: str) -> sa.Enum:
    """A column for a StrEnum, kept as its value under the named CHECK `name`."""
    return sa.Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=24,
        values_callable=lambda members: [member.value for member in members],
    )


def make_engine(url: str) -> Engine:
    """An engine on `url` with this project's settings for SQLite or PostgreSQL.

    Errors do not list the values of their statement; PostgreSQL may still quote a row in its own words, so
    the words of an error are never logged, only its kind and place.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        engine = sa.create_engine(parsed, connect_args=arguments, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        _writers[engine.pool] = _Turn()
        return engine
    return sa.create_engine(
        parsed,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=8,
        hide_parameters=True,
        connect_args={"prepare_threshold": 1},  # the same few statements again and again: planned once
    )


def reading(engine: Engine) -> Engine:
    """The engine for sessions that only read, but for what they write in a `transaction`.

    PostgreSQL at 'read committed' shows every statement what is committed then, in a transaction or not, so
    reads need none: two answers less to wait for, and the ROLLBACK that would end it would make the driver
    forget every statement it has prepared. SQLite keeps its transaction, for it shows one state throughout.
    """
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    if mode != "IMMEDIATE":
        connection.exec_driver_sql(f"BEGIN {mode}")
        return
    # Looked at every half millisecond: left to itself SQLite would sleep for up to a tenth of a second.
    raw: Any = connection.connection.driver_connection
    for _look in range(_LOOKS):
        try:
            raw.execute("PRAGMA busy_timeout=0")
            raw.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_LOOK_SECONDS)
        finally:
            raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


_LOOK_SECONDS = 0.0005
_LOOKS = 2000


@contextmanager
def transaction(session: Session) -> Iterator[Session]:
    """One writing transaction: commits at the end, rolls back on any exception.

    Whatever was read before is read again inside, so a decision never rests on an older state.
    """
    session.commit()
    session.expire_all()
    engine = session.get_bind()
    with _in_turn(engine):
        is_sqlite = engine.dialect.name == "sqlite"
        session.connection(execution_options=_WRITES_SQLITE if is_sqlite else _WRITES)
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise


_WRITES_SQLITE = {"sqlite_begin": "IMMEDIATE"}
_WRITES = {"isolation_level": "READ COMMITTED"}


class _Turn:
    """Whose turn it is, of the threads of this process, to write to SQLite.

    SQLite has one writer, and has the others sleep and look again, longer each time; a thread that waits here
    is woken as soon as it is its turn. Only for speed: what may be written is decided by SQLite's own lock.
    """

    PAUSE = 0.001

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._waiting = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Waits for the turn as long as for SQLite itself, and goes on without it then."""
        self._waiting += 1
        is_mine = self._lock.acquire(timeout=BUSY_SECONDS)
        self._waiting -= 1
        try:
            yield
        finally:
            if is_mine:
                if self._waiting > 0:  # a moment for another process, or it would wait for all of ours
                    time.sleep(self.PAUSE)
                self._lock.release()


_writers: WeakKeyDictionary[Pool, _Turn] = WeakKeyDictionary()


def _in_turn(engine: Engine | sa.Connection) -> AbstractContextManager[None]:
    turn = _writers.get(engine.pool) if isinstance(engine, Engine) else None
    return turn.taken() if turn is not None else nullcontext()
