"""The words that differ by country in messages, such as the number to ring in an emergency."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from clinic.intake.loading import CONTENT, ContentError, Entry, read_content

DEFAULT = "UK"
TOKENS = frozenset({"emergency_number", "emergency_department", "urgent_line"})
_TOKEN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Locale:
    """One country's words."""

    id: str
    name: str
    emergency_number: str
    emergency_department: str
    urgent_line: str

    @property
    def tokens(self) -> Mapping[str, str]:
        """Gives the words by the token that stands for them in a text."""
        return {token: getattr(self, token) for token in TOKENS}


@cache
def locales() -> Mapping[str, Locale]:
    """Gives every country's words by id (UK, EU, US, AU, NZ)."""
    file = read_content(CONTENT / "locales.toml")
    found = {}
    for key, table in file.data.items():
        entry = Entry(f"{file.name} {key}", table)
        found[key] = Locale(
            key,
            entry.text("name"),
            entry.text("emergency_number"),
            entry.text("emergency_department"),
            entry.text("urgent_line"),
        )
        entry.finish()
    return found


def load_locale(locale_id: str = DEFAULT) -> Locale:
    """Gives one country's words; raises KeyError for a country that has none."""
    return locales()[locale_id]


def render(text: str, tokens: Mapping[str, str]) -> str:
    """Gives the text with its {tokens} filled in, once: what is filled in is not read again."""
    return _TOKEN.sub(lambda match: tokens[match.group(1)], text)


def refuse_unknown_tokens(text: str, known: frozenset[str], where: str) -> None:
    """Raises ContentError for a token that nobody could fill in."""
    for token in _TOKEN.findall(text):
        if token not in known:
            raise ContentError(where, f"uses the token {token!r}, which does not exist")
    if _TOKEN.sub("", text).count("{") or _TOKEN.sub("", text).count("}"):
        raise ContentError(where, "has a brace that belongs to no token")
