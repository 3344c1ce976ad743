"""What somebody is told whose companion has moved or cancelled alone, word for word."""

from __future__ import annotations

import pytest

from clinic.booking import messages
from clinic.booking.models import Appointment
from clinic.notify.wording import Wording
from tests.messages.test_golden import HEALTH, LINKS, appointment, compare, wording

__all__ = ["appointment", "wording"]
pytestmark = pytest.mark.database


@pytest.mark.parametrize("what", ["moved", "cancelled"])
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
