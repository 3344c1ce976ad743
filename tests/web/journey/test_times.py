"""Choosing a time: every time shown can be held; one that is gone brings the three nearest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Hold
from clinic.booking.statuses import HoldStatus
from clinic.roster import services as roster
from clinic.roster.models import Closure, Room, SlotClaim, WorkingHours
from tests import makers
from tests.conftest import NOW
from tests.makers import Clinic
from tests.web.journey.steps import Walker, heading, nearest_of, slots_of

TUESDAY = "2026-11-24T10:00Z"
NONE = r'id="day-2026-11-(\d\d)" role(?:(?!id="day-2026-11-\d\d" role).)*?<p class="none">(.*?)</p>'
TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """What the app asks the database meanwhile."""
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    engine = app.extensions["clinic.engine"]
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def take(db: Session, clinic: Clinic, starts_at: datetime, number: int = 2) -> None:
    """Somebody else books everybody at that time."""
    for n in range(number):
        client = makers.client(db, NOW, name=f"Other {n}", email=f"other{n}@client.example")
        intake = makers.intake(db, NOW)
        services.book(db, NOW, clinic.wish(), starts_at, client, intake, actor="test")
    db.commit()


def open_holds(db: Session) -> list[Hold]:
    db.rollback()
    return list(db.scalars(sa.select(Hold).where(Hold.status == HoldStatus.OPEN)))


def test_every_time_shown_can_be_held(walker: Walker, clinic: Clinic, db: Session) -> None:
    shown = slots_of(walker.to_time(clinic.swedish.id).text)
    assert len(shown) > 20
    for slot in shown[::9]:
        assert walker.post("/book/time", {"slot": slot}).location == "/book/details", slot
        assert [held.starts_at for held in open_holds(db)] == [datetime.fromisoformat(slot)]


def test_the_soonest_is_taken_with_one_press(walker: Walker, clinic: Clinic, db: Session) -> None:
    page = walker.to_time(clinic.swedish.id).text
    assert "Soonest: <b>Mon 23 Nov, 09:00</b>" in page
    assert walker.post("/book/time", {"soonest": "2026-11-23T09:00Z"}).location == "/book/details"


def test_times_are_those_of_the_place(app: Flask, db: Session) -> None:
    made = makers.clinic(db, tz="Asia/Kolkata", name="Delhi", slug="delhi")
    db.commit()
    walker = Walker(app)
    page = walker.to_time(made.swedish.id).text
    assert "Times are Kolkata time" in page
    assert "2026-11-24T03:30Z" in slots_of(page)
    assert ">09:00<" in page


def test_a_taken_time_brings_the_three_nearest_and_keeps_the_choices(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_time(clinic.swedish.id)
    take(db, clinic, TEN)
    gone = walker.post("/book/time?with=any&step_free=", {"slot": TUESDAY})
    assert gone.status_code == 409
    assert heading(gone.text) == "Choose a time"
    assert "That time has just been taken." in gone.text
    near = nearest_of(gone.text)
    assert len(near) == 3
    assert TUESDAY not in near
    assert open_holds(db) == []
    assert walker.post("/book/time", {"soonest": near[0]}).location == "/book/details"


def test_a_time_never_offered_says_so(walker: Walker, clinic: Clinic) -> None:
    walker.to_time(clinic.swedish.id)
    for slot in (
        "2026-11-24T10:07Z",
        "2027-11-24T10:00Z",
        "2020-01-01T10:00Z",
        "2026-11-24T03:00Z",
    ):
        page = walker.post("/book/time", {"slot": slot})
        assert page.status_code == 409, slot
        assert len(nearest_of(page.text)) == 3, slot


@pytest.mark.parametrize(
    "slot", ["", "x", "2026-11-24", "2026-11-24T10:00:00", "9999-12-31T23:59Z", "0" * 999]
)
def test_a_time_that_is_none_is_asked_again(walker: Walker, clinic: Clinic, slot: str) -> None:
    walker.to_time(clinic.swedish.id)
    page = walker.post("/book/time", {"slot": slot})
    assert page.status_code == 422
    assert "Choose a day and a time." in page.text


def test_another_time_gives_the_first_one_back(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_details(clinic.swedish.id)
    assert walker.post("/book/time", {"slot": "2026-11-25T10:00Z"}).location == "/book/details"
    assert [held.starts_at for held in open_holds(db)] == [datetime(2026, 11, 25, 10, tzinfo=UTC)]


def test_the_same_time_twice_is_one_hold(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_details(clinic.swedish.id)
    first = open_holds(db)[0].id
    walker.post("/book/time", {"slot": TUESDAY})
    assert [held.id for held in open_holds(db)] == [first]


def test_a_time_beside_the_own_one_can_be_had(walker: Walker, clinic: Clinic, db: Session) -> None:
    """With one therapist the own hold stands in the way of a time that overlaps it."""
    walker.to_details(clinic.swedish.id, query=f"?with={clinic.therapists[0].id}")
    moved = walker.post(f"/book/time?with={clinic.therapists[0].id}", {"slot": "2026-11-24T10:15Z"})
    assert moved.location == "/book/details"
    held = open_holds(db)
    assert [(each.starts_at.minute, each.therapist_id) for each in held] == [(15, clinic.therapists[0].id)]
    assert {claim.entry_id for claim in db.scalars(sa.select(SlotClaim))} == {held[0].entry_id}


def test_a_refused_time_leaves_the_held_one(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_details(clinic.swedish.id)
    take(db, clinic, datetime(2026, 11, 25, 10, tzinfo=UTC))
    assert walker.post("/book/time", {"slot": "2026-11-25T10:00Z"}).status_code == 409
    assert [held.starts_at for held in open_holds(db)] == [TEN]


def test_a_woman_a_man_or_one_therapist(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_time(clinic.swedish.id)
    amara, tom = clinic.therapists
    for person, expected in (("woman", amara.id), ("man", tom.id), (str(tom.id), tom.id)):
        walker.post(f"/book/time?with={person}", {"slot": TUESDAY})
        assert [held.therapist_id for held in open_holds(db)] == [expected]
    page = walker.get("/book/time?with=woman").text
    assert "with a woman" in page


def test_a_room_without_steps(walker: Walker, clinic: Clinic, db: Session) -> None:
    page = walker.to_time(clinic.swedish.id)
    assert slots_of(walker.get("/book/time?step_free=y").text) == []
    db.execute(sa.update(Room).where(Room.id == clinic.rooms[1].id).values(is_step_free=True))
    db.commit()
    assert slots_of(walker.get("/book/time?step_free=y").text)
    walker.post("/book/time?step_free=y", {"slot": TUESDAY})
    assert [held.room_id for held in open_holds(db)] == [clinic.rooms[1].id]
    assert page.status_code == 200


def test_another_site_is_chosen_by_name(walker: Walker, clinic: Clinic, db: Session) -> None:
    place = makers.site(db, name="Mill Lane", slug="mill-lane")
    db.add(Room(site_id=place.id, name="Room 1"))
    makers.therapist(db, place, "Hana Sato", clinic.therapists[0].skills)
    db.commit()
    page = walker.to_time(clinic.swedish.id).text
    assert "Mill Lane" in page
    assert "At Mill Lane" in walker.get("/book/time?site=mill-lane").text
    walker.post("/book/time?site=mill-lane", {"slot": TUESDAY})
    assert [held.site_id for held in open_holds(db)] == [place.id]
    assert "At Mill Lane" in walker.get("/book/time").text


@pytest.mark.parametrize(
    "query",
    [
        "site=nowhere",
        "with=999999",
        "with=x",
        "week=2026-13-45",
        "week=9999-12-31",
        "week=0001-01-01",
        "all=1",
    ],
)
def test_an_odd_address_shows_the_usual_page(walker: Walker, clinic: Clinic, query: str) -> None:
    walker.to_time(clinic.swedish.id)
    assert walker.get(f"/book/time?{query}").status_code == 200


def test_days_without_a_time_say_why(walker: Walker, clinic: Clinic, db: Session) -> None:
    amara = clinic.therapists[0]
    db.add(
        Closure(
            site_id=clinic.site.id,
            name="Stocktaking",
            starts_on=date(2026, 11, 26),
            ends_on=date(2026, 11, 26),
        )
    )
    roster.add_time_off(
        db, NOW, amara.id, datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 11, 26, tzinfo=UTC)
    )
    db.commit()
    walker.to_time(clinic.swedish.id)
    for each, weekday in [(amara, 4), (amara, 5), (clinic.therapists[1], 5)]:
        db.execute(
            sa.delete(WorkingHours).where(
                WorkingHours.therapist_id == each.id, WorkingHours.weekday == weekday
            )
        )
    db.commit()
    page = walker.get(f"/book/time?with={amara.id}").text
    words = dict(re.findall(NONE, page, re.DOTALL))
    assert words["25"].startswith("Amara is away. <a")
    assert words["26"] == "Closed"
    assert words["27"].startswith("Amara is not in. <a")
    assert words["28"] == "Closed", "on a day on which nobody works, anyone does not help"
    strip = re.findall(r"<span>\w+ <b>(\d+)</b> <small>(.*?)</small></span>", page)
    assert strip == [("25", "away"), ("26", "closed"), ("27", "not in"), ("28", "closed")]


def test_anyone_is_offered_for_the_days_on_which_somebody_else_is_free(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    amara, tom = clinic.therapists
    for each, day in ((amara, 25), (amara, 26), (tom, 26)):
        starts = datetime(2026, 11, day, tzinfo=UTC)
        roster.add_time_off(db, NOW, each.id, starts, starts + timedelta(days=1))
    db.commit()
    walker.to_time(clinic.swedish.id)
    words = dict(re.findall(NONE, walker.get(f"/book/time?with={amara.id}").text, re.DOTALL))
    assert words["25"].startswith("Amara is away. <a")
    assert words["26"] == "Amara is away"


def test_a_week_without_a_time_says_what_to_do(walker: Walker, clinic: Clinic, db: Session) -> None:
    db.add(
        Closure(
            site_id=clinic.site.id, name="Holiday", starts_on=date(2026, 11, 23), ends_on=date(2026, 12, 2)
        )
    )
    db.commit()
    page = walker.to_time(clinic.swedish.id).text
    assert "2026-12-03T09:00Z" in slots_of(page)  # the first week with a time
    empty = walker.get("/book/time?week=2026-11-23&with=woman").text
    assert "Nothing free this week" in empty
    assert "We are closed on these days." in empty
    way_out = '<a class="btn" href="/book/time?site=canal-street&amp;with=woman&amp;week=2026-12-03">'
    assert f"{way_out}Thu 3 Dec, 09:00</a>" in empty
    assert "Call 020 7946 0142" in empty


def test_a_week_in_which_one_person_is_away_says_so_and_names_who_is_there(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    amara, tom = clinic.therapists
    starts = datetime(2026, 11, 23, tzinfo=UTC)
    roster.add_time_off(db, NOW, amara.id, starts, starts + timedelta(days=8))
    db.commit()
    walker.to_time(clinic.swedish.id)
    empty = walker.get(f"/book/time?week=2026-11-23&with={amara.id}").text
    assert "Amara Osei is away on these days." in empty
    with_tom = f'href="/book/time?site=canal-street&amp;with={tom.id}&amp;week=2026-11-23"'
    assert f"{with_tom}>With Tom Whitfield: today, 09:00</a>" in empty
    assert ">Tue 1 Dec, 09:00</a>" in empty


def test_no_time_at_all_leads_to_a_person(walker: Walker, clinic: Clinic, db: Session) -> None:
    db.add(
        Closure(site_id=clinic.site.id, name="Gone", starts_on=date(2026, 11, 1), ends_on=date(2028, 12, 2))
    )
    db.commit()
    page = walker.to_time(clinic.swedish.id)
    assert page.status_code == 200
    assert "Call 020 7946 0142" in page.text


def test_a_session_taken_out_meanwhile_shows_no_times(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_time(clinic.swedish.id)
    clinic.swedish.is_active = False
    db.commit()
    assert walker.get("/book/time").location == "/book/session"
    assert "not offered any more" in walker.get("/book/session").text
    assert walker.post("/book/time", {"slot": TUESDAY}).location == "/book/session"
    assert "not offered any more" in walker.get("/book/session").text
    assert db.scalar(sa.select(sa.func.count(Hold.id))) == 0


def test_weeks_lead_on_to_the_end_of_what_can_be_booked(walker: Walker, clinic: Clinic) -> None:
    page = walker.to_time(clinic.swedish.id).text
    assert "week=2026-11-30" in page
    assert 'rel="prev"' not in page
    last = walker.get("/book/time?week=2027-01-22").text
    assert 'rel="next"' not in last
    assert "Not open yet" in last


def test_an_old_tab_with_another_session_shows_its_times_anew(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_time(clinic.swedish.id)
    page = walker.post("/book/time", {"slot": TUESDAY, "option": clinic.deep.id})
    assert page.status_code == 409
    assert "another session" in page.text
    assert open_holds(db) == []


def test_the_page_asks_the_database_as_often_for_twelve_as_for_two(
    app: Flask, walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_time(clinic.swedish.id)
    with statements(app) as few:
        assert walker.get("/book/time").status_code == 200
    for n in range(10):
        makers.therapist(db, clinic.site, f"Therapist {n}", clinic.therapists[0].skills)
        db.add(Room(site_id=clinic.site.id, name=f"Extra {n}"))
    db.commit()
    for n in range(12):
        take(db, clinic, TEN + timedelta(days=n % 4, minutes=15 * (n % 3)), 1)
    walker.get("/book/time")  # as few had been read before: hours, rooms and closures are kept
    with statements(app) as many:
        assert walker.get("/book/time").status_code == 200
    assert len(many) == len(few), "\n".join(many)
    assert len(few) <= 25
