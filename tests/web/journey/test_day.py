"""All the times of one day, fetched alone to take that day's place in the page of times."""

from __future__ import annotations

import html
import re

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


def test_a_day_of_which_the_week_shows_some_times_leads_to_all_of_them(
    walker: Walker, clinic: Clinic
) -> None:
    page = walker.to_time(clinic.swedish.id).text
    alone, whole = more_of(page, "2026-11-24")
    there = slots_of(walker.get(alone).text)
    assert f"All {len(there)} times" in page
    loaded = walker.get(whole).text
    assert on(loaded, "2026-11-24") == there
    assert on(loaded, "2026-11-25") == on(page, "2026-11-25")
    assert len(on(loaded, "2026-11-25")) < len(there)


def test_the_strip_counts_every_time_of_a_day_shown_or_not(walker: Walker, clinic: Clinic) -> None:
    page = walker.to_time(clinic.swedish.id).text
    there = slots_of(walker.get("/book/time/2026-11-24").text)
    strip = page[page.index('class="strip"') :]
    assert re.search(r'href="#day-2026-11-24">.*?<small>(\d+) free', strip)[1] == str(len(there))  # type: ignore[index]


def test_whole_days_stay_whole_beside_one_another_and_after_a_refusal(walker: Walker, clinic: Clinic) -> None:
    page = walker.to_time(clinic.swedish.id).text
    second = walker.get(more_of(walker.get(more_of(page, "2026-11-24")[1]).text, "2026-11-25")[1]).text
    for day in ("2026-11-24", "2026-11-25"):
        assert f'<input type="hidden" name="all" value="{day}">' in second
        assert len(on(second, day)) > len(on(page, day))
    refused = walker.post("/book/time", {"all": ["2026-11-24"], "slot": "2026-11-24T03:00Z"})
    assert refused.status_code == 409
    assert on(refused.text, "2026-11-24") == on(second, "2026-11-24")
    assert on(refused.text, "2026-11-25") == on(page, "2026-11-25")


def test_odd_words_for_whole_days_show_the_week_as_usual(walker: Walker, clinic: Clinic) -> None:
    usual = slots_of(walker.to_time(clinic.swedish.id).text)
    odd = "&".join(f"all={day}" for day in ("soon", "9999-12-31", "%00", "", "2026-02-30"))
    assert slots_of(walker.get(f"/book/time?{odd}").text) == usual


def test_whoever_opens_the_address_of_a_day_gets_the_page_it_stands_in(
    walker: Walker, clinic: Clinic
) -> None:
    walker.to_time(clinic.swedish.id)
    first = clinic.therapists[0]
    opened = walker.browser.get(
        f"/book/time/2026-11-25?with={first.id}&else=1", headers={"Sec-Fetch-Dest": "document"}
    )
    assert opened.status_code == 303
    assert opened.location == f"/book/time?with={first.id}&week=2026-11-25&all=2026-11-25#day-2026-11-25"
    assert on(walker.get(opened.location).text, "2026-11-25")
    gone = walker.browser.get("/book/time/9999-12-31", headers={"Sec-Fetch-Dest": "document"})
    assert (gone.status_code, "We cannot find that page" in gone.text) == (404, True)


def more_of(page: str, day: str) -> tuple[str, str]:
    """Where the page fetches a day alone, and where it leads without script."""
    found = re.search(rf'<a href="([^"]*#day-{day})" data-day="([^"]*)">All', page)
    assert found, day
    return html.unescape(found[2]), html.unescape(found[1])


def on(page: str, day: str) -> list[str]:
    """The times of one day on a page."""
    return [slot for slot in slots_of(page) if slot.startswith(day)]
