"""Two who book together from one browser: phone and dark, keyboard alone, without script; and their link."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from clinic.booking.models import Appointment, PartyMember
from clinic.booking.statuses import Status
from clinic.roster.models import Room
from tests.browser import journey_walk
from tests.browser.conftest import Place, axe_findings, visitor
from tests.browser.journey_walk import Keyboard, Look, Pointer

REACH = {"email": "ruth@client.example", "phone": "020 7946 0000"}


def nothing(_name: str) -> None:
    """Looks at nothing."""


def go(page: Page, place: Place, hand: Pointer | Keyboard, look: Look = nothing) -> None:
    """From the outcome of the first to both booked."""
    journey_walk.answered(page, place)
    hand.press("See what suits you")
    page.wait_for_url("**/book/session", wait_until="load")
    hand.press("Choose Swedish")
    page.wait_for_url("**/book/time*", wait_until="load")
    page.goto(page.url.partition("/book/")[0] + "/book/together")
    look("names")
    hand.type("first", "Ruth Carver")
    hand.type("second", "Carl Hall")
    hand.press("Continue")
    page.wait_for_url("**/book/together/turn", wait_until="load")
    look("hand over")
    hand.press("I am Carl")
    page.wait_for_url("**/book/safety", wait_until="load")
    look("the second's first page")
    journey_walk.questions(page, hand)
    look("the second's outcome")
    hand.press("See what suits you")
    page.wait_for_url("**/book/session", wait_until="load")
    hand.press("Choose Swedish")
    page.wait_for_url("**/book/together/turn", wait_until="load")
    look("done")
    hand.press("Go on together")
    page.wait_for_url("**/book/together/time*", wait_until="load")
    look("time")
    if isinstance(hand, Pointer):  # late in the week: it may still be changed online
        hand.slot(page.locator('input[name="slot"]').count() - 1)
    else:
        hand.first_slot()
    hand.press("Hold this time")
    page.wait_for_url("**/book/together/details", wait_until="load")
    look("details")
    for name, text in REACH.items():
        hand.type(name, text)
    hand.choose("reminders", "yes")
    hand.press("Continue")
    page.wait_for_url("**/book/together/check", wait_until="load")
    look("check")
    hand.press("Book both")
    page.wait_for_url("**/book/together/booked", wait_until="load")
    look("booked")


def members(place: Place) -> list[Appointment]:
    """The appointments of parties."""
    with place.session() as session:
        wanted = sa.select(Appointment).join(PartyMember, PartyMember.appointment_id == Appointment.id)
        return list(session.scalars(wanted.order_by(Appointment.id)))


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (320, "dark")])
def test_on_a_phone_with_nothing_for_axe_to_find(
    browser: Browser, place: Place, width: int, scheme: str
) -> None:
    found: dict[str, object] = {}
    with place.session() as session:
        session.add(Room(site_id=place.clinic.site.id, name="Room for two", places=2))
        session.commit()

    def look(name: str) -> None:
        if problems := axe_findings(page):
            found[name] = problems
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{name} scrolls sideways"] = wide

    with visitor(browser, width=width, scheme=scheme) as (page, _context):
        go(page, place, Pointer(page), look)
        page.get_by_role("link", name="Move or cancel").first.click()
        look("own page")
        page.get_by_role("link", name="Move both of you").click()
        look("move both")
        page.go_back()
        page.get_by_role("link", name="Cancel one or both").click()
        look("cancel")
        Pointer(page).choose("who", "both")
        Pointer(page).press("Cancel")
        page.get_by_role("heading", name="This appointment is cancelled").wait_for()
    assert found == {}
    assert [each.status for each in members(place)] == [Status.CANCELLED] * 2


def test_by_keyboard_alone(browser: Browser, place: Place) -> None:
    with visitor(browser, width=1280) as (page, _context):
        go(page, place, Keyboard(page))
    assert [each.status for each in members(place)] == [Status.BOOKED] * 2


def test_without_script(browser: Browser, place: Place) -> None:
    with visitor(browser, width=320, script=False) as (page, _context):
        go(page, place, Pointer(page))
    assert len({each.starts_at for each in members(place)}) == 1
    assert len({each.therapist_id for each in members(place)}) == 2


def test_back_to_the_first_ones_pages_shows_the_second_nothing(browser: Browser, place: Place) -> None:
    with visitor(browser) as (page, _context):
        hand = Pointer(page)
        journey_walk.answered(page, place)
        hand.press("See what suits you")
        hand.press("Choose Swedish")
        page.wait_for_url("**/book/time*", wait_until="load")
        page.get_by_role("link", name="Somebody comes with me").click()
        hand.type("first", "Ruth Carver")
        hand.type("second", "Carl Hall")
        hand.press("Continue")
        hand.press("I am Carl")
        page.wait_for_url("**/book/safety", wait_until="load")
        for _step in range(8):
            page.go_back(wait_until="load")
            assert page.locator("main input:checked").count() == 0
            assert "/book/outcome" not in page.url
