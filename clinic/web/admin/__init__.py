"""The owner: people, hours, rooms, offerings and prices, sites, sign-ins, rules."""

from clinic.web.admin import days_off, home, hours, offerings, rooms, rules, sites, skills, therapists, users
from clinic.web.admin.blueprint import blueprint

__all__ = [
    "blueprint",
    "days_off",
    "home",
    "hours",
    "offerings",
    "rooms",
    "rules",
    "sites",
    "skills",
    "therapists",
    "users",
]
