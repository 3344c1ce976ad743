"""The therapist's practice: my day, my week, the session sheet, time off."""

from clinic.web.practice import clearances, days, holding, outcome, sheet, time_off
from clinic.web.practice.blueprint import blueprint

__all__ = ["blueprint", "clearances", "days", "holding", "outcome", "sheet", "time_off"]
