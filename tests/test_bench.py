"""The measurements can be begun: each runs on tiny numbers. How long anything takes is never looked at."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = sorted(path.stem for path in (ROOT / "bench").glob("*.py"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_measurement_can_be_imported(name: str) -> None:
    importlib.import_module(f"bench.{name}")


def test_pages_are_measured_through_the_real_server(tmp_path: Path) -> None:
    from bench import _filling, pages

    plan = pages.Plan(rounds=1, seconds=0.1, warm_up=0.1, writes=((1, 1), (16, 1)))
    found = pages.run(plan, ["sqlite"], {"M": (10, 14)})
    kinds = found["sqlite"]["M"]["clients"]["1"]
    assert set(kinds) == {"select", "day", "week", "insert", "hold", "confirm"}
    assert all(told["requests"] for told in kinds.values())
    assert isinstance(pages.judged(found), list)
    assert _filling.SIZES["M"] == (25, 28)


def test_growth_counts_the_statements_of_clinics_of_any_size() -> None:
    from bench import _page_drawing, growth

    clinics = growth.row("sqlite", [(2, 20), (4, 60)], rounds=1, seconds=0.05, unswept=False)
    assert len({each["week"]["statements"] for each in clinics}) == 1
    assert len({each["day"]["statements"] for each in clinics}) == 1
    found = {"sqlite": {"past": clinics, "therapists": clinics}}
    assert isinstance(growth.judged(found), list)
    assert _page_drawing.growth({"databases": found}).startswith("<svg")
