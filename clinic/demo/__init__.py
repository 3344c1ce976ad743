"""The demo clinic: one believable clinic, made up from first to last, the same for the same day."""
