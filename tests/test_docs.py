"""The README and docs/ are true: their commands run, their links lead somewhere, their lists are complete."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from gunicorn.config import Config as GunicornConfig
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import RequestRedirect

import config
from clinic.app import create_app
from clinic.cli import clinic_commands
from devkit import commands as dev
from tests.conftest import FIELD_KEY

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
PICTURES = ROOT / "docs" / "pictures"
COMPONENTS = ROOT / "templates" / "components"
MOST_BYTES = 1_500_000  # all pictures together: a clone stays light

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!`)\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose_of(page: Path) -> str:
    return FENCE.sub("", text_of(page))


def console_lines() -> Iterator[tuple[str, str]]:
    """Each `$ ` line of a console block, with the page it stands on."""
    for page in PAGES:
        for kind, body in FENCE.findall(text_of(page)):
            if kind == "console":
                for line in body.splitlines():
                    if line.lstrip().startswith("$ "):
                        yield page.name, line.lstrip()[2:]


def commands_shown(start: str) -> list[tuple[str, str]]:
    """What follows `start` in the console lines and in the `code` of the text, up to a pipe."""
    found = set()
    inline = [(page.name, code) for page in PAGES for code in re.findall(r"`([^`\n]+)`", prose_of(page))]
    units = [
        (page.name, line)
        for page in PAGES
        for _, body in FENCE.findall(text_of(page))
        for line in re.findall(r"^ExecStart=(.+)$", body, re.MULTILINE)
    ]
    for where, line in [*console_lines(), *inline, *units]:
        for part in re.split(r" (?:\||&&|;|>) ", line):
            if start in part:
                found.add((where, part.partition(start)[2].strip()))
    return sorted(found)


# --- Links and pictures


def anchors(page: Path) -> set[str]:
    """The names that headings have as link targets."""
    titles = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    lost = []
    for link, picture in LINK.findall(prose_of(page)):
        target = link or picture
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(target)
    assert not lost


def test_every_picture_is_shown_and_says_what_it_shows() -> None:
    shown = {Path(a or b).name for page in PAGES for a, b in LINK.findall(prose_of(page))}
    kept = {picture.name for picture in PICTURES.iterdir()}
    assert kept <= shown
    assert sum(picture.stat().st_size for picture in PICTURES.iterdir()) < MOST_BYTES
    for page in PAGES:
        assert not re.findall(r"!\[\]|<img (?![^>]*alt=\"\w)[^>]*>", prose_of(page)), page.name


def test_the_readme_leads_to_every_page() -> None:
    linked = {(ROOT / link).resolve() for link, _ in LINK.findall(prose_of(README))}
    assert set(PAGES) - {README} <= linked


# --- Commands


@pytest.mark.parametrize(("where", "words"), commands_shown("flask --app wsgi clinic "))
def test_a_command_of_the_clinic_is_one(where: str, words: str) -> None:
    name, *rest = shlex.split(words.replace("…", ""), comments=True) or [""]
    if not name:
        return  # the family itself, as in `flask --app wsgi clinic …`
    command = clinic_commands.get_command(click.Context(clinic_commands), name)
    if isinstance(command, click.Group) and rest:
        name, *rest = rest
        command = command.get_command(click.Context(command), name)
    assert command is not None, f"{where}: there is no command {name}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word for word in rest if word.startswith("--")} <= known, where
    if where_is_console(words):
        wanted = sum(isinstance(p, click.Argument) for p in command.params)
        parser = command.make_parser(click.Context(command))
        _, left, order = parser.parse_args(rest)
        given = [p for p in order if isinstance(p, click.Argument)]
        assert (left, len(given)) == ([], wanted), f"{where}: {words}"


def where_is_console(words: str) -> bool:
    return any(words in line for _, line in console_lines())


@pytest.mark.parametrize(("where", "words"), commands_shown("python3 dev.py "))
def test_a_command_of_dev_py_is_one(where: str, words: str) -> None:
    assert words.split()[0] in dev.COMMANDS, where


def test_the_readme_names_every_command_of_dev_py() -> None:
    assert set(dev.COMMANDS) == {words.split()[0] for _, words in commands_shown("python3 dev.py ")}


@pytest.mark.parametrize(("where", "words"), commands_shown("bin/gunicorn "))
def test_the_web_server_knows_its_options(where: str, words: str) -> None:
    given = GunicornConfig().parser().parse_args(shlex.split(words))
    assert given.args == ["wsgi:app"], where
    assert "app = create_app()" in (ROOT / "wsgi.py").read_text()


def readme_block(having: str) -> str:
    (body,) = [body for kind, body in FENCE.findall(text_of(README)) if kind == "console" and having in body]
    return body


def test_the_example_of_assess_prints_what_is_shown() -> None:
    line, _, shown = readme_block("clinic assess").partition("\n")
    given = re.match(r"\$ echo '(.+)' \|", line)
    assert given
    done = CliRunner().invoke(clinic_commands, ["assess", "-"], input=given[1])
    beginning = shown.removesuffix("  ...\n")
    assert done.exit_code == 0
    assert beginning != shown
    assert done.output.startswith(beginning)


def test_the_example_of_slots_prints_what_is_shown(tmp_path: Path) -> None:
    block = readme_block("clinic slots")
    scenario, _, shown = block.removeprefix("$ cat monday.json\n").partition(
        "$ flask --app wsgi clinic slots monday.json\n"
    )
    (tmp_path / "monday.json").write_text(scenario)
    done = CliRunner().invoke(clinic_commands, ["slots", str(tmp_path / "monday.json")])
    assert (done.exit_code, done.output) == (0, shown)


def test_a_new_key_is_one() -> None:
    done = CliRunner().invoke(clinic_commands, ["new-key"])
    ((name, key),) = config.read_keys(done.output.strip())
    assert name.startswith("k")
    assert len(key) == 32


# --- Settings, addresses, the house


def test_every_setting_is_in_the_readme_and_nothing_else() -> None:
    row = re.compile(r"^ *\| `?([A-Z][A-Z_]+)`? ", re.MULTILINE)
    listed = set(row.findall(config.__doc__ or ""))
    read = set(re.findall(r"env\.get\(\"([A-Z_]+)\"", (ROOT / "config.py").read_text()))
    assert set(row.findall(text_of(README))) == listed == read


def test_the_page_on_mail_lists_only_settings() -> None:
    """It says more about some of them; the README lists all."""
    text = prose_of(ROOT / "docs" / "operations.md")
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    assert named
    assert named <= set(re.findall(r"^\| ([A-Z_]+) ", config.__doc__ or "", re.MULTILINE))


def test_a_settings_file_names_only_settings() -> None:
    named = {
        name
        for page in PAGES
        for kind, body in FENCE.findall(text_of(page))
        if kind == "ini" and "[Unit]" not in body
        for name in re.findall(r"^([A-Z_]+)=", body, re.MULTILINE)
    }
    assert named
    assert named <= set(re.findall(r"^\| ([A-Z_]+) ", config.__doc__ or "", re.MULTILINE))


@pytest.fixture
def demo_app(tmp_path: Path) -> Iterator[Flask]:
    """The app with all the pages, the demo's own included."""
    app = create_app(
        config.Settings(
            "a secret for tests only", (("test", FIELD_KEY),), "sqlite://", tmp_path, is_demo=True
        )
    )
    yield app
    app.extensions["clinic.engine"].dispose()


def test_every_address_that_is_named_is_one_of_ours(demo_app: Flask) -> None:
    adapter = demo_app.url_map.bind("clinic.example")
    codes = [code for page in PAGES for code in re.findall(r"`(?:GET |POST )?(/[\w/<>-]*)`", prose_of(page))]
    assert len(codes) > 5
    for address in codes:
        if address.startswith("/etc/"):
            continue
        try:
            adapter.match(re.sub(r"<\w+>", "x", address) if address != "/appointment/" else "/appointment/x")
        except (MethodNotAllowed, RequestRedirect):
            continue


def test_the_drawing_of_the_house_is_complete() -> None:
    (drawing,) = [
        body for kind, body in FENCE.findall(text_of(ROOT / "docs" / "architecture.md")) if kind == "mermaid"
    ]
    drawn = set(re.findall(r"[\"·] ?(\w+): ", drawing))
    packages = {path.parent.name for path in (ROOT / "clinic").glob("*/__init__.py")}
    assert packages | {"app", "batch", "db"} == drawn
    audiences = re.search(r"\"web: ([^\"]+)\"", drawing)
    assert audiences
    web = {path.parent.name for path in (ROOT / "clinic" / "web").glob("*/__init__.py")}
    assert set(audiences[1].split(" · ")) == web


def test_files_that_are_named_exist() -> None:
    """Paths in code spans: of the packages as docs/architecture.md shortens them, or from the root."""
    pattern = re.compile(
        r"`((?:clinic|templates|tests|docs|migrations|bench)/[\w./-]*|(?:kernel|roster|catalog|booking|intake|web)/[\w./-]+)`"
    )
    named = {path for page in PAGES for path in pattern.findall(prose_of(page))}
    assert named
    assert not {
        path for path in named if not (ROOT / path).exists() and not (ROOT / "clinic" / path).exists()
    }


def test_the_parts_of_the_design_are_macros() -> None:
    """A line such as **forms** `field(f, …)` names the file and its macros."""
    families = re.findall(r"^\*\*(\w+)\*\*(.*)$", prose_of(ROOT / "docs" / "design.md"), re.MULTILINE)
    families = [family for family in families if (COMPONENTS / f"{family[0]}.html").exists()]
    assert len(families) > 8
    lost = []
    for name, text in families:
        macros = set(re.findall(r"macro (\w+)\(", (COMPONENTS / f"{name}.html").read_text(encoding="utf-8")))
        lost += [f"{name}.{part}" for part in re.findall(r"`(\w+)\(", text) if part not in macros]
    assert not lost


# --- Words

# Words of the glossary's last column that also have an everyday meaning, in which pages use them.
EVERYDAY = {
    "booking": "the act: 'open for booking'",
    "calendar": "the client's own",
    "form": "the thing that is filled in",
    "lead": "'leads straight to'",
    "queue": "the desk's page of what waits",
}


def words_not_said() -> list[str]:
    """The plain words of the glossary's last column."""
    rows = re.findall(
        r"^\| [^|]+ \| [^|]* \| ([^|]+) \|$", text_of(ROOT / "docs" / "glossary.md"), re.MULTILINE
    )
    words = [word.strip() for row in rows[1:] for word in re.sub(r"\(.*?\)", "", row).split(",")]
    return [word for word in words if re.fullmatch(r"[a-z ]{3,}", word) and word not in EVERYDAY]


def seen_by_people(template: str) -> str:
    """The text of a template, the sentences in its macros' arguments, and what is read out."""
    source = re.sub(r"{#.*?#}", "", template, flags=re.DOTALL)
    sentences = [
        text
        for code in re.findall(r"{[{%](.*?)[}%]}", source, re.DOTALL)
        for text in re.findall(r"'([^'\n]*)'", code)
        if " " in text
    ]
    source = re.sub(r"{[{%].*?[}%]}", " ", source, flags=re.DOTALL)
    read_out = re.findall(r"(?:alt|aria-label|placeholder|title)=\"([^\"]*)\"", source)
    return " ".join([re.sub(r"<[^>]*>", " ", source), *sentences, *read_out])


def test_pages_mails_and_manuals_keep_to_the_glossary() -> None:
    not_said = words_not_said()
    assert {"customer", "patient", "reservation", "service"} <= set(not_said)
    wrong = re.compile(rf"\b(?:{'|'.join(not_said)})s?\b", re.IGNORECASE)
    found = {
        path.relative_to(ROOT).as_posix(): said
        for path in (ROOT / "templates").rglob("*.*")
        if (said := wrong.findall(seen_by_people(path.read_text(encoding="utf-8"))))
    }
    for name in ("clients", "desk", "practice", "owner"):
        if said := wrong.findall(prose_of(ROOT / "docs" / f"{name}.md")):
            found[name] = said
    assert found == {}
