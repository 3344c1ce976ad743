"""One of two, or both: the pages of the desk that move and cancel them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page

from clinic.booking import parties
from clinic.booking.models import Appointment
from clinic.booking.parties import Guest
from clinic.booking.statuses import Status
from clinic.db import transaction
from clinic.people.models import RoleName
from tests import makers
from tests.browser.conftest import Place, axe_findings, visitor
from tests.conftest import NOW
from tests.web.desk.conftest import TUESDAY_TEN


@pytest.fixture
def pair(place: Place) -> tuple[str, str]:
    """The references of Ruth and Carl, who come together, and a user of reception."""
    with place.session() as session, transaction(session):
        makers.user(session, NOW, RoleName.RECEPTION)
        guests = []
        for name in ("Ruth Carver", "Carl Hall"):
            who = makers.client(session, NOW, name, email=f"{name.split()[0].lower()}@client.example")
            wish = place.clinic.wish(client_id=who.id, is_desk=True)
            guests.append(Guest(who, makers.intake(session, NOW), wish))
        party = parties.book(session, NOW, *guests, TUESDAY_TEN, actor="desk")
        one, other = parties.coming(party)
        return one.reference, other.reference


def sign_in(page: Page, place: Place) -> None:
    page.goto(f"{place.address}/staff/sign-in")
    page.get_by_label("E-mail").fill("desk@clinic.example")
    page.get_by_label("Password").fill(makers.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/desk/**")


def statuses(place: Place) -> list[Status]:
    with place.session() as session:
        return list(session.scalars(sa.select(Appointment.status).order_by(Appointment.id)))


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark"), (320, "dark")])
def test_the_pages_that_move_and_cancel_have_nothing_for_axe_to_find(
    browser: Browser, place: Place, pair: tuple[str, str], width: int, scheme: str
) -> None:
    found: dict[str, object] = {}

    def look(name: str) -> None:
        if problems := axe_findings(page):
            found[name] = problems
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{name} scrolls sideways"] = wide

    with visitor(browser, width=width, scheme=scheme) as (page, _context):
        sign_in(page, place)
        here = f"{place.address}/desk/appointment/{pair[0]}"
        for path in ("", "/move", "/together", "/together?on=2027-01-01", "/cancel"):
            page.goto(f"{here}{path}", wait_until="load")
            look(path or "the appointment")
        page.locator("main").get_by_role("button", name="Cancel").click()
        page.get_by_role("heading", name="Two answers are missing or unclear").wait_for()
        look("what is missing")
    assert found == {}
    assert statuses(place) == [Status.BOOKED] * 2


@pytest.mark.parametrize("script", [True, False])
def test_reception_moves_both_then_cancels_one(
    browser: Browser, place: Place, pair: tuple[str, str], script: bool
) -> None:
    with visitor(browser, width=1280, script=script) as (page, _context):
        sign_in(page, place)
        here = f"{place.address}/desk/appointment/{pair[0]}"
        page.goto(f"{here}/move")
        page.get_by_role("link", name="Both", exact=True).click()
        page.get_by_role("heading", name="Move both").wait_for()
        page.locator("main").get_by_role("button", name="Move both").click()
        page.get_by_text("Both are moved.").wait_for()
        page.goto(f"{here}/cancel")
        page.locator('label:has-text("Only Ruth Carver")').first.click()
        page.locator('label:has-text("The client asked")').first.click()
        page.locator("main").get_by_role("button", name="Cancel").click()
        page.get_by_text("Only this one is cancelled.").wait_for()
    assert statuses(place) == [Status.CANCELLED, Status.BOOKED]
