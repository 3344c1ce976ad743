"""dev.py says in one sentence what stands in its way, and does nothing twice."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit import setup, testing
from devkit.steps import Problem, ToolFailed, step, tool

ROOT = Path(__file__).resolve().parent.parent


def dev(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "dev.py", *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_python_too_old_is_told_in_one_sentence() -> None:
    pretend = f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path({str(ROOT / 'dev.py')!r})"
    said = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True)
    assert said.returncode == 1
    assert said.stderr.startswith("The clinic needs Python 3.11 or newer and this is Python 3.9")
    assert said.stderr.count("\n") == 1


def test_an_old_python_can_read_dev_py_far_enough_to_say_so() -> None:
    ast.parse((ROOT / "dev.py").read_text(), feature_version=(3, 4))


def test_a_taken_port_is_told_in_one_sentence(taken_port: int) -> None:
    said = dev("run", "--port", str(taken_port))
    assert said.returncode == 1
    assert said.stderr.startswith(f"dev.py: Port {taken_port} is taken by another program")
    assert said.stderr.count("\n") == 1
    assert said.stdout == ""


def test_a_port_that_is_none_is_told_in_one_sentence() -> None:
    said = dev("run", "--port", "70000")
    assert said.returncode == 1
    assert said.stderr.startswith("dev.py: ")
    assert said.stderr.count("\n") == 1


def test_an_unknown_command_names_the_four() -> None:
    said = dev("serve")
    assert said.returncode == 2
    assert all(word in said.stderr for word in ("run", "test", "check", "bench"))


def test_no_browser_is_a_failure_on_ci(tmp_path: Path) -> None:
    said = dev("test", CI="true", CHROMIUM=str(tmp_path / "absent"))
    assert said.returncode == 1
    assert said.stderr.startswith("dev.py: The browser tests did not run")
    assert "apt-get install chromium" in said.stderr


def test_a_stamp_tells_whether_a_list_has_changed(tmp_path: Path) -> None:
    needed = tmp_path / "needed.txt"
    needed.write_text("one==1\n")
    setup.write_stamp(tmp_path, runtime=setup.digest(needed))
    assert setup.read_stamp(tmp_path) == {"runtime": setup.digest(needed)}
    needed.write_text("one==2\n")
    assert setup.read_stamp(tmp_path) != {"runtime": setup.digest(needed)}


@pytest.mark.parametrize("left", ["", "{", "[]"])
def test_an_unreadable_stamp_counts_as_none(tmp_path: Path, left: str) -> None:
    (tmp_path / ".dev-stamp").write_text(left)
    assert setup.read_stamp(tmp_path) == {}


@pytest.mark.parametrize(
    "said",
    [
        "Failed to establish a new connection: [Errno 111] Connection refused",
        "npm error code EAI_AGAIN",
        "error: Failed to fetch\n  Caused by: dns error",
    ],
)
def test_no_network_is_told_in_one_sentence(said: str) -> None:
    with pytest.raises(Problem, match=r"^No network: the packages must be fetched once"):
        setup.install("the packages", [sys.executable, "-c", f"print({said!r}); raise SystemExit(1)"])


def test_a_tool_that_fails_brings_back_what_it_said() -> None:
    with pytest.raises(ToolFailed) as failed:
        tool([sys.executable, "-c", "print('why'); raise SystemExit(3)"])
    assert failed.value.output == "why\n"


def test_a_step_shows_its_words_and_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    with step("doing it"):
        pass
    assert capsys.readouterr().out == "  doing it  0.0 s\n"


def test_further_words_reach_pytest_and_markers_are_joined() -> None:
    given = ["tests/rules", "-k", "x", "-m", "race or browser"]
    assert testing.pytest_arguments(given, ["database"]) == [
        "-n",
        "2",
        "--dist",
        "loadgroup",
        "tests/rules",
        "-k",
        "x",
        "-m",
        "database and (race or browser)",
    ]
    assert testing.pytest_arguments(["-n0", "tests/web"], []) == ["-n0", "tests/web"]


def test_the_lock_file_names_no_address_and_every_digest() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')
