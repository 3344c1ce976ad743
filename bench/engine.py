"""How fast the search for free times is, beside a plain sweep in Python and a bit set in numpy, in one run.

`python3 dev.py bench` runs it with all the others. Writes bench/results/engine.json and the picture
docs/pictures/speed.svg. Every number is the middle of several rounds with the quickest and the slowest beside
it, in milliseconds of this process on the CPU, so that what else a machine does counts less. The three must
find the same starts, or it leaves with 1.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench import _engine_rivals as rivals
from bench._engine_clinics import AFTER, LENGTH, SIZES, TURNOVER, Clinic, make
from bench._engine_drawing import draw
from clinic.roster.availability import Demand, starts
from clinic.roster.soonest import SiteTime, first_anywhere

ROOT = Path(__file__).resolve().parent.parent
RESULTS, PICTURE = ROOT / "bench" / "results" / "engine.json", ROOT / "docs" / "pictures" / "speed.svg"
ROUNDS = 9
SITES = 10


@dataclass(frozen=True)
class Figure:
    """CPU milliseconds of several rounds: the middle, the quickest, the slowest."""

    middle: float
    best: float
    worst: float
    rounds: int


def measure(work: Callable[[], object]) -> Figure:
    """Time some work without the garbage collector, after one round to warm up."""
    work()
    times = []
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            began = time.process_time()
            work()
            times.append((time.process_time() - began) * 1000)
    finally:
        gc.enable()
    return Figure(*(round(each, 4) for each in (statistics.median(times), min(times), max(times))), ROUNDS)


def ours(clinic: Clinic) -> list[list[int]]:
    """Every therapist's starts, as the pages find them."""
    return [
        starts(each.working, each.busy, clinic.grid, before=0, length=LENGTH, after=AFTER)
        for each in clinic.therapists
    ]


def side_by_side(size: str) -> dict[str, object]:
    """The three on one clinic, which must agree."""
    clinic = make(size)
    search, as_starts = rivals.numpy_bit_set(clinic)
    found = ours(clinic)
    agree = found == rivals.sweep(clinic) == as_starts(search())
    figures = {
        "ours": measure(lambda: ours(clinic)),
        "sweep": measure(lambda: rivals.sweep(clinic)),
        "numpy": measure(search),
    }
    for name, figure in figures.items():
        say(f"{size:>3} {name:<6}", figure)
    return {
        "therapists": len(clinic.therapists),
        "days": clinic.days,
        "starts": sum(map(len, found)),
        "agree": agree,
        **{name: asdict(figure) for name, figure in figures.items()},
    }


def growth() -> dict[str, object]:
    """What twice and four times the therapists, or the days, cost: 1 is in step with the size."""
    found: dict[str, object] = {}
    for what, sizes in (("therapists", [50, 100, 200, 400]), ("days", [15, 30, 60, 120])):
        clinics = [make("L", **{what: size}) for size in sizes]
        times = [measure(lambda clinic=clinic: ours(clinic)).best for clinic in clinics]  # type: ignore[misc]
        rate = round(rivals.exponent(sizes, times), 2)
        found[what] = {"sizes": sizes, "best": times, "exponent": rate}
        print(f"cost with {what}: grows with the power {rate}")
    return found


def first_twenty() -> dict[str, object]:
    """The first twenty times at ten sites of the largest clinic, from its first midnight on."""
    clinic = make("XL")
    share = len(clinic.therapists) // SITES
    demand = Demand(LENGTH, clinic.grid, after=AFTER, turnover=TURNOVER, avoids_holes=True)
    sites = [
        SiteTime(n, demand, clinic.therapists[n * share :][:share], clinic.rooms[n * share :][:share])
        for n in range(SITES)
    ]
    figures = {
        "one_site": measure(
            lambda: first_anywhere([SiteTime(0, demand, clinic.therapists, clinic.rooms)], limit=20)
        ),
        "ten_sites": measure(lambda: first_anywhere(sites, limit=20)),
    }
    for name, figure in figures.items():
        say(f"first twenty on XL, {name}", figure)
    return {name: asdict(figure) for name, figure in figures.items()}


def say(what: str, figure: Figure) -> None:
    print(f"{what:<32} {figure.middle:9.3f} ms   ({figure.best:.3f} to {figure.worst:.3f})", flush=True)


def main() -> int:
    """Measure, keep, draw; 1 where the three disagree."""
    sizes = {size: side_by_side(size) for size in SIZES}
    results = {
        "measured_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": [round(each, 2) for each in os.getloadavg()],
        "sizes": sizes,
        "growth": growth(),
        "first_twenty": first_twenty(),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PICTURE.write_text(draw(results), encoding="utf-8")
    print(f"kept in {RESULTS.relative_to(ROOT)}, drawn in {PICTURE.relative_to(ROOT)}")
    return 0 if all(each["agree"] for each in sizes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
