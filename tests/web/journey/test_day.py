"""All the times of one day, fetched alone to take that day's place in the page of times."""

from __future__ import annotations

import pytest

from tests.makers import Clinic
from tests.web.journey.steps import Walker, slots_of

pytestmark = pytest.mark.database


def test_a_day_fetched_alone_has_the_times_it_has_in_the_page(walker: Walker, clinic: Clinic) -> None:
    page = walker.to_time(clinic.swedish.id)
    assert page.status_code == 200
    whole = walker.get("/book/time?all=y").text
    day = walker.get("/book/time/2026-11-24")
    assert slots_of(day.text) == [slot for slot in slots_of(whole) if slot.startswith("2026-11-24")]
    assert slots_of(day.text)
    assert 'id="day-2026-11-24"' in day.text
    assert "<html" not in day.text


def test_every_time_of_a_day_is_given_also_where_the_week_leaves_some_out(
    walker: Walker, clinic: Clinic
) -> None:
    thinned = [
        slot for slot in slots_of(walker.to_time(clinic.swedish.id).text) if slot.startswith("2026-11-24")
    ]
    assert len(slots_of(walker.get("/book/time/2026-11-24").text)) > len(thinned)


def test_a_day_can_be_asked_for_with_one_person_and_with_nobody_known_it_has_none(
    walker: Walker, clinic: Clinic
) -> None:
    walker.to_time(clinic.swedish.id)
    first = clinic.therapists[0]
    assert slots_of(walker.get(f"/book/time/2026-11-24?with={first.id}").text)
    assert not slots_of(walker.get("/book/time/2026-11-24?with=99999").text)
    assert slots_of(walker.get("/book/time/2026-11-24?with=²").text)


def test_a_day_without_times_says_so(walker: Walker, clinic: Clinic) -> None:
    walker.to_time(clinic.swedish.id)
    assert "Full" in walker.get("/book/time/2026-11-22").text


def test_what_is_no_day_is_not_found(walker: Walker, clinic: Clinic) -> None:
    walker.to_time(clinic.swedish.id)
    assert walker.get("/book/time/tomorrow").status_code == 404
    assert walker.get("/book/time/2026-02-30").status_code == 404


def test_a_day_is_not_shown_before_a_session_is_chosen(walker: Walker, clinic: Clinic) -> None:
    assert walker.get("/book/time/2026-11-24").status_code == 303
