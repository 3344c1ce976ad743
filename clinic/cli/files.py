"""Reading what the commands for machines are given."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from clinic.kernel.errors import BadInput

_MOST_FIGURES = 30


def read_bytes(file: str) -> bytes:
    """What FILE holds, or standard input for '-'; BadInput where there is nothing to read."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError):
        raise BadInput(f"The file {file!r} cannot be read.") from None


def parse_json(text: str | bytes, what: str = "input") -> object:
    """Plain data from JSON, with or without a byte order mark; BadInput says what is wrong with it.

    A number of more figures than any answer has becomes infinity, so that whoever reads it can name it:
    Python itself would refuse to make an int of some thousand figures.
    """
    try:
        return json.loads(text, parse_int=_whole)
    except UnicodeDecodeError:
        raise BadInput(f"The {what} is not UTF-8 text.") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The {what} is not JSON: {error}.") from None


def _whole(figures: str) -> int | float:
    return int(figures) if len(figures) <= _MOST_FIGURES else math.inf
