"""Content files that are what they were when they were published."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from clinic.intake.checking import faults
from clinic.intake.loading import CONTENT
from clinic.intake.models import Publication
from clinic.intake.rules import load_rules

DIGESTS = CONTENT / "digests.toml"


def publication(now: datetime, version: str = "2026-11", digest: str | None = None) -> Publication:
    rules = load_rules("2026-11")
    return Publication(
        rules_version=version,
        rules_digest=digest or rules.digest,
        questionnaire_version=rules.questionnaire.version,
        questionnaire_digest=rules.questionnaire.digest,
        published_at=now,
        actor="test",
    )


def test_the_files_as_they_are_have_no_fault(now: datetime) -> None:
    assert faults([publication(now)]) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"intake/content/rules/2026-11.toml" = "8', '"intake/content/rules/2026-11.toml" = "0',
         "intake/content/rules/2026-11.toml was changed after it was listed in digests.toml."),
        ('"intake/content/rules/2026-11.toml"', '"intake/content/rules/2001-01.toml"',
         "rules/2001-01.toml: there is no such file."),
        ('"intake/content/rules/2026-11.toml" =', '# "" =',
         "intake/content/rules/2026-11.toml is not listed in digests.toml."),
        ('"intake/content/rules/2026-11.toml" =', "this is =", "digests.toml: is not TOML"),
    ],
)  # fmt: skip
def test_a_digest_that_does_not_agree_is_told(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = DIGESTS.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "digests.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert any(sentence in fault for fault in faults(digests=path))


def test_a_published_version_that_is_changed_or_gone_is_told(now: datetime) -> None:
    found = faults([publication(now, digest="0" * 64), publication(now, version="2001-01")])
    assert found == [
        "rules/2026-11 was changed after it was published.",
        "rules/2001-01.toml: there is no such file, but it was published.",
    ]
