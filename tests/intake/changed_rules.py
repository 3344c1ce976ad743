"""A version of the rules for tests: that of 2026-11 with some of its text replaced."""

from __future__ import annotations

from pathlib import Path

from clinic.intake.loading import CONTENT
from clinic.intake.rules import Rules, read_rules

BASE = "2026-11"
NEW = "2099-01"


def changed_rules(folder: Path, *replacements: tuple[str, str]) -> Rules:
    """Reads version 2099-01: 2026-11 with each (old, new) replaced; each old text stands there just once."""
    text = (CONTENT / "rules" / f"{BASE}.toml").read_text(encoding="utf-8")
    for old, new in ((f'version = "{BASE}"\nq', f'version = "{NEW}"\nq'), *replacements):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = folder / f"{NEW}.toml"
    path.write_text(text, encoding="utf-8")
    return read_rules(path)
