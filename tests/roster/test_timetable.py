"""The timetable gives what the diary will take: no more, no less, and in a fixed number of statements."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from clinic.catalog.models import Offering, Skill
from clinic.kernel import walltime
from clinic.kernel.errors import NotFound, SlotTaken
from clinic.people.models import Client
from clinic.roster import diary
from clinic.roster.availability import Opening
from clinic.roster.diary import Claim
from clinic.roster.facts import Search
from clinic.roster.limits import Effort
from clinic.roster.models import (
    Closure,
    EntryKind,
    Gender,
    OwnerKind,
    Room,
    Site,
    Therapist,
    WorkingBreak,
    WorkingHours,
    offering_room,
)
from clinic.roster.timetable import (
    find_openings,
    first_anywhere,
    first_openings,
    nearest_openings,
    opening_at,
    openings_at,
)

pytestmark = pytest.mark.database

LONDON = walltime.zone("Europe/London")
NOW = datetime(2027, 10, 25, 7, 0, tzinfo=UTC)  # a Monday, eight in London; the clocks go back on Sunday
MONDAY = date(2027, 10, 25)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def london(day: date, minute: int) -> datetime:
    return walltime.instant(day, minute, LONDON, 0)


@dataclass
class House:
    """A small clinic in the database, and the search most of the tests begin with."""

    session: Session
    site: Site
    skill: Skill
    offering: Offering
    client: Client
    therapists: list[Therapist] = field(default_factory=list)
    rooms: list[Room] = field(default_factory=list)

    def add(self, thing: Any) -> Any:
        self.session.add(thing)
        self.session.flush()
        return thing

    def therapist(self, name: str, *, gender: Gender | None = None, hours: bool = True) -> Therapist:
        therapist = self.add(Therapist(name=name, gender=gender, skills=[self.skill]))
        self.therapists.append(therapist)
        if hours:
            for weekday in range(7):
                self.hours(therapist, weekday, 540, 1020)
        return therapist

    def hours(self, therapist: Therapist, weekday: int, opens: int, closes: int, **more: Any) -> WorkingHours:
        return self.add(
            WorkingHours(
                therapist_id=therapist.id,
                site_id=more.pop("site_id", self.site.id),
                weekday=weekday,
                opens=opens,
                closes=closes,
                valid_from_on=more.pop("valid_from_on", date(2020, 1, 1)),
                **more,
            )
        )

    def room(self, name: str, *, step_free: bool = False) -> Room:
        room = self.add(Room(site_id=self.site.id, name=name, is_step_free=step_free))
        self.rooms.append(room)
        return room

    def search(self, **changes: Any) -> Search:
        usual = Search(
            site_id=self.site.id,
            offering_id=self.offering.id,
            skill_id=self.skill.id,
            minutes=60,
            first_day=MONDAY,
            days=1,
            now=NOW,
        )
        return replace(usual, **changes)

    def find(self, **changes: Any) -> list[Opening]:
        return find_openings(self.session, self.search(**changes))

    def clocks(self, **changes: Any) -> list[str]:
        """The starts on the wall, each once."""
        starts = sorted({opening.starts_at for opening in self.find(**changes)})
        return [walltime.local(each, LONDON).strftime("%H:%M") for each in starts]

    def occupy(self, kind: OwnerKind, owner_id: int, start: datetime, minutes: int, **entry: Any) -> int:
        claim = Claim(kind, owner_id, start, start + minutes * MINUTE)
        what = entry.pop("what", EntryKind.APPOINTMENT)
        return diary.enter(self.session, what, [claim], entry.pop("now", NOW), **entry)


@pytest.fixture
def house(session: Session) -> House:
    site = Site(
        name="Mill Lane", slug="mill-lane", clinic_name="The Mill", address="1 Mill Lane",
        phone="+441632960000", email="desk@example.org", tz="Europe/London",
        grid_minutes=30, min_notice_minutes=60, horizon_days=30,
    )  # fmt: skip
    skill = Skill(name="Deep work")
    session.add_all([site, skill])
    session.flush()
    offering = Offering(name="Deep", desk_name="Deep", technique="deep_tissue", skill_id=skill.id)
    client = Client(name="Jo Field", name_key="jo field", created_at=NOW)
    session.add_all([offering, client])
    session.flush()
    return House(session, site, skill, offering, client)


@pytest.fixture
def small(house: House) -> House:
    """One therapist, nine to five every day, and one room."""
    house.therapist("Ann")
    house.room("Oak")
    return house


HALF_HOURS = [f"{hour:02d}:{minute:02d}" for hour in range(9, 16) for minute in (0, 30)] + ["16:00"]


def test_an_empty_diary_leaves_all_working_hours_after_the_notice(small: House) -> None:
    assert small.clocks() == HALF_HOURS
    assert small.clocks(now=NOW + MINUTE) == HALF_HOURS[1:]
    assert small.clocks(now=NOW + 3 * HOUR, by_desk=True) == HALF_HOURS[4:]


def test_no_day_beyond_the_horizon_is_offered_but_to_the_desk(small: House) -> None:
    last = MONDAY + timedelta(days=30)
    assert small.clocks(first_day=last) == HALF_HOURS
    assert small.clocks(first_day=last + timedelta(days=1)) == []
    assert small.clocks(first_day=last + timedelta(days=1), by_desk=True) == HALF_HOURS


def test_breaks_and_buffers_lie_inside_the_working_hours(small: House) -> None:
    for hours in small.session.scalars(sa.select(WorkingHours)):
        hours.breaks.append(WorkingBreak(starts=720, ends=780))
        hours.breaks.append(WorkingBreak(starts=900, ends=915))
    small.session.flush()
    assert small.clocks() == [
        "09:00",
        "09:30",
        "10:00",
        "10:30",
        "11:00",
        "13:00",
        "13:30",
        "14:00",
        "15:30",
        "16:00",
    ]
    assert small.clocks(buffer_before=15, buffer_after=15) == ["09:30", "10:00", "10:30", "13:30", "15:30"]


def test_hours_count_only_while_valid_and_only_at_their_site(small: House) -> None:
    other = small.add(
        Site(
            name="Quay", slug="quay", clinic_name="The Mill", address="Quay", phone="1",
            email="q@example.org", tz="Europe/London",
        )
    )  # fmt: skip
    ben = small.therapist("Ben", hours=False)
    small.hours(ben, 0, 540, 660, valid_until_on=MONDAY)
    small.hours(ben, 0, 1140, 1260, valid_from_on=MONDAY + timedelta(days=7))
    small.hours(ben, 0, 1020, 1140, site_id=other.id)
    only_ben = {"therapist_id": ben.id}
    assert small.clocks(**only_ben) == ["09:00", "09:30", "10:00"]
    assert small.clocks(first_day=MONDAY + timedelta(days=7), **only_ben) == ["19:00", "19:30", "20:00"]
    assert small.clocks(site_id=other.id, **only_ben) == []  # a therapist, but no room


def test_a_closure_shuts_the_site_for_its_days(small: House) -> None:
    small.add(
        Closure(
            site_id=small.site.id,
            name="Painting",
            starts_on=date(2027, 10, 1),
            ends_on=MONDAY + timedelta(days=1),
        )
    )
    days = {opening.starts_at.date() for opening in small.find(days=4)}
    assert days == {MONDAY + timedelta(days=2), MONDAY + timedelta(days=3)}


def test_the_night_the_clocks_go_back_keeps_its_wall_times(small: House) -> None:
    assert small.clocks(first_day=date(2027, 10, 31)) == HALF_HOURS


@pytest.mark.parametrize("who", list(OwnerKind))
def test_whoever_is_taken_is_not_offered(small: House, who: OwnerKind) -> None:
    owner = {
        OwnerKind.THERAPIST: small.therapists[0].id,
        OwnerKind.ROOM: small.rooms[0].id,
        OwnerKind.CLIENT: small.client.id,
    }[who]
    small.occupy(who, owner, london(MONDAY, 600), 330)
    assert small.clocks(client_id=small.client.id) == ["09:00", "15:30", "16:00"]
    assert small.clocks() == (HALF_HOURS if who is OwnerKind.CLIENT else ["09:00", "15:30", "16:00"])


def test_turnover_is_the_rooms_and_rest_the_therapists(small: House) -> None:
    small.occupy(OwnerKind.ROOM, small.rooms[0].id, london(MONDAY, 605), 5)
    assert "09:00" in small.clocks(buffer_after=15)
    assert "09:00" not in small.clocks(turnover=15)


def test_a_hold_is_in_the_way_until_it_lapses(small: House) -> None:
    small.occupy(
        OwnerKind.THERAPIST, small.therapists[0].id, london(MONDAY, 720), 60,
        what=EntryKind.HOLD, expires_at=NOW + 10 * MINUTE,
    )  # fmt: skip
    assert "12:00" not in small.clocks(now=NOW + 9 * MINUTE)
    assert "12:00" in small.clocks(now=NOW + 10 * MINUTE)


def test_the_appointment_to_be_moved_is_not_in_its_own_way(small: House) -> None:
    entry = small.occupy(OwnerKind.THERAPIST, small.therapists[0].id, london(MONDAY, 720), 60)
    assert "12:30" not in small.clocks()
    assert "12:30" in small.clocks(ignore_entry_id=entry)


def test_only_active_people_rooms_and_sites_are_offered(small: House) -> None:
    for thing in (small.therapists[0], small.rooms[0]):
        thing.is_active = False
        small.session.flush()
        assert small.find() == []
        thing.is_active = True
    small.site.is_active = False
    small.session.flush()
    with pytest.raises(NotFound):
        small.find()


def test_the_therapist_needs_the_skill_and_may_be_chosen(house: House) -> None:
    house.room("Oak")
    ann, ben = house.therapist("Ann", gender=Gender.WOMAN), house.therapist("Ben", gender=Gender.MAN)
    house.therapist("Cleo").skills.clear()
    house.session.flush()

    def therapists(**changes: Any) -> set[int]:
        return {opening.therapist_id for opening in house.find(**changes)}

    assert therapists() == {ann.id, ben.id}
    assert therapists(therapist_id=ben.id) == {ben.id}
    assert therapists(gender=Gender.WOMAN) == {ann.id}
    assert therapists(gender=Gender.WOMAN, therapist_id=ben.id) == set()


def test_the_room_must_suit_and_a_step_free_one_is_kept_back(house: House) -> None:
    house.therapist("Ann")
    flat, oak, yew = house.room("Flat", step_free=True), house.room("Oak"), house.room("Yew")

    def rooms(**changes: Any) -> set[int]:
        return {opening.room_id for opening in house.find(**changes)}

    assert rooms() == {oak.id}
    assert rooms(step_free=True) == {flat.id}
    assert rooms(room_id=yew.id) == {yew.id}
    house.session.execute(sa.insert(offering_room).values(offering_id=house.offering.id, room_id=yew.id))
    assert rooms() == {yew.id}
    assert rooms(step_free=True) == set()


def test_the_next_room_is_given_when_the_first_is_taken(house: House) -> None:
    house.therapist("Ann")
    oak, yew = house.room("Oak"), house.room("Yew")
    house.occupy(OwnerKind.ROOM, oak.id, london(MONDAY, 540), 60, what=EntryKind.MAINTENANCE)
    at = {opening.starts_at: opening.room_id for opening in house.find()}
    assert at[london(MONDAY, 540)] == yew.id
    assert at[london(MONDAY, 600)] == oak.id


def test_the_first_and_the_nearest_openings(small: House) -> None:
    everything = small.find(days=3)
    assert first_openings(small.session, small.search(days=3), 20) == everything[:20]
    wanted = london(MONDAY, 12 * 60)
    small.occupy(OwnerKind.ROOM, small.rooms[0].id, wanted, 60)
    near = nearest_openings(small.session, small.search(), wanted)
    clocks = [walltime.local(opening.starts_at, LONDON).strftime("%H:%M") for opening in near]
    assert clocks == ["11:00", "13:00", "10:30"]


def test_one_start_can_be_asked_about(small: House) -> None:
    def at(starts_at: datetime, **changes: Any) -> Opening | None:
        search = small.search(first_day=date(2020, 1, 1), **changes)
        return opening_at(small.session, search, starts_at)

    noon = london(MONDAY, 720)
    found = at(noon)
    assert found is not None
    assert (found.starts_at, found.therapist_id) == (noon, small.therapists[0].id)
    assert at(noon + 5 * MINUTE) is None  # off the grid
    assert at(noon + timedelta(seconds=1)) is None
    assert at(london(MONDAY, 480)) is None  # before hours
    small.occupy(OwnerKind.THERAPIST, small.therapists[0].id, noon, 30)
    assert at(noon) is None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("is_limited", [False, True])
def test_what_is_read_for_one_start_says_of_it_what_its_whole_day_says(
    house: House, seed: int, is_limited: bool
) -> None:
    """Also whom it would leave no hole, and who may not for the sake of their hands."""
    chance = random.Random(seed)
    house.site.prefers_adjacent = True
    therapists = [house.therapist(name) for name in ("Ann", "Bea")]
    owners = [(OwnerKind.THERAPIST, each.id) for each in therapists]
    owners += [(OwnerKind.ROOM, house.room(name).id) for name in ("Oak", "Yew")]
    if is_limited:
        therapists[0].most_hands_on_minutes_a_day = 240
    for owner in owners:
        for hour in chance.sample(range(9, 17), 4):
            start, length = london(MONDAY, 60 * hour + chance.choice((0, 5))), chance.choice((15, 30, 45, 60))
            with contextlib.suppress(SlotTaken):
                house.occupy(*owner, start, length, effort=Effort(length))
    asked = {"buffer_before": 5, "buffer_after": 10, "turnover": 15, "hands_on": 60}
    found = house.find(**asked)
    for minute in range(8 * 60, 18 * 60, 30):
        start = london(MONDAY, minute)
        there = openings_at(house.session, house.search(**asked), start)
        whole = [each for each in found if each.starts_at == start]
        assert there == whole
        assert [each.leaves_no_hole for each in there] == [each.leaves_no_hole for each in whole]


def test_a_time_that_was_shown_can_be_taken_a_little_later(small: House) -> None:
    first = small.find()[0]
    for minutes, is_open in ((0, True), (15, True), (16, False)):
        search = small.search(now=NOW + minutes * MINUTE)
        assert (opening_at(small.session, search, first.starts_at) is not None) == is_open


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


def test_statements_do_not_grow_with_therapists_or_days(house: House) -> None:
    house.room("Oak")
    counts = set()
    for number in range(20):
        house.therapist(f"Therapist {number}")
        if number in (1, 19):
            for days in (1, 28):
                search = house.search(days=days, client_id=house.client.id)
                house.session.expire_all()
                with counted(house.session) as statements:
                    assert find_openings(house.session, search)
                counts.add(len(statements))
    assert counts == {5}


def second_site(house: House) -> Site:
    """Another site, half an hour off Greenwich's hours, with a room of its own."""
    site = house.add(
        Site(
            name="Quay", slug="quay", clinic_name="The Mill", address="Quay", phone="1",
            email="q@example.org", tz="Asia/Kolkata", grid_minutes=30, min_notice_minutes=60, horizon_days=30,
        )
    )  # fmt: skip
    house.add(Room(site_id=site.id, name="Pine"))
    return site


def test_the_first_times_anywhere_come_from_every_open_site(small: House) -> None:
    quay = second_site(small)
    ben = small.therapist("Ben", hours=False)
    for weekday in range(7):
        small.hours(ben, weekday, 720, 900, site_id=quay.id)  # half past six to half past nine in Greenwich
    search = small.search(first_day=MONDAY - timedelta(days=1), days=30)
    found = first_anywhere(small.session, search, 4)
    assert [(placed.site_id, placed.opening.starts_at) for placed in found] == [
        (small.site.id, london(MONDAY, 540)),
        (quay.id, london(MONDAY, 540)),
        (small.site.id, london(MONDAY, 570)),
        (quay.id, london(MONDAY, 570)),
    ]
    only = first_anywhere(small.session, search, 2, [small.site.id])
    assert {placed.site_id for placed in only} == {small.site.id}
    quay.is_active = False
    small.session.flush()
    assert {placed.site_id for placed in first_anywhere(small.session, search, 9)} == {small.site.id}
    assert first_anywhere(small.session, search, 9, []) == []


def test_the_first_times_anywhere_are_looked_for_farther_ahead_only_where_need_be(small: House) -> None:
    second_site(small)
    search = small.search(days=30)
    for limit, statements in ((5, 5), (60, 9), (500, 13)):
        small.session.expire_all()
        with counted(small.session) as said:
            found = first_anywhere(small.session, search, limit)
        assert len(said) == statements
        assert [placed.opening for placed in found] == small.find(days=30)[:limit]


def test_a_site_that_avoids_gaps_names_first_who_is_left_none(house: House) -> None:
    house.room("Oak")
    house.room("Elm")
    ann, ben = house.therapist("Ann"), house.therapist("Ben")
    house.occupy(OwnerKind.THERAPIST, ben.id, london(MONDAY, 540), 120)
    at_eleven = [opening for opening in house.find() if opening.starts_at == london(MONDAY, 660)]
    assert [(each.therapist_id, each.leaves_no_hole) for each in at_eleven] == [
        (ben.id, True),
        (ann.id, False),
    ]
    house.site.prefers_adjacent = False
    house.session.flush()
    at_eleven = [opening for opening in house.find() if opening.starts_at == london(MONDAY, 660)]
    assert [each.therapist_id for each in at_eleven] == [ann.id, ben.id]


@pytest.mark.parametrize("seed", range(6))
def test_page_and_diary_agree(house: House, seed: int) -> None:
    """Every opening can be entered; every start that hours alone would allow, and is no opening, cannot."""
    chance = random.Random(seed)
    house.site.grid_minutes = chance.choice([5, 10, 15, 20, 30])
    for number in range(2):
        house.therapist(f"Therapist {number}")
    house.room("Oak")
    lengths = {
        "minutes": chance.choice([30, 45, 60, 90]),
        "buffer_before": chance.choice([0, 5, 15]),
        "buffer_after": chance.choice([0, 7, 15]),
        "turnover": chance.choice([0, 10, 12]),
    }
    search = house.search(days=2, first_day=date(2027, 10, 30), client_id=house.client.id, **lengths)
    possible = find_openings(house.session, search)
    _fill_at_random(house, chance)
    found = set(find_openings(house.session, search))
    assert found < set(possible)
    for opening in chance.sample(possible, min(60, len(possible))):
        assert _can_be_entered(house, search, opening) == (opening in found)


def _fill_at_random(house: House, chance: random.Random) -> None:
    owners = [(OwnerKind.THERAPIST, each.id) for each in house.therapists]
    owners += [(OwnerKind.ROOM, house.rooms[0].id), (OwnerKind.CLIENT, house.client.id)]
    for _ in range(16):
        kind, owner_id = chance.choice(owners)
        start = london(date(2027, 10, 30 + chance.randrange(2)), chance.randrange(480, 1020))
        entry: dict[str, Any] = {}
        if chance.random() < 0.4:
            lapses = NOW + chance.choice([-1, 0, 1]) * MINUTE
            entry = {"what": EntryKind.HOLD, "expires_at": lapses, "now": NOW - HOUR}
        try:
            house.occupy(kind, owner_id, start, chance.randrange(5, 90), **entry)
        except SlotTaken:
            continue


def _can_be_entered(house: House, search: Search, opening: Opening) -> bool:
    attempt = house.session.begin_nested()
    try:
        diary.enter(
            house.session,
            EntryKind.APPOINTMENT,
            diary.session_claims(
                therapist_id=opening.therapist_id,
                room_id=opening.room_id,
                client_id=search.client_id,
                starts_at=opening.starts_at,
                ends_at=opening.starts_at + search.minutes * MINUTE,
                buffer_before=search.buffer_before,
                buffer_after=search.buffer_after,
                turnover=search.turnover,
            ),
            search.now,
        )
    except SlotTaken:
        return False
    else:
        return True
    finally:
        attempt.rollback()
