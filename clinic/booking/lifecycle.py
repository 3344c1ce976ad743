"""What an appointment may become (pure)."""

from __future__ import annotations

from clinic.booking.statuses import Status
from clinic.kernel.errors import WrongState

# What may follow each status. The way back (undo) is part of the table: reception's slips are common. What is
# booked becomes provisional again when an answer has got worse.
NEXT: dict[Status, frozenset[Status]] = {
    Status.PROVISIONAL: frozenset({Status.BOOKED, Status.CANCELLED, Status.LAPSED}),
    Status.BOOKED: frozenset({Status.CHECKED_IN, Status.CANCELLED, Status.NO_SHOW, Status.PROVISIONAL}),
    Status.CHECKED_IN: frozenset({Status.FULFILLED, Status.BOOKED, Status.CANCELLED}),
    Status.FULFILLED: frozenset({Status.CHECKED_IN}),
    Status.NO_SHOW: frozenset({Status.BOOKED, Status.CHECKED_IN}),
    Status.CANCELLED: frozenset({Status.BOOKED}),
    Status.LAPSED: frozenset(),
}

# These occupy the diary; the others have given their time back.
LIVE = frozenset({Status.PROVISIONAL, Status.BOOKED, Status.CHECKED_IN, Status.FULFILLED, Status.NO_SHOW})
MOVABLE = frozenset({Status.PROVISIONAL, Status.BOOKED})


def check(now_is: Status, becomes: Status) -> None:
    """WrongState unless an appointment that is `now_is` may become `becomes`."""
    if becomes not in NEXT[now_is]:
        raise WrongState()
