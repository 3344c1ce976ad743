"""The desk: a day and a week by therapist, finding, booking for a caller, moving, checking in."""

from clinic.web.desk.views import blueprint

__all__ = ["blueprint"]
