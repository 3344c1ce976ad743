"""Two people with one browser: what the tests of their way share."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from tests.makers import Clinic
from tests.web.journey.steps import Walker

TEN = "2026-11-24T10:00Z"
NAMES = {"first": "Ruth Carver", "second": "Carl Hall", "who": "grown_up"}
REACH = {"email": "ruth@client.example", "phone": "020 7946 0321", "reminders": "yes"}
STOPPED = {"safety": {"now_signs": "chest_pain"}}


class TwoWalkers(Walker):
    """One browser that two people use in turns."""

    def post(self, path: str, data: dict[str, Any] | None = None) -> Any:
        """Sends what a page of theirs would: with whose it is."""
        return super().post(path, {"whose": self.whose(), **(data or {})})

    def whose(self) -> str:
        """The mark that the pages of whoever has the screen carry."""
        found = re.search(r'name="whose" value="([^"]*)"', self.get("/book/session").text)
        found = found or re.search(r'name="whose" value="([^"]*)"', self.browser.get(
            "/book", follow_redirects=True).text)  # fmt: skip
        return found.group(1) if found else ""

    def turn(self, who: str) -> Any:
        return super().post("/book/together/turn", {"who": who})

    def begin(self, clinic: Clinic, **names: str) -> Any:
        """The first person up to the hand-over."""
        self.to_time(clinic.swedish.id)
        return super().post("/book/together", {**NAMES, **names})

    def second(self, option_id: int, **pages: dict[str, Any]) -> Any:
        """The second person's part up to the last word of it."""
        self.turn("second")
        self.to_session(**pages)
        return self.post("/book/session", {"option": option_id})

    def to_pair_time(self, clinic: Clinic, **pages: dict[str, Any]) -> Any:
        self.begin(clinic)
        self.second(clinic.deep.id, **pages)
        self.turn("both")
        return self.get("/book/together/time")

    def hold(self, clinic: Clinic, slot: str = TEN, query: str = "") -> Any:
        data = {"slot": slot, "option": [clinic.swedish.id, clinic.deep.id]}
        return Walker.post(self, f"/book/together/time{query}", data)

    def hold_same(self, clinic: Clinic) -> Any:
        """Holds for two who both chose the same session."""
        data = {"slot": TEN, "option": [clinic.swedish.id, clinic.swedish.id]}
        return Walker.post(self, "/book/together/time", data)

    def to_pair_check(self, clinic: Clinic, query: str = "") -> Any:
        self.to_pair_time(clinic)
        self.hold(clinic, query=query)
        Walker.post(self, "/book/together/details", REACH)
        return self.get("/book/together/check")

    def book_both(self) -> Any:
        page = self.get("/book/together/check").text
        ids = re.findall(r'name="hold" value="(\d+)"', page)
        return Walker.post(self, "/book/together/check", {"hold": ids})


def stop_second(two: TwoWalkers, clinic: Clinic, **pages: dict[str, Any]) -> str:
    two.begin(clinic)
    two.turn("second")
    return str(two.answer_all(**pages).text)


def leaf(page: str) -> str:
    """What a page says of itself, without the way and what stands under every page."""
    return page.partition('<div class="leaf')[2].partition("<footer")[0].lower()


def appointments(db: Session) -> list[Appointment]:
    db.rollback()
    db.expire_all()
    return list(db.scalars(sa.select(Appointment).order_by(Appointment.id)))
