"""The therapist's practice: my day, my week, the session sheet."""

from clinic.web.practice.views import blueprint

__all__ = ["blueprint"]
