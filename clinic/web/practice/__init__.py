"""The therapist's practice: my day, my week, the session sheet, time off."""

from clinic.web.practice import days, outcome, sheet, time_off
from clinic.web.practice.blueprint import blueprint

__all__ = ["blueprint", "days", "outcome", "sheet", "time_off"]
