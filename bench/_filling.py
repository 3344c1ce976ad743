"""Fills a database with a clinic to be measured: one site, full of work, the same for the same seed.

About six tenths of the time worked are taken. M has 25 therapists and a diary of 28 days, L 200 and 60.
The past, where asked for, is written as it is kept: appointments whose entries the worker has swept out of
the diary; or `unswept`, as though it had never run, but for the squares, which no search reads.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.catalog.models import Offering, OfferingOption, Skill
from clinic.kernel import walltime
from clinic.people.models import Client
from clinic.roster import diary
from clinic.roster.limits import Effort
from clinic.roster.models import (
    DiaryEntry,
    DiarySpan,
    EntryKind,
    Gender,
    OwnerKind,
    Room,
    Site,
    Therapist,
    WorkingBreak,
    WorkingHours,
)

SIZES = {"M": (25, 28), "L": (200, 60)}
ZONE, SEED = "Europe/London", 20261031
LENGTH, TALK, AFTER, TURNOVER = 60, 15, 15, 10
# Opens, closes, and the break between, as minutes of the day.
SHIFTS = ((480, 960, 720, 765), (540, 1020, 750, 810), (540, 1080, 780, 840), (720, 1200, 960, 990))
BATCH = 2_000
NEXT_ENTRY = "SELECT setval(pg_get_serial_sequence('diary_entry', 'id'), (SELECT max(id) FROM diary_entry))"
Show = Callable[[int, int], None]


@dataclass(frozen=True)
class House:
    """What was filled in, by number. `filled_up_to` is the last entry of the diary when it was full."""

    site_id: int
    option_id: int
    therapist_ids: Sequence[int]
    room_ids: Sequence[int]
    client_ids: Sequence[int]
    first_day: date
    days: int
    filled_up_to: int


def fill(session: Session, now: datetime, therapists: int, days: int, show: Show = lambda *_: None) -> House:
    """A site with that many therapists, as many rooms, and a diary six tenths full for `days` days."""
    chance = random.Random(f"{SEED}-{therapists}-{days}")
    first_day = walltime.local(now, walltime.zone(ZONE)).date()
    site, option, skill = _site(session)
    people = [
        Therapist(
            name=f"Therapist {n:04d}", hue=n % 8 + 1, skills=[skill], gender=(Gender.WOMAN, Gender.MAN)[n % 2]
        )
        for n in range(therapists)
    ]
    rooms = [Room(site_id=site.id, name=f"Room {n:04d}") for n in range(therapists)]
    clients = [Client(name=f"Client {n}", name_key=f"client {n}", created_at=now) for n in range(200)]
    session.add_all([*people, *rooms, *clients])
    session.flush()
    many = []
    for person, room in zip(people, rooms, strict=True):
        hours = _hours(session, person.id, site.id, first_day, chance)
        many += list(_sessions(person.id, room.id, hours, first_day, days, chance))
    _enter(session, many, now, show)
    session.flush()
    return House(
        site.id, option.id, [each.id for each in people], [each.id for each in rooms],
        [each.id for each in clients], first_day, days,
        session.scalar(sa.select(sa.func.max(DiaryEntry.id))) or 0,
    )  # fmt: skip


def _site(session: Session) -> tuple[Site, OfferingOption, Skill]:
    site = Site(
        name="Bench Street", slug="bench-street", clinic_name="Bench Rooms", address="1 Bench Street\nLondon",
        phone="+442079460142", email="hello@clinic.example", tz=ZONE, talk_minutes=TALK,
    )  # fmt: skip
    skill = Skill(name="Swedish")
    session.add_all([site, skill])
    session.flush()
    offering = Offering(name="Swedish massage", desk_name="Swedish", technique="swedish", skill_id=skill.id)
    session.add(offering)
    session.flush()
    option = OfferingOption(
        offering_id=offering.id, minutes=LENGTH, price_minor=6200, currency="GBP", pressure_firmest=4,
        buffer_after_minutes=AFTER, turnover_minutes=TURNOVER,
    )  # fmt: skip
    session.add(option)
    session.flush()
    return site, option, skill


def _hours(
    session: Session, therapist_id: int, site_id: int, first_day: date, chance: random.Random
) -> dict[int, tuple[int, int, int, int]]:
    """Five days of the week with a break each."""
    shifts = {weekday: chance.choice(SHIFTS) for weekday in sorted(chance.sample(range(7), 5))}
    for weekday, (opens, closes, pause, again) in shifts.items():
        session.add(
            WorkingHours(
                therapist_id=therapist_id, site_id=site_id, weekday=weekday, opens=opens, closes=closes,
                valid_from_on=first_day - timedelta(days=365),
                breaks=[WorkingBreak(starts=pause, ends=again)],
            )
        )  # fmt: skip
    return shifts


def _sessions(
    therapist_id: int,
    room_id: int,
    hours: dict[int, tuple[int, int, int, int]],
    first_day: date,
    days: int,
    chance: random.Random,
) -> Iterator[list[diary.Claim]]:
    """The claims of sessions that fill six tenths of the time worked."""
    zone = walltime.zone(ZONE)
    for step in range(days):
        day = first_day + timedelta(days=step)
        opens, closes, pause, again = hours.get(day.weekday(), (0, 0, 0, 0))
        for low, high in ((opens, pause), (again, closes)):
            at = low
            while at + LENGTH + AFTER <= high:
                if chance.random() < 0.24:
                    at += 15 * chance.randint(1, 6)
                    continue
                starts_at = walltime.instant(day, at, zone, 0)
                yield diary.session_claims(
                    therapist_id=therapist_id, room_id=room_id, client_id=None, starts_at=starts_at,
                    ends_at=starts_at + timedelta(minutes=LENGTH), buffer_before=0, buffer_after=AFTER,
                    turnover=TURNOVER,
                )  # fmt: skip
                at += LENGTH + AFTER


def _enter(session: Session, many: Sequence[list[diary.Claim]], now: datetime, show: Show) -> None:
    effort = Effort(LENGTH, False, 0, AFTER)
    for begin in range(0, len(many), BATCH):
        part = many[begin : begin + BATCH]
        diary.enter_many(session, EntryKind.APPOINTMENT, part, now, [effort] * len(part))
        show(begin + len(part), len(many))


# --- The past ----------------------------------------------------------------------------------------


def add_past(
    session: Session, house: House, now: datetime, wanted: int, show: Show, *, unswept: bool = False
) -> None:
    """That many appointments of earlier days, with their entries where they are left `unswept`. Commits."""
    first = session.scalar(sa.select(sa.func.coalesce(sa.func.max(DiaryEntry.id), 0))) or 0
    for begin in range(0, wanted, BATCH):
        rows = [_past_row(house, number) for number in range(begin, min(begin + BATCH, wanted))]
        if unswept:
            _leave_in_diary(session, rows, first + 1 + begin)
        session.execute(sa.insert(Appointment), rows)
        session.commit()
        show(begin + len(rows), wanted)
    if unswept and session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(NEXT_ENTRY))
        session.commit()


def _leave_in_diary(session: Session, rows: Sequence[dict[str, Any]], first: int) -> None:
    """Writes an entry with its spans for each of the rows, numbered from `first` on."""
    entries = []
    for entry_id, row in enumerate(rows, first):
        row["entry_id"] = entry_id
        entries.append(
            {"id": entry_id, "kind": EntryKind.APPOINTMENT, "created_at": row["starts_at"],
             "hands_on_minutes": LENGTH, "buffer_after_minutes": AFTER}
        )  # fmt: skip
    session.execute(sa.insert(DiaryEntry), entries)
    session.execute(
        sa.insert(DiarySpan.__table__),  # type: ignore[arg-type]
        [span for row in rows for span in _past_spans(row)],
    )


def _past_row(house: House, number: int) -> dict[str, Any]:
    """The appointment of that number: eight a day with each therapist, going back from yesterday."""
    people = len(house.therapist_ids)
    who, nth = number % people, number // people
    day = house.first_day - timedelta(days=1 + nth // 8)
    starts_at = datetime(day.year, day.month, day.day, 8, 0, tzinfo=UTC) + timedelta(minutes=75 * (nth % 8))
    return {
        "reference": f"P{number:09d}", "entry_id": None, "site_id": house.site_id,
        "client_id": house.client_ids[number % len(house.client_ids)],
        "therapist_id": house.therapist_ids[who], "room_id": house.room_ids[who],
        "option_id": house.option_id, "status": Status.FULFILLED, "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=LENGTH),
        "price_minor": 6200, "currency": "GBP", "created_at": starts_at - timedelta(days=7), "desk_note": "",
    }  # fmt: skip


def _past_spans(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    claims = diary.session_claims(
        therapist_id=row["therapist_id"], room_id=row["room_id"], client_id=row["client_id"],
        starts_at=row["starts_at"], ends_at=row["ends_at"], buffer_before=0, buffer_after=AFTER,
        turnover=TURNOVER,
    )  # fmt: skip
    for claim in claims:
        ticks = claim.ticks()
        yield {
            "entry_id": row["entry_id"], "kind": OwnerKind(claim.kind), "owner_id": claim.owner_id,
            "from_tick": ticks.start, "to_tick": ticks.stop,
        }  # fmt: skip
