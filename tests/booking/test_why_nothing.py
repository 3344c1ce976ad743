"""Why nothing is free, and the nearest ways out, on a small clinic in the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from clinic.booking import slots
from clinic.booking.slots import NoTimes, Wish
from clinic.catalog.models import OfferingOption
from clinic.kernel.errors import NotFound
from clinic.people.models import Client
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.explaining import Reason, Way
from clinic.roster.models import Closure, EntryKind, Gender, OwnerKind, Room, WorkingHours
from tests import makers
from tests.makers import Clinic

pytestmark = pytest.mark.database

HOUR = timedelta(hours=1)


class House:
    """The clinic, the day that is asked for (tomorrow), and what may be done to it."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        self.clinic: Clinic = makers.clinic(session)
        self.day: date = now.date() + timedelta(days=1)
        self.midnight = now.replace(hour=0) + timedelta(days=1)
        self.client: Client = makers.client(session, now)

    @property
    def amara(self) -> int:
        return self.clinic.therapists[0].id

    def take(self, owner: OwnerKind, owner_id: int, *, what: EntryKind = EntryKind.APPOINTMENT) -> None:
        """All of the day is taken."""
        claim = Claim(owner, owner_id, self.midnight, self.midnight + 24 * HOUR)
        diary.enter(self.session, what, [claim], self.now)

    def close(self) -> None:
        closure = Closure(site_id=self.clinic.site.id, name="Painting", starts_on=self.day, ends_on=self.day)
        self.session.add(closure)
        self.session.flush()

    def drop(self, table: Any, *where: Any) -> None:
        self.session.execute(sa.delete(table).where(*where))
        self.session.expire_all()

    def change(self, thing: Any, **values: Any) -> None:
        for name, value in values.items():
            setattr(thing, name, value)
        self.session.flush()

    def why(self, first: date | None = None, **changes: Any) -> NoTimes | None:
        more = {key: changes.pop(key) for key in ("options", "other_sites") if key in changes}
        wish: Wish = self.clinic.wish(client_id=self.client.id, **changes)
        return slots.why_nothing(self.session, wish, first or self.day, 1, self.now, **more)


@pytest.fixture
def house(session: Session, now: datetime) -> House:
    return House(session, now)


def test_where_something_is_free_there_is_nothing_to_explain(house: House) -> None:
    assert house.why() is None


def no_skill(house: House) -> None:
    for each in house.clinic.therapists:
        each.skills.clear()
    house.session.flush()


def both(house: House, what: EntryKind) -> None:
    for each in house.clinic.therapists:
        house.take(OwnerKind.THERAPIST, each.id, what=what)


def both_rooms(house: House) -> None:
    for room in house.clinic.rooms:
        house.take(OwnerKind.ROOM, room.id, what=EntryKind.MAINTENANCE)


def tired(house: House) -> None:
    for each in house.clinic.therapists:
        house.change(each, most_hands_on_minutes_a_day=30)


REASONS: dict[Reason, tuple[Callable[[House], object], dict[str, Any]]] = {
    Reason.NO_SKILL: (no_skill, {}),
    Reason.NOBODY_SUITS: (lambda h: h.change(h.clinic.therapists[0], gender=Gender.MAN), {"gender": "woman"}),
    Reason.NO_ROOM: (lambda h: None, {"is_step_free": True}),
    Reason.NOT_OPEN_YET: (lambda h: h.change(h.clinic.site, horizon_days=1), {"first": 2}),
    Reason.TOO_SOON: (lambda h: h.change(h.clinic.site, min_notice_minutes=2880), {}),
    Reason.NOT_IN: (lambda h: h.drop(WorkingHours, WorkingHours.weekday == h.day.weekday()), {}),
    Reason.CLOSED: (House.close, {}),
    Reason.TOO_LONG: (lambda h: h.change(h.clinic.swedish, minutes=300), {}),
    Reason.AWAY: (lambda h: both(h, EntryKind.TIME_OFF), {}),
    Reason.FULL: (lambda h: both(h, EntryKind.APPOINTMENT), {}),
    Reason.LIMITS: (tired, {}),
    Reason.ROOMS_FULL: (both_rooms, {}),
    Reason.CLIENT_BUSY: (lambda h: h.take(OwnerKind.CLIENT, h.client.id), {}),
}


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_told(house: House, reason: Reason) -> None:
    prepare, changes = REASONS[reason]
    prepare(house)
    ahead = changes.get("first", 0)
    asked = {key: value for key, value in changes.items() if key != "first"}
    found = house.why(house.day + timedelta(days=ahead), **asked)
    assert found is not None
    assert found.reason == reason


def test_the_ways_out_are_the_nearest_times_with_one_thing_given_up(house: House) -> None:
    house.take(OwnerKind.THERAPIST, house.amara)
    near = house.why(therapist_id=house.amara)
    assert near is not None
    assert [(way.way, way.slot.starts_at, way.slot.therapist_id) for way in near.ways] == [
        (Way.OTHER_THERAPIST, house.midnight + 9 * HOUR, house.clinic.therapists[1].id),
        (Way.LATER, house.midnight + 33 * HOUR, house.amara),
    ]


def test_a_shorter_session_is_named_where_it_fits_sooner(house: House) -> None:
    house.change(house.clinic.swedish, minutes=240)
    offering = house.clinic.swedish.offering_id
    short = [
        OfferingOption(offering_id=offering, minutes=minutes, price_minor=1, currency="GBP")
        for minutes in (45, 90)
    ]
    house.session.add_all(short)
    for each in house.clinic.therapists:  # nobody has four hours and a rest in one piece
        house.session.execute(
            sa.update(WorkingHours).where(WorkingHours.therapist_id == each.id).values(opens=600, closes=840)
        )
    house.session.flush()
    options = [option.id for option in short]
    near = house.why(options=options)
    assert near is not None
    assert [(way.way, way.minutes, way.option_id) for way in near.ways] == [(Way.SHORTER, 90, short[1].id)]
    assert near.reason == Reason.TOO_LONG
    assert house.why(options=[]) == replace(near, ways=())


def test_another_site_is_named_where_it_is_sooner(house: House, session: Session) -> None:
    both(house, EntryKind.APPOINTMENT)
    mill = makers.site(session, name="Mill Lane", slug="mill-lane", tz="Asia/Kolkata")
    session.add(Room(site_id=mill.id, name="Pine"))
    skill = house.clinic.therapists[0].skills
    ines = makers.therapist(session, mill, "Ines", skill)
    near = house.why(other_sites=[mill.id])
    assert near is not None
    assert [(way.way, way.site_id) for way in near.ways] == [
        (Way.OTHER_SITE, mill.id),
        (Way.LATER, house.clinic.site.id),
    ]
    assert near.ways[0].slot.therapist_id == ines.id
    assert near.ways[0].slot.starts_at == house.midnight + 3.5 * HOUR


def test_every_way_out_can_be_taken(house: House) -> None:
    house.take(OwnerKind.THERAPIST, house.amara)
    near = house.why(therapist_id=house.amara)
    assert near is not None
    for way in near.ways:
        wish = house.clinic.wish(therapist_id=way.slot.therapist_id, client_id=house.client.id)
        assert way.slot in slots.slots_at(house.session, wish, way.slot.starts_at, house.now)


def test_a_site_that_is_closed_for_good_is_not_found(house: House) -> None:
    house.change(house.clinic.site, is_active=False)
    with pytest.raises(NotFound):
        house.why()


def test_the_explanation_costs_the_same_statements_whatever_there_is(house: House, session: Session) -> None:
    both(house, EntryKind.APPOINTMENT)
    counts = set()
    for number in range(6):
        makers.therapist(session, house.clinic.site, f"Therapist {number}", house.clinic.therapists[0].skills)
        house.take(
            OwnerKind.THERAPIST, session.scalars(sa.select(sa.func.max(WorkingHours.therapist_id))).one()
        )
        said: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any, said: list[str] = said) -> None:
            said.append(statement)

        event.listen(session.connection(), "before_cursor_execute", note)
        assert house.why(therapist_id=house.amara, options=[1, 2, 3]) is not None
        event.remove(session.connection(), "before_cursor_execute", note)
        counts.add(len([each for each in said if each.startswith("SELECT")]))
    assert counts == {7}
