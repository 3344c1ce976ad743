"""A client's browser on the way: each step with plain answers that a test may change."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ANSWERS: dict[str, dict[str, Any]] = {
    "safety": {"now_signs": "none", "saddle_numb": "no", "bladder_bowel": "none", "nerve_signs": "none"},
    "about-you": {
        "health_consent": "yes", "age_years-day": "27", "age_years-month": "3", "age_years-year": "1985",
        "pregnancy": "no",
    },
    "wishes": {"goal": "relax", "pressure_pref": "3", "sensitivity": "none"},
    "comfort": {
        "pain_score": "4", "pain_length": "chronic", "pain_start": "desk_posture", "pain_feel": "tight_achy",
        "pain_pattern": "eases_moving", "pain_trend": "same",
    },
    "lately": {
        "feeling_ill": "none", "leg_swelling": "none", "head_neck_signs": "none", "recent_injury": "none",
    },
    "background": {
        "cancer_history": "never", "blood": "none", "heart": "none", "bones": "none", "nerves_brain": "none",
        "skin": "none", "ops": "none", "immune_meds": "none", "allergies": "none",
    },
    "last": {"anything_else": "no", "anything_else-text": ""},
}  # fmt: skip
SLUGS = tuple(ANSWERS)
DETAILS = {
    "name": "Ruth Carver", "email": "ruth@client.example", "phone": "020 7946 0321", "reminders": "yes",
}  # fmt: skip


class Walker:
    """One browser and what it sends."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.browser: FlaskClient = app.test_client()

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def post(self, path: str, data: dict[str, Any] | None = None) -> TestResponse:
        return self.browser.post(path, data=data or {})

    def answer(self, slug: str, **changes: Any) -> TestResponse:
        """Sends a page of questions."""
        return self.post(f"/book/{slug}", {**ANSWERS[slug], **changes})

    def answer_all(self, **pages: dict[str, Any]) -> TestResponse:
        """Answers every page that comes; `pages` changes answers by slug (with _ for -)."""
        changes = {slug.replace("_", "-"): values for slug, values in pages.items()}
        at = "/book/safety"
        response = self.get(at)
        while (slug := at.rsplit("/", 1)[-1]) in ANSWERS:
            response = self.answer(slug, **changes.get(slug, {}))
            if response.status_code != 303:
                return response
            at = response.location
        return self.get(at)

    def to_session(self, **pages: dict[str, Any]) -> TestResponse:
        self.answer_all(**pages)
        self.post("/book/outcome")
        return self.get("/book/session")

    def to_time(self, option_id: int, **pages: dict[str, Any]) -> TestResponse:
        self.to_session(**pages)
        self.post("/book/session", {"option": option_id})
        return self.get("/book/time")

    def to_details(self, option_id: int, slot: str = "2026-11-24T10:00Z", query: str = "") -> TestResponse:
        self.to_time(option_id)
        self.post(f"/book/time{query}", {"slot": slot})
        return self.get("/book/details")

    def to_check(self, option_id: int, slot: str = "2026-11-24T10:00Z", query: str = "") -> TestResponse:
        self.to_details(option_id, slot, query)
        self.post("/book/details", DETAILS)
        return self.get("/book/check")

    def book(self) -> TestResponse:
        """Presses the button of the check page as it stands."""
        page = self.get("/book/check").text
        return self.post("/book/check", {"hold": hidden(page, "hold")})


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page)
    assert found, f"no hidden {name}"
    return found.group(1)


def slots_of(page: str) -> list[str]:
    """The times that a page offers as radio buttons."""
    return re.findall(r'name="slot"[^>]*value="([^"]+)"', page)


def nearest_of(page: str) -> list[str]:
    """The times that a page offers as buttons beside the soonest."""
    return re.findall(r'<button class="btn btn-quiet" name="soonest" value="([^"]+)"', page)


def heading(page: str) -> str:
    """The words of the h1."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return re.sub(r"<[^>]+>", " ", found.group(1)).strip() if found else ""
