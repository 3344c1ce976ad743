"""Serves the clinic: web server and worker side by side, until one of them ends or we are told to stop."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import NoReturn

from devkit.setup import BIN, INSTANCE, digest, read_stamp, write_stamp
from devkit.steps import ROOT, Problem

CLINIC = [str(BIN / "flask"), "--app", "wsgi", "clinic"]
READY_SECONDS = 60
STOP_SECONDS = 10


def refuse_taken_port(host: str, port: int) -> None:
    """Raises Problem where another program listens there already, or the address is not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise Problem(f"Port {port} is not allowed to you: choose one above 1023 with --port.") from None
        except (OSError, OverflowError) as error:
            if getattr(error, "errno", None) in (48, 98):
                raise Problem(
                    f"Port {port} is taken by another program: stop that one, or choose another port, "
                    f"for example `python3 dev.py run --port {port + 1}`."
                ) from None
            raise Problem(f"The clinic cannot listen on {host}, port {port}: {error}.") from None


def settings_for_run(address: str) -> dict[str, str]:
    """The environment of the clinic's own programs: the demo clinic unless real settings are given."""
    environment = dict(os.environ)
    environment.setdefault("BASE_URL", address)
    if not {"SECRET_KEY", "DATABASE_URL", "CLINIC_DEMO"} & environment.keys():
        environment["CLINIC_DEMO"] = "1"
    return environment


def run(host: str, port: int) -> int:
    """Prepares the database, serves the pages and works off the outbox until it is told to stop."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    environment = settings_for_run(address)
    with ended_by_signal():
        serve(web_server(host, port, environment.get("DATABASE_URL", "")), address, environment)
    return 0


def prepare(environment: dict[str, str]) -> None:
    """Brings the database up to date; in demo mode fills it when empty and shows the sign-ins."""
    print("  preparing the database", flush=True)
    demo = ["--demo"] if environment.get("CLINIC_DEMO") == "1" else []
    if subprocess.run([*CLINIC, "prepare", *demo], cwd=ROOT, env=environment).returncode != 0:
        raise Problem("The database could not be prepared; the reason stands above.")
    write_stamp(INSTANCE, migrations=migrations_digest())


def is_prepared(environment: dict[str, str]) -> bool:
    """Whether the database of an earlier start is still there and no migration has come since.

    Then the pages may be served while `prepare` finds nothing to do: that halves the time of a start.
    """
    if "DATABASE_URL" in environment or not (INSTANCE / "clinic.db").exists():
        return False
    return read_stamp(INSTANCE).get("migrations") == migrations_digest()


def migrations_digest() -> str:
    """One digest of all migrations."""
    return digest(*sorted((ROOT / "migrations" / "versions").glob("*.py")))


def web_server(host: str, port: int, database_url: str) -> list[str]:
    """The command that serves the pages: one process on SQLite, which has one writer; else one a core."""
    on_postgres = database_url.startswith("postgres")
    workers, threads = (max(2, os.cpu_count() or 2), 4) if on_postgres else (1, 8)
    return [
        str(BIN / "gunicorn"),
        "wsgi:app",
        f"--bind={f'[{host}]' if ':' in host else host}:{port}",
        "--worker-class=gthread",
        f"--workers={workers}",
        f"--threads={threads}",
        "--log-level=warning",
        "--no-control-socket",
    ]


@contextlib.contextmanager
def ended_by_signal() -> Iterator[None]:
    """Turns the signals that end a program into KeyboardInterrupt, so that what it started ends too."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        print("\nStopped.", flush=True)
        raise SystemExit(0) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(web: Sequence[str], address: str, environment: dict[str, str]) -> NoReturn:
    """Serves until interrupted, or raises Problem when server or worker ends by itself; both end then."""
    running: list[subprocess.Popen[bytes]] = []

    def launch(command: Sequence[str]) -> None:  # in a session of its own: Ctrl-C reaches it through us
        running.append(subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True))

    try:
        if is_prepared(environment):
            launch(web)
        prepare(environment)
        if not running:
            launch(web)
        await_page(address, running[0])
        launch([*CLINIC, "worker"])
        print(f"\nThe clinic is open at {address}  (Ctrl-C stops it)", flush=True)
        while all(program.poll() is None for program in running):
            time.sleep(0.2)
        raise Problem("The clinic stopped by itself; the reason stands above.")
    finally:
        stop(running)


def await_page(address: str, web: subprocess.Popen[bytes]) -> None:
    """Returns when the first page has been served; raises Problem where that does not come."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if web.poll() is not None:
            raise Problem("The clinic did not start; the reason stands above.")
        try:
            with urllib.request.urlopen(address, timeout=READY_SECONDS):  # noqa: S310 (our own http address)
                return
        except urllib.error.HTTPError as answer:
            print(f"  the first page answers with status {answer.code}", flush=True)
            return
        except OSError:
            time.sleep(0.05)
    raise Problem(f"The clinic did not answer within {READY_SECONDS} seconds.")


def stop(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """Asks the programs to end and waits; ends those that do not."""
    for program in running:
        if program.poll() is None:
            program.terminate()
    for program in running:
        try:
            program.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
