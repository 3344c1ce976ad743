"""Choosing another day on the page of times: fetched alone, held, and found again on the way back."""

from __future__ import annotations

import re
from datetime import date

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from clinic.roster.models import Closure, WorkingBreak, WorkingHours
from tests.browser.conftest import Place, axe_findings, visitor
from tests.browser.journey_walk import PERSON, Pointer, answered

DAY = "2026-11-25"  # a Wednesday; the page begins on Monday
QUARTER_PAST = f"{DAY}T10:15Z"  # a time that the week leaves out


def to_times(page: Page, place: Place) -> None:
    """With every question answered, the page of times."""
    answered(page, place)
    hand = Pointer(page)
    hand.press("See what suits you")
    page.wait_for_url("**/book/session")
    hand.press("Choose Swedish")
    page.wait_for_url("**/book/time*")


def times_of(page: Page, day: str) -> list[str]:
    return [box.get_attribute("value") or "" for box in page.locator(f"#day-{day} input[name=slot]").all()]


def all_of(page: Page, day: str = DAY) -> None:
    page.locator(f"#day-{day} .day-more a").click()


def to_booked(page: Page) -> None:
    """From the page of details to the end of the way."""
    hand = Pointer(page)
    for name, text in PERSON.items():
        hand.type(name, text)
    hand.choose("reminders", "yes")
    hand.press("Continue")
    page.wait_for_url("**/book/check")
    hand.press("Book this time")
    page.wait_for_url("**/book/booked")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_another_day_is_fetched_alone_and_booked_from(
    browser: Browser, place: Place, width: int, scheme: str
) -> None:
    with visitor(browser, width=width, scheme=scheme) as (page, _context):
        to_times(page, place)
        asked: list[str] = []
        some, others = times_of(page, DAY), times_of(page, "2026-11-26")
        page.on("request", lambda request: "/book/" in request.url and asked.append(request.url))
        all_of(page)
        expect(page.locator(f"#day-{DAY} .day-more")).to_have_count(0)
        assert [re.sub(r"\?.*", "", url) for url in asked] == [f"{place.address}/book/time/{DAY}"]
        assert QUARTER_PAST in set(times_of(page, DAY)) - set(some)
        assert times_of(page, "2026-11-26") == others
        expect(page.locator(f"#day-{DAY} h3")).to_be_focused()
        assert axe_findings(page) == []
        Pointer(page).choose("slot", QUARTER_PAST)
        expect(page.locator("[data-chosen]")).to_have_text("10:15, Wednesday 25 November")
        Pointer(page).press("Hold this time")
        page.wait_for_url("**/book/details")
        page.go_back()  # to the times, as they were left
        page.wait_for_url(f"**/book/time?*all={DAY}*")
        assert QUARTER_PAST in times_of(page, DAY)
        expect(page.locator("header")).to_contain_text(["Wednesday 25 November, 10:15"])
        page.go_back()  # and no step of its own for the day that was fetched
        page.wait_for_url("**/book/session")
        page.go_forward()
        page.go_forward()
        page.wait_for_url("**/book/details")
        to_booked(page)
        expect(page.locator("main")).to_contain_text("Wednesday")
        expect(page.locator("main")).to_contain_text("10:15 to 11:30")


def test_a_time_chosen_before_stays_chosen_when_its_day_is_fetched(browser: Browser, place: Place) -> None:
    with visitor(browser) as (page, _context):
        to_times(page, place)
        hand = Pointer(page)
        hand.choose("slot", f"{DAY}T10:30Z")
        all_of(page, "2026-11-24")
        expect(page.locator("#day-2026-11-24 .day-more")).to_have_count(0)
        assert page.locator(f'input[value="{DAY}T10:30Z"]').is_checked()
        all_of(page)
        expect(page.locator(f"#day-{DAY} .day-more")).to_have_count(0)
        assert page.locator(f'input[value="{DAY}T10:30Z"]').is_checked()
        page.reload()
        assert QUARTER_PAST in times_of(page, DAY)
        assert "2026-11-24T10:15Z" in times_of(page, "2026-11-24")


def test_where_a_day_does_not_come_the_page_is_loaded_with_it(browser: Browser, place: Place) -> None:
    with visitor(browser) as (page, _context):
        to_times(page, place)
        page.route(f"**/book/time/{DAY}*", lambda route: route.abort())
        all_of(page)
        page.wait_for_url(f"**/book/time?*all={DAY}*")
        assert QUARTER_PAST in times_of(page, DAY)


@pytest.mark.parametrize("width", [390, 1280])
def test_without_script_the_page_comes_with_that_day_whole(
    browser: Browser, place: Place, width: int
) -> None:
    with visitor(browser, width=width, script=False) as (page, _context):
        to_times(page, place)
        all_of(page)
        page.wait_for_url(f"**/book/time?*all={DAY}*")
        Pointer(page).choose("slot", QUARTER_PAST)
        Pointer(page).press("Hold this time")
        page.wait_for_url("**/book/details")
        page.go_back()
        assert QUARTER_PAST in times_of(page, DAY)
        page.go_forward()
        to_booked(page)
        expect(page.locator("main")).to_contain_text("10:15 to 11:30")


@pytest.mark.parametrize("mornings_closed", [True, False])
def test_why_a_day_has_no_times_does_not_lie_over_the_names_of_its_parts(
    browser: Browser, place: Place, mornings_closed: bool
) -> None:
    """In a week without any time, and in one whose first day has none and whose others have no morning."""
    last = date(2026, 11, 23) if mornings_closed else date(2026, 11, 29)
    with place.session() as session:
        site_id = place.clinic.site.id
        session.add(Closure(site_id=site_id, name="Snow", starts_on=date(2026, 11, 23), ends_on=last))
        if mornings_closed:
            session.execute(sa.delete(WorkingBreak))
            session.execute(sa.update(WorkingHours).values(opens=14 * 60))
        session.commit()
    with visitor(browser, width=1280) as (page, _context):
        to_times(page, place)
        page.goto(f"{place.address}/book/time?week=2026-11-23")
        words = page.locator(".day > .none").first.bounding_box()
        assert words is not None
        for name in page.locator(".day:first-child .part h4").all():
            box = name.bounding_box()
            assert box is None or not (
                words["y"] < box["y"] + box["height"] and box["y"] < words["y"] + words["height"]
            )
