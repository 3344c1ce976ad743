"""The style guide draws every part on the real templates, and each sheet is sound HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask

from clinic.app import create_app
from clinic.web.styleguide import SHEETS
from config import Settings
from tests.conftest import FIELD_KEY, NOW


class Page(HTMLParser):
    """What a test asks of a page: ids, what points at them, title and h1, inline code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.pointed: set[str] = set()
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str]] = []
        self.inline: list[str] = []
        self.texts: dict[str, str] = {"title": "", "h1": ""}
        self._within: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.append(found["id"])
        for name in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            self.pointed.update(found.get(name, "").split())
        if "for" in found:
            self.labelled.add(found["for"])
        if tag in {"input", "select", "textarea"} and found.get("type") != "hidden":
            self.controls.append(found)
        if "style" in found or any(name.startswith("on") for name in found):
            self.inline.append(f"{tag} {found}")
        if tag in self.texts:
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        for tag in self._within:
            self.texts[tag] += data


@pytest.fixture
def demo_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(
        Settings(
            secret_key="a secret for tests only",
            field_keys=(("test", FIELD_KEY),),
            database_url=database_url,
            instance=tmp_path,
            is_demo=True,
            extra={"TESTING": True, "CLOCK": lambda: NOW, "RATELIMIT_ENABLED": False},
        )
    )
    yield app
    app.extensions["clinic.engine"].dispose()


def fetch(app: Flask, sheet: str) -> str:
    address = "/styleguide/" if sheet == "client" else f"/styleguide/{sheet}"
    response = app.test_client().get(address)
    assert response.status_code == 200
    return response.get_data(as_text=True)


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_is_sound(demo_app: Flask, sheet: str) -> None:
    page = Page(fetch(demo_app, sheet))
    assert [id_ for id_, count in Counter(page.ids).items() if count > 1] == []
    assert page.pointed - set(page.ids) == set()
    assert page.inline == []
    assert page.texts["title"].startswith(page.texts["h1"].strip())
    nameless = [c for c in page.controls if c.get("id") not in page.labelled and "aria-label" not in c]
    wrapped = [
        c for c in nameless if "data-bm-mode" in c or "data-bm-side" in c or c.get("name", "")[1:3].isdigit()
    ]
    assert nameless == wrapped  # those of the body map stand inside their labels


def test_the_guide_shows_every_kind_of_question(demo_app: Flask) -> None:
    from clinic.intake.questionnaire import Kind, load_questionnaire
    from clinic.web.styleguide import SHOWN

    shown = {id_ for id_, _, _ in SHOWN} | {"body_map"}
    kinds = {question.kind for question in load_questionnaire().questions if question.id in shown}
    assert kinds == set(Kind)


def test_the_body_map_list_has_a_box_for_every_area_and_mark(demo_app: Flask) -> None:
    boxes = [
        c
        for c in Page(fetch(demo_app, "client")).controls
        if c.get("type") == "checkbox" and c.get("value") in {"hurts", "work", "leave"}
    ]
    assert len(boxes) == 78


def test_outside_the_demo_there_is_no_guide(app: Flask) -> None:
    assert app.test_client().get("/styleguide/").status_code == 404
