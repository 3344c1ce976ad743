"""Every part in a real browser: axe, the strict policy, no sideways scrolling, and what the scripts do."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from clinic.app import create_app
from clinic.web.styleguide import SHEETS
from config import Settings
from tests.conftest import FIELD_KEY, NOW, _fresh_sqlite

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine"),
    # the test server leaves the static files it sent to the collector
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}}


@pytest.fixture(scope="module")
def address(template_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo app on a server of its own; fonts are not needed for what is judged here."""
    folder = tmp_path_factory.mktemp("guide")
    app = create_app(
        Settings(
            secret_key="a secret for tests only",
            field_keys=(("test", FIELD_KEY),),
            database_url=_fresh_sqlite(template_path, folder),
            instance=folder,
            is_demo=True,
            extra={"TESTING": True, "CLOCK": lambda: NOW, "RATELIMIT_ENABLED": False},
        )
    )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/styleguide/"
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["clinic.engine"].dispose()


def sheet_address(address: str, sheet: str) -> str:
    return address if sheet == "client" else address + sheet


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(browser: Browser, address: str, sheet: str, scheme: str, width: int) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    refused: list[str] = []
    page.on(
        "console",
        lambda message: refused.append(message.text) if "Content Security" in message.text else None,
    )
    page.on("pageerror", lambda error: refused.append(str(error)))
    page.goto(sheet_address(address, sheet))
    found = Axe().run(page, options=RULES).response
    context.close()
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found["violations"]] == []
    assert len(found["passes"]) > 20  # it did look
    assert refused == []


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("width", [320, 640])
def test_nothing_scrolls_sideways(page: Page, address: str, sheet: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(sheet_address(address, sheet))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_tap_on_the_body_ticks_the_list_and_says_so(page: Page, address: str) -> None:
    page.goto(address)
    box = page.locator('input[name="F05_chest"][value="hurts"]')
    expect(box).not_to_be_checked()
    page.locator("#F05_chest").click()
    expect(box).to_be_checked()
    expect(page.locator("[data-bm-status]")).to_have_text("Chest: hurts")
    expect(page.locator("#F05_chest")).to_have_attribute("aria-pressed", "true")


def test_leave_alone_is_not_marked_over(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#F08_tummy").focus()
    page.keyboard.press("Enter")
    expect(page.locator('input[name="F08_tummy"][value="hurts"]')).not_to_be_checked()
    expect(page.locator("[data-bm-status]")).to_contain_text("choose leave alone and tap it again")


def test_none_of_these_and_the_others_rule_each_other_out(page: Page, address: str) -> None:
    page.goto(address)
    page.locator('input[name="skin"][value="none"]').check()
    expect(page.locator('input[name="skin"][value="bruise_sun"]')).not_to_be_checked()
    page.locator('input[name="skin"][value="shingles"]').check()
    expect(page.locator('input[name="skin"][value="none"]')).not_to_be_checked()


def test_the_error_summary_takes_focus_and_leads_to_the_field(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".errors")).to_be_focused()
    page.get_by_role("link", name="Write the e-mail address in full").click()
    expect(page.locator("#email")).to_be_focused()


def test_the_held_time_counts_down_and_says_when_it_is_over(page: Page, address: str) -> None:
    page.clock.install(time=NOW)
    page.goto(address)
    hold = page.locator("[data-hold]")
    expect(hold).to_contain_text("9 minutes left")
    page.clock.run_for(8 * 60 * 1000)
    expect(hold).to_contain_text("1 minute left")
    expect(page.locator("[data-hold-over]")).to_be_hidden()
    page.clock.run_for(61 * 1000)
    expect(page.locator("[data-hold-over]")).to_be_visible()
    expect(page).to_have_url(address)  # nothing happens by itself


def test_without_script_the_list_does_all(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    expect(page.locator(".bm-mode")).to_be_hidden()
    page.get_by_text("The same as a list").click()
    page.locator('input[name="F05_chest"][value="work"]').check()
    expect(page.locator("[data-hold]")).to_contain_text("until 09:09")
    context.close()


def test_a_key_goes_to_the_search_box_unless_someone_types(page: Page, address: str) -> None:
    page.goto(sheet_address(address, "staff"))
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("b/b")
    expect(page.locator("#find")).to_have_value("b/b")
