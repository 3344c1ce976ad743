"""Whole numbers as forms and addresses carry them."""

from __future__ import annotations

MOST_FIGURES = 9


def read_whole(text: str | None) -> int | None:
    """The number that up to nine plain figures spell; None for anything else.

    `str.isdigit` alone would let '²' pass, which is no number, and ids far beyond what a column holds.
    """
    if text and text.isascii() and text.isdigit() and len(text) <= MOST_FIGURES:
        return int(text)
    return None
