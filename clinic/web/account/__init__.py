"""The client at home: the appointment behind a link, to look at, move or cancel."""

from clinic.web.account import changing, finding, showing
from clinic.web.account.blueprint import blueprint

__all__ = ["blueprint", "changing", "finding", "showing"]
