"""Deadlocks, locks that are not to be had and cut connections: asked once more, else said plainly."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from io import BytesIO
from types import MethodType

import pytest
import sqlalchemy as sa
from flask import Flask, flash, request
from flask import session as cookie
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from clinic import db as database
from clinic.booking.models import Appointment, AppointmentEvent
from clinic.booking.statuses import Status
from clinic.kernel.errors import SlotTaken
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.models import EntryKind, OwnerKind, Site
from clinic.web import access
from clinic.web.database import transaction
from clinic.web.limits import limiter
from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import Book

pytestmark = pytest.mark.database
BECAUSE = {"reason": "client", "note": "She rang.\nTwice."}


@pytest.fixture
def postgres(backend: str) -> None:
    if backend != "postgres":
        pytest.skip("SQLite lets one write at a time: nobody waits for each other")


@pytest.fixture
def app(own_app: Flask) -> Flask:
    """One that is given further views."""
    return own_app


@pytest.fixture
def engine(app: Flask) -> Engine:
    """The app's own database, for somebody else who is at it."""
    found: Engine = app.extensions["clinic.engine"]
    return found


def set_for_all(engine: Engine, name: str, value: str) -> None:
    """Sets it for every connection that is made from now on."""
    with engine.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE \"{engine.url.database}\" SET {name} = '{value}'")
        connection.commit()
    engine.dispose()


def cancel(browser: FlaskClient, made: Appointment, **more: str) -> TestResponse:
    data = {"version": str(made.version), **BECAUSE, **more}
    return browser.post(f"/desk/appointment/{made.reference}/cancel", data=data)


def status_of(db: Session, made: Appointment) -> Status:
    db.rollback()
    db.expire_all()
    return db.get_one(Appointment, made.id).status


def in_a_deadlock(engine: Engine, made: Appointment, act: Callable[[], TestResponse]) -> TestResponse:
    """What is answered to somebody who takes what is wanted in another order than somebody else does.

    Who waits looks for a deadlock after `deadlock_timeout` and gives in; the other one's is long.
    """
    answers: list[TestResponse] = []
    thread = threading.Thread(target=lambda: answers.append(act()))
    lock = "SELECT 1 FROM {} WHERE id = :id FOR UPDATE"
    with engine.connect() as other:
        other.execute(sa.text("SET LOCAL deadlock_timeout = '60s'"))
        other.execute(sa.text(lock.format("diary_entry")), {"id": made.entry_id})
        thread.start()
        while not is_anybody_waiting(engine):
            threading.Event().wait(0.01)
        other.execute(sa.text(lock.format("appointment")), {"id": made.id})
        other.rollback()
    thread.join()
    return answers[0]


def is_anybody_waiting(engine: Engine) -> bool:
    waiting = sa.text(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with engine.connect() as connection:
        return connection.scalar(waiting) is not None


@pytest.fixture
def quick_deadlocks(postgres: None, engine: Engine) -> None:
    set_for_all(engine, "deadlock_timeout", "200ms")


def test_without_asking_once_more_somebody_is_shown_the_deadlock(
    quick_deadlocks: None, app: Flask, engine: Engine, desk: FlaskClient, db: Session, book: Book
) -> None:
    app.dispatch_request = MethodType(Flask.dispatch_request, app)  # type: ignore[method-assign]
    made = book()
    answer = in_a_deadlock(engine, made, lambda: cancel(desk, made))
    assert answer.status_code == 503
    assert status_of(db, made) is Status.BOOKED


def test_a_deadlock_is_asked_once_more_and_nobody_sees_it(
    quick_deadlocks: None, engine: Engine, desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    with capture_logs() as logged:
        answer = in_a_deadlock(engine, made, lambda: cancel(desk, made))
    assert [(entry["event"], entry["kind"]) for entry in logged] == [("asked_once_more", "DeadlockDetected")]
    assert answer.status_code == 303
    assert status_of(db, made) is Status.CANCELLED
    events = db.scalars(sa.select(AppointmentEvent.kind).where(AppointmentEvent.appointment_id == made.id))
    assert list(events) == ["booked", "cancelled"]


def test_what_cannot_be_had_even_twice_is_said_and_what_was_typed_is_sent_again(
    postgres: None, engine: Engine, desk: FlaskClient, db: Session, book: Book
) -> None:
    made = book()
    set_for_all(engine, "lock_timeout", "100ms")
    with engine.connect() as other:
        other.execute(sa.text("SELECT 1 FROM appointment FOR UPDATE"))
        answer = cancel(desk, made)
    assert answer.status_code == 503
    assert "nothing was saved" in answer.text
    assert status_of(db, made) is Status.BOOKED
    assert send_again(desk, answer).status_code == 303
    assert status_of(db, made) is Status.CANCELLED


def send_again(browser: FlaskClient, answer: TestResponse) -> TestResponse:
    """Presses the page's button."""
    form = re.search(r'<form method="post" action="([^"]+)">(.*?)</form>', answer.text, re.DOTALL)
    assert form is not None
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[2])
    assert {"reason": "client", "note": "She rang.\nTwice."}.items() <= dict(fields).items()
    return browser.post(unescape(form[1]), data={name: unescape(value) for name, value in fields})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for SQLite's one writer. To be asked for before the app is made."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)


def test_a_database_that_somebody_else_writes_to_for_too_long_is_said_plainly(
    impatient: None, backend: str, engine: Engine, desk: FlaskClient, db: Session, book: Book
) -> None:
    if backend != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    made = book()
    with capture_logs() as logged, engine.connect() as other:
        other.exec_driver_sql("UPDATE site SET name = name")
        answer = cancel(desk, made)
    assert [entry["event"] for entry in logged] == ["database_busy"]  # they have waited already
    assert answer.status_code == 503
    assert "nothing was saved" in answer.text
    assert send_again(desk, answer).status_code == 303
    assert status_of(db, made) is Status.CANCELLED


# --- what a view may have done before it was undone


@pytest.fixture
def views(app: Flask, engine: Engine, clinic: makers.Clinic) -> dict[str, int]:
    """Views that are cut off in the middle the first time; how often each was asked."""
    asked: dict[str, int] = {}

    def cut_off(name: str, times: int = 1) -> None:
        asked[name] = asked.get(name, 0) + 1
        if asked[name] > times:
            return
        raise sa.exc.OperationalError("UPDATE site", {}, Cut(), connection_invalidated=True)

    def in_the_middle() -> str:
        cookie["basket"] = [*cookie.get("basket", []), "one"]
        flash("Done.")
        with transaction() as session:
            session.execute(sa.text("UPDATE site SET name = name || '!'"))
            cut_off("in-the-middle")
        return f"{cookie['basket']} {len(cookie['_flashes'])}"

    def between_two() -> str:
        with transaction() as session:
            session.execute(sa.text("UPDATE site SET name = name || '!'"))
        cut_off("between-two")
        return ""

    def with_a_file() -> str:
        size = len(request.files["letter"].read())
        cut_off("with-a-file", times=request.args.get("times", 1, int))
        return str(size)

    for view in (in_the_middle, between_two, with_a_file):
        name = view.__name__.replace("_", "-")
        app.add_url_rule(f"/{name}", name, access.public(view), methods=["GET", "POST"])
    return asked


class Cut(Exception):
    """Says what the server says when it ends a connection."""

    sqlstate = "57P01"


def name_of(db: Session) -> str:
    db.rollback()
    return str(db.scalar(sa.select(Site.name)))


def test_what_the_first_attempt_left_behind_is_put_back(
    app: Flask, views: dict[str, int], db: Session
) -> None:
    answer = app.test_client().post("/in-the-middle")
    assert (answer.status_code, answer.text) == (200, "['one'] 1")
    assert views["in-the-middle"] == 2
    assert name_of(db) == "Canal Street!"


def test_where_something_is_kept_already_nothing_is_asked_again(
    app: Flask, views: dict[str, int], db: Session
) -> None:
    answer = app.test_client().post("/between-two")
    assert answer.status_code == 503
    assert "Look how it stands" in answer.text
    assert "Send it again" not in answer.text
    assert views["between-two"] == 1
    assert name_of(db) == "Canal Street!"


def test_a_page_that_is_only_read_is_asked_again_too(app: Flask, views: dict[str, int]) -> None:
    assert app.test_client().get("/in-the-middle").status_code == 200


def test_a_file_is_read_from_its_start_again_and_never_shown_in_a_page(
    app: Flask, views: dict[str, int]
) -> None:
    browser = app.test_client()
    sent = browser.post("/with-a-file", data={"letter": (BytesIO(b"12345"), "letter.txt")})
    assert sent.text == "5"
    views.clear()
    sent = browser.post("/with-a-file?times=9", data={"letter": (BytesIO(b"12345"), "letter.txt")})
    assert sent.status_code == 503
    assert "Send it again" not in sent.text
    assert "nothing was saved" in sent.text


def test_a_limit_counts_what_is_asked_twice_as_one(app: Flask, views: dict[str, int]) -> None:
    limited = limiter.limit("1 per minute")(app.view_functions["in-the-middle"])
    app.add_url_rule("/limited", "limited", access.public(limited), methods=["POST"])
    app.config["RATELIMIT_ENABLED"] = True
    limiter.init_app(app)
    limiter.enabled = True
    try:
        assert [app.test_client().post("/limited").status_code for _ in range(2)] == [200, 429]
    finally:
        limiter.reset()
        limiter.enabled = False
    assert views["in-the-middle"] == 2


def test_nothing_warns_of_a_time_that_is_taken(
    app: Flask,
    db: Session,
    clinic: makers.Clinic,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wanted = [Claim(OwnerKind.THERAPIST, clinic.therapists[0].id, NOW, NOW + timedelta(days=30))]
    diary.enter(db, EntryKind.APPOINTMENT, wanted, NOW)
    with pytest.raises(SlotTaken):
        diary.enter(db, EntryKind.APPOINTMENT, wanted, NOW)
    assert caplog.records == []  # the driver's warnings name the database's address
