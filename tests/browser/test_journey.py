"""From the first question to a booked appointment in a real browser: phone, keyboard, without script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from clinic.booking.models import Appointment, Hold
from clinic.booking.statuses import Status
from tests.browser import journey_walk
from tests.browser.conftest import Place, axe_findings, visitor
from tests.browser.journey_walk import Keyboard, Pointer

MOST_BYTES = 100_000


@contextmanager
def at_first_question(browser: Browser, place: Place, **how: object) -> Iterator[Page]:
    with visitor(browser, **how) as (page, _context):  # type: ignore[arg-type]
        page.goto(place.address)
        page.get_by_role("link", name="Start the questions").first.click()
        page.wait_for_url("**/book/safety")
        yield page


def appointments(place: Place) -> list[Appointment]:
    with place.session() as session:
        return list(session.scalars(sa.select(Appointment)))


def test_on_a_phone_with_nothing_for_axe_to_find(browser: Browser, place: Place) -> None:
    found: dict[str, object] = {}

    def look(name: str) -> None:
        if problems := axe_findings(page):
            found[name] = problems
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            found[f"{name} scrolls sideways"] = width

    with at_first_question(browser, place) as page:
        journey_walk.questions(page, Pointer(page), look)
        journey_walk.to_booked(page, Pointer(page), look)
        expect(page.get_by_role("heading", level=1)).to_contain_text("booked", ignore_case=True)
    assert found == {}
    (made,) = appointments(place)
    assert made.status is Status.BOOKED


def test_by_keyboard_alone(browser: Browser, place: Place) -> None:
    with visitor(browser, width=1280) as (page, _context):
        page.goto(f"{place.address}/book/safety")
        journey_walk.questions(page, Keyboard(page))
        journey_walk.to_booked(page, Keyboard(page))
    assert len(appointments(place)) == 1


@pytest.mark.parametrize("width", [320, 1280])
def test_without_script(browser: Browser, place: Place, width: int) -> None:
    wide: list[tuple[str, int]] = []

    def look(name: str) -> None:
        # Without script the page cannot measure itself: the pointer scrolls, and it must not move.
        page.mouse.wheel(400, 0)
        box = page.locator("main").bounding_box()
        if box and box["x"] + box["width"] > width + 1:
            wide.append((name, int(box["x"] + box["width"])))

    with at_first_question(browser, place, width=width, script=False) as page:
        journey_walk.questions(page, Pointer(page), look)
        journey_walk.to_booked(page, Pointer(page), look)
    assert wide == []
    assert len(appointments(place)) == 1


def test_first_visits_are_light_and_stay_at_home(browser: Browser, place: Place) -> None:
    """Every page of the way, as if it were the first one this browser ever sees: bytes over the wire."""
    weights: dict[str, int] = {}
    elsewhere: list[str] = []
    with at_first_question(browser, place) as page:
        page.context.on(
            "request",
            lambda request: (
                None
                if urlsplit(request.url).netloc == urlsplit(place.address).netloc
                or request.url.startswith("data:")
                else elsewhere.append(request.url)
            ),
        )

        def look(name: str) -> None:
            weights[name] = first_visit_bytes(page.context, page.url)

        look("landing") if page.goto(place.address) else None
        page.goto(f"{place.address}/book/safety")
        journey_walk.questions(page, Pointer(page), look)
        journey_walk.to_booked(page, Pointer(page), look)
    assert elsewhere == []
    assert {name: weight for name, weight in weights.items() if weight >= MOST_BYTES} == {}
    assert min(weights.values()) > 10_000  # it did weigh


def first_visit_bytes(context: BrowserContext, url: str) -> int:
    """What comes over the wire for `url` with an empty cache: headers and compressed bodies."""
    page = context.new_page()
    wire = context.new_cdp_session(page)
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto(url, wait_until="load")
    page.close()
    return int(sum(sizes))


def test_the_fonts_are_weighed_too(browser: Browser, place: Place) -> None:
    with visitor(browser) as (page, _context):
        fonts: list[int] = []
        page.on("response", lambda answer: fonts.append(answer.status) if ".woff2" in answer.url else None)
        page.goto(place.address, wait_until="load")
    assert fonts == [200, 200]


def test_a_red_flag_on_page_one_stops_at_once_and_keeps_nothing(browser: Browser, place: Place) -> None:
    with at_first_question(browser, place) as page:
        hand = Pointer(page)
        for name, value in journey_walk.CHOICES["safety"].items():
            hand.choose(name, value)
        hand.choose("saddle_numb", "yes")
        hand.press("Continue")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert axe_findings(page) == []
        assert "999" in page.locator("main").inner_text()
        assert page.locator("footer").get_by_text("Prices").count() == 0
        assert page.context.cookies() == [] or all(
            "saddle" not in cookie["value"] for cookie in page.context.cookies()
        )
    with place.session() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM intake")) == 0
        assert session.scalar(sa.text("SELECT count(*) FROM journey")) == 0


def test_an_unanswered_page_says_what_is_missing_and_loses_nothing(browser: Browser, place: Place) -> None:
    with at_first_question(browser, place) as page:
        hand = Pointer(page)
        hand.choose("saddle_numb", "no")
        hand.press("Continue")
        expect(page.locator(".errors")).to_be_focused()
        assert page.title().startswith("Error: ")
        assert axe_findings(page) == []
        assert page.locator('input[name="saddle_numb"][value="no"]').is_checked()


def test_two_browsers_want_one_slot(browser: Browser, place: Place) -> None:
    """The second is told plainly, offered three others, and takes one of them."""
    with visitor(browser) as (first, _one), visitor(browser) as (second, _two):
        for page in (first, second):
            journey_walk.answered(page, place)
            Pointer(page).press("See what suits you")
            Pointer(page).press("Choose Swedish")
            page.wait_for_url("**/book/time*")
            page.goto(f"{page.url.split('?')[0]}?with={place.clinic.therapists[0].id}", wait_until="load")
            Pointer(page).first_slot()
        Pointer(first).press("Hold this time")
        first.wait_for_url("**/book/details")
        Pointer(second).press("Hold this time")
        expect(second.locator("main")).to_contain_text("just been taken")
        assert axe_findings(second) == []
        others = second.locator('[role="alert"] button[name="soonest"]')
        assert others.count() == 3
        others.first.click()
        second.wait_for_url("**/book/details")
    with place.session() as session:
        held = session.scalars(sa.select(Hold)).all()
        assert len({hold.starts_at for hold in held}) == 2


def test_a_hold_that_has_lapsed_is_explained_and_taken_again(browser: Browser, place: Place) -> None:
    with visitor(browser) as (page, _context):
        hand = Pointer(page)
        journey_walk.answered(page, place)
        hand.press("See what suits you")
        hand.press("Choose Swedish")
        hand.slot(8)  # later than the clock will be
        hand.press("Hold this time")
        for name, text in journey_walk.PERSON.items():
            hand.type(name, text)
        hand.choose("reminders", "no")
        place.clock.now += timedelta(minutes=11)
        hand.press("Continue")
        expect(page.locator("main")).to_contain_text("gone back")
        assert axe_findings(page) == []
        hand.press("Hold it again")
        page.wait_for_url("**/book/check")
        assert "Anna Petrova" in page.locator("main").inner_text()


def test_a_mark_on_the_body_brings_the_page_about_pain(browser: Browser, place: Place) -> None:
    with at_first_question(browser, place, width=1280) as page:
        hand = Pointer(page)
        for slug in ("safety", "about-you", "wishes"):
            page.wait_for_url(f"**/book/{slug}", wait_until="load")
            if slug == "about-you":
                for name, text in journey_walk.BORN.items():
                    hand.type(name, text)
            if slug == "wishes":
                page.locator("#B07_low_back").click(position={"x": 20, "y": 12})
                expect(page.locator('input[name="B07_low_back"][value="hurts"]')).to_be_checked()
            for name, value in journey_walk.CHOICES[slug].items():
                hand.choose(name, value)
            hand.press("Continue")
        page.wait_for_url("**/book/comfort", wait_until="load")
        assert axe_findings(page) == []
