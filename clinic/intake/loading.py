"""Reads the versioned content files: questions, rules, techniques, sources, country words.

A content file is TOML, is read once, and is never edited after it has been published; a change is a
new file. What is read is checked as it is read: whatever names something that does not exist raises
`ContentError`, which says in which file and at which entry.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CONTENT = Path(__file__).parent / "content"


class ContentError(ValueError):
    """A content file does not hold together; the sentence names the file and the entry."""

    def __init__(self, where: str, what: str) -> None:
        self.where = where
        self.what = what
        super().__init__(f"{where}: {what}")


@dataclass(frozen=True, slots=True)
class Source:
    """What a rule rests on. `status` starts with V (seen on the publisher's page), C (a copy) or GK."""

    id: str
    citation: str
    seen: str
    used_for: str
    status: str


@dataclass(frozen=True, slots=True)
class ContentFile:
    """The parsed content of one file, with the SHA-256 digest of its bytes in hex."""

    name: str
    digest: str
    data: Mapping[str, Any]


def read_content(path: Path) -> ContentFile:
    """Gives the parsed file; raises ContentError where it is missing or is not TOML."""
    name = f"{path.parent.name}/{path.name}"
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ContentError(name, "there is no such file") from error
    try:
        data = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ContentError(name, f"is not TOML ({error})") from error
    return ContentFile(name, hashlib.sha256(raw).hexdigest(), data)


class Entry:
    """One table of a content file, read key by key: a missing, wrong or left-over key is a ContentError."""

    def __init__(self, where: str, table: Any) -> None:
        if not isinstance(table, dict):
            raise ContentError(where, "is not a table")
        self.where = where
        self._table = table
        self._read: set[str] = set()

    def _take(self, key: str, kind: type, default: Any) -> Any:
        self._read.add(key)
        if key not in self._table:
            if default is ...:
                raise ContentError(self.where, f"{key} is missing")
            return default
        value = self._table[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ContentError(self.where, f"{key} is not of type {kind.__name__}")
        return value

    def any(self, key: str) -> Any:
        """Gives what stands there, whatever it is; the caller checks."""
        return self._take(key, object, ...)

    def text(self, key: str, default: Any = ...) -> str:
        return self._take(key, str, default)

    def optional_text(self, key: str) -> str | None:
        return self._take(key, str, None)

    def number(self, key: str, default: Any = ...) -> int:
        return self._take(key, int, default)

    def optional_number(self, key: str) -> int | None:
        return self._take(key, int, None)

    def flag(self, key: str) -> bool:
        return self._take(key, bool, False)

    def table(self, key: str) -> dict[str, Any]:
        return self._take(key, dict, {})

    def rows(self, key: str) -> list[Any]:
        return self._take(key, list, [])

    def texts(self, key: str, among: Sequence[str] | frozenset[str] | None = None) -> tuple[str, ...]:
        """Gives a list of words, each one of `among` where that is given, none twice."""
        values = tuple(self._take(key, list, []))
        for value in values:
            if not isinstance(value, str) or (among is not None and value not in among):
                raise ContentError(self.where, f"{key} names {value!r}, which does not exist")
        if len(set(values)) != len(values):
            raise ContentError(self.where, f"{key} names something twice")
        return values

    def one_of(self, key: str, among: Sequence[str]) -> str:
        value = self.text(key)
        if value not in among:
            raise ContentError(self.where, f"{key} is {value!r}, which does not exist")
        return value

    def finish(self) -> None:
        """Refuses keys that nobody asked for, so that a misspelt key cannot pass unseen."""
        left = sorted(set(self._table) - self._read)
        if left:
            raise ContentError(self.where, f"has the unknown key {left[0]!r}")


def refuse_doubles(where: str, ids: Sequence[str]) -> None:
    """Raises ContentError naming the first id that stands in the file twice."""
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            raise ContentError(where, f"{each!r} stands there twice")
        seen.add(each)


@cache
def load_sources(version: str) -> Mapping[str, Source]:
    """Gives the sources by key."""
    file = read_content(CONTENT / "sources" / f"{version}.toml")
    found: dict[str, Source] = {}
    for key, table in file.data.items():
        entry = Entry(f"{file.name} {key}", table)
        found[key] = Source(
            key, entry.text("citation"), entry.text("seen"), entry.text("used_for"), entry.text("status")
        )
        entry.finish()
    return found
