"""Screening: the questionnaire and the triage rules (pure, versioned data), and the intakes kept from them."""
