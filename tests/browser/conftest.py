"""A real browser and a real server for it, on a clinic of its own."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from clinic.db import transaction
from clinic.demo.fill import fill
from tests import makers
from tests.conftest import NOW, _fresh_sqlite, bring_files, on_its_database, settings_for

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
AXE = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # of what is in order, one place for each rule is enough
    "preload": False,  # no rule of these reads the styles once more
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


COLOURS = {**AXE, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


class Clock:
    """The clock of the app under test; stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Place:
    """A served clinic: its address, its app, its clock, and what `makers.clinic` made in it."""

    address: str
    app: Flask
    clock: Clock
    clinic: makers.Clinic

    def session(self) -> Session:
        return Session(self.app.extensions["clinic.engine"], expire_on_commit=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield launched
        launched.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a port of its own, each request in a thread."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def place(built_app: Flask, engine: Engine, tmp_path: Path, compiled_templates: Path) -> Iterator[Place]:
    clock = Clock()
    settings = settings_for(str(engine.url), tmp_path, compiled_templates, CLOCK=clock, WTF_CSRF_ENABLED=True)
    with on_its_database(built_app, engine, settings) as app:
        with (
            Session(app.extensions["clinic.engine"], expire_on_commit=False) as session,
            transaction(session),
        ):
            clinic = makers.clinic(session)
        with served(app) as address:
            yield Place(address, app, clock, clinic)


@pytest.fixture(scope="session")
def address(template_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The demo clinic, served for all tests that only look at it."""
    from clinic.app import create_app

    folder = tmp_path_factory.mktemp("demo")
    bring_files(folder)
    url = _fresh_sqlite(template_path, folder)
    app = create_app(settings_for(url, folder, folder / "templates", CLOCK=Clock(), WTF_CSRF_ENABLED=True))
    engine = app.extensions["clinic.engine"]
    with Session(engine, expire_on_commit=False) as session, transaction(session):
        fill(session, NOW, lambda _sentence: None)
    with served(app) as found:
        yield found
    engine.dispose()


@contextmanager
def visitor(
    browser: Browser, *, width: int = 390, scheme: str = "light", script: bool = True
) -> Iterator[tuple[Page, BrowserContext]]:
    """Somebody with a browser of their own; the clock of its scripts stands at NOW."""
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    if script:
        page.clock.install(time=NOW)
    yield page, context
    context.close()


def axe_findings(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds on a page, in light and in dark: the rule and the places.

    Everything in the scheme that the page is in; what colours decide in the other one as well.

    Where a bar sticks to the foot the window is made as tall as the page meanwhile: the bar would cover other
    things at every scroll, and axe would call what it covers just then too small to hit.
    """
    size = page.viewport_size
    assert size is not None
    has_bar = page.locator(".ptabs, .pstick, .stick").count() > 0
    if has_bar:
        tall = page.evaluate("document.documentElement.scrollHeight") + 200
        page.set_viewport_size({"width": size["width"], "height": max(size["height"], tall)})
    found = Axe().run(page, options=AXE).response
    assert len(found["passes"]) > 10  # it did look
    is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.emulate_media(color_scheme="light" if is_dark else "dark")
    colours = Axe().run(page, options=COLOURS).response
    assert colours["passes"] or colours["incomplete"]
    page.emulate_media(color_scheme="dark" if is_dark else "light")
    if has_bar:
        page.set_viewport_size(size)
    return [
        (rule["id"], [node["html"][:120] for node in rule["nodes"]])
        for rule in (*found["violations"], *colours["violations"])
    ]
