"""The rules on paper: whole, the same each time, and as they stand in docs/."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from clinic.cli import clinic_commands
from clinic.intake.level import Level
from clinic.intake.printing import as_markdown
from clinic.intake.rule_sheet import rule_sheet
from clinic.intake.rules import CURRENT, load_rules

RULES = load_rules(CURRENT)
SHEET = rule_sheet(RULES)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "clinical-rules.md"


def test_the_page_in_docs_is_what_the_rules_say() -> None:
    """When stale: flask --app wsgi clinic rules print > docs/clinical-rules.md"""
    assert PAGE.read_text(encoding="utf-8") == as_markdown(SHEET)


def test_the_command_prints_it_without_a_database() -> None:
    done = CliRunner().invoke(clinic_commands, ["rules", "print"])
    assert (done.exit_code, done.output) == (0, as_markdown(SHEET))


def test_every_rule_stands_there_once_under_its_level() -> None:
    assert [part.level for part in SHEET.parts] == list(reversed(Level))
    found = {rule.id: part.level for part in SHEET.parts for rule in part.rules}
    assert found == {rule.id: rule.level for rule in RULES.rules}
    assert SHEET.number == len(RULES.rules)


def test_what_a_rule_says_stands_there_word_for_word() -> None:
    page = as_markdown(SHEET)
    assert RULES.digest in page
    for rule in RULES.rules:
        assert rule.therapist.replace("{", "[").replace("}", "]").replace("_", " ") in page.replace("_", " ")
        assert rule.reason in page


def test_a_window_is_listed_with_the_rules_that_rest_on_it() -> None:
    windows = dict(SHEET.windows)
    assert windows["age is under 16"] == "C03, C04"
    assert windows["“An operation in the last 6 weeks”"] == "U02, C19"


def test_answers_of_no_length_are_no_window() -> None:
    assert not [words for words, _ in SHEET.windows if "now" in words and "last" not in words]


def test_all_sources_that_are_used_are_listed_and_no_others() -> None:
    assert {source.id for source in SHEET.sources} == {key for rule in RULES.rules for key in rule.sources}


def test_an_older_version_can_be_printed_too() -> None:
    page = as_markdown(rule_sheet(load_rules("2026-11")))
    assert page.startswith("# The clinical rules, version 2026-11\n")
    assert "How long answers hold" not in page
