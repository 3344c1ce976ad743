"""The client on the way: from the first question to a booked appointment."""

from clinic.web.journey import (
    booked,
    call_back,
    changed,
    check,
    clearance,
    day,
    details,
    landing,
    outcome,
    plan,
    questions,
    sessions,
    times,
    together_check,
    together_details,
    together_people,
    together_time,
    turns,
)
from clinic.web.journey.blueprint import blueprint

# Each module adds its pages to the blueprint.
__all__ = [
    "blueprint",
    "booked",
    "call_back",
    "changed",
    "check",
    "clearance",
    "day",
    "details",
    "landing",
    "outcome",
    "plan",
    "questions",
    "sessions",
    "times",
    "together_check",
    "together_details",
    "together_people",
    "together_time",
    "turns",
]
