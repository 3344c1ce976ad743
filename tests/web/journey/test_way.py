"""From the first page to a booked appointment."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.people.models import Consent, ConsentKind
from tests.makers import Clinic
from tests.web.journey.steps import DETAILS, Walker, heading, slots_of


def test_a_client_walks_from_the_first_page_to_a_booked_appointment(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    first = walker.get("/")
    assert first.status_code == 200
    assert "Start the questions" in first.text
    assert walker.get("/book").location == "/book/safety"
    for slug, following in (
        ("safety", "/book/about-you"),
        ("about-you", "/book/wishes"),
        ("wishes", "/book/lately"),
        ("lately", "/book/background"),
        ("background", "/book/last"),
        ("last", "/book/outcome"),
    ):
        assert walker.get(f"/book/{slug}").status_code == 200
        answered = walker.answer(slug)
        assert answered.status_code == 303
        assert answered.location == following
    outcome = walker.get("/book/outcome")
    assert heading(outcome.text) == "You can book"
    assert walker.post("/book/outcome").location == "/book/session"
    assert "Best fit" in walker.get("/book/session").text
    assert walker.post("/book/session", {"option": clinic.swedish.id}).location == "/book/time"
    times = walker.get("/book/time")
    assert "2026-11-24T10:00Z" in slots_of(times.text)
    held = walker.post("/book/time", {"slot": "2026-11-24T10:00Z", "option": clinic.swedish.id})
    assert held.location == "/book/details"
    assert "Held for you" in walker.get("/book/details").text
    assert walker.post("/book/details", DETAILS).location == "/book/check"
    check = walker.get("/book/check")
    assert "10:00 to 11:15" in check.text
    assert walker.book().location == "/book/booked"
    booked = walker.get("/book/booked")
    assert heading(booked.text) == "You are booked, Ruth"

    made = db.scalars(sa.select(Appointment)).one()
    assert made.client.name == "Ruth Carver"
    assert made.reference[:3] in booked.text
    kinds = {
        consent.kind for consent in db.scalars(sa.select(Consent).where(Consent.client_id == made.client_id))
    }
    assert kinds == {ConsentKind.HEALTH, ConsentKind.TERMS, ConsentKind.REMINDERS}
