"""What a clinician still has to decide names only rules that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic.intake.loading import CONTENT, ContentError
from clinic.intake.open_decisions import open_decisions, read_open_decisions
from clinic.intake.rules import CURRENT, load_rules

FILE = CONTENT / "open_decisions" / f"{CURRENT}.toml"


def changed(folder: Path, old: str, new: str) -> Path:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path = folder / f"{CURRENT}.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_fifteen_decisions_are_open_each_with_rules_and_reasons() -> None:
    found = open_decisions(load_rules(CURRENT))
    assert [each.id for each in found] == [f"D{n}" for n in range(1, 16)]
    assert all(each.question.endswith("?") and each.now and each.open and each.rules for each in found)


def test_a_version_without_a_file_has_nothing_open() -> None:
    assert open_decisions(load_rules("2026-11")) == ()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('["C10"]', '["C99"]', "D4: rules names 'C99', which does not exist"),
        ('id = "D4"', 'id = "D3"', "'D3' stands there twice"),
        (f'version = "{CURRENT}"', 'version = "2001-01"', "says inside that it is 2001-01"),
        ('question = "May somebody in', 'asked = "May somebody in', "question is missing"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    with pytest.raises(ContentError) as refusal:
        read_open_decisions(changed(tmp_path, old, new))
    assert sentence in str(refusal.value)
