"""The massage techniques and how firm each can be (1 feather-light to 5 deep)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from clinic.intake.loading import CONTENT, ContentError, Entry, read_content, refuse_doubles

CURRENT = "2026-11"


@dataclass(frozen=True, slots=True)
class Technique:
    """One way of massage; `lightest` and `firmest` are pressures from 1 to 5."""

    id: str
    name: str
    lightest: int
    firmest: int


@dataclass(frozen=True, slots=True)
class Techniques:
    """All techniques of one version by id, and the five words for pressure."""

    version: str
    digest: str
    by_id: Mapping[str, Technique]
    pressure_words: tuple[str, ...]

    def pressure_word(self, pressure: int) -> str:
        """Gives 'medium' for 3."""
        return self.pressure_words[pressure - 1]


def read_techniques(path: Path) -> Techniques:
    """Gives the techniques of a file; raises ContentError where it does not hold together."""
    file = read_content(path)
    top = Entry(file.name, file.data)
    found = [_technique(file.name, row) for row in top.rows("technique")]
    refuse_doubles(file.name, [technique.id for technique in found])
    words = top.texts("pressure_words")
    if len(words) != 5:
        raise ContentError(file.name, "pressure_words needs five words")
    version = top.text("version")
    top.finish()
    by_id = MappingProxyType({technique.id: technique for technique in found})
    return Techniques(version, file.digest, by_id, words)


def _technique(file: str, row: object) -> Technique:
    entry = Entry(f"{file} technique", row)
    entry.where = f"{file} {entry.text('id')}"
    technique = Technique(
        entry.text("id"), entry.text("name"), entry.number("lightest"), entry.number("firmest")
    )
    entry.finish()
    if not 1 <= technique.lightest <= technique.firmest <= 5:
        raise ContentError(entry.where, "has a pressure range that is not within 1 to 5")
    return technique


@cache
def load_techniques(version: str = CURRENT) -> Techniques:
    """Gives the techniques of a version, read once."""
    return read_techniques(CONTENT / "techniques" / f"{version}.toml")
