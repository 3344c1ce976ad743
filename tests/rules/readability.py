"""Flesch-Kincaid grade of plain English, with a small counter of syllables."""

from __future__ import annotations

import re

_SILENT_END = re.compile(r"(?:[^laeiouy]es|[^aeiouydt]ed|[^laeiouy]e|[aeiouy]re|[aeiouy]le)$")
_VOWELS = re.compile(r"[aeiouy]+")


def syllables(word: str) -> int:
    """Counts the vowel groups of a word that are spoken; at least one."""
    word = word.lower().replace("'", "").replace("’", "")
    if len(word) > 3 and _SILENT_END.search(word):
        word = re.sub(r"(?:es|ed|e)$", "", word)
    return max(1, len(_VOWELS.findall(word)))


def grade(text: str) -> float:
    """Gives the US school grade that can read the text."""
    words = re.findall(r"[A-Za-z]+(?:['’][A-Za-z]+)?|\d+", text)
    sentences = max(1, len(re.findall(r"[.!?](?:\s|$)", text)))
    spoken = sum(1 if word.isdigit() else syllables(word) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * spoken / len(words) - 15.59
