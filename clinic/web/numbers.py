"""Whole numbers as forms and addresses carry them."""

from __future__ import annotations

from werkzeug.routing import IntegerConverter

MOST_FIGURES = 9


class Number(IntegerConverter):
    """The number of something in an address, from 1 on and in plain figures: anything else is no page.

    Nothing has the number 0, and what is beyond nine figures no column holds.
    """

    regex = rf"[1-9][0-9]{{0,{MOST_FIGURES - 1}}}"


def read_whole(text: str | None) -> int | None:
    """The number that up to nine plain figures spell; None for anything else.

    `str.isdigit` alone would let '²' pass, which is no number, and ids far beyond what a column holds.
    """
    if text and text.isascii() and text.isdigit() and len(text) <= MOST_FIGURES:
        return int(text)
    return None
