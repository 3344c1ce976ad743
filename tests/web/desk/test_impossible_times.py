"""Days, times and numbers that cannot be, at the desk: refused at their box, or a plain page."""

from __future__ import annotations

import itertools
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import series
from clinic.booking.models import Appointment
from tests.web.desk.conftest import Book
from tests.web.desk.test_call import begin, times_of, to_times
from tests.web.refused import keeps, nothing_written, refuses_at, sentence_at

pytestmark = pytest.mark.database

NO_DAY, NO_YEAR = "Enter a day like 24 11 2026.", "Enter a year from 2000 to 2100."
TOO_FAR, NO_CLOCK = "Choose a day within two years of today.", "Enter a time like 9:30."
LEFT_OUT = "The clocks go forward that night. That time is left out."
ODD_DAYS = [
    "9999-12-31", "0001-01-01", "10000-01-01", "2027-02-29", "-2026-11-24", "٢٠٢٦-١١-٢٤",
    "soon", "", "9" * 5000, "2026-11-24\x00",
]  # fmt: skip


@pytest.fixture
def booked(book: Book) -> Appointment:
    return book()


@pytest.mark.parametrize("day", ODD_DAYS)
def test_a_day_beyond_the_calendar_in_an_address_is_a_plain_page(
    desk: FlaskClient, booked: Appointment, day: str
) -> None:
    move = f"/desk/appointment/{booked.reference}/move"
    for path, view in (("/desk/", ""), ("/desk/", "list"), ("/desk/week", ""), (move, "")):
        assert desk.get(path, query_string={"on": day, "view": view}).status_code == 200, path
    for path in (f"/desk/day/{day}", f"/desk/{day}"):
        assert desk.get(path).status_code in (200, 404), path


def test_odd_words_in_the_address_of_a_call_show_the_first_times(desk: FlaskClient) -> None:
    call = begin(desk)
    first = times_of(to_times(desk, call))
    odd = ["25:00", "٠٩:٣٠", "-1:00", "9" * 5000, "9:30\x00"]
    for day, after in zip(ODD_DAYS, itertools.cycle(odd), strict=False):
        asked = {"on": day, "after": "", "with": "٣", "skip": "²", "site": "\x00"}
        assert times_of(desk.get(f"{call}/time", query_string=asked)) == first, day
        asked |= {"after": after, "skip": "9" * 30}
        assert desk.get(f"{call}/time", query_string=asked).status_code == 200, after


@pytest.mark.parametrize(
    "slot",
    [
        "", "soon", "9999-12-31T10:00Z/1/1", "0001-01-01T00:00Z/1/1", "10000-01-01T00:00Z/1/1",
        "2026-11-24T10:00Z/٣/1", "2026-11-24T10:00Z/1/99", "2026-11-24T25:00Z/1/1",
        "2026-11-24T10:00Z/1/1\x00",
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_is_not_booked_for_a_caller(db: Session, desk: FlaskClient, slot: str) -> None:
    call = begin(desk)
    to_times(desk, call)
    with nothing_written(db):
        answer = desk.post(f"{call}/time", data={"slot": slot, "on": "2026-11-25", "after": "11:00"})
    refuses_at(answer, "slot", "Choose a time.")
    keeps(answer.text, {"on": "2026-11-25", "after": "11:00"})


@pytest.mark.parametrize("start", ["2000-01-01T10:00Z", "2026-11-24T03:00Z", "2099-12-31T23:55Z"])
def test_a_time_that_is_never_offered_is_not_booked_for_a_caller(
    db: Session, desk: FlaskClient, start: str
) -> None:
    call = begin(desk)
    to_times(desk, call)
    with nothing_written(db):
        answer = desk.post(f"{call}/time", data={"slot": f"{start}/1/1"})
    assert answer.status_code == 409


# --- moving ------------------------------------------------------------------------------------------

SAID: dict[str, tuple[dict[str, str], str, str]] = {
    "no day": ({"on": ""}, "said-on", NO_DAY),
    "the year 1": ({"on": "0001-01-01"}, "said-on", NO_YEAR),
    "the year 9999": ({"on": "9999-12-31"}, "said-on", NO_YEAR),
    "the year 10000": ({"on": "10000-01-01"}, "said-on", NO_DAY),
    "years ahead": ({"on": "2099-12-31"}, "said-on", TOO_FAR),
    "years ago": ({"on": "2000-01-01"}, "said-on", TOO_FAR),
    "29 February of a year without": ({"on": "2027-02-29"}, "said-on", NO_DAY),
    "another script": ({"on": "٢٠٢٦-١١-٢٤"}, "said-on", NO_DAY),
    "no time": ({"start": ""}, "said-start", NO_CLOCK),
    "past the day's end": ({"start": "25:00"}, "said-start", NO_CLOCK),
    "ninety-nine minutes": ({"start": "9:99"}, "said-start", NO_CLOCK),
    "below nought": ({"start": "-1:70"}, "said-start", NO_CLOCK),
    "a time of another script": ({"start": "٠٩:٣٠"}, "said-start", NO_CLOCK),
    "very long": ({"start": "9" * 5000}, "said-start", NO_CLOCK),
    "left out in spring": ({"on": "2027-03-28", "start": "01:30"}, "said-start", LEFT_OUT),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_an_appointment_is_not_moved_to_a_time_that_cannot_be(
    db: Session, desk: FlaskClient, booked: Appointment, name: str
) -> None:
    changes, field, sentence = SAID[name]
    typed = {"on": "2026-11-25", "start": "11:00", **changes}
    with nothing_written(db):
        answer = desk.post(
            f"/desk/appointment/{booked.reference}/move", data={"by": "said", "version": "1", **typed}
        )
    refuses_at(answer, field, sentence)
    keeps(answer.text, typed)


# --- series ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", ["1000", "0", "1", "-4", "٣", "4.5", "many", "9" * 5000, "4\x00"])
def test_a_series_of_a_thousand_dates_is_refused(
    db: Session, desk: FlaskClient, booked: Appointment, count: str
) -> None:
    page = f"/desk/appointment/{booked.reference}/repeat"
    with nothing_written(db):
        seen = desk.get(page, query_string={"count": count, "every": "week"})
        sent = desk.post(page, data={"count": count, "every": "week"})
    for answer in (seen, sent):
        refuses_at(answer, "count", "Choose from 2 to 26 sessions.")
        keeps(answer.text, {"count": count})


@pytest.mark.parametrize("every", ["decade", "WEEK", "٣", "week\x00"])
def test_a_rhythm_that_is_none_is_refused(
    db: Session, desk: FlaskClient, booked: Appointment, every: str
) -> None:
    page = f"/desk/appointment/{booked.reference}/repeat"
    with nothing_written(db):
        answer = desk.post(page, data={"count": "12", "every": every})
    refuses_at(answer, "every", "Choose how often from the list.")
    keeps(answer.text, {"count": "12"})


@pytest.mark.parametrize(
    "value", ["9999-12-31T10:00Z/1", "0001-01-01T00:00Z/1", "2026-12-01T10:00Z/٣", "soon"]
)
def test_a_date_of_a_series_that_cannot_be_is_refused(
    db: Session, desk: FlaskClient, booked: Appointment, value: str
) -> None:
    page = f"/desk/appointment/{booked.reference}/repeat"
    with nothing_written(db):
        answer = desk.post(page, data={"count": "3", "every": "week", "date-2": value})
    refuses_at(answer, "date-2", "Choose a time from the list.")


@pytest.mark.parametrize("name", SAID)
def test_a_series_is_not_moved_to_a_time_that_cannot_be(
    db: Session, desk: FlaskClient, booked: Appointment, name: str
) -> None:
    changes, field, sentence = SAID[name]
    page = f"/desk/appointment/{booked.reference}/repeat"
    every_free = re.findall(r'name="(date-\d)"[^>]* value="([^"]+)"', desk.get(page).text)
    assert desk.post(page, data={"count": "4", "every": "week", **dict(every_free)}).status_code == 303
    assert series.of(db, booked.id) is not None
    typed = {"on": "2026-11-25", "start": "11:00", **changes}
    version = re.findall(r'name="version" value="(\d+)"', desk.get(page.replace("repeat", "series")).text)[0]
    with nothing_written(db):
        answer = desk.post(
            page.replace("repeat", "series/move"), data={"reach": "all", "version": version, **typed}
        )
    refuses_at(answer, field.removeprefix("said-"), sentence)
    keeps(answer.text, typed)


@pytest.mark.parametrize("minutes", ["0", "-5", "7", "1000000", "٣", ""])
def test_running_late_by_minutes_that_cannot_be_is_refused(
    db: Session, desk: FlaskClient, booked: Appointment, minutes: str
) -> None:
    with nothing_written(db):
        answer = desk.post(
            f"/desk/appointment/{booked.reference}/late", data={"minutes": minutes, "version": "1"}
        )
    assert answer.status_code == 422
    assert not sentence_at(answer.text, "slot")
