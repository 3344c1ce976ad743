"""Somebody is back, on a phone and without script; and the check on the day in the therapist's hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from clinic.booking import services
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.notify.links import Links
from clinic.notify.models import OutboxMessage
from clinic.people.models import RoleName
from tests import makers
from tests.browser.conftest import Place, axe_findings, visitor
from tests.browser.journey_walk import CHOICES, Pointer
from tests.conftest import NOW

FRIDAY = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
SHORT: dict[str, dict[str, str]] = {**CHOICES, "changes": {"anything_changed": "none"}, "wishes": {}}
EMAIL = "amara@clinic.example"
Look = Callable[[str], None]


def booked(place: Place, at: datetime = FRIDAY, days_ago: int = 1, **told: Any) -> Appointment:
    with place.session() as session:
        intake = makers.intake(session, NOW - timedelta(days=days_ago), {**makers.ALL_WELL, **told})
        therapist = place.clinic.therapists[0]
        wish = place.clinic.wish(therapist_id=therapist.id, is_desk=True)
        made = services.book(session, NOW, wish, at, makers.client(session, NOW), intake, actor="client")
        session.commit()
        return made


def link(place: Place, one: Appointment) -> str:
    links = Links("a secret for tests only", place.address)
    return f"{place.address}/appointment/{links.manage_token(one.id, one.ends_at)}"


def looker(page: Page, found: dict[str, object], width: int = 390) -> Look:
    """Looks at a page with axe, and at its width; keeps a picture where SHOTS names a folder."""

    def look(name: str) -> None:
        if problems := axe_findings(page):
            found[name] = problems
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found[f"{name} scrolls sideways"] = True
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=f"{folder}/{name}.png", full_page=True)

    return look


def short_form(page: Page, look: Look = lambda _name: None, **changes: dict[str, str]) -> list[str]:
    """Answers every page of questions that comes; gives their names."""
    seen = []
    while (slug := page.url.rsplit("/", 1)[-1]) in SHORT:
        seen.append(slug)
        look(slug)
        for name, value in {**SHORT[slug], **changes.get(slug, {})}.items():
            if page.locator(f'input[name="{name}"]').count():  # of a page, only what is asked again
                Pointer(page).choose(name, value)
        with page.expect_navigation():
            Pointer(page).press("Continue")
    return seen


def test_with_everything_fresh_three_pages_and_a_time_are_all_it_takes(
    browser: Browser, place: Place
) -> None:
    was, found = booked(place), {}  # type: tuple[Appointment, dict[str, object]]
    with visitor(browser) as (page, _context):
        look = looker(page, found)
        page.goto(link(place, was))
        look("appointment")
        page.get_by_role("button", name="Book again").click()
        page.wait_for_url("**/book/safety", wait_until="load")
        assert short_form(page, look) == ["safety", "changes", "wishes"]
        look("outcome")
        Pointer(page).press("See what suits you")
        page.wait_for_url("**/book/session", wait_until="load")
        Pointer(page).press("Choose Swedish")
        page.wait_for_url("**/book/time*", wait_until="load")
        Pointer(page).first_slot()
        Pointer(page).press("Hold this time")
        page.wait_for_url("**/book/check", wait_until="load")
        look("check")
        Pointer(page).press("Book this time")
        page.wait_for_url("**/book/booked", wait_until="load")
    assert found == {}
    with place.session() as session:
        assert session.scalars(sa.select(Appointment.client_id)).all() == [was.client_id, was.client_id]


@pytest.mark.parametrize("width", [320, 390])
def test_a_worse_answer_makes_it_wait_without_script_too(browser: Browser, place: Place, width: int) -> None:
    was = booked(place)
    with visitor(browser, width=width, script=False) as (page, _context):
        page.goto(link(place, was))
        page.get_by_role("button", name="Tell us what has changed").click()
        worse = {"changes": {"anything_changed": "medicine"}, "background": {"heart": "bp_not_controlled"}}
        short_form(page, **worse)
        expect(page.get_by_role("heading", level=1)).to_contain_text("We keep your time")
        page.mouse.wheel(400, 0)
        box = page.locator("main").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= width + 1
    with place.session() as session:
        assert session.get_one(Appointment, was.id).status is Status.PROVISIONAL
        owed = session.scalars(sa.select(OutboxMessage.kind).order_by(OutboxMessage.id)).all()
        assert owed == ["booked", "reopened", "to_decide"]


def test_what_new_answers_mean_is_said_with_nothing_for_axe_to_find(browser: Browser, place: Place) -> None:
    was, found = booked(place, blood=["blood_thinner"]), {}  # type: tuple[Appointment, dict[str, object]]
    with visitor(browser) as (page, _context):
        look = looker(page, found)
        page.goto(link(place, was))
        page.get_by_role("button", name="Tell us what has changed").click()
        page.wait_for_url("**/book/safety", wait_until="load")
        short_form(page)
        look("changed-stands")
        assert "blood thinner" not in page.content()
        page.goto(link(place, was))
        page.get_by_role("button", name="Tell us what has changed").click()
        page.wait_for_url("**/book/safety", wait_until="load")
        short_form(page, changes={"anything_changed": "medicine"}, background={"heart": "bp_not_controlled"})
        look("changed-waits")
        page.goto(link(place, was))
        page.get_by_role("button", name="Tell us what has changed").click()
        page.wait_for_url("**/book/safety", wait_until="load")
        short_form(page, safety={"now_signs": "chest_pain"})
        look("changed-stop")
        expect(page.get_by_text("Do not come to your appointment")).to_be_visible()
    assert found == {}


def test_the_check_on_the_day_in_the_therapists_hand(browser: Browser, place: Place) -> None:
    soon, found = booked(place, NOW + timedelta(minutes=30)), {}  # type: tuple[Appointment, dict[str, object]]
    with place.session() as session:
        user = makers.user(session, NOW, RoleName.THERAPIST, email=EMAIL)
        session.merge(place.clinic.therapists[0]).user_id = user.id
        session.commit()
    with visitor(browser) as (page, _context):
        look = looker(page, found)
        page.goto(f"{place.address}/staff/sign-in")
        page.get_by_label("E-mail").fill(EMAIL)
        page.get_by_label("Password").fill(makers.PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"{place.address}/practice/session/{soon.reference}")
        look("sheet")
        with page.expect_navigation():
            page.get_by_role("link", name="Check on the day").click()
        look("day-check")
        Pointer(page).choose("fit_today", "medicine")
        with page.expect_navigation():
            Pointer(page).press("Go on")
        look("day-check-more")
        for name in ("heart", "immune_meds", "allergies"):
            Pointer(page).choose(name, "none")
        Pointer(page).choose("blood", "blood_thinner")
        Pointer(page).press("Go on")
        page.wait_for_url("**/check/result", wait_until="load")
        look("day-result-limits")
        page.get_by_role("link", name="Check once more").click()
        Pointer(page).choose("fit_today", "medicine")
        with page.expect_navigation():
            Pointer(page).press("Go on")
        for name in ("blood", "immune_meds", "allergies"):
            Pointer(page).choose(name, "none")
        Pointer(page).choose("heart", "bp_not_controlled")
        Pointer(page).press("Go on")
        page.wait_for_url("**/check/result", wait_until="load")
        look("day-result-hold")
        with page.expect_navigation():
            page.get_by_role("link", name="Decline this session").click()
        look("decline")
    assert found == {}
