"""The body map in a real browser: by touch, by keys alone, as a list; left is left, seen from both sides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Place, axe_findings
from tests.browser.journey_walk import BORN, CHOICES, Pointer

PAIRS = [
    ("F03_shoulder_front_l", "F04_shoulder_front_r"),
    ("F06_arm_hand_l", "F07_arm_hand_r"),
    ("F09_hip_thigh_l", "F10_hip_thigh_r"),
    ("F11_knee_shin_foot_l", "F12_knee_shin_foot_r"),
    ("B03_shoulder_blade_l", "B04_shoulder_blade_r"),
    ("B09_buttock_l", "B10_buttock_r"),
    ("B11_thigh_back_l", "B12_thigh_back_r"),
    ("B13_calf_l", "B14_calf_r"),
]


@contextmanager
def at_the_map(
    browser: Browser, place: Place, *, width: int = 390, touch: bool = False, script: bool = True
) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        has_touch=touch,
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(f"{place.address}/book/safety")
    hand = Pointer(page)
    for slug in ("safety", "about-you"):
        page.wait_for_url(f"**/book/{slug}", wait_until="load")
        for name, text in BORN.items() if slug == "about-you" else ():
            hand.type(name, text)
        for name, value in CHOICES[slug].items():
            hand.choose(name, value)
        hand.press("Continue")
    page.wait_for_url("**/book/wishes", wait_until="load")
    yield page
    context.close()


def ticked(page: Page) -> set[tuple[str, str]]:
    """What the list says: (region, mark)."""
    found = page.locator("[data-bm-list] input:checked").evaluate_all(
        "all => all.map(b => [b.name, b.value])"
    )
    return {(region, mark) for region, mark in found}


def turn(page: Page, side: str) -> None:
    page.locator(f'label:has(input[name="bm_side"][value="{side}"])').click()


def choose_mark(page: Page, mark: str) -> None:
    page.locator(f'label:has(input[name="bm_mode"][value="{mark}"])').click()


def middle(shape: Locator) -> tuple[float, float]:
    shape.scroll_into_view_if_needed()
    box = shape.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def send(page: Page) -> None:
    hand = Pointer(page)
    for name, value in CHOICES["wishes"].items():
        hand.choose(name, value)
    hand.press("Continue")


def test_a_finger_marks_what_it_touches_and_the_answer_is_kept(browser: Browser, place: Place) -> None:
    with at_the_map(browser, place, touch=True) as page:
        page.touchscreen.tap(*middle(page.locator("#F08_tummy")))
        turn(page, "back")
        page.touchscreen.tap(*middle(page.locator("#B13_calf_l")))
        choose_mark(page, "work")
        page.touchscreen.tap(*middle(page.locator("#B07_low_back")))
        choose_mark(page, "leave")
        page.touchscreen.tap(*middle(page.locator("#B13_calf_l")))
        marked = {
            ("F08_tummy", "hurts"),
            ("B13_calf_l", "hurts"),
            ("B07_low_back", "work"),
            ("B13_calf_l", "leave"),
        }
        assert ticked(page) == marked
        expect(page.locator("[data-bm-status]")).to_have_text("Left calf and heel: leave alone")
        assert axe_findings(page) == []
        send(page)
        page.wait_for_url("**/book/comfort", wait_until="load")
        page.goto(f"{place.address}/book/wishes")
        assert ticked(page) == marked


def test_a_second_touch_takes_the_mark_away(browser: Browser, place: Place) -> None:
    with at_the_map(browser, place, touch=True) as page:
        for _ in range(2):
            page.touchscreen.tap(*middle(page.locator("#F05_chest")))
        assert ticked(page) == set()
        expect(page.locator("[data-bm-status]")).to_have_text("Chest: nothing marked")


def at_keys(page: Page) -> str:
    found: str = page.evaluate("document.activeElement.dataset.region || ''")
    return found


def tab_to_the_back(page: Page) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if at_keys(page).startswith("B"):
            return
    raise AssertionError("the keyboard does not get to the back")


def test_by_keys_alone(browser: Browser, place: Place) -> None:
    with at_the_map(browser, place, width=1280) as page:
        page.locator('input[name="bm_mode"]').first.focus()
        page.keyboard.press("ArrowRight")  # work here
        tab_to_the_back(page)
        for _ in range(12):  # down the back, as far as it goes
            page.keyboard.press("ArrowDown")
        assert at_keys(page) == "B13_calf_l"
        page.keyboard.press("ArrowLeft")  # nothing lies that way
        assert at_keys(page) == "B13_calf_l"
        page.keyboard.press("Space")
        assert ticked(page) == {("B13_calf_l", "work")}
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        assert ticked(page) == {("B13_calf_l", "work"), ("B14_calf_r", "work")}
        expect(page.locator("[data-bm-status]")).to_have_text("Right calf and heel: work here")
        assert axe_findings(page) == []


def test_the_arrows_reach_every_area_of_a_side(browser: Browser, place: Place) -> None:
    with at_the_map(browser, place, width=1280) as page:
        ways: dict[str, set[str]] = {}
        regions = page.locator("svg.bm .bm-r[id]").evaluate_all("all => all.map(s => s.id)")
        assert len(regions) == 26
        for region in regions:
            for key in ("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"):
                page.locator(f"#{region}").focus()
                page.keyboard.press(key)
                ways.setdefault(region, set()).add(at_keys(page))
        for start in ("F01_head_face", "B01_head_back"):
            reached, ahead = set(), {start}
            while ahead:
                reached |= ahead
                ahead = {there for here in ahead for there in ways[here]} - reached
            assert reached == {region for region in regions if region[0] == start[0]}


def test_without_script_the_list_is_all_and_is_kept(browser: Browser, place: Place) -> None:
    with at_the_map(browser, place, script=False) as page:
        page.get_by_text("The same as a list").click()
        page.locator('input[name="B13_calf_l"][value="hurts"]').check()
        page.locator('input[name="F08_tummy"][value="leave"]').check()
        send(page)
        page.wait_for_url("**/book/comfort", wait_until="load")
        page.goto(f"{place.address}/book/wishes")
        assert page.locator("[data-bm-list] input:checked").count() == 2
        expect(page.locator('input[name="B13_calf_l"][value="hurts"]')).to_be_checked()
        expect(page.locator('input[name="F08_tummy"][value="leave"]')).to_be_checked()


@pytest.mark.parametrize("width", [390, 1280])
def test_left_is_never_taken_for_right(browser: Browser, place: Place, width: int) -> None:
    """From the front a client's left is on the right of the picture, from behind it is on the left."""
    with at_the_map(browser, place, width=width) as page:
        seen = set()
        for left, right in PAIRS:
            if width < 700:
                turn(page, "front" if left.startswith("F") else "back")
            from_behind = left.startswith("B")
            left_x, right_x = middle(page.locator(f"#{left}"))[0], middle(page.locator(f"#{right}"))[0]
            assert (left_x < right_x) == from_behind, left
            for region, word in ((left, "left"), (right, "right")):
                page.mouse.click(*middle(page.locator(f"#{region}")))
                seen.add((region, "hurts"))
                assert ticked(page) == seen
                label = page.locator(f"#{region}").get_attribute("aria-label") or ""
                assert word in label.lower()
                row = page.locator(f'[data-bm-list] fieldset:has(input[name="{region}"]) legend')
                assert word in (row.text_content() or "").lower()
