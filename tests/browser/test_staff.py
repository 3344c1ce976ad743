"""The pages of desk, practice and owner in a real browser, on the demo clinic: axe, width, no script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from clinic.people.services import DEMO_PASSWORD
from tests.browser.conftest import axe_findings, visitor

pytestmark = pytest.mark.xdist_group("demo in a browser")
PAGES = {
    "desk@demo.example": (
        1280,
        ["/desk/", "/desk/?view=list", "/desk/week", "/desk/queue", "/desk/find?q=an", "/desk/caller"],
    ),
    "amara@demo.example": (390, ["/practice/", "/practice/week", "/practice/time-off"]),
    "owner@demo.example": (
        1280,
        [
            "/clinic/",
            "/clinic/therapists",
            "/clinic/therapists/1",
            "/clinic/therapists/1/hours",
            "/clinic/days-off",
            "/clinic/session-types",
            "/clinic/session-types/1",
            "/clinic/rooms",
            "/clinic/rooms/1",
            "/clinic/skills",
            "/clinic/sites",
            "/clinic/sites/1",
            "/clinic/sign-ins",
            "/clinic/rules",
            "/clinic/rules/print",
        ],
    ),
}


def sign_in(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/staff/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=re.compile("Sign out")).first).to_be_visible()


@pytest.mark.parametrize("email", list(PAGES))
def test_axe_finds_nothing_on_the_pages_of_a_role(browser: Browser, address: str, email: str) -> None:
    width, paths = PAGES[email]
    found: dict[str, object] = {}
    with visitor(browser, width=width) as (page, _context):
        sign_in(page, address, email)
        for path in paths:
            answer = page.goto(f"{address}{path}", wait_until="load")
            assert answer is not None
            assert answer.status == 200, path
            # The tabs at the foot of a phone lie over what has not been scrolled to yet.
            page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
            if problems := axe_findings(page):
                found[path] = problems
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found[f"{path} scrolls sideways"] = True
    assert found == {}


def test_a_therapist_opens_the_sheet_of_the_next_session(browser: Browser, address: str) -> None:
    with visitor(browser) as (page, _context):
        sign_in(page, address, "amara@demo.example")
        page.locator('main a[href*="/practice/session/"]').first.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("svg.bm, .bm svg, [data-bodymap] svg, .maps svg").first).to_be_visible()
        assert axe_findings(page) == []


def test_reception_finds_a_client_and_opens_an_appointment_without_script(
    browser: Browser, address: str
) -> None:
    with visitor(browser, width=1280, script=False) as (page, _context):
        sign_in(page, address, "desk@demo.example")
        page.goto(f"{address}/desk/?view=list")
        page.locator('main a[href*="/desk/appointment/"]').first.click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert "/desk/appointment/" in page.url


def test_on_a_phone_a_button_in_a_table_stays_on_one_line_and_is_tall_enough_to_tap(
    browser: Browser, address: str
) -> None:
    with visitor(browser, width=390) as (page, _context):
        sign_in(page, address, "owner@demo.example")
        page.goto(f"{address}/clinic/days-off")
        buttons = page.get_by_role("button", name=re.compile("^(Take back|Open again)"))
        assert buttons.count() >= 2
        for button in buttons.all():
            assert button.locator("span").first.evaluate("each => each.getClientRects()[0].height") < 30
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
