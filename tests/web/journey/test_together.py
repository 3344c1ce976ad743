"""Booking for a child or a partner from one's own e-mail address."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.people import household
from clinic.people.models import Consent, ConsentKind
from tests.makers import Clinic
from tests.web.journey.steps import DETAILS, Walker

pytestmark = pytest.mark.database
BEN = {**DETAILS, "whom": "child", "name": "Ben Carver", "booked_by": "Ruth Carver"}


def test_a_child_is_booked_by_a_guardian(walker: Walker, clinic: Clinic, db: Session) -> None:
    walker.to_details(clinic.swedish.id)
    assert walker.post("/book/details", BEN).location == "/book/check"
    check = walker.get("/book/check").text
    assert "Ben Carver" in check
    assert "Ruth Carver" in check
    walker.book()
    made = db.scalars(sa.select(Appointment)).one()
    assert made.client.name == "Ben Carver"
    guardian = household.guardian_of(db, made.client)
    assert guardian is not None
    assert (guardian.name, guardian.email) == ("Ruth Carver", DETAILS["email"])
    terms = db.scalars(sa.select(Consent).where(Consent.kind == ConsentKind.TERMS)).one()
    assert "Agreed to by Ruth Carver, who books for Ben Carver." in terms.wording


def test_a_partner_is_booked_from_the_same_address_and_nobody_answers_for_them(
    walker: Walker, clinic: Clinic, db: Session
) -> None:
    walker.to_details(clinic.swedish.id)
    walker.post("/book/details", {**BEN, "whom": "other", "name": "Carl Hall"})
    walker.book()
    made = db.scalars(sa.select(Appointment)).one()
    assert (made.client.name, made.client.email) == ("Carl Hall", DETAILS["email"])
    assert household.guardian_of(db, made.client) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"booked_by": ""}, "Enter the name of a parent or guardian."),
        ({"booked_by": "ben carver"}, "Enter the name of who books."),
        ({"whom": "other", "booked_by": " "}, "Enter your own name too."),
        ({"whom": "nobody"}, "Choose who this is for."),
    ],
)
def test_who_books_for_somebody_else_says_who_they_are(
    walker: Walker, clinic: Clinic, changes: dict[str, str], sentence: str
) -> None:
    walker.to_details(clinic.swedish.id)
    page = walker.post("/book/details", {**BEN, **changes})
    assert page.status_code == 422
    assert sentence in page.text
    assert "Ben Carver" in page.text


def test_by_the_answers_a_child_a_guardian_has_to_be_named(walker: Walker, clinic: Clinic) -> None:
    walker.to_session(about_you={"age_years-year": "2009", "guardian_ok": "attend"})
    walker.post("/book/session", {"option": clinic.swedish.id})
    walker.post("/book/time", {"slot": "2026-11-24T10:00Z"})
    page = walker.get("/book/details").text
    assert "A parent or guardian has to agree." in page
    assert walker.post("/book/details", DETAILS).status_code == 422
