"""The client at home: the appointment behind a link, to look at, move or cancel."""

from clinic.web.account import again, changing, clearance, clearance_papers, finding, showing, together
from clinic.web.account.blueprint import blueprint

__all__ = [
    "again",
    "blueprint",
    "changing",
    "clearance",
    "clearance_papers",
    "finding",
    "showing",
    "together",
]
