"""The client at home: the appointment behind a link, to look at, move or cancel."""

from clinic.web.account.views import blueprint

__all__ = ["blueprint"]
