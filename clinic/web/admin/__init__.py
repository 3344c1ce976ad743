"""The owner: people, hours, rooms, offerings and prices."""

from clinic.web.admin.views import blueprint

__all__ = ["blueprint"]
