"""The day and the week at the desk: columns, gaps, states, the list."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from clinic.booking import board, services
from clinic.booking.statuses import Status
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import Closure, EntryKind, OwnerKind, TimeOff, WorkingBreak, WorkingHours
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import TUESDAY_TEN, Book

pytestmark = pytest.mark.database

DAY = "/desk/?on=2026-11-24"
TUESDAY = date(2026, 11, 24)


def text(desk: FlaskClient, address: str) -> str:
    answer = desk.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_day_shows_each_therapist_with_appointments_and_gaps(desk: FlaskClient, book: Book) -> None:
    made = book()
    page = text(desk, DAY)
    assert "Tuesday</span> 24 November" in page
    assert "Amara Osei" in page
    assert "Tom Whitfield" in page
    assert f"/desk/appointment/{made.reference}" in page
    assert "up to 75 min" in page
    assert ">break<" in page


def test_a_gap_leads_to_a_call_with_that_time(desk: FlaskClient, book: Book, clinic: makers.Clinic) -> None:
    book()
    page = text(desk, DAY)
    assert re.search(r"/desk/caller\?at=2026-11-24T12:30Z&amp;site=canal-street&amp;therapist=\d+", page)


@pytest.mark.parametrize(
    ("status", "minutes", "word"),
    [
        (None, -30, "s-booked"),
        (None, 10, "late 10 min"),
        (Status.CHECKED_IN, -5, "arrived"),
        (Status.CHECKED_IN, 5, "in session"),
        (Status.NO_SHOW, 30, "no-show"),
    ],
)
def test_the_state_follows_from_status_and_clock(
    app: Flask, desk: FlaskClient, db: Session, book: Book, status: Status | None, minutes: int, word: str
) -> None:
    made = book()
    if status is not None:
        services.set_status(db, NOW, made.id, status, actor="user:1")
        db.commit()
    app.config["CLOCK"] = lambda: TUESDAY_TEN + timedelta(minutes=minutes)
    assert word in text(desk, DAY)
    assert word.replace("s-booked", "r-booked") in text(desk, f"{DAY}&view=list")


def test_the_list_shows_the_day_by_time_with_what_to_do(
    app: Flask, desk: FlaskClient, db: Session, clinic: makers.Clinic, book: Book
) -> None:
    book(TUESDAY_TEN + timedelta(hours=3), "Carl Late")
    book(TUESDAY_TEN, "Anna Early")
    services.hold(db, NOW, clinic.wish(), TUESDAY_TEN + timedelta(hours=4), makers.intake(db, NOW))
    db.commit()
    app.config["CLOCK"] = lambda: NOW + timedelta(minutes=3)
    page = text(desk, f"{DAY}&view=list")
    assert page.index("Anna Early") < page.index("Carl Late") < page.index("Web visitor")
    assert "held 7 min" in page
    assert "3 appointments" in page
    app.config["CLOCK"] = lambda: TUESDAY_TEN + timedelta(hours=1)
    page = text(desk, f"{DAY}&view=list")
    assert "Now, 11:00" in page
    assert "Arrived" in page


def test_a_hold_of_a_web_visitor_is_on_the_board_without_a_name(
    desk: FlaskClient, db: Session, clinic: makers.Clinic
) -> None:
    services.hold(db, NOW, clinic.wish(), TUESDAY_TEN, makers.intake(db, NOW))
    db.commit()
    page = text(desk, DAY)
    assert "Web visitor" in page
    assert "held 10 min" in page


def test_time_off_and_closed_days_are_told(desk: FlaskClient, db: Session, clinic: makers.Clinic) -> None:
    amara = clinic.therapists[0]
    starts, ends = TUESDAY_TEN + timedelta(hours=4), TUESDAY_TEN + timedelta(hours=7)
    entry = diary.enter(db, EntryKind.TIME_OFF, [Claim(OwnerKind.THERAPIST, amara.id, starts, ends)], NOW)
    db.add(TimeOff(therapist_id=amara.id, starts_at=starts, ends_at=ends, reason="dentist", entry_id=entry))
    db.add(
        Closure(
            site_id=clinic.site.id,
            name="Stocktaking",
            starts_on=date(2026, 11, 25),
            ends_on=date(2026, 11, 25),
        )
    )
    db.commit()
    page = text(desk, DAY)
    assert "time off" in page
    assert "dentist" not in page
    assert "Off: Amara Osei 14:00 to 17:00" in text(desk, f"{DAY}&view=list")
    closed = text(desk, "/desk/?on=2026-11-25")
    assert "Canal Street is closed: Stocktaking." in closed
    assert "Nobody works that day" in closed


def test_the_first_free_times_fit_the_length_asked_for(desk: FlaskClient, book: Book) -> None:
    page = text(desk, f"{DAY}&minutes=90")
    assert "Nothing free for 90 minutes" in page
    page = text(desk, f"{DAY}&minutes=60")
    assert re.search(r"<b>09:00</b> <span>Amara</span>", page)


def test_one_site_or_all(desk: FlaskClient, db: Session, clinic: makers.Clinic) -> None:
    other = makers.site(db, name="Mill Lane", slug="mill-lane")
    makers.therapist(db, other, "Grace Lindqvist", clinic.therapists[0].skills)
    db.commit()
    both = text(desk, DAY)
    assert "Both sites" in both
    assert "Grace Lindqvist" in both
    one = text(desk, f"{DAY}&site=canal-street")
    assert "Grace Lindqvist" not in one
    assert "Amara Osei" in one


@pytest.mark.parametrize("on", ["", "nonsense", "9999-12-31", "2026-02-30", "0001-01-01"])
def test_a_day_that_is_none_is_today(desk: FlaskClient, on: str) -> None:
    assert "Monday</span> 23 November" in text(desk, f"/desk/?on={on}&minutes=7&site=x&view=x")


def test_a_clinic_without_sites_says_what_will_be_here(app: Flask, db: Session) -> None:
    from clinic.people.models import RoleName
    from tests.web.desk.conftest import sign_in

    makers.user(db, NOW, RoleName.RECEPTION)
    db.commit()
    browser = sign_in(app, "desk@clinic.example")
    for address in (
        "/desk/",
        "/desk/?view=list",
        "/desk/week",
        "/desk/queue",
        "/desk/find?q=anna",
        "/desk/caller",
    ):
        assert browser.get(address).status_code == 200, address


def test_the_week_counts_and_one_therapist_has_names(
    desk: FlaskClient, clinic: makers.Clinic, book: Book
) -> None:
    made = book()
    page = text(desk, "/desk/week?on=2026-11-24")
    assert "Week of 23 to 29 November" in page
    assert "Anna Petrova" not in page
    one = text(desk, f"/desk/week?on=2026-11-24&therapist={made.therapist_id}")
    assert "Anna Petrova" in one
    assert "Tom Whitfield" not in one


def test_statements_do_not_grow_with_therapists(
    app: Flask, desk: FlaskClient, db: Session, clinic: makers.Clinic, book: Book
) -> None:
    engine = app.extensions["clinic.engine"]
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    text(desk, DAY)
    few = len(seen)
    for number in range(12):
        makers.therapist(db, clinic.site, f"Nr {number:02d}", clinic.therapists[0].skills)
    db.commit()
    book()
    book(TUESDAY_TEN + timedelta(hours=4), "Bea Brown")
    seen.clear()
    text(desk, DAY)
    assert len(seen) <= few + 1  # late notes are asked for only where there are appointments


def test_every_gap_that_is_shown_can_be_booked(db: Session, clinic: makers.Clinic, book: Book) -> None:
    book()
    book(TUESDAY_TEN + timedelta(hours=3, minutes=30), "Bea Brown")
    shown = board.load(db, NOW, board.places(db), TUESDAY, 1)
    gaps = [gap for lane in shown.lanes for gap in lane.gaps]
    assert len(gaps) >= 3
    for number, gap in enumerate(gaps):
        wish = clinic.wish(
            is_desk=True, therapist_id=gap.therapist_id, talk_minutes=gap.minutes - clinic.swedish.minutes
        )
        client = makers.client(db, NOW, f"Client {number}", email=None, phone=None)
        with db.begin_nested() as inner:
            made = services.book(db, NOW, wish, gap.starts_at, client, makers.intake(db, NOW), actor="user:1")
            assert made.starts_at == gap.starts_at
            inner.rollback()


def test_a_gap_needs_a_room(db: Session, clinic: makers.Clinic) -> None:
    for room in clinic.rooms:
        diary.enter(
            db,
            EntryKind.MAINTENANCE,
            [Claim(OwnerKind.ROOM, room.id, TUESDAY_TEN, TUESDAY_TEN + timedelta(hours=2))],
            NOW,
        )
    shown = board.load(db, NOW, board.places(db), TUESDAY, 1)
    starts = {start for lane in shown.lanes for gap in lane.gaps for start, _most in gap.starts}
    assert starts
    assert not any(
        TUESDAY_TEN - timedelta(hours=1) < start < TUESDAY_TEN + timedelta(hours=2) for start in starts
    )


def close(db: Session, clinic: makers.Clinic, from_on: date, until_on: date) -> None:
    db.add(Closure(site_id=clinic.site.id, name="Stocktaking", starts_on=from_on, ends_on=until_on))
    db.commit()


def later(desk: FlaskClient, address: str) -> tuple[str, str]:
    """Where the last link of the first free times leads, and its words."""
    found = re.search(r'<a href="([^"]+)" class="more">([^<]+)</a>', text(desk, address))
    assert found
    return found.group(1), found.group(2)


def test_after_the_first_free_times_comes_the_next_day_that_has_any(
    desk: FlaskClient, db: Session, clinic: makers.Clinic
) -> None:
    close(db, clinic, TUESDAY, date(2026, 11, 26))
    assert later(desk, DAY) == ("/desk/?on=2026-11-27", "Fri 27 Nov: 4 free")


def test_where_the_week_has_no_free_time_left_the_next_week_is_a_press_away(
    desk: FlaskClient, db: Session, clinic: makers.Clinic
) -> None:
    close(db, clinic, TUESDAY, date(2026, 11, 29))
    page = text(desk, DAY)
    assert "Nothing free for 60 minutes" in page
    assert later(desk, DAY) == ("/desk/?on=2026-11-30", "Next week")
    assert later(desk, "/desk/?on=2026-11-29")[1] == "Next week"


def test_the_night_the_clocks_go_back_keeps_wall_times(
    app: Flask, desk: FlaskClient, clinic: makers.Clinic, book: Book
) -> None:
    before = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
    app.config["CLOCK"] = lambda: before
    book(datetime(2026, 10, 24, 13, 0, tzinfo=UTC), "Anna Summer", now=before)
    book(datetime(2026, 10, 25, 13, 0, tzinfo=UTC), "Carl Winter", now=before)
    assert "14:00 60′" in text(desk, "/desk/?on=2026-10-24")
    assert "13:00 60′" in text(desk, "/desk/?on=2026-10-25")


def test_appointments_of_somebody_without_hours_any_more_stay_in_sight(
    desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    db.execute(sa.delete(WorkingBreak))
    db.execute(sa.delete(WorkingHours).where(WorkingHours.therapist_id == made.therapist_id))
    db.commit()
    assert "Anna Petrova" in text(desk, DAY)
    assert "Anna Petrova" in text(desk, f"/desk/week?on=2026-11-24&therapist={made.therapist_id}")
