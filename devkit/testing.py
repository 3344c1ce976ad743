"""Runs the tests on both databases, the checks and the measurements."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from devkit.setup import BIN, PYTHON
from devkit.steps import ROOT, Problem, ToolFailed, step, tool

NO_TESTS_RAN = 5  # pytest's exit code when nothing was selected

# A browser for the browser tests, looked for in this order after $CHROMIUM.
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
NO_BROWSER = (
    "The browser tests did not run: there is no Chromium here. Install one "
    "(Debian: `apt-get install chromium`) or name one in the environment: CHROMIUM=/path/to/chromium."
)


def find_browser() -> str | None:
    """The path of a Chromium that starts, or None."""
    named = os.environ.get("CHROMIUM")
    for candidate in [named] if named else BROWSERS:
        path = shutil.which(candidate)
        if path:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                said = subprocess.run([path, "--version"], capture_output=True, timeout=30)
                if said.returncode == 0:
                    return path
    return None


def find_browser_or_refuse() -> str | None:
    """As find_browser; where tests must not be left out (CI=true) raises Problem for None."""
    browser = find_browser()
    if browser is None and os.environ.get("CI") == "true":
        raise Problem(NO_BROWSER)
    return browser


def test(database: str | None, browser: str | None, given: Sequence[str]) -> int:
    """Everything on SQLite, then what touches the database again on PostgreSQL; or all on the one named."""
    environment = os.environ | ({"CHROMIUM": browser} if browser else {})
    without = [] if browser else ["not browser"]
    plan = {database: without} if database else {"sqlite": without, "postgres": ["database", *without]}
    codes = []
    for name, only in plan.items():
        command = [PYTHON, "-m", "pytest", "--db", name, *pytest_arguments(given, only)]
        print(f"\nTests on {'SQLite' if name == 'sqlite' else 'PostgreSQL'}", flush=True)
        codes.append(subprocess.run(command, cwd=ROOT, env=environment).returncode)
        if codes[-1] == NO_TESTS_RAN:
            print("Nothing of what was asked for runs on this database.", flush=True)
    if browser is None:
        print(f"\n{NO_BROWSER}", flush=True)
    if all(code == NO_TESTS_RAN for code in codes):
        return NO_TESTS_RAN
    return next((code for code in codes if code not in (0, NO_TESTS_RAN)), 0)


def pytest_arguments(given: Sequence[str], only: Sequence[str]) -> list[str]:
    """What was given, with our marker terms joined to a `-m` among it, on two processes unless it says."""
    rest, terms = [], list(only)
    words = iter(given)
    for word in words:
        if word == "-m":
            terms.append(f"({next(words, '')})")
        else:
            rest.append(word)
    if not any(re.match(r"-n|--numprocesses|--pdb|-s$|--trace", word) for word in rest):
        rest = ["-n", "2", "--dist", "loadgroup", *rest]
    return rest + (["-m", " and ".join(terms)] if terms else [])


CHECKS = {
    "lint (ruff)": [PYTHON, "-m", "ruff", "check", "."],
    "layout of the code (ruff format)": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "types (mypy)": [PYTHON, "-m", "mypy"],
    "who may import whom (import-linter)": [str(BIN / "lint-imports")],
    "templates (djlint)": [PYTHON, "-m", "djlint", "--lint", "--quiet", "templates"],
    "templates (compile, nothing inline)": [PYTHON, "-m", "pytest", "-q", "-n0", "tests/test_templates.py"],
}


def check() -> int:
    """Lint, layout, types, import rule, templates: all of them, then what did not pass."""
    failures: dict[str, str] = {}
    for words, command in CHECKS.items():
        with contextlib.suppress(ToolFailed), step(words, "did not pass"):
            try:
                tool(command)
            except ToolFailed as failure:
                failures[words] = failure.output
                raise
    for words, output in failures.items():
        print(f"\n--- {words}\n{output.rstrip()}", flush=True)
    print(f"\n{len(CHECKS) - len(failures)} of {len(CHECKS)} checks passed.", flush=True)
    return 1 if failures else 0


def bench_programs() -> list[Path]:
    """The measurements in bench/, by name; says so where there are none."""
    programs = sorted((ROOT / "bench").glob("[!_]*.py"))
    if not programs:
        print("There is nothing to measure yet: bench/ holds no programs.", flush=True)
    return programs


def bench(programs: Sequence[Path], given: Sequence[str]) -> int:
    """Runs each of the programs, or the one that the first word given names; the worst exit code of them."""
    named = [program for program in programs if given and program.stem == given[0]]
    if named:
        programs, given = named, given[1:]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    codes = [0]
    for program in programs:
        print(f"\n--- {program.relative_to(ROOT)}", flush=True)
        codes.append(subprocess.run([PYTHON, program, *given], cwd=ROOT, env=environment).returncode)
    return max(codes)
