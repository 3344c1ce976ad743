"""The day at the desk: columns, gaps, states, the list."""

from __future__ import annotations


from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import makers
from tests.conftest import NOW
from tests.web.desk.conftest import TUESDAY_TEN, Book

DAY = "/desk/?on=2026-11-24"


def test_a_day_shows_each_therapist_with_appointments_and_gaps(desk: FlaskClient, book: Book) -> None:
    made = book()
    page = desk.get(DAY).get_data(as_text=True)
    assert "Tuesday</span> 24 November" in page
    assert "Amara Osei" in page
    assert "Tom Whitfield" in page
    assert f"/desk/appointment/{made.reference}" in page
    assert "up to 75 min" in page
    assert "break" in page
