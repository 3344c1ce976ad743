"""An appointment at the desk: moving, cancelling, checking in, and the way back from each."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.booking import services
from clinic.booking.models import Appointment, AppointmentEvent
from clinic.booking.statuses import Status
from clinic.notify.models import OutboxMessage
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import TUESDAY_TEN, Book
from tests.web.refused import nothing_written

pytestmark = pytest.mark.database


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def fresh(db: Session, made: Appointment) -> Appointment:
    db.rollback()  # ends the reading of an older state
    db.expire_all()
    found = db.get(Appointment, made.id)
    assert found is not None
    return found


def at(app: Flask, **shift: int) -> None:
    app.config["CLOCK"] = lambda: TUESDAY_TEN + timedelta(**shift)


def post(desk: FlaskClient, made: Appointment, what: str, **data: object) -> TestResponse:
    return desk.post(f"/desk/appointment/{made.reference}/{what}", data={"version": made.version, **data})


def test_the_page_has_the_facts_and_the_history(desk: FlaskClient, book: Book) -> None:
    made = book()
    page = text(desk.get(f"/desk/appointment/{made.reference}"))
    for words in (
        "Anna Petrova",
        "10:00 to 11:00",
        "Room 1",
        "Swedish, 60 minutes",
        "£62",
        "Ready",
        "020 7946 0000",
    ):
        assert words in page
    assert "by Sam Webb" in page
    assert desk.get(f"/desk/appointment/{made.reference.lower()}").status_code == 200
    assert desk.get("/desk/appointment/ZZZZZZ").status_code == 404
    assert desk.get("/desk/appointment/nonsense").status_code == 404


def test_arrived_done_and_the_way_back(app: Flask, desk: FlaskClient, db: Session, book: Book) -> None:
    made = book()
    at(app, minutes=-5)
    assert post(desk, made, "status", status="checked_in").status_code == 303
    made = fresh(db, made)
    assert made.status is Status.CHECKED_IN
    assert post(desk, made, "status", status="fulfilled").status_code == 303
    made = fresh(db, made)
    assert made.status is Status.FULFILLED
    assert post(desk, made, "undo").status_code == 303
    made = fresh(db, made)
    assert post(desk, made, "undo").status_code == 303
    assert fresh(db, made).status is Status.BOOKED


def test_a_double_click_on_arrived_is_no_error(
    app: Flask, desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    at(app, minutes=-5)
    first = post(desk, made, "status", status="checked_in", back="list")
    second = post(desk, made, "status", status="checked_in", back="list")
    assert first.location == second.location == "/desk/?on=2026-11-24&view=list"
    kinds = db.scalars(sa.select(AppointmentEvent.kind)).all()
    assert kinds.count("checked_in") == 1


def test_a_stale_page_says_so_and_shows_how_it_stands(
    desk: FlaskClient, db: Session, book: Book, clinic: makers.Clinic
) -> None:
    made = book()
    old = made.version
    services.move(
        db, NOW, made.id, TUESDAY_TEN + timedelta(hours=3), actor="user:9", therapist_id=made.therapist_id
    )
    db.commit()
    page = desk.post(f"/desk/appointment/{made.reference}/cancel", data={"version": old, "reason": "client"})
    assert page.status_code == 409
    assert "Someone changed this meanwhile" in text(page)
    assert "13:00 to 14:00" in text(page)
    assert fresh(db, made).status is Status.BOOKED


@pytest.mark.parametrize("what", ["status", "late", "cancel", "undo", "move"])
def test_a_form_without_a_version_or_sense_is_refused(
    desk: FlaskClient, db: Session, book: Book, what: str
) -> None:
    made = book()
    answer = desk.post(f"/desk/appointment/{made.reference}/{what}", data={"status": "x", "slot": "x"})
    assert answer.status_code in {409, 422}
    assert fresh(db, made).status is Status.BOOKED


def test_a_no_show_only_once_it_has_begun(app: Flask, desk: FlaskClient, db: Session, book: Book) -> None:
    made = book()
    assert "No-show" not in text(desk.get(f"/desk/appointment/{made.reference}"))
    at(app, minutes=20)
    assert "No-show" in text(desk.get(f"/desk/appointment/{made.reference}"))
    post(desk, made, "status", status="no_show")
    page = text(desk.get(f"/desk/appointment/{made.reference}"))
    assert "Undo no-show" in page


@pytest.mark.parametrize(
    ("what", "data", "shift"),
    [
        ("status", {"status": "no_show"}, {"hours": -20}),
        ("status", {"status": "checked_in"}, {"hours": -20}),
        ("late", {"minutes": "15"}, {"hours": 2}),
        ("cancel", {"reason": "client"}, {"days": 2}),
    ],
)
def test_what_the_page_does_not_offer_cannot_be_sent_either(
    app: Flask,
    desk: FlaskClient,
    db: Session,
    book: Book,
    what: str,
    data: dict[str, str],
    shift: dict[str, int],
) -> None:
    """From a page that stood open, or from anybody's own form: nobody misses tomorrow's session today."""
    made = book()
    at(app, **shift)
    with nothing_written(db):
        page = post(desk, made, what, **data)
    assert page.status_code == 409
    assert "cannot be done with this appointment any more" in text(page)


def test_a_cancellation_is_not_taken_back_when_its_time_has_begun(
    app: Flask, desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    services.cancel(db, NOW, made.id, actor="user:1")
    db.commit()
    at(app, minutes=5)
    with nothing_written(db):
        assert post(desk, made, "undo").status_code == 409


def test_running_late_is_noted_once_and_shown_on_the_day(
    app: Flask, desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    at(app, minutes=-10)
    for _click in range(2):
        assert post(desk, made, "late", minutes="15").status_code == 303
    kinds = db.scalars(sa.select(AppointmentEvent.kind)).all()
    assert kinds.count("late") == 1
    assert "late, here about 10:15" in text(desk.get("/desk/?on=2026-11-24"))
    assert post(desk, made, "late", minutes="999").status_code == 422


def test_cancelling_asks_why_says_what_will_happen_and_can_be_taken_back(
    desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    address = f"/desk/appointment/{made.reference}/cancel"
    page = text(desk.get(address))
    assert "gets a message that it is cancelled" in page
    assert fresh(db, made).status is Status.BOOKED  # a GET changes nothing
    missing = post(desk, made, "cancel")
    assert missing.status_code == 422
    assert 'href="#reason"' in text(missing)
    assert post(desk, made, "cancel", reason="client").status_code == 303
    assert post(desk, made, "cancel", reason="client").status_code == 303  # twice does nothing twice
    made = fresh(db, made)
    assert (made.status, made.cancel_reason) == (Status.CANCELLED, "The client asked")
    kinds = [row.kind for row in db.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id))]
    assert kinds == ["booked", "cancelled"]
    assert "Take it back" in text(desk.get(f"/desk/appointment/{made.reference}"))
    assert post(desk, made, "undo").status_code == 303
    assert fresh(db, made).status is Status.BOOKED


def test_a_cancellation_cannot_be_taken_back_once_the_time_is_gone(
    desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    post(desk, made, "cancel", reason="client")
    book(TUESDAY_TEN, "Bea Brown", therapist_id=made.therapist_id)
    page = post(desk, fresh(db, made), "undo")
    assert page.status_code == 409
    assert "Somebody else has that time by now" in text(page)


def test_moving_offers_the_next_times_and_can_be_moved_back(
    desk: FlaskClient, db: Session, book: Book, clinic: makers.Clinic
) -> None:
    made = book()
    page = text(desk.get(f"/desk/appointment/{made.reference}/move"))
    slots = re.findall(r'name="slot"[^>]* value="([^"]+)"', page)
    assert slots
    assert all(f"/{made.therapist_id}/" in slot for slot in slots)
    answer = post(desk, made, "move", slot=slots[0])
    assert answer.status_code == 303
    moved = fresh(db, made)
    assert moved.starts_at != TUESDAY_TEN
    after = text(desk.get(answer.location))
    assert "Moved from Tuesday 24 November, 10:00." in after
    back = re.search(r'name="slot" value="([^"]+)"', after)
    assert back
    assert post(desk, moved, "move", slot=back.group(1)).status_code == 303
    assert fresh(db, made).starts_at == TUESDAY_TEN


def test_moving_to_a_day_and_therapist_of_choice(
    desk: FlaskClient, db: Session, book: Book, clinic: makers.Clinic
) -> None:
    made = book()
    tom = clinic.therapists[1]
    address = f"/desk/appointment/{made.reference}/move?on=2026-11-26&therapist={tom.id}"
    page = text(desk.get(address))
    slots = re.findall(r'name="slot"[^>]* value="([^"]+)"', page)
    assert slots[0] == f"2026-11-26T09:00Z/{tom.id}/{clinic.site.id}"
    answer = post(desk, made, "move", by="said", on="2026-11-26", start="14:30", therapist=tom.id)
    assert answer.status_code == 303
    moved = fresh(db, made)
    assert (moved.starts_at, moved.therapist_id) == (
        TUESDAY_TEN + timedelta(days=2, hours=4, minutes=30),
        tom.id,
    )


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("10:30", "Owen Price is with"),
        ("16:30", "works 09:00 to 17:00"),
        ("11:30", "has a break from 12:00 to 12:30"),
        ("10:07", "Sessions start every 15 minutes"),
        ("03:00", "works 09:00 to 17:00"),
    ],
)
def test_a_time_that_is_not_free_says_what_stands_in_the_way(
    desk: FlaskClient, db: Session, book: Book, start: str, reason: str
) -> None:
    made = book(TUESDAY_TEN + timedelta(hours=3))
    book(TUESDAY_TEN, "Owen Price", therapist_id=made.therapist_id)
    page = post(desk, made, "move", by="said", on="2026-11-24", start=start, therapist=made.therapist_id)
    assert page.status_code == 409
    assert reason in text(page)
    assert len(re.findall(r'name="slot"', text(page))) == 3
    assert f'value="{start}"' in text(page)
    assert fresh(db, made).starts_at == TUESDAY_TEN + timedelta(hours=3)


def test_moving_twice_to_the_same_time_moves_once(desk: FlaskClient, db: Session, book: Book) -> None:
    made = book()
    slot = f"2026-11-24T13:00Z/{made.therapist_id}/{made.site_id}"
    for _click in range(2):
        assert post(desk, made, "move", slot=slot).status_code == 303
    kinds = db.scalars(sa.select(AppointmentEvent.kind)).all()
    assert kinds.count("moved") == 1
    assert fresh(db, made).starts_at == TUESDAY_TEN + timedelta(hours=3)


def test_what_is_over_can_neither_be_moved_nor_cancelled(
    app: Flask, desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    services.cancel(db, NOW, made.id, actor="user:1")
    db.commit()
    for what in ("move", "cancel"):
        page = desk.get(f"/desk/appointment/{made.reference}/{what}")
        assert page.status_code == 409
        assert "cannot be done with this appointment any more" in text(page)


def test_the_session_is_changed_at_its_own_time(
    desk: FlaskClient, db: Session, book: Book, clinic: makers.Clinic
) -> None:
    made = book()
    address = f"/desk/appointment/{made.reference}/change"
    assert "Deep tissue" in text(desk.get(address))
    assert post(desk, made, "change", option=clinic.deep.id).status_code == 303
    changed = fresh(db, made)
    assert (changed.option_id, changed.starts_at) == (clinic.deep.id, TUESDAY_TEN)
    assert "Session changed to Deep tissue, 60 minutes" in text(
        desk.get(f"/desk/appointment/{made.reference}")
    )
    assert post(desk, changed, "change", option=clinic.deep.id).status_code == 303  # twice does nothing twice
    kinds = db.scalars(sa.select(AppointmentEvent.kind)).all()
    assert kinds.count("changed") == 1


def test_a_session_that_may_not_be_had_or_does_not_fit_is_refused(
    desk: FlaskClient, db: Session, book: Book, clinic: makers.Clinic
) -> None:
    made = book(answers={"sensitivity": ["bruise_easily"]})
    page = post(desk, made, "change", option=clinic.deep.id)
    assert page.status_code == 409
    assert "That session type does not go with what you told us." in text(page)
    longer = makers.option(
        db, clinic.therapists[0].skills[0], "Long", "swedish", minutes=90, pressure_firmest=3
    )
    book(
        TUESDAY_TEN + timedelta(hours=1, minutes=15),
        "Owen Price",
        therapist_id=made.therapist_id,
        option_id=short(db, clinic),
    )
    page = post(desk, made, "change", option=longer.id)
    assert page.status_code == 409
    assert "does not fit in at this time" in text(page)
    assert fresh(db, made).option_id == clinic.swedish.id
    assert post(desk, made, "change", option="x").status_code == 422


def short(db: Session, clinic: makers.Clinic) -> int:
    """A session of thirty minutes, to stand right behind another."""
    skill = clinic.therapists[0].skills[0]
    return makers.option(
        db, skill, "Chair", "chair", minutes=30, buffer_after_minutes=0, pressure_firmest=3
    ).id
