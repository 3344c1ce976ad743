"""Links in mails: signed, for one purpose, good for a time; nothing of them in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from clinic.kernel.errors import NotFound
from clinic.notify.links import LinkExpired, Links

ENDS = datetime(2026, 11, 24, 11, 15, tzinfo=UTC)
LINKS = Links("a secret for tests only", "https://clinic.example")


def test_a_link_leads_back_to_its_appointment() -> None:
    assert LINKS.read_manage(LINKS.manage_token(42, ENDS), ENDS) == 42
    assert LINKS.manage_url(42, ENDS).startswith("https://clinic.example/appointment/")


def test_a_link_is_good_for_sixty_days_after_the_appointment_and_then_says_so() -> None:
    token = LINKS.manage_token(42, ENDS)
    assert LINKS.read_manage(token, ENDS + timedelta(days=60)) == 42
    with pytest.raises(LinkExpired):
        LINKS.read_manage(token, ENDS + timedelta(days=60, seconds=1))


@pytest.mark.parametrize(
    "token", ["", "x", "WzQyLDFd.c2ln", "é", LINKS.manage_token(42, ENDS)[:-1], "." * 4000]
)
def test_what_we_never_signed_is_unknown_and_not_expired(token: str) -> None:
    with pytest.raises(NotFound) as refusal:
        LINKS.read_manage(token, ENDS)
    assert not isinstance(refusal.value, LinkExpired)


def test_a_link_signed_with_another_key_is_unknown() -> None:
    token = Links("another secret for tests", LINKS.base_url).manage_token(42, ENDS)
    with pytest.raises(NotFound):
        LINKS.read_manage(token, ENDS)


def test_a_link_to_a_request_is_of_its_own_purpose_and_good_for_sixty_days() -> None:
    token = LINKS.clearance_token(7, ENDS)
    assert LINKS.read_clearance(token, ENDS + timedelta(days=60)) == 7
    assert LINKS.clearance_url(7, ENDS) == f"https://clinic.example/request/{token}"
    with pytest.raises(LinkExpired):
        LINKS.read_clearance(token, ENDS + timedelta(days=60, seconds=1))
    for read, other in ((LINKS.read_manage, token), (LINKS.read_clearance, LINKS.manage_token(7, ENDS))):
        with pytest.raises(NotFound):
            read(other, ENDS)
