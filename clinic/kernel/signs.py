"""Signs that cannot be kept: no database takes them, or not every one does, and nobody types them."""

from __future__ import annotations

from clinic.kernel.errors import BadInput

UNKEEPABLE = "There is a sign in this that cannot be kept. Type it again."


def is_keepable(text: str) -> bool:
    """Whether a text has neither a NUL nor half of a sign (a surrogate without the other)."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def check(text: str, field: str | None = None) -> None:
    """BadInput, at its field, for a text that cannot be kept."""
    if not is_keepable(text):
        raise BadInput(UNKEEPABLE, field)
