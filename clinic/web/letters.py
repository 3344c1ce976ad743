"""The letter of a held intake: for its own page, for the outcome's, and for whoever prints it."""

from __future__ import annotations

from clinic.intake import letter
from clinic.intake import services as intakes
from clinic.intake.clearances import holding
from clinic.intake.letter import Letter
from clinic.intake.letter import Told as Told
from clinic.intake.models import Intake
from clinic.intake.rules import load_rules


def letter_of(intake: Intake) -> Letter:
    """Gives the letter by the rules the intake was judged by, and with the limits it has by now."""
    rules = load_rules(intake.rules_version) if intake.rules_version else load_rules()
    cap = intakes.restrictions_of(intake).pressure_cap
    return letter.write(rules, intakes.answers_of(intake), holding(intake), cap)
