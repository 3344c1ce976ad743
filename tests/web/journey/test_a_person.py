"""From every page that stops or holds somebody a person can be reached: by telephone, and by a message."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.journey.steps import Walker, heading

HOLDS: list[tuple[str, dict[str, Any]]] = [
    ("an ambulance", {"safety": {"now_signs": "chest_pain"}}),
    ("advice today, from page one", {"safety": {"nerve_signs": "one_leg_weak_new"}}),
    ("advice today, from a later page", {"lately": {"leg_swelling": "one_leg"}}),
    ("a doctor's word", {"background": {"heart": "bp_not_controlled"}}),
    ("a therapist's yes", {"about_you": {"pregnancy": "weeks_1_12"}, "pregnancy_signs": {}}),
    ("reception's call", {"lately": {"feeling_ill": "cold_flu_bug"}}),
]


@pytest.mark.parametrize(("what", "pages"), HOLDS, ids=[what for what, _ in HOLDS])
def test_a_page_that_stops_or_holds_leads_to_a_person(
    walker: Walker, what: str, pages: dict[str, Any]
) -> None:
    changes = {slug: values for slug, values in pages.items() if slug != "pregnancy_signs"}
    if "pregnancy_signs" in pages:
        changes["about_you"]["pregnancy_signs"] = "none"
    page = walker.answer_all(**changes)
    assert "tel:+44" in page.text, heading(page.text)
    # In an emergency nobody is kept at a form.
    assert ("/book/call-back" in page.text) is (what != "an ambulance"), heading(page.text)


def test_who_keeps_their_answers_to_themselves_is_led_to_a_person(walker: Walker) -> None:
    walker.answer("safety")
    assert walker.answer("about-you", health_consent="no").status_code == 303
    page = walker.get("/book/without-answers").text
    assert "tel:+44" in page
    assert "/book/call-back" in page
