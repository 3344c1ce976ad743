"""Planning the next sessions after one is booked: seen first, booked together, up to the review."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment, Series
from clinic.booking.statuses import Status
from clinic.notify.models import OutboxMessage
from tests import makers
from tests.conftest import NOW
from tests.makers import Clinic
from tests.web.journey.steps import DETAILS, Walker
from tests.web.refused import refuses_all

TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
WEEK = timedelta(weeks=1)
IN_PAIN = {
    "wishes": {"goal": "ease_pain", "body_map": "", "B07_low_back": "hurts"},
    "comfort": {"pain_length": "chronic"},
}
NEW_PAIN = {**IN_PAIN, "comfort": {"pain_length": "acute"}}


def walked(walker: Walker, clinic: Clinic, **pages: dict[str, str]) -> None:
    """From the first question to a booked appointment, Tuesday at ten."""
    walker.to_time(clinic.swedish.id, **pages)
    walker.post("/book/time", {"slot": "2026-11-24T10:00Z"})
    walker.post("/book/details", DETAILS)
    assert walker.book().status_code == 303


def dates_of(page: str) -> dict[str, str]:
    """What the page would send as it stands: each free date with its value."""
    found = re.findall(r'<input type="checkbox"[^>]* name="(date-\d+)" value="([^"]+)" checked', page)
    return dict(found)


def starts(db: Session) -> list[datetime]:
    db.rollback()  # what the app has written since is seen in a new transaction only
    return list(
        db.scalars(
            sa.select(Appointment.starts_at).where(Appointment.status == Status.BOOKED).order_by("starts_at")
        )
    )


def test_the_next_sessions_are_planned_from_the_page_of_the_booked_one(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walked(walker, clinic, **IN_PAIN)
    assert "Plan the next sessions" in walker.get("/book/booked").text
    page = walker.get("/book/plan").text
    assert "Each week for 4 to 6 sessions" in page
    assert "Book these 3" in page
    assert len(starts(db)) == 1
    answer = walker.post("/book/plan", {"every": "week", "count": "4", **dates_of(page)})
    assert answer.location == "/book/planned"
    assert starts(db) == [TEN + n * WEEK for n in range(4)]
    page = walker.get("/book/planned").text
    assert "Your 4 sessions" in page
    assert page.count("Move or cancel") == 4
    assert "See all your sessions" in walker.get("/book/booked").text
    file = walker.get("/book/planned/appointments.ics")
    assert file.text.count("BEGIN:VEVENT") == 4
    assert db.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)).all() == ["booked", "series"]


def test_pressed_twice_it_books_once(walker: Walker, clinic: Clinic, db: Session) -> None:
    walked(walker, clinic, **IN_PAIN)
    sent = {"every": "week", "count": "4", **dates_of(walker.get("/book/plan").text)}
    for _ in range(2):
        assert walker.post("/book/plan", sent).location == "/book/planned"
    assert len(starts(db)) == 4
    assert walker.get("/book/plan").location == "/book/planned"


def test_a_date_that_is_not_ticked_is_left_out(walker: Walker, clinic: Clinic, db: Session) -> None:
    walked(walker, clinic, **IN_PAIN)
    sent = dates_of(walker.get("/book/plan").text)
    del sent["date-3"]
    walker.post("/book/plan", {"every": "week", "count": "4", **sent})
    assert starts(db) == [TEN, TEN + WEEK, TEN + 3 * WEEK]


def test_a_new_pain_has_one_session_first(walker: Walker, clinic: Clinic, db: Session) -> None:
    walked(walker, clinic, **NEW_PAIN)
    assert "Plan the next sessions" not in walker.get("/book/booked").text
    assert walker.get("/book/plan").location == "/book/booked"
    sent = {"every": "week", "count": "2", "date-2": f"2026-12-01T10:00Z/{clinic.therapists[0].id}"}
    assert walker.post("/book/plan", sent).location == "/book/booked"
    assert "Have this session first" in walker.get("/book/booked").text
    assert len(starts(db)) == 1


def taken(db: Session, clinic: Clinic, at: datetime) -> None:
    """Both therapists are busy then."""
    for number, therapist in enumerate(clinic.therapists):
        services.book(
            db, NOW, clinic.wish(therapist_id=therapist.id), at,
            makers.client(db, NOW, f"Client {number} {at}", email=None, phone=None),
            makers.intake(db, NOW), actor="test",
        )  # fmt: skip
    db.commit()


def test_a_clash_asks_for_another_time_or_to_be_left_out(walker: Walker, clinic: Clinic, db: Session) -> None:
    walked(walker, clinic, **IN_PAIN)
    taken(db, clinic, TEN + 2 * WEEK)
    page = walker.get("/book/plan").text
    assert "is not free then." in page
    assert "Leave this one out" in page
    assert "Book what I chose" in page
    sent = {"every": "week", "count": "4", **dates_of(page)}
    assert sorted(sent) == ["count", "date-2", "date-4", "every"]
    asked = walker.post("/book/plan", sent)
    assert asked.status_code == 422
    assert "Choose a time for Tuesday 8 December, or leave it out." in asked.text
    assert dates_of(asked.text) == dates_of(page)
    near = re.findall(r'name="date-3" value="([^"]+)"', page)
    assert near[-1] == "leave"
    walker.post("/book/plan", {**sent, "date-3": near[0]})
    assert len(starts(db)) == 4 + 2
    assert near[0] in {f"{at:%Y-%m-%dT%H:%MZ}/{who.id}" for at in starts(db) for who in clinic.therapists}


def test_every_date_for_which_nothing_was_chosen_is_named_at_once(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walked(walker, clinic, **IN_PAIN)
    for weeks in (2, 3):
        taken(db, clinic, TEN + weeks * WEEK)
    page = walker.get("/book/plan").text
    asked = walker.post("/book/plan", {"every": "week", "count": "4", **dates_of(page)})
    refuses_all(
        asked,
        {
            "date-3": "Choose a time for Tuesday 8 December, or leave it out.",
            "date-4": "Choose a time for Tuesday 15 December, or leave it out.",
        },
    )
    assert dates_of(asked.text) == dates_of(page)


def test_a_date_that_is_taken_meanwhile_is_named_and_nothing_is_booked(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walked(walker, clinic, **IN_PAIN)
    sent = {"every": "week", "count": "4", **dates_of(walker.get("/book/plan").text)}
    taken(db, clinic, TEN + 2 * WEEK)
    before = len(starts(db))
    page = walker.post("/book/plan", sent)
    assert page.status_code == 409
    assert "Tuesday 8 December 2026 at 10:00 has just been taken. Nothing was changed." in page.text
    assert "Leave this one out" in page.text
    assert len(starts(db)) == before
    assert db.scalars(sa.select(Series)).all() == []


@pytest.mark.parametrize(
    "query",
    [
        "every=day",
        "every=month",
        "count=7",
        "count=1000",
        "count=1",
        "count=x",
        "count=-2",
        "count=" + "9" * 40,
    ],
)
def test_more_than_up_to_the_review_is_refused_with_a_sentence(
    walker: Walker, clinic: Clinic, db: Session, query: str
) -> None:
    walked(walker, clinic, **IN_PAIN)
    page = walker.get(f"/book/plan?{query}")
    assert page.status_code == 422
    assert ("Choose from 2 to 6 sessions." in page.text) is query.startswith("count")
    name, value = query.split("=")
    answer = walker.post(
        "/book/plan", {name: value, "date-2": f"2026-12-01T10:00Z/{clinic.therapists[0].id}"}
    )
    assert answer.status_code == 422
    assert len(starts(db)) == 1


@pytest.mark.parametrize(
    "value",
    ["9999-12-31T10:00Z/1", "x", "2026-12-01T10:00Z", "2026-12-01T10:00Z/²", "2026-12-01T10:07Z/1", "/"],
)
def test_a_time_that_nobody_offered_books_nothing(
    walker: Walker, clinic: Clinic, db: Session, value: str
) -> None:
    walked(walker, clinic, **IN_PAIN)
    answer = walker.post("/book/plan", {"every": "week", "count": "4", "date-2": value})
    assert answer.status_code in (409, 422)
    assert len(starts(db)) == 1


def test_nothing_chosen_is_asked_again(walker: Walker, clinic: Clinic, db: Session) -> None:
    walked(walker, clinic, **IN_PAIN)
    answer = walker.post("/book/plan", {"every": "week", "count": "4"})
    assert answer.status_code == 422
    assert "Choose at least one date." in answer.text


@pytest.mark.parametrize("path", ["/book/plan", "/book/planned", "/book/planned/appointments.ics"])
def test_before_anything_is_booked_it_leads_to_where_one_stands(walker: Walker, path: str) -> None:
    assert walker.get(path).location == "/book/safety"


def test_a_cancelled_appointment_has_nothing_after_it(walker: Walker, clinic: Clinic, db: Session) -> None:
    walked(walker, clinic, **IN_PAIN)
    services.cancel(db, NOW, db.scalars(sa.select(Appointment)).one().id, actor="test")
    db.commit()
    assert walker.get("/book/plan").location == "/book/booked"
