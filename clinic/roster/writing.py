"""What the writing services of the roster share beside `catalog.writing`: versions, days, spans."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from clinic.kernel import signs
from clinic.kernel.errors import BadInput

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
LONGEST_TIME_OFF = timedelta(days=366)


def touch(row: Any) -> None:
    """Makes the next flush raise the row's version, also where only things beside it changed.

    Two who save at once then meet in the database: the second is told that it is stale.
    """
    if sa.inspect(row).persistent:
        flag_modified(row, "name")


def long_text(text: str, most: int, field: str) -> str:
    """The text without blank ends; refuses an overlong one."""
    plain = text.replace("\r\n", "\n").strip()
    signs.check(plain, field)
    if len(plain) > most:
        raise BadInput(f"Use {most} signs or fewer.", field)
    return plain


def check_day(day: date, field: str) -> None:
    """Refuses days that no clinic plans for, before arithmetic runs out of calendar."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadInput(f"Enter a year from {FIRST_DAY.year} to {LAST_DAY.year}.", field)


def check_span(starts_at: datetime, ends_at: datetime) -> None:
    """Refuses an end before the start, a span of over a year, and years that no clinic plans for."""
    check_day(starts_at.date(), "starts")
    check_day(ends_at.date(), "ends")
    if ends_at <= starts_at:
        raise BadInput("The end must be after the start.", "ends")
    if ends_at - starts_at > LONGEST_TIME_OFF:
        raise BadInput("That is longer than a year.", "ends")
