"""Back by the link of an appointment: booking again, telling what has changed, what nobody gets to see."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.booking import services
from clinic.booking.models import Appointment, Journey
from clinic.booking.statuses import Status
from clinic.intake.models import Intake
from clinic.notify.links import Links
from clinic.notify.models import OutboxMessage
from clinic.people.models import Consent
from tests import makers
from tests.conftest import NOW
from tests.web.journey.steps import ANSWERS, Walker, heading, hidden

pytestmark = pytest.mark.database
LINKS = Links("a secret for tests only", "http://127.0.0.1:8000")
FRIDAY = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
SHORT: dict[str, dict[str, Any]] = {
    **ANSWERS, "changes": {"anything_changed": "none"},
}  # fmt: skip
HELD = {"changes": {"anything_changed": "health"}, "background": {"heart": "bp_not_controlled"}}


@pytest.fixture
def clinic(db: Session) -> makers.Clinic:
    made = makers.clinic(db)
    db.commit()
    return made


@pytest.fixture
def walker(app: Flask, clinic: makers.Clinic) -> Walker:
    return Walker(app)


def booked(db: Session, clinic: makers.Clinic, days_ago: int = 1, **told: Any) -> Appointment:
    then = NOW - timedelta(days=days_ago)
    intake = makers.intake(db, then, {**makers.ALL_WELL, **told})
    wish = clinic.wish(therapist_id=clinic.therapists[0].id, is_desk=True)
    made = services.book(db, NOW, wish, FRIDAY, makers.client(db, NOW), intake, actor="client")
    db.commit()
    return made


def path(appointment: Appointment, more: str = "") -> str:
    return f"/appointment/{LINKS.manage_token(appointment.id, appointment.ends_at)}{more}"


def walk(walker: Walker, first: TestResponse, **changes: dict[str, Any]) -> tuple[list[str], TestResponse]:
    """Answers every page that comes after a POST; gives their names and the page after them."""
    seen: list[str] = []
    at = walker.get(first.location).location
    while (slug := at.rsplit("/", 1)[-1]) in SHORT:
        seen.append(slug)
        page = walker.get(at)
        assert '" checked' not in page.text, slug
        sent = walker.post(at, {**SHORT[slug], **changes.get(slug, {})})
        assert sent.status_code == 303, sent.text
        at = sent.location
    return seen, walker.get(at)


def mails(db: Session) -> list[str]:
    return list(db.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)))


def test_with_everything_fresh_three_pages_lead_to_the_outcome(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    was = booked(db, clinic)
    seen, page = walk(walker, walker.post(path(was, "/again")))
    assert seen == ["safety", "changes", "wishes"]
    assert heading(page.text) == "You can book"


def test_booking_again_suggests_the_same_and_knows_who_comes(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    was = booked(db, clinic)
    walk(walker, walker.post(path(was, "/again")))
    walker.post("/book/outcome")
    sessions = walker.get("/book/session").text
    assert re.search(rf'value="{clinic.swedish.id}"[^>]* checked', sessions)
    walker.post("/book/session", {"option": clinic.swedish.id})
    sent = walker.post("/book/time", {"slot": "2026-12-01T10:00Z"})
    assert sent.location == "/book/check"
    page = walker.get("/book/check").text
    assert "Anna Petrova" in page
    walker.post("/book/check", {"hold": hidden(page, "hold")})
    made = db.scalars(sa.select(Appointment).order_by(Appointment.id.desc())).first()
    assert made is not None
    assert (made.client_id, made.id != was.id) == (was.client_id, True)


def test_a_get_begins_nothing(walker: Walker, db: Session, clinic: makers.Clinic) -> None:
    was = booked(db, clinic)
    for more in ("/again", "/changes"):
        assert walker.get(path(was, more)).location == path(was)
    assert db.scalars(sa.select(Journey)).all() == []


def test_what_has_gone_stale_is_asked_too(walker: Walker, db: Session, clinic: makers.Clinic) -> None:
    was = booked(db, clinic, days_ago=30)
    seen, _ = walk(walker, walker.post(path(was, "/again")))
    assert seen == ["safety", "changes", "wishes", "lately", "background"]


def test_telling_that_nothing_has_changed_leaves_it_as_it_is(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    was = booked(db, clinic)
    _, page = walk(walker, walker.post(path(was, "/changes")))
    assert heading(page.text) == "You can come as planned"
    assert "Friday 27 November" in page.text
    assert mails(db) == ["booked"]
    assert walker.get("/book/session").location == "/book/changed"
    assert walker.get("/book").location == "/book/safety"  # another visit begins anew


def test_a_worse_answer_makes_it_wait_and_two_mails_are_owed(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    was = booked(db, clinic)
    _, page = walk(walker, walker.post(path(was, "/changes")), **HELD)
    assert heading(page.text) == "We keep your time, and look at it first"
    assert mails(db) == ["booked", "reopened", "to_decide"]
    db.expire_all()
    assert was.status is Status.PROVISIONAL
    assert "provisional" not in page.text.lower().replace("s-provisional", "")


def test_the_page_of_what_waits_again_says_so_though_it_has_no_end(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    """It is kept until somebody has decided: nothing on the page may read as if it stood."""
    was = booked(db, clinic)
    walk(walker, walker.post(path(was, "/changes")), **HELD)
    page = walker.get(path(was)).text
    assert heading(page) == "We keep this time for you"
    assert "It is not certain yet. We keep it until we have decided." in page
    assert "goes back" not in page
    assert "Add to my calendar" not in page


def test_a_stop_shows_where_to_get_help_and_that_the_time_waits(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    was = booked(db, clinic)
    walker.post(path(was, "/changes"))
    sent = walker.post("/book/safety", {**SHORT["safety"], "now_signs": "chest_pain"})
    page = walker.get(sent.location).text
    assert heading(page) == "Get emergency help now"
    assert "Do not come to your appointment on Friday 27 November" in page
    assert "We have made no appointment" not in page
    db.expire_all()
    assert was.status is Status.PROVISIONAL


def test_whoever_has_the_link_sees_nothing_of_what_was_told_before(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    told = {"blood": ["blood_thinner"], "heart": ["pacemaker"], "goal": "ease_pain"}
    was = booked(db, clinic, **told, anything_else={"doctor_said_no": False, "text": "My secret"})
    pages = [walker.get(path(was)).text]
    seen, outcome = walk(walker, walker.post(path(was, "/again")))
    pages += [outcome.text, *(walker.get(f"/book/{slug}").text for slug in seen)]
    assert "not shown here" in outcome.text
    walker.post("/book/outcome")
    pages.append(walker.get("/book/session").text)
    walker.post("/book/session", {"option": clinic.swedish.id})
    walker.post("/book/time", {"slot": "2026-12-01T10:00Z"})
    pages += [walker.get("/book/check").text, walker.get("/book/details").text]
    for slug in set(SHORT) - set(seen):
        assert walker.get(f"/book/{slug}").status_code == 303
    for page in pages:
        for word in ("blood thinner", "pacemaker", "My secret", "Light or lighter"):
            assert word.lower() not in page.lower(), word
    assert "Deep tissue" in pages[-3]  # left out, and no word of why


def test_a_hold_that_rests_on_what_was_told_before_does_not_say_what(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    was = booked(db, clinic)
    held = makers.intake(db, NOW, {**makers.ALL_WELL, "heart": ["bp_not_controlled"]})
    held.client_id, held.judged_at = was.client_id, NOW + timedelta(minutes=1)
    db.commit()
    _, page = walk(walker, walker.post(path(was, "/again")))
    assert heading(page.text) != "You can book"
    assert "blood pressure" not in page.text.lower()
    person = {"name": "Someone", "email": "else@client.example", "phone": "", "best_time": "any"}
    asked = walker.post("/book/request", person)
    assert asked.status_code == 303
    assert "blood pressure" not in walker.get(asked.location).text.lower()


def test_who_took_their_consent_back_starts_from_the_first_question(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    was = booked(db, clinic)
    db.execute(sa.update(Consent).values(withdrawn_at=NOW))
    db.commit()
    assert walker.post(path(was, "/again")).location == "/book/safety"
    assert db.scalars(sa.select(Intake).where(Intake.based_on_id.is_not(None))).all() == []
    told = walker.post(path(was, "/changes"))
    assert told.status_code == 409
    assert "Ring us before you come" in told.text


def test_an_appointment_that_is_over_takes_no_changes_but_may_be_booked_again(
    walker: Walker, db: Session, clinic: makers.Clinic
) -> None:
    was = booked(db, clinic)
    services.cancel(db, NOW, was.id, actor="client")
    db.commit()
    page = walker.get(path(was)).text
    assert "Book the same again" in page
    assert "Tell us what has changed" not in page
    assert walker.post(path(was, "/changes")).status_code == 409
    assert walker.post(path(was, "/again")).status_code == 303


def test_the_name_that_is_booked_for_stays_theirs(walker: Walker, db: Session, clinic: makers.Clinic) -> None:
    was = booked(db, clinic)
    walk(walker, walker.post(path(was, "/again")))
    walker.post("/book/outcome")
    walker.post("/book/session", {"option": clinic.swedish.id})
    walker.post("/book/time", {"slot": "2026-12-01T10:00Z"})
    typed = {"name": "Mallory", "email": "m@client.example", "phone": "020 7946 0999", "reminders": "yes"}
    walker.post("/book/details", typed)
    page = walker.get("/book/check").text
    assert "Mallory" not in page
    assert "m@client.example" not in page


def test_a_link_that_leads_nowhere_begins_nothing(walker: Walker, db: Session) -> None:
    assert walker.post("/appointment/nonsense/again").status_code == 404
    assert walker.post("/appointment/nonsense/changes").status_code == 404
