"""Columns and the one kind of transaction keep their promises on the real database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from flask import Flask
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from clinic.db import KeyRing, reading, transaction
from clinic.people.models import Client
from clinic.roster.models import DiaryEntry, EntryKind
from clinic.web import database
from tests import makers

pytestmark = pytest.mark.database


def test_a_naive_instant_is_refused(session: Session) -> None:
    session.add(DiaryEntry(kind=EntryKind.HOLD, created_at=datetime(2026, 1, 1)))  # noqa: DTZ001
    with pytest.raises(StatementError, match="without a time zone"):
        session.flush()


def test_an_instant_comes_back_aware_and_in_utc(session: Session) -> None:
    there = datetime(2026, 7, 1, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    session.add(DiaryEntry(kind=EntryKind.HOLD, created_at=there))
    session.flush()
    session.expire_all()
    kept = session.scalars(sa.select(DiaryEntry.created_at)).one()
    assert kept == there
    assert kept.tzinfo is UTC


def test_health_text_is_unreadable_in_the_database(session: Session, now: datetime) -> None:
    intake = makers.intake(session, now, {"anything_else": {"doctor_said_no": False, "text": "my left knee"}})
    raw = session.execute(sa.text("SELECT answers, restrictions FROM intake")).one()
    assert all(b"knee" not in bytes(part) and b"goal" not in bytes(part) for part in raw)
    session.expire_all()
    assert "my left knee" in intake.answers
    rules = session.execute(sa.text("SELECT rule FROM finding")).scalars().all()
    assert rules
    assert all(b"N05" not in bytes(rule) for rule in rules)


def test_equal_text_is_not_equal_when_sealed_and_belongs_to_its_column() -> None:
    ring = KeyRing()
    ring.load([("a", bytes(32))])
    first, second = ring.seal("yes", "intake.answers"), ring.seal("yes", "intake.answers")
    assert first != second
    assert ring.open(first, "intake.answers") == "yes"
    with pytest.raises(InvalidTag):
        ring.open(first, "finding.rule")


def test_an_old_key_still_reads_and_the_newest_writes() -> None:
    old, both = KeyRing(), KeyRing()
    old.load([("a", bytes(32))])
    both.load([("b", bytes(range(32))), ("a", bytes(32))])
    assert both.open(old.seal("yes", "c"), "c") == "yes"
    with pytest.raises(KeyError):
        old.open(both.seal("yes", "c"), "c")


def test_a_transaction_keeps_all_or_nothing(engine: Engine, now: datetime) -> None:
    with Session(engine) as session:
        with pytest.raises(ZeroDivisionError):
            _write_and_fail(session, now)
        assert session.scalar(sa.select(sa.func.count()).select_from(Client)) == 0
        with transaction(session):
            makers.client(session, now)
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Client)) == 1


def _write_and_fail(session: Session, now: datetime) -> None:
    with transaction(session):
        makers.client(session, now)
        raise ZeroDivisionError


def test_a_transaction_sees_what_others_did_since(engine: Engine, now: datetime) -> None:
    with Session(engine, expire_on_commit=False) as mine, Session(engine) as other:
        with transaction(mine):
            made = makers.client(mine, now)
        assert made.wants_reminders
        with transaction(other):
            other.execute(sa.update(Client).values(wants_reminders=False))
        with transaction(mine):
            assert not made.wants_reminders


def test_foreign_keys_hold(engine: Engine, now: datetime) -> None:
    with Session(engine) as session, pytest.raises(IntegrityError), transaction(session):
        session.execute(
            sa.text("INSERT INTO slot_claim (kind, owner_id, tick, entry_id) VALUES ('room', 1, 1, 999)")
        )


def test_writers_wait_for_their_turn(engine: Engine, now: datetime) -> None:
    """Forty threads that read, then write: none meets 'database is locked'."""
    faults: list[Exception] = []

    def write(number: int) -> None:
        try:
            with Session(engine) as session:
                session.scalar(sa.select(sa.func.count()).select_from(Client))
                with transaction(session):
                    makers.client(session, now, name=f"Client {number}")
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with Session(engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Client)) == 40


def test_no_error_lists_the_values_of_its_statement(session: Session) -> None:
    with pytest.raises(IntegrityError) as caught, session.begin_nested():
        session.execute(sa.insert(DiaryEntry).values(id=None, kind=EntryKind.HOLD, created_at=None))
    assert "[SQL parameters hidden" in str(caught.value)


def test_who_only_reads_leaves_no_transaction_open(engine: Engine, session: Session) -> None:
    """On PostgreSQL the end of one would make the driver forget what it has prepared."""
    with Session(reading(engine)) as reader:
        reader.scalars(sa.select(Client)).all()
        raw = reader.connection().connection.driver_connection
        assert raw is not None
        if engine.dialect.name == "postgresql":
            assert raw.info.transaction_status.name == "IDLE"
        else:
            assert raw.in_transaction, "SQLite shows one state throughout"


def test_a_transaction_of_who_else_reads_is_all_or_nothing(engine: Engine, now: datetime) -> None:
    def fail_half_way(session: Session) -> None:
        with transaction(session):
            makers.client(session, now)
            raise ZeroDivisionError

    with Session(reading(engine)) as session:
        with pytest.raises(ZeroDivisionError):
            fail_half_way(session)
        assert session.scalars(sa.select(Client)).all() == []
        with transaction(session):
            makers.client(session, now)
        assert len(session.scalars(sa.select(Client)).all()) == 1


def test_a_request_cannot_write_outside_a_transaction(app: Flask, db: Session, now: datetime) -> None:
    with app.test_request_context():
        with pytest.raises(RuntimeError, match="only in its transaction"):
            makers.client(database.session(), now)
        database.session().rollback()
        with database.transaction() as session:
            makers.client(session, now)
    assert len(db.scalars(sa.select(Client)).all()) == 1
