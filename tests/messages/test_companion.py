"""What somebody is told when the appointment of who comes along changes, word for word."""

from __future__ import annotations

import pytest

from clinic.booking import messages
from clinic.booking.models import Appointment
from clinic.notify.wording import Wording
from tests.messages.test_golden import HEALTH, LINKS, appointment, compare, wording

__all__ = ["appointment", "wording"]
pytestmark = pytest.mark.database


@pytest.mark.parametrize("what", ["moved", "cancelled", "back"])
def test_the_mail_reads_as_it_did_and_has_no_health_word(
    what: str, appointment: Appointment, wording: Wording
) -> None:
    facts = {**messages.facts(appointment), "other": "Ruth", "what": what, **LINKS}
    words = wording.render("companion", facts)
    found = {"subject.txt": words.subject + "\n", "body.txt": words.text, "body.html": words.html + "\n"}
    compare(f"companion_{what}", found)
    for text in found.values():
        assert not HEALTH.search(text), HEALTH.search(text)


def test_for_a_child_the_mail_speaks_to_the_guardian(appointment: Appointment, wording: Wording) -> None:
    facts = {**messages.facts(appointment), "other": "Ruth", "what": "moved", "person": "Ben Carver", **LINKS}
    assert "The appointment of Ben Carver stays as it is" in wording.render("companion", facts).text


def test_a_time_that_waits_itself_is_said_to_be_not_certain(
    appointment: Appointment, wording: Wording
) -> None:
    kept = "Monday 23 November 2026 at 22:00"
    facts = {**messages.facts(appointment), "other": "Ruth", "what": "cancelled", "kept_until": kept, **LINKS}
    words = wording.render("companion", facts)
    for text in (words.text, words.html):
        assert f"It is not certain yet. We keep it until {kept}." in text


def test_who_is_too_late_to_change_theirs_is_asked_to_ring(
    appointment: Appointment, wording: Wording
) -> None:
    facts = {
        **messages.facts(appointment),
        "other": "Ruth",
        "what": "cancelled",
        "may_change": False,
        **LINKS,
    }
    words = wording.render("companion", facts)
    for text in (words.text, words.html):
        assert "It is too late to do that on our page: ring us" in text
        assert "You can move or cancel" not in text
