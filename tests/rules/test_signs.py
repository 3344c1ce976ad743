"""Signs that cannot be kept."""

from __future__ import annotations

import pytest

from clinic.kernel import signs
from clinic.kernel.errors import BadInput
from clinic.people.passwords import hash_password


@pytest.mark.parametrize("text", ["", "Zoë O’Hara", "上海", "😀", "two\nlines\tand a tab"])
def test_what_people_type_can_be_kept(text: str) -> None:
    assert signs.is_keepable(text)
    signs.check(text)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud83d", "half of \ude00"])
def test_what_no_database_keeps_is_refused_at_its_field(text: str) -> None:
    assert not signs.is_keepable(text)
    with pytest.raises(BadInput, match="cannot be kept") as refused:
        signs.check(text, "reason")
    assert refused.value.field == "reason"


def test_a_password_of_bytes_that_are_no_signs_is_refused() -> None:
    """As a command line gives it where it was typed in another encoding."""
    with pytest.raises(BadInput, match="cannot be kept"):
        hash_password("long enough \udcff")
