"""Whether the pages of times stay as quick as they were when a clinic has grown.

Two rows of clinics: 25 therapists with ever more past appointments behind them, and ever more therapists with
the same past. For each the SQL statements of a page, and how long the real server takes for a day's times and
a week's. All clinics of a row stand side by side and their rounds take turns, so that whatever else the
machine does meets all of them. `--full` goes to two million appointments and a thousand therapists.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

import config
from bench import _app, _filling, _page_drawing, _results, _server, _travellers
from bench._load import Connection, any_of, for_seconds, look
from clinic.cli.progress import Progress
from clinic.kernel import clock

PASTS, THERAPISTS, DAYS = (10_000, 100_000), (10, 100), 28
FULL_PASTS, FULL_THERAPISTS = (10_000, 200_000, 2_000_000), (10, 100, 1_000)
FEW, USUAL = 10_000, 25
ROUNDS, SECONDS, FLAT = 7, 3.0, 1.2
PAGES = {"day": "/book/time/{}", "week": "/book/time?week={}"}
PICTURE = _results.ROOT / "docs" / "pictures" / "growth.svg"


@dataclass
class Clinic:
    """A clinic of a row: how big it is, and the server before it."""

    therapists: int
    past: int
    database: _server.Database
    house: _filling.House
    keys: _server.Keys
    cookie: str
    address: tuple[str, int] = ("", 0)


@contextlib.contextmanager
def clinic_of(name: str, keys: _server.Keys, therapists: int, past: int, unswept: bool) -> Iterator[Clinic]:
    """A database with that many therapists, a diary for the coming weeks, and a past."""
    with _server.database(name) as database:
        with Session(database.engine) as session:
            house = _filling.fill(session, clock.now(), therapists, DAYS)
            token = _travellers.choosing_a_time(session, house, clock.now(), 1)[0]
            session.commit()
            with Progress(f"{name}: {therapists} therapists, {past:,} past appointments") as progress:
                _filling.add_past(session, house, clock.now(), past, progress.show, unswept=unswept)
        _server.tidy(database.engine)
        cookie = _travellers.Cookies(keys.secret_key).of(token)
        yield Clinic(therapists, past, database, house, keys, cookie)


def statements_of(clinic: Clinic) -> dict[str, int]:
    """How many SQL statements each page takes, asked of an app in this process."""
    with tempfile.TemporaryDirectory() as folder:
        settings = config.Settings(
            clinic.keys.secret_key,
            config.read_keys(clinic.keys.field_keys),
            clinic.database.url,
            Path(folder),
        )
        app = _app.make_app(settings)
        asked: list[str] = []
        engine = app.extensions["clinic.engine"]
        sa.event.listen(engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
        found = {}
        day = _travellers.dates(clinic.house)[3]
        for kind, path in PAGES.items():
            browser = app.test_client(use_cookies=False)
            asked.clear()
            answer = browser.get(path.format(day), headers={"Cookie": clinic.cookie})
            assert answer.status_code == 200, f"{path} answered {answer.status_code}"
            found[kind] = sum(not statement.startswith("BEGIN") for statement in asked)
        engine.dispose()
    return found


def row(
    name: str, sizes: Sequence[tuple[int, int]], rounds: int, seconds: float, unswept: bool
) -> list[dict[str, Any]]:
    """One row of clinics, each as (therapists, past appointments): statements, and milliseconds over HTTP."""
    keys = _server.Keys.fresh()
    with contextlib.ExitStack() as stack:
        clinics = [stack.enter_context(clinic_of(name, keys, *size, unswept)) for size in sizes]
        for clinic in clinics:
            clinic.address = stack.enter_context(_server.serving(clinic.database.url, keys))
            connection = Connection(clinic.address)
            clinic.cookie = look(connection, "/book/time", clinic.cookie).cookie
            connection.close()
        times: dict[tuple[int, str], list[float]] = {}
        for turn in range(rounds + 1):  # the first only warms up
            for number, clinic in enumerate(clinics):
                for kind, path in PAGES.items():
                    calls = any_of(
                        [path.format(d) for d in _travellers.dates(clinic.house)], clinic.cookie, turn
                    )
                    made = for_seconds(clinic.address, [calls], seconds)
                    if turn:
                        middle = 1000 * statistics.median(made.times)
                        times.setdefault((number, kind), []).append(middle)
        return [told_of(clinic, number, times) for number, clinic in enumerate(clinics)]


def told_of(clinic: Clinic, number: int, times: dict[tuple[int, str], list[float]]) -> dict[str, Any]:
    """What was found of one clinic; `to_first` is its time by that of the first of its row, in each round."""
    found: dict[str, Any] = {"therapists": clinic.therapists, "past": clinic.past}
    statements = statements_of(clinic)
    for kind in PAGES:
        mine, first = times[number, kind], times[0, kind]
        found[kind] = {
            "statements": statements[kind],
            "p50_ms": _results.spread(mine, 2),
            "to_first": _results.spread([a / b for a, b in zip(mine, first, strict=True)], 3),
        }
    return found


def judged(found: dict[str, Any]) -> list[str]:
    """What does not stay flat, in words: time in the past, statements in the past and in therapists."""
    missed = []
    for name, rows in found.items():
        for which, clinics in rows.items():
            for kind in PAGES:
                counts = {each[kind]["statements"] for each in clinics}
                if len(counts) > 1:
                    missed.append(
                        f"{name}, {which}: statements of a {kind} go from {min(counts)} to {max(counts)}"
                    )
                if which == "past":
                    most = max(each[kind]["to_first"]["median"] for each in clinics)
                    if most > FLAT:
                        missed.append(
                            f"{name}: a {kind} takes {most:.2f} times as long with the longest past"
                        )
    return missed


def show(name: str, which: str, clinics: Sequence[dict[str, Any]]) -> None:
    """A row as lines."""
    for each in clinics:
        print(f"{name}, growing {which}: {each['therapists']} therapists, {each['past']:,} past appointments")
        for kind in PAGES:
            told = each[kind]
            print(
                f"  {kind:<5}{told['p50_ms']['median']:8.2f} ms ({told['p50_ms']['low']:.2f} to "
                f"{told['p50_ms']['high']:.2f}), {told['statements']} statements, "
                f"{told['to_first']['median']:.2f} of the first",
                flush=True,
            )


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The pages of times in clinics of many sizes.")
    parser.add_argument("--quick", action="store_true", help="few short rounds, nothing written down")
    parser.add_argument("--full", action="store_true", help="two million appointments, a thousand therapists")
    parser.add_argument("--unswept", action="store_true", help="leave the past in the diary")
    parser.add_argument("--db", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--to", type=Path, help="the folder for the results")
    parser.add_argument("--past", type=int, action="append", help=argparse.SUPPRESS)
    parser.add_argument("--therapists", type=int, action="append", help=argparse.SUPPRESS)
    chosen, _others = parser.parse_known_args(words)
    rounds, seconds = (2, 0.5) if chosen.quick else (ROUNDS, SECONDS)
    pasts = chosen.past or (FULL_PASTS if chosen.full else PASTS)
    people = chosen.therapists or (FULL_THERAPISTS if chosen.full else THERAPISTS)
    databases: dict[str, Any] = {}
    found = {
        "what": "milliseconds of one client over HTTP, and SQL statements",
        "machine": _results.machine(),
    }
    for name in chosen.db or ("sqlite", "postgres"):
        rows = {"past": [(USUAL, past) for past in pasts], "therapists": [(n, min(pasts)) for n in people]}
        for which, sizes in rows.items():
            databases.setdefault(name, {})[which] = row(name, sizes, rounds, seconds, chosen.unswept)
            show(name, which, databases[name][which])
    found |= {
        "rounds": rounds,
        "unswept": chosen.unswept,
        "databases": databases,
        "missed": judged(databases),
    }
    for line in judged(databases):
        print(f"Missed: {line}")
    if chosen.to or not chosen.quick:
        print(f"Written to {_results.keep('growth', found, chosen.to or _results.RESULTS)}")
        (chosen.to / "growth.svg" if chosen.to else PICTURE).write_text(_page_drawing.growth(found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
