"""The worker's loop: a wait that ends at once, faults that end nothing, a log without people in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from clinic.cli.worker import Worker, worker_for
from clinic.db import make_engine, transaction
from config import Settings
from tests.conftest import FIELD_KEY
from tests.notify import mailing
from tests.notify.mailing import SENDER, WORDING, Box, Plain, Refusing

ROOT = Path(__file__).resolve().parent.parent.parent


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def book(engine: Engine, now: datetime) -> None:
    with Session(engine) as session, transaction(session):
        mailing.booked(session, now)


@pytest.mark.database
def test_a_round_sends_and_does_the_chores(engine: Engine, now: datetime) -> None:
    book(engine, now)
    box = Box()
    with capture_logs() as logged:
        assert Worker(engine, box, WORDING, SENDER, clock=Clock(now + timedelta(hours=1))).attempt()
    assert len(box.came) == 1
    assert "mail_sent" in [entry["event"] for entry in logged]


@pytest.mark.database
def test_a_channel_that_is_down_is_left_alone_for_a_while(engine: Engine, now: datetime) -> None:
    mailing.owe(engine, now, 3)
    clock, channel = Clock(now), Refusing(is_down=True)
    worker = Worker(engine, channel, Plain(), SENDER, clock=clock)
    worker.attempt()
    worker.attempt()
    assert len(channel.came) == 1
    clock.at += timedelta(minutes=2)
    worker.attempt()
    assert len(channel.came) == 2


def test_a_database_that_is_away_ends_nothing(tmp_path: Path, now: datetime) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    worker = Worker(engine, Box(), WORDING, SENDER, clock=Clock(now))
    with capture_logs() as logged:
        assert not worker.attempt()
    assert [(entry["event"], entry["kind"]) for entry in logged] == [("database_away", "OperationalError")]
    engine.dispose()


def in_a_deadlock(engine: Engine, worker: Worker) -> bool:
    """What an attempt says that waits for somebody who then waits for it; its own patience is the shorter."""
    said: list[bool] = []
    thread = threading.Thread(target=lambda: said.append(worker.attempt()))
    waiting = sa.text(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with engine.connect() as other, engine.connect() as watcher:
        other.exec_driver_sql("SET LOCAL deadlock_timeout = '60s'")
        other.exec_driver_sql("LOCK TABLE journey")
        thread.start()
        while watcher.scalar(waiting) is None:
            watcher.rollback()
            threading.Event().wait(0.01)
        other.exec_driver_sql("LOCK TABLE hold")
        other.rollback()
    thread.join()
    return said[0]


@pytest.mark.database
def test_a_deadlock_is_called_one_and_the_next_round_does_what_was_due(
    engine: Engine, backend: str, now: datetime
) -> None:
    if backend != "postgres":
        pytest.skip("SQLite lets one write at a time: nobody waits for each other")
    book(engine, now)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE \"{engine.url.database}\" SET deadlock_timeout = '200ms'")
        connection.commit()
    engine.dispose()
    box = Box()
    worker = Worker(engine, box, WORDING, SENDER, clock=Clock(now + timedelta(hours=1)))
    with capture_logs() as logged:
        assert not in_a_deadlock(engine, worker)
    assert [(entry["event"], entry["kind"]) for entry in logged] == [("round_undone", "DeadlockDetected")]
    assert worker.attempt()
    assert len(box.came) == 1


@pytest.mark.database
def test_a_statement_that_cannot_be_is_a_fault_not_a_database_that_is_away(
    engine: Engine, now: datetime
) -> None:
    def clock() -> datetime:
        with engine.connect() as connection:
            connection.execute(sa.text("INSERT INTO diary_entry (id, kind) VALUES (1, 'nothing of ours')"))
        return now

    with capture_logs() as logged:
        assert not Worker(engine, Box(), WORDING, SENDER, clock=clock).attempt()
    assert [entry["event"] for entry in logged] == ["worker_fault"]


def test_a_fault_is_logged_by_kind_and_place_alone(engine: Engine, now: datetime) -> None:
    def clock() -> datetime:
        raise LookupError("anna@client.example")

    with capture_logs() as logged:
        assert not Worker(engine, Box(), WORDING, SENDER, clock=clock).attempt()
    (entry,) = logged
    assert entry["kind"] == "LookupError"
    assert "anna" not in str(entry)


@pytest.mark.database
def test_once_sends_the_demo_s_mails_into_files_and_leaves(app: Flask, now: datetime, tmp_path: Path) -> None:
    engine = app.extensions["clinic.engine"]
    book(engine, now)
    settings = Settings(
        secret_key="a secret for tests only", field_keys=(("test", FIELD_KEY),), database_url="",
        instance=tmp_path, is_demo=True, smtp_url="smtp://mail.example",
    )  # fmt: skip
    made = worker_for(settings, engine, ROOT / "templates", ROOT / "clinic/static/css/email.css")
    made.clock = Clock(now)
    assert made.attempt()
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1


def test_a_clinic_without_a_mail_server_keeps_its_mails(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["clinic", "worker", "--once"])
    assert result.exit_code == 0
    assert "no_mail_server" in result.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait_at_once(number: signal.Signals, template_path: Path, tmp_path: Path) -> None:
    (tmp_path / "clinic.db").write_bytes(template_path.read_bytes())
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "clinic", "worker"],
        cwd=ROOT,
        env={**os.environ, "CLINIC_DEMO": "1", "CLINIC_INSTANCE": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert json.loads(process.stdout.readline())["event"] == "worker_started"
        process.send_signal(number)
        assert json.loads(process.stdout.readline())["event"] == "worker_stopped"
        assert process.wait(timeout=30) == 0
