"""The client at home: the appointment behind a link, to look at, move or cancel."""

from clinic.web.account import changing, clearance, clearance_papers, finding, showing
from clinic.web.account.blueprint import blueprint

__all__ = ["blueprint", "changing", "clearance", "clearance_papers", "finding", "showing"]
