"""Changes the rules' code a little at a time and sees whether the tests notice.

What is changed and which tests have to notice stands under [tool.mutmut] in pyproject.toml. A change that no
test notices is either explained in tests/rules/survivors.toml or a hole in the tests.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from devkit.setup import BIN, install_python_packages
from devkit.steps import ROOT, step

MUTANTS = ROOT / "mutants"
EXPLAINED = ROOT / "tests" / "rules" / "survivors.toml"
RESULTS = ROOT / "bench" / "results" / "mutation.json"
LEAST_KILLED = 0.95


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that no test noticed: in which function, which line became which."""

    function: str
    was: str
    became: str


def mutate() -> int:
    """Runs every change; 0 where at least 95 of 100 are noticed and the others are explained."""
    mutmut = BIN / "mutmut"
    if not mutmut.exists():
        with step("installing mutmut"):
            install_python_packages("-r", str(ROOT / "requirements-mutation.txt"))
    shutil.rmtree(MUTANTS, ignore_errors=True)
    subprocess.run([mutmut, "run"], cwd=ROOT, check=False)
    codes = _codes()
    survived = sorted(name for name, code in codes.items() if code == 0)
    survivors = [_survivor(str(mutmut), name) for name in survived]
    return _tell(codes, survivors)


def _codes() -> dict[str, int | None]:
    """What pytest said to each change: 0 is a change that went unnoticed."""
    found: dict[str, int | None] = {}
    for meta in sorted(MUTANTS.rglob("*.meta")):
        found |= json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def _survivor(mutmut: str, name: str) -> Survivor:
    shown = subprocess.run(
        [mutmut, "show", name], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    lines = [line for line in shown.splitlines() if not line.startswith(("---", "+++"))]
    was = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    became = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return Survivor(name.rsplit("__mutmut_", 1)[0], was, became)


def explained() -> dict[Survivor, str]:
    """The changes that no test can notice, each with why."""
    rows = tomllib.loads(EXPLAINED.read_text(encoding="utf-8")).get("survivor", [])
    return {Survivor(row["function"], row["was"], row["became"]): row["why"] for row in rows}


def _tell(codes: dict[str, int | None], survivors: list[Survivor]) -> int:
    known = explained()
    holes = [each for each in survivors if each not in known]
    noticed = len(codes) - len(survivors)
    share = noticed / len(codes) if codes else 0.0
    for each in holes:
        print(f"\n{each.function}\n  was     {each.was}\n  became  {each.became}")
    print(
        f"\n{noticed} of {len(codes)} changes were noticed ({share:.1%}); "
        f"{len(survivors) - len(holes)} of the others are explained, {len(holes)} are not."
    )
    by_module = Counter(name.split(".x", 1)[0] for name in codes)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "changes": len(codes),
        "noticed": noticed,
        "share": round(share, 4),
        "explained": len(survivors) - len(holes),
        "by_module": dict(sorted(by_module.items())),
    }
    RESULTS.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0 if share >= LEAST_KILLED and not holes and codes else 1


def mutated_files() -> list[Path]:
    """The files that are changed."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [ROOT / name for name in settings["tool"]["mutmut"]["only_mutate"]]
