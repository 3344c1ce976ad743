"""Odd requests meet plain words and a way on, never a fault; addresses and titles tell nobody anything."""

from __future__ import annotations

import re

import pytest
from flask import Flask

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
        ("GET", "/book/hold-again", 404),
    ],
)
def test_a_page_that_is_none_has_a_way_on(walker: Walker, method: str, path: str, status: int) -> None:
    answer = walker.browser.open(path, method=method)
    assert answer.status_code == status
    assert "Go to the first page" in answer.text


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
