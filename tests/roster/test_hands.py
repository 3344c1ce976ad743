"""The limits of therapists' hands, as the diary and the timetable keep them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.booking import desk, services
from clinic.booking.slots import openings
from clinic.booking.statuses import Status
from clinic.kernel import walltime
from clinic.kernel.errors import SlotTaken
from clinic.roster.hands import effort_of, limits_hold
from clinic.roster.models import DiaryEntry, Therapist
from tests import makers
from tests.makers import Clinic

pytestmark = pytest.mark.database

LONDON = walltime.zone("Europe/London")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def clinic(session: Session) -> Clinic:
    """One therapist alone, so that whatever is refused is refused for her."""
    made = makers.clinic(session)
    made.therapists[1].is_active = False
    session.flush()
    return made


@pytest.fixture
def tomorrow(now: datetime) -> datetime:
    """Midnight before the day on which everything is booked."""
    return now.replace(hour=0) + timedelta(days=1)


def limit(session: Session, clinic: Clinic, **limits: int | None) -> None:
    for name, value in limits.items():
        setattr(clinic.therapists[0], name, value)
    session.flush()


def book(session: Session, clinic: Clinic, now: datetime, at: datetime, *, deep: bool = True) -> Any:
    option = clinic.deep if deep else clinic.swedish
    wish = clinic.wish(option_id=option.id, is_desk=True)
    client = makers.client(session, now, email=f"{at:%d%H%M}@client.example")
    return services.book(session, now, wish, at, client, makers.intake(session, now), actor="desk")


def clocks(session: Session, clinic: Clinic, now: datetime, day: datetime, *, deep: bool = True) -> list[str]:
    option = clinic.deep if deep else clinic.swedish
    found = openings(session, clinic.wish(option_id=option.id), day.date(), 1, now)
    return [f"{walltime.local(slot.starts_at, LONDON):%H:%M}" for slot in found]


def test_the_diary_says_what_a_session_asks_of_the_hands(
    session: Session, clinic: Clinic, now: datetime, tomorrow: datetime
) -> None:
    deep = book(session, clinic, now, tomorrow + 9 * HOUR)
    gentle = book(session, clinic, now, tomorrow + 13 * HOUR, deep=False)
    for made, is_deep in ((deep, True), (gentle, False)):
        entry = session.get_one(DiaryEntry, made.entry_id)
        said = (entry.hands_on_minutes, entry.is_deep, entry.buffer_after_minutes)
        assert said == (60, is_deep, 15)


def test_no_deep_session_is_offered_after_as_many_as_the_hands_bear(
    session: Session, clinic: Clinic, now: datetime, tomorrow: datetime
) -> None:
    limit(session, clinic, most_deep_in_row=1)
    book(session, clinic, now, tomorrow + 13 * HOUR)
    # Half an hour lies between the end at two and half past; before it, between half past twelve and one.
    assert clocks(session, clinic, now, tomorrow) == [
        "09:00", "09:15", "09:30", "09:45", "10:00", "10:15", "10:30", "10:45",
        "14:30", "14:45", "15:00", "15:15", "15:30", "15:45",
    ]  # fmt: skip
    assert "14:15" in clocks(session, clinic, now, tomorrow, deep=False)


def test_hands_on_minutes_of_a_day_are_not_exceeded_and_the_next_day_is_free(
    session: Session, clinic: Clinic, now: datetime, tomorrow: datetime
) -> None:
    limit(session, clinic, most_hands_on_minutes_a_day=100)
    book(session, clinic, now, tomorrow + 9 * HOUR)
    assert clocks(session, clinic, now, tomorrow, deep=False) == []
    assert clocks(session, clinic, now, tomorrow + timedelta(days=1), deep=False)


def test_a_break_stays_a_break(session: Session, clinic: Clinic, now: datetime, tomorrow: datetime) -> None:
    limit(session, clinic, least_break_minutes=45)
    book(session, clinic, now, tomorrow + 13 * HOUR, deep=False)
    offered = clocks(session, clinic, now, tomorrow, deep=False)
    assert [clock for clock in offered if clock > "10:30"] == [
        "10:45",
        "14:45",
        "15:00",
        "15:15",
        "15:30",
        "15:45",
    ]


@pytest.mark.parametrize("way", ["hold", "move", "reactivate", "change"])
def test_every_way_into_the_diary_keeps_to_the_limits(
    session: Session, clinic: Clinic, now: datetime, tomorrow: datetime, way: str
) -> None:
    """Whoever holds a page from before, or goes past it, is refused all the same."""
    first = book(session, clinic, now, tomorrow + 9 * HOUR)
    later = book(session, clinic, now, tomorrow + 15 * HOUR, deep=way != "change")
    limit(session, clinic, most_deep_in_row=1, most_hands_on_minutes_a_day=120)
    beside = tomorrow + 10 * HOUR + 15 * MINUTE
    if way == "hold":
        with pytest.raises(SlotTaken):
            book(session, clinic, now, beside)
    elif way == "move":
        with pytest.raises(SlotTaken):
            services.move(session, now, later.id, beside, actor="desk")
    elif way == "reactivate":
        services.cancel(session, now, later.id, actor="desk")
        book(session, clinic, now, tomorrow + 13 * HOUR, deep=False)
        with pytest.raises(SlotTaken, match="no time left"):
            services.reactivate(session, now, later.id, actor="desk")
    else:
        services.move(session, now, later.id, beside, actor="desk")
        with pytest.raises(SlotTaken):
            desk.change_session(session, now, later.id, clinic.deep.id, actor="desk", version=later.version)
    assert first.status is Status.BOOKED


def test_what_is_moved_does_not_count_against_itself(
    session: Session, clinic: Clinic, now: datetime, tomorrow: datetime
) -> None:
    limit(session, clinic, most_hands_on_minutes_a_day=60, most_deep_in_row=1)
    made = book(session, clinic, now, tomorrow + 9 * HOUR)
    moved = services.move(session, now, made.id, tomorrow + 9 * HOUR + 15 * MINUTE, actor="desk")
    assert moved.starts_at == tomorrow + 9 * HOUR + 15 * MINUTE


def test_a_lapsed_hold_counts_for_nothing(
    session: Session, clinic: Clinic, now: datetime, tomorrow: datetime
) -> None:
    limit(session, clinic, most_hands_on_minutes_a_day=60)
    intake = makers.intake(session, now)
    services.hold(session, now, clinic.wish(), tomorrow + 9 * HOUR, intake)
    at = tomorrow + 13 * HOUR
    with pytest.raises(SlotTaken):
        services.hold(session, now, clinic.wish(), at, intake)
    assert services.hold(session, now + HOUR, clinic.wish(), at, intake).starts_at == at


@pytest.mark.parametrize("seed", range(4))
def test_the_page_offers_exactly_what_the_limits_let_in(
    session: Session, clinic: Clinic, now: datetime, tomorrow: datetime, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(6):
        at = tomorrow + chance.randrange(9 * 4, 16 * 4) * 15 * MINUTE
        try:
            book(session, clinic, now, at, deep=chance.random() < 0.6)
        except SlotTaken:
            continue
    without = clocks(session, clinic, now, tomorrow)
    limit(
        session, clinic, most_deep_in_row=chance.choice([None, 1, 2]),
        most_hands_on_minutes_a_day=chance.choice([None, 240, 300]),
        least_break_minutes=chance.choice([0, 15, 30]),
    )  # fmt: skip
    offered = clocks(session, clinic, now, tomorrow)
    effort, who = effort_of(clinic.deep), clinic.therapists[0].id
    for clock in without:
        at = tomorrow + int(clock[:2]) * HOUR + int(clock[3:]) * MINUTE
        holds = limits_hold(session, who, at, at + HOUR, effort, LONDON, now)
        assert holds == (clock in offered), clock


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("most_deep_in_row", 0),
        ("most_deep_in_row", 21),
        ("most_hands_on_minutes_a_day", 0),
        ("most_hands_on_minutes_a_day", 1441),
        ("least_break_minutes", -5),
        ("least_break_minutes", 241),
    ],
)
def test_the_database_refuses_limits_that_make_no_sense(
    session: Session, clinic: Clinic, column: str, wrong: int
) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(sa.update(Therapist).values({column: wrong}))
