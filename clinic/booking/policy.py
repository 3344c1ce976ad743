"""What the clinic lets a client do, and until when (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.booking.lifecycle import MOVABLE
from clinic.booking.statuses import Status
from clinic.kernel.errors import TooLate, WrongState


@dataclass(frozen=True, slots=True)
class Policy:
    """A site's promises, in minutes: least notice for a new time, and for changing one online."""

    min_notice_minutes: int
    change_until_minutes: int

    def change_until(self, starts_at: datetime) -> datetime:
        """The last instant at which a client may move or cancel online."""
        return starts_at - timedelta(minutes=self.change_until_minutes)

    def may_change(self, status: Status, starts_at: datetime, now: datetime) -> bool:
        return status in MOVABLE and now <= self.change_until(starts_at)

    def check_change(self, status: Status, starts_at: datetime, now: datetime) -> None:
        """WrongState for what is over or cancelled, TooLate past the promise."""
        if status not in MOVABLE:
            raise WrongState()
        if now > self.change_until(starts_at):
            raise TooLate()
