"""Every template compiles, names only templates that exist, and keeps to the strict content policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from jinja2 import meta

from clinic.app import create_app
from config import Settings

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
NAMES = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*")
    if path.suffix in {".html", ".txt", ".svg", ".xml"}
)
# Mails carry their style with them: mail programs read nothing else.
PAGES = [name for name in NAMES if not name.startswith("messages/") and not name.endswith(".txt")]

JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
INLINE = {
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "a script without src": re.compile(
        r"<script\b(?![^>]*\bsrc\s*=)(?![^>]*type\s*=\s*[\"']application/json)", re.IGNORECASE
    ),
    "an event attribute": re.compile(r"<[^>]*\s(?:on[a-z]+|hx-on[:\w-]*)\s*=", re.IGNORECASE),
    "a javascript address": re.compile(r"=\s*[\"']\s*javascript:", re.IGNORECASE),
}


def source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jinja2.Environment]:
    """Jinja as the app sets it up, everyone's filters included: an unknown one does not compile."""
    settings = Settings(
        secret_key="a secret for tests only",
        field_keys=(("test", bytes(range(32))),),
        database_url="sqlite://",  # never asked: templates are compiled, not drawn
        instance=tmp_path_factory.mktemp("instance"),
    )
    app = create_app(settings)
    yield app.jinja_env
    app.extensions["clinic.engine"].dispose()


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles(name: str, environment: jinja2.Environment) -> None:
    environment.compile(source(name), name)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_names_only_templates_that_exist(name: str, environment: jinja2.Environment) -> None:
    named = meta.find_referenced_templates(environment.parse(source(name), name))
    missing = {other for other in named if other is not None and other not in NAMES}
    assert not missing


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("what", INLINE)
def test_a_page_has_nothing_inline(name: str, what: str) -> None:
    text = JINJA.sub(lambda found: re.sub(r"[^\n]", "x", found.group()), source(name))
    found = INLINE[what].search(text)
    assert not found, f"line {text.count(chr(10), 0, found.start()) + 1} holds {what}"


@pytest.mark.parametrize(
    ("breach", "what"),
    [
        ("<style>p{}</style>", "a style element"),
        ('<p class="x"\n style="color:red">', "a style attribute"),
        ('<script nonce="x">go()</script>', "a script without src"),
        ('<a href="#" onclick="go()">', "an event attribute"),
        ('<p hx-on:click="go()">', "an event attribute"),
        ('<a href="javascript:go()">', "a javascript address"),
    ],
)
def test_what_is_inline_is_found(breach: str, what: str) -> None:
    assert INLINE[what].search(breach)
