"""How instants, days, money and references are written on a page."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Flask

from clinic.kernel import walltime
from clinic.kernel.codes import shown_reference
from clinic.kernel.money import Money
from clinic.people.contact import shown_phone as shown_phone


def clock_time(instant: datetime, zone: str) -> str:
    """'10:15' at the place; '01:30 GMT' in an hour that comes twice."""
    return walltime.clock(instant, ZoneInfo(zone))


def local_date(instant: datetime, zone: str) -> date:
    """The day at the place."""
    return instant.astimezone(ZoneInfo(zone)).date()


def long_day(day: date) -> str:
    """'Tuesday 24 November'."""
    return f"{day:%A} {day.day} {day:%B}"


def long_day_year(day: date) -> str:
    """'Tuesday 24 November 2026'."""
    return f"{long_day(day)} {day.year}"


def short_day(day: date) -> str:
    """'Tue 24 Nov'."""
    return f"{day:%a} {day.day} {day:%b}"


def when(instant: datetime, zone: str) -> str:
    """'Tuesday 24 November, 10:15' at the place."""
    return f"{long_day(local_date(instant, zone))}, {clock_time(instant, zone)}"


def money(minor: int, currency: str) -> str:
    """'£62'."""
    return str(Money(minor, currency))


def zone_place(zone: str) -> str:
    """'London' for 'Europe/London'."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def phone_href(phone: str) -> str:
    """'tel:+442079460142'."""
    return "tel:" + "".join(sign for sign in phone if sign.isdigit() or sign == "+")


def install(app: Flask) -> None:
    """Makes all of these filters of the templates, by their names."""
    for function in (
        clock_time, local_date, long_day, long_day_year, short_day, when, money, zone_place,
        phone_href, shown_phone, shown_reference,
    ):  # fmt: skip
        app.add_template_filter(function)
