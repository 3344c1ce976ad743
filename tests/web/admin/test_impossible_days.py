"""Days and times that cannot be, on the owner's pages of days off, rooms and hours: nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import makers
from tests.web.admin.conftest import fields_of
from tests.web.refused import keeps, nothing_written, refuses_all, refuses_at

pytestmark = pytest.mark.database

NO_DAY, NO_YEAR = "Enter a day like 24 11 2026.", "Enter a year from 2000 to 2100."
NO_CLOCK, NO_SUCH_TIME = "Enter a time like 9:30.", "The clocks go forward that night. That time is left out."
TURNED, LAST_FIRST = "The end must be after the start.", "The last day must not be before the first."
TOO_LONG, OVER = "That is longer than a year.", "That is over already."
UNKEPT = "There is a sign in this that cannot be kept. Type it again."

# What is typed, the field that is wrong, and what is said there.
SPANS: dict[str, tuple[dict[str, str], str, str]] = {
    "nothing": ({"first": ""}, "first", NO_DAY),
    "words": ({"first": "soon"}, "first", NO_DAY),
    "30 February": ({"first": "2027-02-30"}, "first", NO_DAY),
    "29 February of a year without": ({"first": "29 2 2027"}, "first", NO_DAY),
    "below nought": ({"first": "-24 11 2026"}, "first", NO_DAY),
    "figures of another script": ({"first": "٢٤ ١١ ٢٠٢٦"}, "first", NO_DAY),
    "very long": ({"first": "9" * 5000}, "first", NO_DAY),
    "a NUL": ({"first": "2026-12-01\x00"}, "first", NO_DAY),
    "the year 1": ({"first": "0001-01-01"}, "first", NO_YEAR),
    "the year 9999": ({"first": "9999-12-31"}, "first", NO_YEAR),
    "the year 10000": ({"first": "10000-01-01"}, "first", NO_DAY),
    "until the year 9999": ({"first": "2026-12-01", "last": "9999-12-31"}, "last", NO_YEAR),
    "days turned round": ({"first": "2026-12-02", "last": "2026-12-01"}, "last", LAST_FIRST),
    "times turned round": ({"first": "2026-12-01", "from": "17:00", "until": "9:00"}, "until", TURNED),
    "no time at all": ({"first": "2026-12-01", "from": "9:00", "until": "9:00"}, "until", TURNED),
    "past midnight": ({"first": "2026-12-01", "from": "22:00", "until": "02:00"}, "until", TURNED),
    "no such time": ({"first": "2026-12-01", "from": "25:00"}, "from", NO_CLOCK),
    "past the day's end": ({"first": "2026-12-01", "until": "24:30"}, "until", NO_CLOCK),
    "below nought o'clock": ({"first": "2026-12-01", "from": "-9:00"}, "from", NO_CLOCK),
    "a time of another script": ({"first": "2026-12-01", "from": "٩:٣٠"}, "from", NO_CLOCK),
    "left out in spring": ({"first": "2027-03-28", "from": "01:30", "until": "5:00"}, "from", NO_SUCH_TIME),
    "until what is left out": ({"first": "2027-03-28", "until": "01:45"}, "until", NO_SUCH_TIME),
    "two years": ({"first": "2026-12-01", "last": "2028-12-01"}, "last", TOO_LONG),
    "long over": ({"first": "2026-01-01"}, "first", OVER),
    "a long note": ({"first": "2026-12-01", "reason": "x" * 81}, "reason", "Use 80 signs or fewer."),
    "a NUL in the note": ({"first": "2026-12-01", "reason": "a\x00b"}, "reason", UNKEPT),
}  # fmt: skip


@pytest.mark.parametrize("name", SPANS)
def test_time_off_that_cannot_be_is_refused(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, name: str
) -> None:
    typed, field, sentence = SPANS[name]
    typed = {"therapist_id": str(clinic.therapists[0].id), "reason": "Holiday", **typed}
    with nothing_written(db):
        answer = owner.post("/clinic/days-off/time-off", data=typed)
    refuses_at(answer, field, sentence)
    keeps(answer.text, typed)


@pytest.mark.parametrize("name", SPANS)
def test_a_room_out_of_use_at_a_time_that_cannot_be_is_refused(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, name: str
) -> None:
    typed, field, sentence = SPANS[name]
    typed = {"reason": "Paint", **typed}
    with nothing_written(db):
        answer = owner.post(f"/clinic/rooms/{clinic.rooms[0].id}/maintenance", data=typed)
    refuses_at(answer, field, sentence)
    keeps(answer.text, typed)


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"starts_on": ""}, "starts_on", NO_DAY),
        ({"starts_on": "0001-01-01"}, "starts_on", NO_YEAR),
        ({"starts_on": "9999-12-31"}, "starts_on", NO_YEAR),
        ({"starts_on": "٢٤ ١١ ٢٠٢٦"}, "starts_on", NO_DAY),
        ({"ends_on": "9999-12-31"}, "ends_on", NO_YEAR),
        ({"ends_on": "2026-11-30"}, "ends_on", LAST_FIRST),
        ({"ends_on": "2028-12-02"}, "ends_on", "A closure can last a year at most."),
        ({"starts_on": "2026-01-01", "ends_on": "2026-01-02"}, "ends_on", OVER),
        ({"starts_on": "2026-01-01"}, "starts_on", OVER),
        ({"closure-name": " "}, "closure-name", "Enter why it is closed, like Christmas."),
        ({"closure-name": "x" * 81}, "closure-name", "Use 80 signs or fewer."),
        ({"closure-name": "a\x00b"}, "closure-name", UNKEPT),
        ({"site_id": "99"}, "site_id", "Choose one of the sites."),
        ({"site_id": "٣"}, "site_id", "Choose one of the sites."),
    ],
)
def test_a_closure_that_cannot_be_is_refused(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, typed: dict[str, str], field: str, sentence: str
) -> None:
    sent = {"site_id": str(clinic.site.id), "starts_on": "2026-12-01", "closure-name": "Boiler", **typed}
    with nothing_written(db):
        answer = owner.post("/clinic/days-off/closures", data=sent)
    refuses_at(answer, field, sentence)
    keeps(answer.text, sent, leaving_out=["site_id"])


def test_everything_that_is_wrong_is_named_at_once_and_kept(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    span = {"first": "some day", "last": "2101-01-01", "from": "nine", "until": "24:05", "reason": "x" * 81}
    in_span = {
        "first": NO_DAY, "last": NO_YEAR, "from": NO_CLOCK, "until": NO_CLOCK,
        "reason": "Use 80 signs or fewer.",
    }  # fmt: skip
    closed = {"site_id": "99", "starts_on": "", "ends_on": "soon", "closure-name": ""}
    in_closed = {
        "site_id": "Choose one of the sites.", "starts_on": NO_DAY, "ends_on": NO_DAY,
        "closure-name": "Enter why it is closed, like Christmas.",
    }  # fmt: skip
    for path, typed, wrong in (
        ("/clinic/days-off/time-off", span, {"therapist_id": "Choose a therapist.", **in_span}),
        (f"/clinic/rooms/{clinic.rooms[0].id}/maintenance", span, in_span),
        ("/clinic/days-off/closures", closed, in_closed),
    ):
        with nothing_written(db):
            answer = owner.post(path, data=typed)
        refuses_all(answer, wrong)
        keeps(answer.text, typed, leaving_out=["site_id"])


def test_a_last_day_before_the_first_does_not_hide_what_else_is_wrong(
    clinic: makers.Clinic, owner: FlaskClient
) -> None:
    typed = {"first": "2026-12-02", "last": "2026-12-01", "from": "nine"}
    answer = owner.post(f"/clinic/rooms/{clinic.rooms[0].id}/maintenance", data=typed)
    refuses_all(answer, {"last": LAST_FIRST, "from": NO_CLOCK})


def test_the_same_span_twice_is_refused_and_named(
    db: Session, clinic: makers.Clinic, owner: FlaskClient
) -> None:
    away = {"therapist_id": str(clinic.therapists[0].id), "first": "2026-12-01", "reason": "Holiday"}
    shut = {"site_id": str(clinic.site.id), "starts_on": "2026-12-24", "closure-name": "Christmas"}
    room = f"/clinic/rooms/{clinic.rooms[0].id}/maintenance"
    for path, typed, status, said in (
        ("/clinic/days-off/time-off", away, 409, "There is time off in the diary then already."),
        (room, {"first": "2026-12-01", "reason": "Paint"}, 409, "The room is out of use then already."),
        ("/clinic/days-off/closures", shut, 422, "The site is closed on those days already."),
    ):
        assert owner.post(path, data=typed).status_code == 303
        with nothing_written(db):
            answer = owner.post(path, data=typed)
        assert (answer.status_code, said in answer.text) == (status, True), path
        keeps(answer.text, typed, leaving_out=["site_id"])


# --- weekly hours ------------------------------------------------------------------------------------

ONE_DAY, OVERLAP = (
    "The hours must end after they start, on the same day.",
    "Two spans of hours on one day overlap.",
)
BREAK_TURNED, BREAK_OUTSIDE = (
    "A break must end after it starts.",
    "Breaks must lie inside the hours and not overlap.",
)
FIVES = "Use times that 5 minutes go into, like 9:05."

HOURS: dict[str, tuple[dict[str, str], str, str]] = {
    "turned round": ({"h1-0-opens": "18:00"}, "h1-0-closes", ONE_DAY),
    "no time at all": ({"h1-0-opens": "17:00"}, "h1-0-closes", ONE_DAY),
    "past midnight": ({"h1-0-opens": "22:00", "h1-0-closes": "02:00"}, "h1-0-closes", ONE_DAY),
    "odd minutes": ({"h1-0-opens": "9:03"}, "h1-0-opens", FIVES),
    "an odd end": ({"h1-0-closes": "17:01"}, "h1-0-closes", FIVES),
    "an odd break": ({"h1-0-b0-from": "12:01"}, "h1-0-b0-from", FIVES),
    "below nought": ({"h1-0-opens": "-9"}, "h1-0-opens", NO_CLOCK),
    "huge": ({"h1-0-closes": "99999"}, "h1-0-closes", NO_CLOCK),
    "another script": ({"h1-0-opens": "٩"}, "h1-0-opens", NO_CLOCK),
    "only a start": ({"h1-0-closes": ""}, "h1-0-closes", NO_CLOCK),
    "very long": ({"h1-0-opens": "9" * 5000}, "h1-0-opens", NO_CLOCK),
    "a NUL": ({"h1-0-opens": "9\x00"}, "h1-0-opens", NO_CLOCK),
    "half a break": ({"h1-0-b0-to": ""}, "h1-0-b0-to", NO_CLOCK),
    "a break turned round": ({"h1-0-b0-from": "13:00"}, "h1-0-b0-from", BREAK_TURNED),
    "a break outside": ({"h1-0-b0-from": "8:00"}, "h1-0-b0-from", BREAK_OUTSIDE),
    "a second break over the first": (
        {"h1-0-b1-from": "12:15", "h1-0-b1-to": "12:45"}, "h1-0-b1-from", BREAK_OUTSIDE,
    ),
    "the same break twice": ({"h1-0-b1-from": "12:00", "h1-0-b1-to": "12:30"}, "h1-0-b1-from", BREAK_OUTSIDE),
    "a break outside after an empty one": (
        {"h1-0-b1-from": "", "h1-0-b1-to": "", "h1-0-b2-from": "18:00", "h1-0-b2-to": "18:30"},
        "h1-0-b2-from", BREAK_OUTSIDE,
    ),
    "overlapping": ({"h1-1-opens": "16:00", "h1-1-closes": "18:00"}, "h1-1-opens", OVERLAP),
    "the same hours twice": ({"h1-1-opens": "9:00", "h1-1-closes": "17:00"}, "h1-1-opens", OVERLAP),
    "one inside another": ({"h1-1-opens": "10:00", "h1-1-closes": "11:00"}, "h1-1-opens", OVERLAP),
    "at two sites at once": (
        {"h1-1-opens": "16:55", "h1-1-closes": "18:00", "h1-1-site": "2"}, "h1-1-opens", OVERLAP,
    ),
    "at no site": ({"h1-0-site": "99"}, "h1-0-site", "Choose one of the sites."),
    "from no day": ({"from_on": ""}, "from_on", NO_DAY),
    "from the year 1": ({"from_on": "0001-01-01"}, "from_on", NO_YEAR),
    "from the year 9999": ({"from_on": "9999-12-31"}, "from_on", NO_YEAR),
    "from the year 10000": ({"from_on": "10000-01-01"}, "from_on", NO_DAY),
    "from a day of another script": ({"from_on": "٢٠٢٦-١٢-٠١"}, "from_on", NO_DAY),
    "until the year 9999": ({"until_on": "9999-12-31"}, "until_on", NO_YEAR),
    "ends before it starts": ({"from_on": "2026-12-02", "until_on": "2026-12-01"}, "until_on", LAST_FIRST),
    "from a day that is over": (
        {"from_on": "2026-11-01"}, "from_on", "Start today or later. What was stays as it was.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOURS)
def test_hours_that_cannot_be_are_refused(
    db: Session, clinic: makers.Clinic, owner: FlaskClient, name: str
) -> None:
    changes, field, sentence = HOURS[name]
    makers.site(db, name="Mill Lane", slug="mill-lane")
    db.commit()
    page = f"/clinic/therapists/{clinic.therapists[0].id}/hours"
    typed: dict[str, Any] = {**fields_of(owner.get(page).text), "h1-1-site": "1", "h4-0-opens": "8:45"}
    with nothing_written(db):
        answer = owner.post(page, data={**typed, **changes, "save": "1"})
    refuses_at(answer, field, sentence)
    assert 'value="8:45"' in answer.text
    keeps(answer.text, changes, leaving_out=["h1-0-site", "h1-1-site"])


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "10000-01-01", "soon", "٢٠٢٦-١٢-٠١", "\x00"])
def test_hours_of_a_day_beyond_the_calendar_are_a_plain_page(
    clinic: makers.Clinic, owner: FlaskClient, day: str
) -> None:
    page = f"/clinic/therapists/{clinic.therapists[0].id}/hours"
    answer = owner.get(page, query_string={"on": day})
    assert (answer.status_code, 'value="09:00"' in answer.text) == (200, True)
