"""Somebody whose answers are held, in a real browser: the letter, the reply, a kept time, and the yes."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from clinic.booking import decisions
from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.db import transaction
from clinic.intake.clearances import Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import Clearance, ClearanceDocument, ClearanceStatus
from clinic.jobs import send_mail
from clinic.jobs.send_mail import Sender
from clinic.notify.channels import Mail
from clinic.notify.links import Links
from tests.browser import journey_walk
from tests.browser.conftest import Place, axe_findings, visitor
from tests.browser.journey_walk import BORN, PERSON, Keyboard, Look, Pointer
from tests.intake.test_documents import png
from tests.notify.mailing import WORDING, Box


@pytest.fixture(autouse=True)
def _held(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is answered in these tests is held for a clinician's word."""
    monkeypatch.setitem(journey_walk.CHOICES["background"], "bones", "fragility_fracture")


def mails(place: Place) -> list[Mail]:
    """What the worker sends now."""
    box = Box()
    links = Links("a secret for tests only", place.address)
    send_mail.run(place.app.extensions["clinic.engine"], place.clock, box, WORDING, Sender(links))
    return box.came


def decide(place: Place, status: ClearanceStatus) -> None:
    with place.session() as session, transaction(session):
        found = session.scalars(sa.select(Clearance)).one()
        signed = Signed("Dr Mehta", "Doctor", "GMC 7012345")
        ruling = Ruling(status, "The letter says light is fine.", signed)
        decisions.decide(session, place.clock(), found.id, ruling, actor="user:1", power=Releaser.CLINICIAN)


def follow(page: Page, hand: Pointer | Keyboard, name: str) -> None:
    """A link, by the same hand."""
    link = page.locator("main").get_by_role("link", name=name).first
    if isinstance(hand, Keyboard):
        link.focus()
        page.keyboard.press("Enter")
    else:
        link.click()


def ask(page: Page, hand: Pointer | Keyboard, look: Look) -> str:
    """From the outcome to the request's own page; gives its address."""
    look("outcome")
    for name, text in PERSON.items():
        hand.type(name, text)
    hand.press("Send my request")
    page.wait_for_url("**/request/*", wait_until="load")
    look("request")
    return page.url


def reply(page: Page, hand: Pointer | Keyboard, look: Look, folder: Path) -> None:
    """The letter is looked at, and what came back is sent in."""
    follow(page, hand, "Letter for your doctor")
    page.wait_for_url("**/letter", wait_until="load")
    look("letter")
    expect(page.get_by_text("I broke a bone from a small fall")).to_be_visible()
    follow(page, hand, "Back to my page")
    page.wait_for_url("**/request/*", wait_until="load")
    photo = folder / "answer.png"
    photo.write_bytes(png())
    page.locator("#file").set_input_files(photo)
    with page.expect_navigation():
        hand.press("Send this file")
    expect(page.get_by_text("We have your file.")).to_be_visible()
    look("reply")


def keep_a_time(page: Page, hand: Pointer | Keyboard, look: Look) -> None:
    """A time that is kept until somebody has decided."""
    hand.press("Choose a time to keep")
    page.wait_for_url("**/book/session", wait_until="load")
    look("session")
    hand.press("Choose Swedish")
    page.wait_for_url("**/book/time*", wait_until="load")
    look("time")
    hand.first_slot()
    hand.press("Hold this time")
    page.wait_for_url("**/book/details", wait_until="load")
    hand.choose("reminders", "no")
    hand.press("Continue")
    page.wait_for_url("**/book/check", wait_until="load")
    look("check")
    hand.press("Keep this time")
    page.wait_for_url("**/book/booked", wait_until="load")
    look("kept")
    expect(page.get_by_role("heading", level=1)).to_contain_text("We keep this time for you")


def the_whole_way(page: Page, place: Place, hand: Pointer | Keyboard, look: Look, folder: Path) -> None:
    journey_walk.answered(page, place)
    address = ask(page, hand, look)
    reply(page, hand, look, folder)
    keep_a_time(page, hand, look)
    assert [mail.subject.partition(":")[0] for mail in mails(place)] == [
        "We have your request, Test Rooms",
        "Kept for you",
    ]
    decide(place, ClearanceStatus.ALLOWED)
    (mail,) = mails(place)
    assert mail.subject.startswith("Booked: ")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You are booked")
    look("booked")
    page.goto(address)
    expect(page.get_by_text("You are booked")).to_be_visible()
    with place.session() as session:
        assert session.scalars(sa.select(Appointment)).one().status is Status.BOOKED
        assert session.scalars(sa.select(ClearanceDocument)).one().content == png()


def test_by_keyboard_on_a_phone_with_nothing_for_axe_to_find(
    browser: Browser, place: Place, tmp_path: Path
) -> None:
    found: dict[str, object] = {}

    def look(name: str) -> None:
        if problems := axe_findings(page):
            found[name] = problems
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            found[f"{name} scrolls sideways"] = width

    with visitor(browser) as (page, _context):
        the_whole_way(page, place, Keyboard(page), look, tmp_path)
    assert found == {}


def test_without_script_on_a_narrow_phone(browser: Browser, place: Place, tmp_path: Path) -> None:
    wide: list[str] = []

    def look(name: str) -> None:
        page.mouse.wheel(400, 0)
        box = page.locator("main").bounding_box()
        if box and box["x"] + box["width"] > 321:
            wide.append(name)

    with visitor(browser, width=320, script=False) as (page, _context):
        the_whole_way(page, place, Pointer(page), look, tmp_path)
    assert wide == []


def test_the_link_of_the_mail_opens_by_date_of_birth_in_another_browser(
    browser: Browser, place: Place
) -> None:
    with visitor(browser) as (page, _context):
        journey_walk.answered(page, place)
        ask(page, Pointer(page), lambda _name: None)
    (mail,) = mails(place)
    link = next(line for line in mail.text.splitlines() if "/request/" in line)
    with visitor(browser, width=1280, scheme="dark") as (page, _context):
        page.goto(link)
        assert axe_findings(page) == []
        assert "bone" not in page.content()
        for name, text in BORN.items():
            page.locator(f'input[name="{name.replace("age_years", "born")}"]').fill(text)
        page.locator('input[name="born-year"]').fill("1999")
        Pointer(page).press("Open my page")
        expect(page.get_by_role("alert")).to_contain_text("That is not the date we were given.")
        assert axe_findings(page) == []
        page.locator('input[name="born-year"]').fill(BORN["age_years-year"])
        Pointer(page).press("Open my page")
        page.get_by_role("link", name="Letter for your doctor").click()
        page.wait_for_url("**/letter")
        page.emulate_media(media="print")
        expect(page.get_by_text("Print this page")).to_be_hidden()
        assert len(page.pdf(format="A4", prefer_css_page_size=True).split(b"/Type /Page\n")) <= 2  # one sheet


@pytest.mark.parametrize("megabytes", [11, 40])
def test_a_file_that_is_too_large_is_refused_with_the_way_back(
    browser: Browser, place: Place, tmp_path: Path, megabytes: int
) -> None:
    large = tmp_path / "scan.pdf"
    large.write_bytes(b"%PDF-1.4\n" + bytes(megabytes * 1024 * 1024))
    with visitor(browser) as (page, _context):
        journey_walk.answered(page, place)
        ask(page, Pointer(page), lambda _name: None)
        page.locator("#file").set_input_files(large)
        Pointer(page).press("Send this file")
        expect(page.get_by_role("alert")).to_contain_text("That file is larger than 10 MB.")
        assert axe_findings(page) == []
    with place.session() as session:
        assert session.scalars(sa.select(ClearanceDocument)).all() == []
