"""How many taps it takes: somebody well who wants to relax, from the first question to the outcome."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Place, axe_findings, visitor
from tests.browser.journey_walk import BORN, CHOICES, Pointer, answered

MOST_TAPS = 25
NONE_OF_THESE = "None of these fit me"


class Counting(Pointer):
    """Clicks as people do, and counts: every option, every field typed in, every button."""

    taps = 0

    def choose(self, name: str, value: str) -> None:
        self.taps += 1
        super().choose(name, value)

    def type(self, name: str, text: str) -> None:
        self.taps += 1
        super().type(name, text)

    def press(self, text: str) -> None:
        self.taps += 1
        super().press(text)


def answer_in_few_taps(hand: Counting) -> None:
    """Answers every question; on the pages that offer it, one button says 'none' to all that is left."""
    page = hand.page
    for slug, choices in CHOICES.items():
        page.wait_for_url(f"**/book/{slug}", wait_until="load")
        if slug == "about-you":
            for name, text in BORN.items():
                hand.type(name, text)
        lists = page.locator("main").get_by_role("button", name=NONE_OF_THESE).count()
        for name, value in choices.items():
            if not (lists and value == "none"):
                hand.choose(name, value)
        hand.press(NONE_OF_THESE if lists else "Continue")
    page.wait_for_url("**/book/outcome", wait_until="load")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_the_outcome_is_at_most_25_taps_away(browser: Browser, place: Place, script: bool) -> None:
    with visitor(browser, script=script) as (page, _context):
        page.goto(f"{place.address}/book/safety")
        hand = Counting(page)
        answer_in_few_taps(hand)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert hand.taps <= MOST_TAPS


@pytest.mark.parametrize("width", [320, 390])
def test_the_page_with_the_button_is_sound_also_where_something_is_missing(
    browser: Browser, place: Place, width: int
) -> None:
    with visitor(browser, width=width) as (page, _context):
        answered(page, place, until="background")
        hand = Pointer(page)
        assert axe_findings(page) == []
        hand.choose("blood", "past_clot")
        hand.press(NONE_OF_THESE)  # the first question is no list: it still wants its answer
        expect(page.locator(".errors li")).to_have_count(1)
        expect(page.locator('input[name="blood"][value="past_clot"]')).to_be_checked()
        expect(page.locator('input[name="heart"][value="none"]')).to_be_checked()
        assert axe_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for button in page.locator("main form .actions button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 44


def test_enter_never_answers_for_the_client(browser: Browser, place: Place) -> None:
    """The button a browser presses by itself is Continue, and Continue wants every list."""
    with visitor(browser) as (page, _context):
        answered(page, place, until="background")
        hand = Pointer(page)
        hand.choose("cancer_history", "never")
        page.keyboard.press("Enter")
        expect(page.locator(".errors li")).to_have_count(8)
