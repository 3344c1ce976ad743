"""The one-way import rule holds, and it bites when something breaks it."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# The rules of the house: pure functions over frozen values, wherever they already stand.
PURE = {
    "clinic.kernel",
    "clinic.intake.answers",
    "clinic.intake.conditions",
    "clinic.intake.questionnaire",
    "clinic.intake.restrictions",
    "clinic.intake.triage",
    "clinic.catalog.recommendation",
    "clinic.roster.availability",
    "clinic.roster.choosing",
    "clinic.roster.limits",
    "clinic.roster.soonest",
    "clinic.roster.why",
    "clinic.booking.journey",
    "clinic.booking.lifecycle",
    "clinic.booking.policy",
}


def lint_imports(house: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the house in that folder."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=house,
        env=os.environ | {"PYTHONPATH": str(house)},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy_of_the_house(tmp_path: Path) -> Path:
    """The code alone, in a folder where it may be broken."""
    shutil.copytree(
        ROOT / "clinic",
        tmp_path / "clinic",
        ignore=lambda _, names: [name for name in names if "." in name and not name.endswith(".py")],
    )
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_the_house_is_built_one_way() -> None:
    said = lint_imports(ROOT)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("clinic/roster/planted.py", "import clinic.booking", "The house is built one way"),
        ("clinic/cli/planted.py", "import clinic.web", "The house is built one way"),
        ("clinic/notify/planted.py", "import clinic.audit", "The house is built one way"),
        ("clinic/planted.py", "", "The house is built one way"),
        ("clinic/kernel/planted.py", "import sqlalchemy", "The rules are pure"),
        ("clinic/people/planted.py", "from flask import request", "Only web, cli and app know Flask"),
        ("clinic/jobs/planted.py", "import flask_wtf", "Only web, cli and app know Flask"),
    ],
)
def test_a_breach_is_found(copy_of_the_house: Path, module: str, line: str, contract: str) -> None:
    (copy_of_the_house / module).write_text(f"{line}\n")
    said = lint_imports(copy_of_the_house)
    assert said.returncode != 0
    broken = [row for row in said.stdout.splitlines() if row.endswith("BROKEN")]
    if broken:
        assert [row for row in broken if row.startswith(contract)], said.stdout
    else:  # a module without a place is refused before the contracts are weighed
        assert "planted" in said.stdout + said.stderr


def test_two_audiences_of_the_web_do_not_know_one_another(copy_of_the_house: Path) -> None:
    for audience in ("desk", "account"):
        folder = copy_of_the_house / "clinic" / "web" / audience
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    (copy_of_the_house / "clinic/web/desk/planted.py").write_text("import clinic.web.account\n")
    said = lint_imports(copy_of_the_house)
    assert "The audiences of the web do not know one another BROKEN" in said.stdout, said.stdout


def test_every_pure_module_stands_under_the_contract() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / ".importlinter")
    listed = set(settings["importlinter:contract:pure"]["source_modules"].split())
    standing = {
        name
        for name in PURE
        for path in [ROOT / name.replace(".", "/")]
        if path.with_suffix(".py").exists() or (path / "__init__.py").exists()
    }
    assert standing <= listed, "add them to .importlinter"
