"""The appointment behind a link: looked at, moved, cancelled; by GET nothing changes."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import icalendar
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment, AppointmentEvent
from clinic.booking.statuses import Status
from clinic.notify.links import Links
from clinic.notify.models import OutboxMessage
from clinic.roster.models import Closure, WorkingHours
from tests import makers
from tests.conftest import NOW

LINKS = Links("a secret for tests only", "http://127.0.0.1:8000")
TOMORROW_TEN = NOW + timedelta(days=2, hours=1)


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    return makers.clinic(db, directions="Green door, first floor.")


@pytest.fixture
def appointment(db: Session, clinic: makers.Clinic) -> Appointment:
    """Wednesday 25 November at 10:00, with Amara Osei."""
    made = services.book(
        db,
        NOW,
        clinic.wish(therapist_id=clinic.therapists[0].id),
        TOMORROW_TEN,
        makers.client(db, NOW),
        makers.intake(db, NOW),
        actor="test",
    )
    db.commit()
    return made


@pytest.fixture
def web(app: Flask) -> FlaskClient:
    return app.test_client()


def path(appointment: Appointment, more: str = "") -> str:
    return f"/appointment/{LINKS.manage_token(appointment.id, appointment.ends_at)}{more}"


def fresh(db: Session, appointment: Appointment) -> Appointment:
    db.rollback()
    db.refresh(appointment)
    return appointment


def title(html: str) -> tuple[str, str]:
    """The words of the title before the clinic's name, and of the h1."""
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    named = re.search(r"<title>(.*?) ·", html)
    assert heading is not None
    assert named is not None
    return named[1], re.sub(r"<[^>]+>", "", heading[1]).strip()


def test_the_page_says_what_when_where_with_whom_and_what_it_costs(
    web: FlaskClient, appointment: Appointment
) -> None:
    answer = web.get(path(appointment))
    assert answer.status_code == 200
    for words in (
        "Wednesday", "25 November", "10:00 to 11:00", "London time", "Swedish, 60 minutes", "Amara Osei",
        "14 Canal Street, London", "£62", appointment.reference[:3] + "-" + appointment.reference[3:],
        "Green door, first floor.", "until Tuesday 24 November, 10:00", "/move", "/cancel",
        "/appointment.ics",
    ):  # fmt: skip
        assert words in answer.text, words
    assert title(answer.text) == ("Your appointment", "Your appointment")
    assert answer.headers["Cache-Control"] == "no-store"


def test_looking_changes_nothing(db: Session, web: FlaskClient, appointment: Appointment) -> None:
    for more in ("", "/move", "/cancel", "/moved", "/appointment.ics", "/move?who=any&week=2026-11-30"):
        assert web.get(path(appointment, more)).status_code in {200, 302}
        assert web.head(path(appointment, more)).status_code in {200, 302}
    assert fresh(db, appointment).version == 1
    assert db.scalar(sa.select(sa.func.count(AppointmentEvent.id))) == 1


def test_the_calendar_file_is_the_appointment_s(web: FlaskClient, appointment: Appointment) -> None:
    answer = web.get(path(appointment, "/appointment.ics"))
    assert answer.mimetype == "text/calendar"
    event = next(iter(icalendar.Calendar.from_ical(answer.text).walk("VEVENT")))
    assert event["DTSTART"].dt == TOMORROW_TEN
    assert "Swedish" not in answer.text


def test_a_link_that_is_unknown_says_so_and_leads_on(web: FlaskClient, appointment: Appointment) -> None:
    answer = web.get(path(appointment) + "x")
    assert answer.status_code == 404
    assert title(answer.text)[1] == "We do not know this link"
    assert "/manage" in answer.text


def test_a_link_that_has_expired_says_so_and_leads_on(
    app: Flask, web: FlaskClient, appointment: Appointment
) -> None:
    app.config["CLOCK"] = lambda: appointment.ends_at + timedelta(days=61)
    answer = web.get(path(appointment))
    assert answer.status_code == 410
    assert title(answer.text)[1] == "This link has expired"
    assert "/manage" in answer.text


def test_an_erased_client_s_link_is_unknown(db: Session, web: FlaskClient, appointment: Appointment) -> None:
    appointment.client.erased_at = NOW
    db.commit()
    assert web.get(path(appointment)).status_code == 404


def slots_on(html: str) -> list[str]:
    return re.findall(r'name="slot"[^>]*value="([^"]+)"', html)


def hidden(html: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(version|who|week)" value="([^"]*)"', html))


def test_the_week_of_the_appointment_is_shown_with_times_of_the_same_therapist(
    web: FlaskClient, appointment: Appointment
) -> None:
    answer = web.get(path(appointment, "/move"))
    assert answer.status_code == 200
    assert title(answer.text)[1] == "Choose a new time"
    found = slots_on(answer.text)
    assert "2026-11-25T10:00Z" not in found, "its own time is no move"
    assert "2026-11-25T10:45Z" in found
    assert hidden(answer.text) == {"version": "1", "who": "same", "week": "2026-11-23"}


def test_the_next_week_and_anyone_can_be_looked_at(web: FlaskClient, appointment: Appointment) -> None:
    answer = web.get(path(appointment, "/move?week=2026-11-30&who=any"))
    assert "30 November to 6 December" in answer.text
    assert hidden(answer.text)["who"] == "any"
    assert "2026-11-30T09:00Z" in slots_on(answer.text)


def move(web: FlaskClient, appointment: Appointment, slot: str, **more: str) -> tuple[int, str, str]:
    data = {"slot": slot, "version": "1", "who": "same", "week": "2026-11-23", **more}
    answer = web.post(path(appointment, "/move"), data=data)
    return answer.status_code, answer.text, answer.headers.get("Location", "")


def test_moving_gives_the_new_time_and_a_mail(
    db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    status, _text, where = move(web, appointment, "2026-11-26T13:00Z")
    assert status == 303
    moved = fresh(db, appointment)
    assert (moved.starts_at, moved.therapist.name) == (
        datetime.fromisoformat("2026-11-26T13:00Z"),
        "Amara Osei",
    )
    answer = web.get(where)
    assert title(answer.text)[1] == "Your appointment has a new time"
    assert "13:00 to 14:00" in answer.text
    assert db.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)).all() == ["booked", "moved"]
    event = db.scalars(sa.select(AppointmentEvent).order_by(AppointmentEvent.id)).all()[-1]
    assert (event.kind, event.actor) == ("moved", f"client:{appointment.client_id}")


def test_pressing_twice_moves_once(db: Session, web: FlaskClient, appointment: Appointment) -> None:
    first = move(web, appointment, "2026-11-26T13:00Z")
    second = move(web, appointment, "2026-11-26T13:00Z")
    assert first[0] == second[0] == 303
    assert fresh(db, appointment).sequence == 1


def test_with_anyone_the_same_therapist_comes_first(
    db: Session, web: FlaskClient, clinic: makers.Clinic, appointment: Appointment
) -> None:
    services.move(
        db, NOW, appointment.id, TOMORROW_TEN, actor="test", therapist_id=clinic.therapists[1].id, version=1
    )
    db.commit()
    assert move(web, appointment, "2026-11-26T13:00Z", who="any", version="2")[0] == 303
    assert fresh(db, appointment).therapist.name == "Tom Whitfield"


def test_with_anyone_a_colleague_takes_it_where_the_therapist_is_busy(
    db: Session, web: FlaskClient, clinic: makers.Clinic, appointment: Appointment
) -> None:
    take(db, clinic, datetime.fromisoformat("2026-11-26T13:00Z"))
    assert move(web, appointment, "2026-11-26T13:00Z", who="any")[0] == 303
    assert fresh(db, appointment).therapist.name == "Tom Whitfield"


def take(db: Session, clinic: makers.Clinic, starts_at: datetime) -> None:
    """Somebody else books Amara Osei then."""
    other = makers.client(db, NOW, "Ben Carver", email="ben@client.example", phone="+442079460001")
    wish = clinic.wish(therapist_id=clinic.therapists[0].id)
    services.book(db, NOW, wish, starts_at, other, makers.intake(db, NOW), actor="test")
    db.commit()


def test_a_time_that_was_taken_meanwhile_gives_the_three_nearest(
    db: Session, web: FlaskClient, clinic: makers.Clinic, appointment: Appointment
) -> None:
    take(db, clinic, datetime.fromisoformat("2026-11-26T13:00Z"))
    status, text, _where = move(web, appointment, "2026-11-26T13:00Z")
    assert status == 409
    assert title(text)[1] == "That time is gone"
    near = slots_on(text)
    assert len(near) == 3
    assert all(slot.startswith("2026-11-26T1") for slot in near)
    assert "10:00 to 11:00" in text
    assert fresh(db, appointment).sequence == 0
    assert move(web, appointment, near[0])[0] == 303


def test_a_time_that_is_not_offered_moves_nothing(
    db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    for slot in ("2026-11-26T13:07Z", "2020-11-26T13:00Z", "2029-11-26T13:00Z", "2026-11-26T03:00Z"):
        assert move(web, appointment, slot)[0] == 409, slot
    assert fresh(db, appointment).sequence == 0


def test_without_a_time_the_page_says_what_is_missing(web: FlaskClient, appointment: Appointment) -> None:
    status, text, _where = move(web, appointment, "soon", week="2026-11-30", who="any")
    assert status == 422
    assert title(text)[0] == "Error: Choose a new time"
    assert 'href="#slot">Choose a time.' in text
    assert hidden(text) == {"version": "1", "who": "any", "week": "2026-11-30"}


def test_a_page_from_before_somebody_else_s_change_shows_how_it_stands(
    db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    services.move(db, NOW, appointment.id, TOMORROW_TEN + timedelta(hours=3), actor="desk")
    db.commit()
    status, text, _where = move(web, appointment, "2026-11-26T13:00Z")
    assert status == 409
    assert "Someone changed this meanwhile" in text
    assert "13:00 to 14:00" in text
    cancelled = web.post(path(appointment, "/cancel"), data={"version": "1"})
    assert cancelled.status_code == 409
    assert fresh(db, appointment).status is Status.BOOKED


def test_the_form_decides_neither_therapist_nor_price(
    db: Session, web: FlaskClient, clinic: makers.Clinic, appointment: Appointment
) -> None:
    move(
        web, appointment, "2026-11-26T13:00Z", therapist_id=str(clinic.therapists[1].id), price_minor="1",
        appointment_id="99",
    )  # fmt: skip
    moved = fresh(db, appointment)
    assert (moved.therapist.name, moved.price_minor) == ("Amara Osei", 6200)


def test_cancelling_asks_first_and_then_is_done(
    db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    asked = web.get(path(appointment, "/cancel"))
    assert title(asked.text)[1] == "Cancel this appointment?"
    answer = web.post(path(appointment, "/cancel"), data={"version": "1", "why": "plans"})
    assert answer.status_code == 303
    gone = fresh(db, appointment)
    assert (gone.status, gone.cancel_reason) == (Status.CANCELLED, "My plans have changed")
    page = web.get(answer.headers["Location"])
    assert title(page.text)[1] == "This appointment is cancelled"
    assert db.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)).all()[-1] == "cancelled"
    assert "METHOD:CANCEL" in web.get(path(appointment, "/appointment.ics")).text


def test_a_reason_is_not_needed_and_never_free_text(
    db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    web.post(path(appointment, "/cancel"), data={"version": "1", "why": "my back hurts"})
    assert fresh(db, appointment).cancel_reason == ""


def test_cancelling_twice_does_no_harm(db: Session, web: FlaskClient, appointment: Appointment) -> None:
    for _ in range(2):
        assert web.post(path(appointment, "/cancel"), data={"version": "1"}).status_code == 303
    assert fresh(db, appointment).sequence == 1


def test_an_old_tab_of_a_cancelled_appointment_says_so(
    db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    services.cancel(db, NOW, appointment.id, actor="desk")
    db.commit()
    for more in ("", "/move", "/cancel"):
        assert "This appointment is cancelled" in web.get(path(appointment, more)).text
    status, text, _where = move(web, appointment, "2026-11-26T13:00Z")
    assert (status, title(text)[1]) == (409, "This appointment is cancelled")
    assert fresh(db, appointment).sequence == 1


def test_past_the_policy_the_page_says_until_when_it_was_possible_and_whom_to_ring(
    app: Flask, db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    app.config["CLOCK"] = lambda: TOMORROW_TEN - timedelta(hours=23)
    page = web.get(path(appointment))
    assert "You could move or cancel here until Tuesday 24 November, 10:00" in page.text
    assert "020 7946 0142" in page.text
    assert "/move" not in page.text
    assert title(web.get(path(appointment, "/move")).text)[1] == "Your appointment"
    assert move(web, appointment, "2026-11-26T13:00Z")[0] == 409
    assert web.post(path(appointment, "/cancel"), data={"version": "1"}).status_code == 409
    stands = fresh(db, appointment)
    assert (stands.status, stands.sequence) == (Status.BOOKED, 0)


def test_an_appointment_that_is_over_can_only_be_followed_by_another(
    app: Flask, web: FlaskClient, appointment: Appointment
) -> None:
    app.config["CLOCK"] = lambda: appointment.ends_at
    page = web.get(path(appointment))
    assert title(page.text)[1] == "This appointment is over"
    assert "/move" not in page.text


def test_without_answers_on_file_no_time_is_shown_that_could_not_be_taken(
    db: Session, web: FlaskClient, appointment: Appointment
) -> None:
    appointment.intake_id = None
    db.commit()
    page = web.get(path(appointment, "/move"))
    assert slots_on(page.text) == []
    assert "We need to talk to you before this can be moved" in page.text
    db.refresh(appointment)
    assert move(web, appointment, "2026-11-26T13:00Z", version=str(appointment.version))[0] == 409


def test_a_week_with_nothing_free_leads_on(db: Session, web: FlaskClient, appointment: Appointment) -> None:
    db.execute(sa.update(WorkingHours).values(valid_until_on=date(2026, 11, 29)))
    db.commit()
    page = web.get(path(appointment, "/move?week=2026-11-30"))
    assert "Nothing is free this week" in page.text
    assert "who=any" in page.text


def test_days_of_the_week_say_why_they_have_no_time(
    db: Session, web: FlaskClient, clinic: makers.Clinic, appointment: Appointment
) -> None:
    db.execute(
        sa.delete(WorkingHours).where(
            WorkingHours.therapist_id == clinic.therapists[0].id, WorkingHours.weekday == 3
        )
    )
    day = date(2026, 11, 27)
    db.add(Closure(site_id=clinic.site.id, name="Holiday", starts_on=day, ends_on=day))
    db.commit()
    same = words_of(web.get(path(appointment, "/move")).text)
    assert (same["2026-11-26"], same["2026-11-27"]) == ("Amara is not in", "Closed")
    anyone = words_of(web.get(path(appointment, "/move?who=any")).text)
    assert "2026-11-26" not in anyone
    assert anyone["2026-11-27"] == "Closed"


def words_of(html: str) -> dict[str, str]:
    """What stands at the days without a time."""
    day = r'id="day-([\d-]{10})" role(?:(?! role="group").)*?<p class="none">(.*?)</p>'
    return dict(re.findall(day, html, re.DOTALL))
