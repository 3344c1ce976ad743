"""The desk: a day and a week by therapist, finding, booking for a caller, moving, checking in."""

from clinic.web.desk import (
    appointment,
    call_clearance,
    call_questions,
    call_times,
    caller,
    changing,
    clearances,
    day,
    find,
    moving,
    queue,
    series,
    together,
    week,
)
from clinic.web.desk.blueprint import blueprint

__all__ = [
    "appointment",
    "blueprint",
    "call_clearance",
    "call_questions",
    "call_times",
    "caller",
    "changing",
    "clearances",
    "day",
    "find",
    "moving",
    "queue",
    "series",
    "together",
    "week",
]
