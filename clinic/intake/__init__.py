"""Screening: questionnaire and triage (pure, versioned data), and the intakes kept from them."""
