"""Walking the journey as somebody well: what is answered on each page, by pointer or by keyboard."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import Place

# Each page's fields and what is chosen; a body map, a length and a time are left to the page.
CHOICES: dict[str, dict[str, str]] = {
    "safety": {"now_signs": "none", "saddle_numb": "no", "bladder_bowel": "none", "nerve_signs": "none"},
    "about-you": {"health_consent": "yes", "pregnancy": "no"},
    "wishes": {"goal": "relax", "pressure_pref": "3", "sensitivity": "none"},
    "lately": {
        "feeling_ill": "none",
        "leg_swelling": "none",
        "head_neck_signs": "none",
        "recent_injury": "none",
    },
    "background": {
        "cancer_history": "never",
        "blood": "none",
        "heart": "none",
        "bones": "none",
        "nerves_brain": "none",
        "skin": "none",
        "ops": "none",
        "immune_meds": "none",
        "allergies": "none",
    },
    "last": {"anything_else": "no"},
}
BORN = {"age_years-day": "12", "age_years-month": "5", "age_years-year": "1986"}
PERSON = {"name": "Anna Petrova", "email": "anna@client.example", "phone": "020 7946 0000"}
STEPS = ("outcome", "session", "time", "details", "check", "booked")

Look = Callable[[str], None]


class Pointer:
    """Answers by clicking."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def choose(self, name: str, value: str) -> None:
        self._tap(f'input[name="{name}"][value="{value}"]')

    def type(self, name: str, text: str) -> None:
        self.page.locator(f'input[name="{name}"]').fill(text)

    def press(self, text: str) -> None:
        self.page.locator("main").get_by_role("button", name=text).first.click()

    def slot(self, number: int) -> None:
        """Takes the free time of that number in the list, counted from 0."""
        self._tap(f'input[name="slot"] >> nth={number}')

    def first_slot(self) -> None:
        self.slot(0)

    def _tap(self, selector: str) -> None:
        """Taps the label, as people do: the row is the target."""
        box = self.page.locator(selector).first
        label = self.page.locator(f'label[for="{box.get_attribute("id")}"]')
        label.scroll_into_view_if_needed()
        place = label.bounding_box()
        assert place is not None
        self.page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        assert box.is_checked(), selector


class Keyboard:
    """Answers with Tab, the arrows, Space and Enter alone."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def _focused(self) -> dict[str, str]:
        found: dict[str, str] = self.page.evaluate(
            """() => { const e = document.activeElement;
            return {name: e.name || '', value: e.value || '', type: e.type || '', tag: e.tagName,
                    text: (e.innerText || '').trim(), main: String(!!e.closest('main'))}; }"""
        )
        return found

    def _tab_to(self, fits: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        for _ in range(400):
            self.page.keyboard.press("Tab")
            at = self._focused()
            if fits(at):
                return at
        raise AssertionError("the keyboard does not get there")

    def choose(self, name: str, value: str) -> None:
        kind = self.page.locator(f'input[name="{name}"]').first.get_attribute("type")
        if kind == "checkbox":
            self._tab_to(lambda at: at["name"] == name and at["value"] == value)
            self.page.keyboard.press("Space")
        else:
            at = self._tab_to(lambda at: at["name"] == name)
            if at["value"] == value:
                self.page.keyboard.press("Space")
            while self._focused()["value"] != value:
                self.page.keyboard.press("ArrowDown")
        assert self.page.locator(f'input[name="{name}"][value="{value}"]').is_checked()

    def type(self, name: str, text: str) -> None:
        self._tab_to(lambda at: at["name"] == name)
        self.page.keyboard.type(text)

    def press(self, text: str) -> None:
        self._tab_to(lambda at: at["tag"] == "BUTTON" and text in at["text"] and at["main"] == "true")
        self.page.keyboard.press("Enter")

    def first_slot(self) -> None:
        self._tab_to(lambda at: at["name"] == "slot" and at["type"] == "radio")
        self.page.keyboard.press("Space")


def questions(page: Page, hand: Pointer | Keyboard, look: Look = lambda _name: None) -> None:
    """From the first question to the outcome."""
    for slug, choices in CHOICES.items():
        page.wait_for_url(f"**/book/{slug}", wait_until="load")  # fonts have come: nothing moves
        look(slug)
        if slug == "about-you":
            hand.choose("health_consent", "yes")
            for name, text in BORN.items():
                hand.type(name, text)
            hand.choose("pregnancy", "no")
        else:
            for name, value in choices.items():
                hand.choose(name, value)
        hand.press("Continue")
    page.wait_for_url("**/book/outcome", wait_until="load")


def answered(page: Page, place: Place, until: str = "outcome") -> None:
    """The page `until`, with all before it answered as `questions` does, but sent in without being drawn.

    For tests of what comes later: a browser draws, scrolls and taps for seconds what other tests prove.
    """
    sender, config = place.app.test_client(), place.app.config
    config["WTF_CSRF_ENABLED"] = False
    for slug, choices in CHOICES.items():
        if slug == until:
            break
        sent = sender.post(f"/book/{slug}", data=choices | (BORN if slug == "about-you" else {}))
        assert sent.status_code == 303, slug
    config["WTF_CSRF_ENABLED"] = True
    cookie = sender.get_cookie("clinic")
    assert cookie is not None
    page.context.add_cookies([{"name": "clinic", "value": cookie.value, "url": place.address}])
    page.goto(f"{place.address}/book/{until}", wait_until="load")


def to_booked(page: Page, hand: Pointer | Keyboard, look: Look = lambda _name: None) -> None:
    """From the outcome to a booked appointment."""
    look("outcome")
    hand.press("See what suits you")
    page.wait_for_url("**/book/session", wait_until="load")
    look("session")
    hand.press("Choose Swedish")
    page.wait_for_url("**/book/time*", wait_until="load")
    look("time")
    hand.first_slot()
    hand.press("Hold this time")
    page.wait_for_url("**/book/details", wait_until="load")
    look("details")
    for name, text in PERSON.items():
        hand.type(name, text)
    hand.choose("reminders", "yes")
    hand.press("Continue")
    page.wait_for_url("**/book/check", wait_until="load")
    look("check")
    hand.press("Book this time")
    page.wait_for_url("**/book/booked", wait_until="load")
    look("booked")
