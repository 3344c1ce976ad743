"""Published content never changes: the digest of every file is written down."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from clinic.intake.loading import CONTENT

HOUSE = CONTENT.parents[1]
DIGESTS = tomllib.loads((CONTENT / "digests.toml").read_text())
PUBLISHED = sorted(
    str(path.relative_to(HOUSE))
    for folder in (CONTENT, HOUSE / "catalog" / "content")
    for path in folder.glob("*/*.toml")
)


@pytest.mark.parametrize("name", DIGESTS)
def test_a_published_file_was_not_edited(name: str) -> None:
    assert hashlib.sha256((HOUSE / name).read_bytes()).hexdigest() == DIGESTS[name]


def test_every_content_file_is_listed() -> None:
    new = {name: hashlib.sha256((HOUSE / name).read_bytes()).hexdigest() for name in PUBLISHED}
    assert sorted(DIGESTS) == PUBLISHED, f"to be listed: {new.items() - DIGESTS.items()}"
    assert Path("intake/content/rules/2026-11.toml").as_posix() in DIGESTS
