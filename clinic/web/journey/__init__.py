"""The client on the way: from the first question to a booked appointment."""

from clinic.web.journey.views import blueprint

__all__ = ["blueprint"]
