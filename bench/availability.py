"""How long the search for free times takes: as arithmetic alone, and with the database behind it.

Measured on 25 therapists over 28 days, against the minute-by-minute oracle of the tests (which must agree).
Prints the best and the middle of several rounds in milliseconds; leaves with 1 if the two disagree.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic import schema
from clinic.catalog.models import Offering, Skill
from clinic.cli.slots import free_starts
from clinic.db import make_engine
from clinic.kernel import walltime
from clinic.roster import diary
from clinic.roster.availability import WorkingPattern, grid_of, starts, working_spans
from clinic.roster.facts import Search
from clinic.roster.models import EntryKind, Room, Site, Therapist, WorkingBreak, WorkingHours
from clinic.roster.timetable import find_openings
from tests.rules.scenarios import busy_clinic, oracle

THERAPISTS, DAYS, ROUNDS = 25, 28, 30
LONDON = walltime.zone("Europe/London")
FIRST_DAY = date(2027, 10, 11)
NOW = datetime(2027, 10, 10, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def report(what: str, work: Callable[[], object]) -> None:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    print(f"{what:<52} best {min(times):8.2f} ms   middle {statistics.median(times):8.2f} ms")


def arithmetic() -> None:
    """Time hours, grid and sweep, with the diaries as plain integers."""
    patterns = [WorkingPattern(weekday, 540, 1020, ((720, 765),)) for weekday in range(5)]
    hours = working_spans(patterns, FIRST_DAY, DAYS, LONDON)
    busy = [(opens + 75 * slot, opens + 75 * slot + 75) for opens, _ in hours for slot in (0, 2)]
    grid = grid_of(FIRST_DAY, DAYS, 15, LONDON)

    def sweep() -> None:
        for _ in range(THERAPISTS):
            starts(hours, busy, grid, before=0, length=60, after=15)

    report("sweep", sweep)
    report(
        "working hours to spans",
        lambda: [working_spans(patterns, FIRST_DAY, DAYS, LONDON) for _ in range(THERAPISTS)],
    )


def scenario() -> bool:
    """Time a whole scenario, texts and all, and hold it to the oracle."""
    clinic = busy_clinic(1, THERAPISTS, DAYS)
    report("scenario, from texts to texts", lambda: free_starts(clinic))
    began = time.perf_counter()
    agreed = oracle(clinic) == free_starts(clinic)
    took = (time.perf_counter() - began) * 1000
    print(f"{'the oracle on the same':<52} once {took:8.0f} ms   {'agrees' if agreed else 'DISAGREES'}")
    return agreed


def database() -> None:
    """Time the page's search: five statements on SQLite, then therapists, rooms and all."""
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'bench.db'}")
        schema.migrate(engine)
        with Session(engine) as session:
            search = _furnish(session)
            found = len(find_openings(session, search))
            report(f"search of the database ({found} openings)", lambda: find_openings(session, search))
            session.rollback()
        engine.dispose()


def _furnish(session: Session) -> Search:
    site = Site(
        name="Bench", slug="bench", clinic_name="Bench", address="", phone="", email="", tz="Europe/London"
    )
    skill = Skill(name="Bench")
    therapists = [Therapist(name=f"Therapist {number}", skills=[skill]) for number in range(THERAPISTS)]
    session.add_all([site, skill, *therapists])
    session.flush()
    rooms = [Room(site_id=site.id, name=f"Room {number:02d}") for number in range(THERAPISTS)]
    offering = Offering(name="Bench", desk_name="Bench", technique="swedish", skill_id=skill.id)
    session.add_all([offering, *rooms])
    for therapist in therapists:
        for weekday in range(5):
            session.add(
                WorkingHours(
                    therapist_id=therapist.id,
                    site_id=site.id,
                    weekday=weekday,
                    opens=540,
                    closes=1020,
                    valid_from_on=FIRST_DAY,
                    breaks=[WorkingBreak(starts=720, ends=765)],
                )
            )
    session.flush()
    for therapist, room in zip(therapists, rooms, strict=True):
        _fill(session, therapist.id, room.id)
    session.execute(sa.text("ANALYZE"))
    return Search(
        site_id=site.id,
        offering_id=offering.id,
        skill_id=skill.id,
        minutes=60,
        buffer_after=15,
        turnover=10,
        first_day=FIRST_DAY,
        days=DAYS,
        now=NOW,
    )


def _fill(session: Session, therapist_id: int, room_id: int) -> None:
    for step in range(DAYS):
        for minute in (540, 690, 840):
            at = walltime.instant(FIRST_DAY + timedelta(days=step), minute, LONDON, 0)
            claims = diary.session_claims(
                therapist_id=therapist_id,
                room_id=room_id,
                client_id=None,
                starts_at=at,
                ends_at=at + 60 * MINUTE,
                buffer_before=0,
                buffer_after=15,
                turnover=10,
            )
            diary.enter(session, EntryKind.APPOINTMENT, claims, NOW)


if __name__ == "__main__":
    arithmetic()
    agreed = scenario()
    database()
    sys.exit(0 if agreed else 1)
