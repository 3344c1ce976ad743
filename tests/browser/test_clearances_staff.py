"""Deciding a clearance in a real browser: axe, width, the tappable map, and all of it without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import axe_findings, visitor
from tests.browser.test_staff import sign_in

pytestmark = pytest.mark.xdist_group("demo in a browser")
AMARA, DESK = "amara@demo.example", "desk@demo.example"


def open_first(page: Page, address: str) -> None:
    """The request that was promised first."""
    page.goto(f"{address}/practice/clearances")
    page.locator("main .cl-list a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Clearance")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (320, "dark"), (1280, "light")])
def test_axe_finds_nothing_where_a_clearance_is_decided(
    browser: Browser, address: str, width: int, scheme: str
) -> None:
    found: dict[str, object] = {}
    with visitor(browser, width=width, scheme=scheme) as (page, _context):
        sign_in(page, address, AMARA)
        for part in ("waiting", "asked", "decided"):
            page.goto(f"{address}/practice/clearances?show={part}")
            found[part] = axe_findings(page)
        open_first(page, address)
        for choice in ("Allow", "Allow with limits", "Ask the client first"):
            page.get_by_label(choice, exact=True).check()
            page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
            found[choice] = axe_findings(page)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found[f"{choice} scrolls sideways"] = True
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_a_choice_opens_its_own_fields_and_a_tap_marks_the_list(browser: Browser, address: str) -> None:
    with visitor(browser, width=1280) as (page, _context):
        sign_in(page, address, AMARA)
        open_first(page, address)
        expect(page.get_by_label("Pressure at most")).to_be_hidden()
        expect(page.get_by_label("Last day")).to_be_hidden()
        page.get_by_label("Allow with limits").check()
        expect(page.get_by_label("Pressure at most")).to_be_visible()
        expect(page.get_by_label("Last day")).to_be_visible()
        page.locator("#lim-F08_tummy").click()
        expect(page.locator('input[name="F08_tummy"][value="leave"]')).to_be_checked()
        page.get_by_label("Refuse").check()
        expect(page.get_by_label("Pressure at most")).to_be_hidden()
        expect(page.get_by_label("Last day")).to_be_hidden()


def test_without_script_what_is_missing_is_said_and_kept(browser: Browser, address: str) -> None:
    with visitor(browser, script=False) as (page, _context):
        sign_in(page, address, AMARA)
        open_first(page, address)
        page.get_by_label("Allow", exact=True).check()
        page.get_by_label("Why", exact=True).fill("Rang the surgery.")
        page.get_by_role("button", name="Decide").click()
        expect(page).to_have_title(re.compile("^Error: "))
        expect(page.get_by_label("Why", exact=True)).to_have_value("Rang the surgery.")
        expect(page.get_by_label("Allow", exact=True)).to_be_checked()


def test_axe_finds_nothing_on_a_request_at_the_desk(browser: Browser, address: str) -> None:
    with visitor(browser, width=1280) as (page, _context):
        sign_in(page, address, DESK)
        page.goto(f"{address}/desk/queue")
        page.get_by_role("link", name=re.compile("Decide… ")).first.click()
        expect(page.get_by_role("heading", name="Ring and ask")).to_be_visible()
        assert axe_findings(page) == []
        page.goto(f"{address}/desk/queue")
        page.locator("#clearances").get_by_role("link", name=re.compile("Open ")).first.click()
        expect(page.get_by_role("heading", name="A therapist decides")).to_be_visible()
        assert axe_findings(page) == []
