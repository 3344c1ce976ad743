"""What is said after a decision: what it means for the client, and what became of the times that waited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from clinic.booking.queries import Listed
from clinic.care.clearing import Settled
from clinic.intake.models import ClearanceStatus
from clinic.web.promises import day_time

_WORDS = {
    ClearanceStatus.ALLOWED: "{name} may book.",
    ClearanceStatus.LIMITED: "{name} may book, with your limits.",
    ClearanceStatus.REFUSED: "Refused. We tell {name}.",
    ClearanceStatus.MORE_NEEDED: "{name} is asked.",
}


def told(settled: Settled, now: datetime) -> str:
    """'Ivy Marlow may book. Tue 16:00 is booked.'"""
    said = [_WORDS[settled.status].format(name=settled.name)]
    if settled.booked:
        said.append(f"{_times(settled.booked, now)} {_be(settled.booked)} booked.")
    if settled.given_back:
        said.append(f"{_times(settled.given_back, now)} {_be(settled.given_back)} given back.")
    if settled.waiting and settled.status is ClearanceStatus.MORE_NEEDED:
        said.append(f"{_times(settled.waiting, now)} {_be(settled.waiting)} kept meanwhile.")
    elif settled.waiting:
        said.append(
            f"{_times(settled.waiting, now)} still {'wait' if len(settled.waiting) > 1 else 'waits'}: "
            "the session does not go with the limits. Reception has to change it."
        )
    return " ".join(said)


def _times(times: Iterable[Listed], now: datetime) -> str:
    return " and ".join(day_time(each.starts_at, each.tz, now) for each in times)


def _be(times: tuple[Listed, ...]) -> str:
    return "are" if len(times) > 1 else "is"
