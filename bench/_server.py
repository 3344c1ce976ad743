"""A database to measure on, and the real web server before it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

import config
from bench import _app
from bench._results import ROOT
from clinic import schema
from clinic.db import key_ring, make_engine

WORKERS, THREADS = 2, 4
READY_SECONDS, STOP_SECONDS = 60, 15


@dataclass(frozen=True)
class Database:
    """A migrated, empty database: its address and an engine of our own on it."""

    name: str
    url: str
    engine: Engine


@contextlib.contextmanager
def database(name: str) -> Iterator[Database]:
    """A fresh 'sqlite' or 'postgres' database, gone afterwards."""
    with contextlib.ExitStack() as stack:
        if name == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-bench-"))
            url = f"sqlite:///{Path(folder) / 'clinic.db'}"
        else:
            url = stack.enter_context(_postgres())
        engine = make_engine(url)
        stack.callback(engine.dispose)
        schema.migrate(engine)
        _app.NOTE.create(engine)
        yield Database(name, url, engine)


@contextlib.contextmanager
def _postgres() -> Iterator[str]:
    """A database on a server as the tests start it, but one that waits for the disk as in use.

    Or on the one that DATABASE_URL_TEST names.
    """
    from tests import postgres

    server = postgres.start(is_durable=True)
    name = f"bench_{uuid.uuid4().hex[:12]}"
    admin = make_engine(server.url)
    admin = admin.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        yield make_url(admin.url).set(database=name).render_as_string(hide_password=False)
        with admin.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        admin.dispose()
        server.stop()


@dataclass(frozen=True)
class Keys:
    """Secrets for one run, the same for the server and for us."""

    secret_key: str
    field_keys: str

    @classmethod
    def fresh(cls) -> Keys:
        """New ones; ours can be used from now on."""
        made = cls(uuid.uuid4().hex, f"bench:{config.new_field_key()}")
        key_ring.load(config.read_keys(made.field_keys))
        return made


@contextlib.contextmanager
def serving(database_url: str, keys: Keys) -> Iterator[tuple[str, int]]:
    """gunicorn with two workers of four threads, as the deployment page has it; gives host and port."""
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder:
        port = _free_port()
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SECRET_KEY": keys.secret_key,
            "FIELD_KEYS": keys.field_keys,
            "DATABASE_URL": database_url,
            "CLINIC_INSTANCE": folder,
            "TRUSTED_PROXIES": "1",  # every browser comes from an address of its own, as the proxy would say
            "BASE_URL": f"http://127.0.0.1:{port}",
        }
        environment.pop("CLINIC_DEMO", None)
        log = Path(folder) / "log"
        with log.open("wb") as out:
            server = subprocess.Popen(
                [
                    sys.executable, "-m", "gunicorn", "bench._app:make_app()", f"--bind=127.0.0.1:{port}",
                    "--worker-class=gthread", f"--workers={WORKERS}", f"--threads={THREADS}",
                    "--log-level=warning", "--no-control-socket",
                ],
                cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            _await_page(f"http://127.0.0.1:{port}/", server, log)
            yield "127.0.0.1", port
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_page(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=READY_SECONDS):  # noqa: S310 (our own http address)
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    server.kill()
    raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def tidy(engine: Engine) -> None:
    """Statistics for the planner, as a database in use has them; on SQLite the log goes into the file."""
    with engine.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
