"""The list of changes that no test can notice says of each why, and speaks of code that is there."""

from __future__ import annotations

from devkit import mutating


def test_every_explained_change_speaks_of_a_line_that_is_there() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in mutating.mutated_files())
    lines = {line.strip() for line in source.splitlines()}
    for survivor, why in mutating.explained().items():
        assert len(why) > 20, survivor
        assert survivor.was in lines or all(part in source for part in survivor.was.split("  ")), survivor
