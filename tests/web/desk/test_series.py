"""Repeating an appointment at the desk, and changing what belongs together."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment, Series
from clinic.booking.statuses import Status
from tests.makers import Clinic
from tests.web.desk.conftest import TUESDAY_TEN, Book
from tests.web.refused import keeps, refuses_all

pytestmark = pytest.mark.database
WEEK = timedelta(weeks=1)


@pytest.fixture
def anna(clinic: Clinic, book: Book) -> Appointment:
    return book(therapist_id=clinic.therapists[0].id)


def dates_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="checkbox"[^>]* name="(date-\d+)" value="([^"]+)" checked', page))


def live(db: Session) -> list[datetime]:
    db.rollback()  # what the app has written since is seen in a new transaction only
    wanted = sa.select(Appointment.starts_at).where(Appointment.status == Status.BOOKED)
    return list(db.scalars(wanted.order_by(Appointment.starts_at)))


def repeated(desk: FlaskClient, anna: Appointment, every: str = "week", count: str = "4") -> str:
    at = f"/desk/appointment/{anna.reference}/repeat"
    page = desk.get(f"{at}?every={every}&count={count}").text
    sent = {"every": every, "count": count, **dates_of(page)}
    return desk.post(at, data=sent, follow_redirects=True).text


def test_an_appointment_is_repeated_and_shows_its_siblings(
    desk: FlaskClient, anna: Appointment, db: Session
) -> None:
    assert "Repeat…" in desk.get(f"/desk/appointment/{anna.reference}").text
    page = repeated(desk, anna)
    assert "Booked: 3 more for Anna Petrova." in page
    assert "Every week: one of 4" in page
    assert live(db) == [TUESDAY_TEN + n * WEEK for n in range(4)]
    page = repeated(desk, anna)
    assert len(live(db)) == 4


@pytest.mark.parametrize("query", ["count=1000", "count=1", "count=x", "every=day"])
def test_a_series_of_a_thousand_dates_is_refused(
    desk: FlaskClient, anna: Appointment, db: Session, query: str
) -> None:
    at = f"/desk/appointment/{anna.reference}/repeat"
    page = desk.get(f"{at}?{query}")
    assert page.status_code == 422
    assert ("Choose from 2 to 26 sessions." in page.text) is query.startswith("count")
    name, value = query.split("=")
    assert desk.post(at, data={name: value}).status_code == 422
    assert (len(live(db)), db.scalars(sa.select(Series)).all()) == (1, [])


def test_a_clash_is_named_and_asks_for_another_time(
    desk: FlaskClient, anna: Appointment, clinic: Clinic, book: Book, db: Session
) -> None:
    book(TUESDAY_TEN + 2 * WEEK, "Ben Cole", therapist_id=clinic.therapists[0].id)
    at = f"/desk/appointment/{anna.reference}/repeat"
    page = desk.get(at).text
    assert "Amara Osei is not free then. These are near:" in page
    assert "10:00, with Tom Whitfield" in page
    sent = {"every": "week", "count": "4", **dates_of(page)}
    assert desk.post(at, data=sent).status_code == 422
    assert desk.post(at, data={**sent, "date-3": "leave"}).status_code == 303
    assert len(live(db)) == 3 + 1


def test_a_date_taken_meanwhile_books_none(
    desk: FlaskClient, anna: Appointment, clinic: Clinic, book: Book, db: Session
) -> None:
    at = f"/desk/appointment/{anna.reference}/repeat"
    sent = {"every": "week", "count": "4", **dates_of(desk.get(at).text)}
    book(TUESDAY_TEN + 2 * WEEK, "Ben Cole", therapist_id=clinic.therapists[0].id)
    page = desk.post(at, data=sent)
    assert page.status_code == 409
    assert "Tuesday 8 December 2026 at 10:00 has just been taken." in page.text
    assert len(live(db)) == 2


def test_what_is_cancelled_cannot_be_repeated(desk: FlaskClient, anna: Appointment, db: Session) -> None:
    anna.status = Status.CANCELLED
    db.commit()
    assert desk.get(f"/desk/appointment/{anna.reference}/repeat").status_code == 409


@pytest.mark.parametrize(("reach", "moved"), [("this", [1]), ("following", [1, 2, 3]), ("all", [0, 1, 2, 3])])
def test_several_are_moved_at_once(
    desk: FlaskClient, anna: Appointment, db: Session, reach: str, moved: list[int]
) -> None:
    repeated(desk, anna)
    second = db.scalars(sa.select(Appointment).order_by(Appointment.starts_at)).all()[1]
    at = f"/desk/appointment/{second.reference}/series"
    assert "This one and those that follow" in desk.get(at).text
    data = {"reach": reach, "on": "2026-12-02", "start": "14:00", "version": second.version}
    page = desk.post(f"{at}/move", data=data, follow_redirects=True).text
    assert f"Moved: {len(moved)} of Anna Petrova." in page
    shift = timedelta(days=1, hours=4)
    assert live(db) == [TUESDAY_TEN + n * WEEK + (shift if n in moved else timedelta()) for n in range(4)]


def test_several_are_cancelled_at_once_with_a_reason(
    desk: FlaskClient, anna: Appointment, db: Session
) -> None:
    repeated(desk, anna)
    at = f"/desk/appointment/{anna.reference}/series"
    data = {"reach": "following", "version": anna.version}
    page = desk.post(f"{at}/cancel", data=data)
    assert page.status_code == 422
    assert "Choose why it is cancelled." in page.text
    page = desk.post(f"{at}/cancel", data={**data, "reason": "client"}, follow_redirects=True)
    assert "Cancelled: 4 of Anna Petrova." in page.text
    assert live(db) == []


@pytest.mark.parametrize(
    "data", [{}, {"reach": "week"}, {"reach": "all", "on": "9999-12-31", "start": "10:00"},
             {"reach": "all", "on": "2026-12-02", "start": "noon"}],
)  # fmt: skip
def test_a_move_that_makes_no_sense_is_asked_again(
    desk: FlaskClient, anna: Appointment, db: Session, data: dict[str, str]
) -> None:
    repeated(desk, anna)
    before = live(db)
    at = f"/desk/appointment/{anna.reference}/series/move"
    assert desk.post(at, data={**data, "version": anna.version}).status_code == 422
    assert live(db) == before


def test_an_old_page_and_a_single_appointment_change_nothing(
    desk: FlaskClient, anna: Appointment, db: Session
) -> None:
    at = f"/desk/appointment/{anna.reference}/series"
    assert desk.get(at).status_code == 409
    repeated(desk, anna)
    data = {"reach": "all", "on": "2026-12-02", "start": "14:00", "version": 99}
    assert desk.post(f"{at}/move", data=data).status_code == 409
    assert live(db)[0] == TUESDAY_TEN


def test_all_that_is_wrong_with_a_change_of_a_series_is_named_at_once(
    desk: FlaskClient, anna: Appointment, db: Session
) -> None:
    repeated(desk, anna)
    at = f"/desk/appointment/{anna.reference}/series"
    typed = {"on": "some day", "start": "noon"}
    answer = desk.post(f"{at}/move", data=typed)
    wrong = {"on": "Enter a day like 24 11 2026.", "start": "Enter a time like 9:30."}
    refuses_all(answer, {"reach": "Choose how many of them.", **wrong})
    keeps(answer.text, typed)
    answer = desk.post(f"{at}/cancel", data={})
    refuses_all(answer, {"cancel-reach": "Choose how many of them.", "reason": "Choose why it is cancelled."})
    assert len(live(db)) == 4
