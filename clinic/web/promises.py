"""How long somebody waits, and until when we promised an answer, in words; for the desk and the practice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.booking.queue import Request
from clinic.intake.models import ClearanceStatus
from clinic.web.filters import clock_time, local_date

_HOUR, _DAY = 60, 24 * 60


@dataclass(frozen=True, slots=True)
class Promise:
    """The words of a row: the promise, how long it is over ('' while it is kept), how long they wait."""

    words: str
    over: str
    waits: str

    @property
    def heat(self) -> str:
        """'hot' for a broken promise."""
        return "hot" if self.over else ""


def promise_of(request: Request, now: datetime) -> Promise:
    """'answer by Tue 14:00' or 'over by 3 h'; of one that is decided, when that was."""
    waits = span_word(now - request.waiting_since)
    over = request.over_by(now)
    if over is not None:
        return Promise(f"over by {span_word(over)}", span_word(over), waits)
    if request.status is ClearanceStatus.OPEN:
        return Promise(f"answer by {day_time(request.due_at, request.tz, now)}", "", waits)
    at = request.decided_at or request.opened_at
    word = "asked" if request.status is ClearanceStatus.MORE_NEEDED else "decided"
    return Promise(f"{word} {day_time(at, request.tz, now)}", "", span_word(now - at))


def day_time(instant: datetime, tz: str, now: datetime) -> str:
    """'today 14:00', 'Tue 14:00', 'Tue 1 Dec 14:00' for what is six days off or more."""
    day, today = local_date(instant, tz), local_date(now, tz)
    word = f"{day:%a}" if abs(day - today) < timedelta(days=6) else f"{day:%a} {day.day} {day:%b}"
    return f"{'today' if day == today else word} {clock_time(instant, tz)}"


def span_word(span: timedelta) -> str:
    """'16 min', '3 h', '4 days'."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < _HOUR:
        return f"{minutes} min"
    if minutes < _DAY:
        return f"{minutes // _HOUR} h"
    days = minutes // _DAY
    return "1 day" if days == 1 else f"{days} days"
