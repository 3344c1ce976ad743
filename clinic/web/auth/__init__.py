"""Signing in and out, for the people of the clinic."""

from clinic.web.auth.views import blueprint

__all__ = ["blueprint"]
