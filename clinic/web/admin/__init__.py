"""The owner: people, hours, rooms, offerings and prices, sites, sign-ins."""

from clinic.web.admin import days_off, home, hours, offerings, rooms, sites, skills, therapists, users
from clinic.web.admin.blueprint import blueprint

__all__ = [
    "blueprint",
    "days_off",
    "home",
    "hours",
    "offerings",
    "rooms",
    "sites",
    "skills",
    "therapists",
    "users",
]
