"""The therapist's practice: my day, my week, the session sheet, time off."""

from clinic.web.practice import clearances, day_check, days, holding, outcome, sheet, time_off
from clinic.web.practice.blueprint import blueprint

__all__ = ["blueprint", "clearances", "day_check", "days", "holding", "outcome", "sheet", "time_off"]
