"""Odd requests meet plain words and a way on, never a fault; addresses and titles tell nobody anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.app import create_app
from clinic.booking.models import Appointment
from config import Settings
from tests.conftest import FIELD_KEY
from tests.makers import Clinic
from tests.web.journey.steps import ANSWERS, Walker

# Words of health that no address, title or file name may hold.
HEALTH = re.compile(
    r"pain|health|symptom|pregnan|cancer|blood|heart|skin|medic(?!al advice)|injur|urgent|doctor",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/book/nothing-here", 404),
        ("POST", "/book/nothing-here", 404),
        ("GET", "/nowhere", 404),
        ("DELETE", "/book", 405),
        ("PUT", "/book/safety", 405),
        ("POST", "/book/compare", 405),
        ("POST", "/book/booked", 405),
        ("POST", "/book/we-will-ring", 405),
        ("POST", "/manage/sent", 405),
        ("GET", "/vendor/nothing", 404),
        ("GET", "/static/nothing", 404),
    ],
)
def test_a_page_that_is_none_has_a_way_on(walker: Walker, method: str, path: str, status: int) -> None:
    answer = walker.browser.open(path, method=method)
    assert answer.status_code == status
    assert "Go to the first page" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert (status == 405) == ("Allow" in answer.headers)


def test_the_address_of_holding_again_loaded_anew_leads_on(walker: Walker, clinic: Clinic) -> None:
    assert walker.get("/book/hold-again").location == "/book/safety"
    walker.to_details(clinic.swedish.id)
    assert walker.get("/book/hold-again").location == "/book/details"


@pytest.mark.parametrize("odd", ["²", "٣", "-1", "9" * 40, "1\x00"])
def test_a_number_that_is_none_in_a_hidden_field_books_nothing(
    walker: Walker, clinic: Clinic, db: Session, odd: str
) -> None:
    walker.to_check(clinic.swedish.id)
    assert walker.post("/book/check", {"hold": odd}).status_code == 409
    assert walker.post("/book/time", {"slot": "2026-11-24T10:00Z", "option": odd}).status_code == 303
    assert db.scalar(sa.select(sa.func.count(Appointment.id))) == 0


@pytest.mark.parametrize("path", ["/", "/book/safety", "/nowhere", "/manage"])
def test_without_a_database_there_is_still_a_plain_page(
    tmp_path: Path, path: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(
        secret_key="a secret for tests only",
        field_keys=(("test", FIELD_KEY),),
        database_url=f"sqlite:///{tmp_path / 'no folder' / 'clinic.db'}",
        instance=tmp_path,
        extra={"TESTING": True, "WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": False},
    )
    app = create_app(settings)
    answer = app.test_client().get(path)
    app.extensions["clinic.engine"].dispose()
    assert answer.status_code == (404 if path == "/nowhere" else 503)
    assert "Go to the first page" in answer.text
    assert "Traceback" not in capsys.readouterr().out + caplog.text


@pytest.mark.parametrize("path", ["/book/safety", "/book/call-back"])
def test_far_too_much_has_a_way_on(walker: Walker, path: str) -> None:
    answer = walker.post(path, {"name": "x" * 400_000, "now_signs": "x" * 400_000})
    assert answer.status_code == 413
    assert "Go to the first page" in answer.text


def test_a_form_without_its_token_has_a_way_on(app: Flask, walker: Walker) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = walker.answer("safety")
    assert answer.status_code == 400
    assert "open for too long" in answer.text
    assert "Go to the first page" in answer.text


@pytest.mark.parametrize("slug", ANSWERS)
def test_nonsense_in_every_field_is_asked_again(walker: Walker, slug: str) -> None:
    walker.answer_all(wishes={"B07_low_back": "hurts"})
    nonsense = {field: ["\x00", "<i>", "9" * 5000] for field in ANSWERS[slug]}
    answer = walker.post(f"/book/{slug}", {**nonsense, "B07_low_back": "x"})
    assert answer.status_code == 422
    assert "<i>\n" not in answer.text
    assert "Go to the first page" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/book/outcome", "/book/session", "/book/time", "/book/details", "/book/check", "/book/hold-again"],
)
def test_a_post_without_a_way_leads_to_the_first_question(walker: Walker, path: str) -> None:
    assert walker.post(path).location == "/book/safety"


def test_a_made_up_token_is_nobody(walker: Walker) -> None:
    for token in ("x", "x" * 4000, 7, None, ["a"]):
        with walker.browser.session_transaction() as kept:
            kept["journey"] = token
        assert walker.get("/book/check").location == "/book/safety"


def test_no_address_and_no_title_holds_a_health_word(app: Flask, walker: Walker, clinic: Clinic) -> None:
    addresses = [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("journey.")]
    pages = [
        walker.get("/"),
        *(walker.answer_all(), walker.get("/book/wishes"), walker.get("/book/background")),
    ]
    walker.post("/book")
    pages += [walker.to_check(clinic.swedish.id), walker.get("/book/time"), walker.get("/book/session")]
    titles = []
    for page in pages:
        found = re.search(r"<title>(.*?)</title>", page.text)
        assert found
        titles.append(found.group(1))
    for words in [*addresses, *titles]:
        assert not HEALTH.search(words), words
    assert "Swedish" not in " ".join(titles)


def test_the_title_of_each_page_says_its_heading(walker: Walker, clinic: Clinic) -> None:
    for page in (walker.get("/book/safety"), walker.to_check(clinic.swedish.id), walker.get("/book/time")):
        title = re.search(r"<title>(.*?) · ", page.text)
        assert title
        assert f"<h1>{title.group(1)}</h1>" in page.text
