"""The first page, with all of a clinic, with a part of it, and before there is one."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import makers
from tests.makers import Clinic
from tests.web.journey.steps import Walker


def test_it_says_what_we_do_who_we_are_what_it_costs_and_where(walker: Walker, clinic: Clinic) -> None:
    page = walker.get("/").text
    assert "Start the questions" in page
    for part in ("massage", "people", "prices", "where"):
        assert f'href="#{part}"' in page
        assert f'id="{part}"' in page


def test_with_nothing_to_give_it_says_so_and_whom_to_ring(app: Flask, db: Session) -> None:
    makers.site(db)
    db.commit()
    page = Walker(app).get("/").text
    assert "You cannot book here yet" in page
    assert "Start the questions" not in page
    assert "020 7946 0142" in page
    assert 'id="where"' in page
    for part in ("massage", "people", "prices"):
        assert f'"#{part}"' not in page
        assert f'id="{part}"' not in page


def test_before_there_is_a_site_it_promises_nothing(app: Flask) -> None:
    page = Walker(app).get("/").text
    assert "You cannot book here yet" in page
    assert "Start the questions" not in page
    assert "call <a" in page, "whom to ring in an emergency stands on every page"


@pytest.mark.parametrize("path", ["/book", "/book/safety", "/book/time", "/book/call-back", "/book/booked"])
def test_before_there_is_a_site_nobody_answers_for_nothing(app: Flask, path: str) -> None:
    answer = Walker(app).get(path)
    assert answer.status_code == 503
    assert "You cannot book here yet" in answer.text
    assert "Go to the first page" in answer.text
