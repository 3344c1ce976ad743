"""How many pages a second the real server gives, and how long each takes: times of a day and of a week,
holding a time, booking it. On SQLite and PostgreSQL, with 25 therapists and 200, for 1 client and 16.

Beside them, in the same run and through the same server: one select by a key, one insert in a transaction.
Rounds of all kinds take turns, so whatever else the machine does meets all of them; ratios within a round
say more than the numbers alone. `--quick` tries it out, `--db` and `--size` take one only.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bench import _filling, _page_drawing, _results, _server, _travellers
from bench._filling import House
from bench._load import (
    Call,
    Connection,
    Page,
    Round,
    WrongAnswer,
    any_of,
    each_once,
    for_seconds,
    hidden,
    look,
)
from clinic.kernel import clock

CLIENTS = (1, 16)
READS, WRITES = ("select", "day", "week"), ("insert", "hold", "confirm")
AGAINST = {"day": "select", "week": "select", "hold": "insert", "confirm": "insert"}
GOALS = {"day": 1 / 3, "hold": 1 / 5, "confirm": 1 / 5}
WORST_TAIL = 5.0
LONGEST_SESSION = timedelta(minutes=105)
PICTURE = _results.ROOT / "docs" / "pictures" / "pages.svg"


@dataclass(frozen=True)
class Plan:
    """How much is measured: rounds, seconds of reading in each, writes of each browser in each by clients."""

    rounds: int = 7
    seconds: float = 3.0
    warm_up: float = 2.0
    writes: tuple[tuple[int, int], ...] = ((1, 24), (16, 5))

    def writes_of(self, clients: int) -> int:
        return dict(self.writes)[clients]


QUICK = Plan(rounds=3, seconds=1.0, warm_up=0.5, writes=((1, 5), (16, 2)))


@dataclass
class Scene:
    """One database with its clinic, the server before it, and browsers that look for a time."""

    database: _server.Database
    house: House
    address: tuple[str, int]
    cookies: _travellers.Cookies
    looking: list[str] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def reading(self, kind: str, clients: int, seconds: float) -> Round:
        """A round in which each browser asks for pages of that kind."""
        days = _travellers.dates(self.house)
        paths = {
            "select": [f"/bench/select/{self.house.site_id}"],
            "day": [f"/book/time/{day}" for day in days],
            "week": [f"/book/time?week={day}" for day in days],
        }[kind]
        return for_seconds(self.address, [any_of(paths, self.looking[n], n) for n in range(clients)], seconds)

    def writing(self, kind: str, clients: int, each: int) -> Round:
        """A round in which each browser sends so many forms, fetched before; the diary is then as it was."""
        self.wanted.clear()
        calls = [getattr(self, f"_{kind}s")(each) for _ in range(clients)]
        made = each_once(self.address, calls)
        with Session(self.database.engine) as session:
            _travellers.give_all_back(session, self.house)
        return made

    def _inserts(self, count: int) -> list[Call]:
        return [Call("POST", "/bench/insert", form={}) for _ in range(count)]

    def _holds(self, count: int) -> list[Call]:
        with Session(self.database.engine) as session:
            tokens = _travellers.choosing_a_time(session, self.house, clock.now(), count)
            session.commit()
        connection, calls = Connection(self.address), []
        for token in tokens:
            path, page, slot = self._free_slot(connection, token)
            form = {"csrf_token": page.token, "slot": slot, "option": hidden(page.text, "option")}
            calls.append(Call("POST", path, 303, page.cookie, form, _travellers.new_address(self.chance)))
        connection.close()
        return calls

    def _free_slot(self, connection: Connection, token: str) -> tuple[str, Page, str]:
        """A page of times, and one of them that touches none that is wanted in this round already.

        What is measured is how quickly a time is held. Who is refused one is shown by the tests.
        """
        days = _travellers.dates(self.house)[:-7]
        for _try in range(40):
            path = f"/book/time?week={self.chance.choice(days)}"
            page = look(connection, path, self.cookies.of(token))
            free = [slot for slot in page.slots if all(_apart(slot, other) for other in self.wanted)]
            if free:
                self.wanted.append(self.chance.choice(free))
                return path, page, self.wanted[-1]
        raise WrongAnswer("There are not enough times to hold: the clinic is too small to be measured.")

    def _confirms(self, count: int) -> list[Call]:
        with Session(self.database.engine) as session:
            seed = self.chance.randrange(1 << 30)
            tokens = _travellers.about_to_book(session, self.house, clock.now(), count, seed)
            session.commit()
        connection = Connection(self.address)
        calls = []
        for token in tokens:
            page = look(connection, "/book/check", self.cookies.of(token))
            form = {"csrf_token": page.token, "hold": hidden(page.text, "hold")}
            address = _travellers.new_address(self.chance)
            calls.append(Call("POST", "/book/check", 303, page.cookie, form, address))
        connection.close()
        return calls


def _apart(one: str, other: str) -> bool:
    """Whether two starts are so far apart that neither session is in the way of the other."""
    return abs(datetime.fromisoformat(one) - datetime.fromisoformat(other)) >= LONGEST_SESSION


def measure(scene: Scene, plan: Plan, clients: int) -> dict[str, Any]:
    """All kinds in turns, round after round, for that many browsers at once."""
    found: dict[str, list[Round]] = {kind: [] for kind in (*READS, *WRITES)}
    for kind in READS:
        scene.reading(kind, clients, plan.warm_up)
    for _ in range(plan.rounds):
        for kind in READS:
            found[kind].append(scene.reading(kind, clients, plan.seconds))
        for kind in WRITES:
            found[kind].append(scene.writing(kind, clients, plan.writes_of(clients)))
    told = {kind: told_of(rounds) for kind, rounds in found.items()}
    for kind, plain in AGAINST.items():
        shares = [a.per_second / b.per_second for a, b in zip(found[kind], found[plain], strict=True)]
        told[kind][f"share_of_{plain}"] = _results.spread(shares, 3)
    return told


def told_of(rounds: Sequence[Round]) -> dict[str, Any]:
    """Requests a second and milliseconds, each with the spread over the rounds."""
    return {
        "per_second": _results.spread([each.per_second for each in rounds]),
        "p50_ms": _results.spread([1000 * statistics.median(each.times) for each in rounds], 2),
        "p95_ms": _results.spread([1000 * _results.percentile(each.times, 0.95) for each in rounds], 2),
        "requests": sum(len(each.times) for each in rounds),
        "refused": sum(each.refused for each in rounds),
    }


def judged(found: dict[str, Any]) -> list[str]:
    """Which of the goals were not met, in words; they are set for the clinic of 25 therapists."""
    missed = []
    for name, sizes in found.items():
        for clients, kinds in sizes.get("M", {}).get("clients", {}).items():
            where = f"{name}, {clients} clients"
            for kind, goal in GOALS.items():
                share = kinds[kind][f"share_of_{AGAINST[kind]}"]["median"]
                if share < goal:
                    missed.append(f"{where}: {kind} at {share:.2f} of the {AGAINST[kind]}, wanted {goal:.2f}")
            tail = kinds["day"]["p95_ms"]["median"] / kinds["day"]["p50_ms"]["median"]
            if int(clients) > 1 and tail >= WORST_TAIL:
                missed.append(
                    f"{where}: p95 of a day is {tail:.1f} times its p50, wanted under {WORST_TAIL:g}"
                )
    return missed


def run(plan: Plan, names: Sequence[str], sizes: dict[str, tuple[int, int]]) -> dict[str, Any]:
    """The whole measurement, by database, size and number of clients."""
    found: dict[str, Any] = {}
    for name in names:
        for size, (therapists, days) in sizes.items():
            keys = _server.Keys.fresh()
            with _server.database(name) as database:
                with Session(database.engine) as session:
                    house = _filling.fill(session, clock.now(), therapists, days)
                    looking = _travellers.choosing_a_time(session, house, clock.now(), max(CLIENTS))
                    session.commit()
                _server.tidy(database.engine)
                with _server.serving(database.url, keys) as address:
                    scene = Scene(database, house, address, _travellers.Cookies(keys.secret_key))
                    connection = Connection(address)
                    scene.looking = [
                        look(connection, "/book/time", scene.cookies.of(token)).cookie for token in looking
                    ]
                    connection.close()
                    by_clients = {}
                    for clients in CLIENTS:
                        by_clients[str(clients)] = measure(scene, plan, clients)
                        show(name, size, clients, by_clients[str(clients)])
            found.setdefault(name, {})[size] = {
                "therapists": therapists, "days": days, "entries": house.filled_up_to, "clients": by_clients,
            }  # fmt: skip
    return found


def show(name: str, size: str, clients: int, kinds: dict[str, Any]) -> None:
    """The numbers of one database, size and number of clients, as lines."""
    print(f"{name}, {size}, {clients} client{'s' if clients > 1 else ''}", flush=True)
    for kind, told in kinds.items():
        rate, share = told["per_second"], told.get(f"share_of_{AGAINST.get(kind)}")
        words = f", {share['median']:.3f} of the {AGAINST[kind]}" if share else ""
        refused = f", {told['refused']} refused" if told["refused"] else ""
        print(
            f"  {kind:<8}{rate['median']:8.1f} a second ({rate['low']:.1f} to {rate['high']:.1f}), "
            f"p50 {told['p50_ms']['median']:7.2f} ms, p95 {told['p95_ms']['median']:7.2f} ms{words}{refused}",
            flush=True,
        )


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pages a second of the real server.")
    parser.add_argument("--quick", action="store_true", help="few short rounds, nothing written down")
    parser.add_argument("--db", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--size", choices=tuple(_filling.SIZES), action="append")
    parser.add_argument("--to", type=Path, help="the folder for the results")
    chosen, _others = parser.parse_known_args(words)
    plan = QUICK if chosen.quick else Plan()
    sizes = {name: _filling.SIZES[name] for name in chosen.size or _filling.SIZES}
    found = {
        "what": "requests a second over HTTP, two workers of four threads",
        "machine": _results.machine(),
    }
    found["plan"] = {"rounds": plan.rounds, "seconds": plan.seconds, "writes_each": dict(plan.writes)}
    found["databases"] = run(plan, chosen.db or ("sqlite", "postgres"), sizes)
    found["missed"] = judged(found["databases"])
    for line in found["missed"]:
        print(f"Missed: {line}")
    if chosen.to or not chosen.quick:
        print(f"Written to {_results.keep('pages', found, chosen.to or _results.RESULTS)}")
        picture = chosen.to / "pages.svg" if chosen.to else PICTURE
        picture.write_text(_page_drawing.pages(found, AGAINST, GOALS), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
