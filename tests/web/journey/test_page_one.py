"""Before a clear yes nothing is kept on our side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.booking.models import Journey
from clinic.db import Base
from clinic.intake.level import Level
from clinic.intake.models import Intake, ScreeningCount
from clinic.people.models import Consent
from tests.conftest import NOW
from tests.web.journey.steps import ANSWERS, Walker, heading


def rows(db: Session) -> dict[str, int]:
    """How many rows each table has."""
    db.rollback()
    return {
        table.name: db.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


@pytest.fixture
def nothing_new(db: Session, walker: Walker) -> Callable[[], set[str]]:
    """The tables that have changed in number since the clinic was made."""
    before = rows(db)
    return lambda: {name for name, number in rows(db).items() if number != before[name]}


def test_page_one_is_kept_nowhere(walker: Walker, nothing_new: Callable[[], set[str]]) -> None:
    assert walker.answer("safety").location == "/book/about-you"
    walker.get("/book/about-you")
    assert nothing_new() == set()


def test_page_one_travels_sealed_and_is_shown_again(walker: Walker) -> None:
    walker.answer("safety", saddle_numb="long_checked")
    cookie = walker.browser.get_cookie("clinic")
    assert cookie is not None
    assert "long_checked" not in cookie.value
    with walker.browser.session_transaction() as kept:
        assert "long_checked" not in str(dict(kept))
    assert 'value="long_checked" checked' in walker.get("/book/safety").text


@pytest.mark.parametrize(
    ("changes", "level", "title", "number"),
    [
        ({"now_signs": "chest_pain"}, Level.EMERGENCY, "Get emergency help now", "tel:999"),
        ({"nerve_signs": "getting_worse"}, Level.URGENT, "Get medical advice today", "tel:111"),
    ],
)
def test_a_stop_on_page_one_comes_at_once_and_leaves_only_a_count(
    walker: Walker,
    db: Session,
    nothing_new: Callable[[], set[str]],
    changes: dict[str, str],
    level: Level,
    title: str,
    number: str,
) -> None:
    stopped = walker.answer("safety", **changes)
    assert stopped.status_code == 200
    assert heading(stopped.text) == title
    assert number in stopped.text
    assert nothing_new() == {"screening_count"}
    assert db.scalars(sa.select(ScreeningCount)).one().level is level
    with walker.browser.session_transaction() as kept:
        assert "page_one" not in kept
        assert "journey" not in kept
    assert walker.get("/book/about-you").location == "/book/safety"


def test_a_stop_page_sells_nothing_and_says_what_to_tell(walker: Walker) -> None:
    page = walker.answer("safety", now_signs="chest_pain").text
    assert "Prices" not in page
    assert "£" not in page
    assert "Pain, squeezing or a tight feeling in your chest" in page
    assert "020 7946 0142" in page
    assert "Change an answer" in page


def test_a_stop_speaks_the_words_of_the_place(app: Flask, db: Session, walker: Walker) -> None:
    db.execute(sa.text("UPDATE site SET locale = 'US'"))
    db.commit()
    page = walker.answer("safety", now_signs="chest_pain").text
    assert "tel:911" in page
    assert "999" not in page


def test_a_no_to_keeping_answers_keeps_nothing(walker: Walker, nothing_new: Callable[[], set[str]]) -> None:
    walker.answer("safety")
    said = walker.answer("about-you", health_consent="no", **{"age_years-day": ""})
    assert said.location == "/book/without-answers"
    page = walker.get("/book/without-answers")
    assert "020 7946 0142" in page.text
    assert nothing_new() == set()
    assert walker.get("/book/about-you").location == "/book/safety"


def test_a_yes_begins_the_journey_with_page_one_in_it(walker: Walker, db: Session) -> None:
    walker.answer("safety")
    assert walker.answer("about-you").location == "/book/wishes"
    journey = db.scalars(sa.select(Journey)).one()
    with walker.browser.session_transaction() as kept:
        assert "page_one" not in kept
        token = kept["journey"]
    assert journey.token_digest != token
    assert journey.intake is not None
    assert '"saddle_numb": "no"' in journey.intake.answers
    assert db.scalars(sa.select(Consent)).one().intake_id == journey.intake_id


def test_a_no_later_takes_the_answers_back(walker: Walker, db: Session) -> None:
    walker.answer("safety")
    walker.answer("about-you")
    walker.answer("wishes")
    assert walker.answer("about-you", health_consent="no").location == "/book/without-answers"
    assert db.scalars(sa.select(Journey)).all() == []
    assert db.scalars(sa.select(Intake)).one().answers == "{}"
    assert db.scalars(sa.select(Consent)).one().withdrawn_at is not None


def test_sealed_answers_are_not_read_for_ever(app: Flask, walker: Walker) -> None:
    walker.answer("safety")
    app.config["CLOCK"] = lambda: NOW + timedelta(hours=5)
    assert walker.get("/book/about-you").location == "/book/safety"
    assert walker.post("/book/about-you", ANSWERS["about-you"]).location == "/book/safety"


@pytest.mark.parametrize("seal", ["", "x", "AAAA", 7, "eA==" * 40])
def test_a_seal_that_was_tampered_with_is_no_answer(walker: Walker, seal: object) -> None:
    with walker.browser.session_transaction() as kept:
        kept["page_one"] = seal
    assert walker.get("/book/about-you").location == "/book/safety"


def test_page_two_cannot_be_sent_first(walker: Walker, nothing_new: Callable[[], set[str]]) -> None:
    assert walker.answer("about-you").location == "/book/safety"
    assert nothing_new() == set()
