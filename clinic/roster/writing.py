"""What the writing services of the roster share: versions, names, days, doubles."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from clinic.kernel import signs
from clinic.kernel.errors import BadInput, NotFound, Stale

Row = TypeVar("Row")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
LONGEST_TIME_OFF = timedelta(days=366)


def fresh(found: Row | None, version: int | None) -> Row:
    """The row, if it is there and still the version that was looked at; NotFound or Stale otherwise."""
    if found is None:
        raise NotFound()
    if version is not None and getattr(found, "version", version) != version:
        raise Stale()
    return found


def touch(row: Any) -> None:
    """Makes the next flush raise the row's version, also where only things beside it changed.

    Two who save at once then meet in the database: the second is told that it is stale.
    """
    if sa.inspect(row).persistent:
        flag_modified(row, "name")


def words(text: str, most: int, field: str = "name", sentence: str = "Enter a name.") -> str:
    """The text with its spaces set right; refuses an empty or an overlong one."""
    plain = " ".join(text.split())
    signs.check(plain, field)
    if not plain:
        raise BadInput(sentence, field)
    if len(plain) > most:
        raise BadInput(f"Use {most} signs or fewer.", field)
    return plain


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


def refuse_double(
    session: Session, table: Any, same: sa.ColumnElement[bool], own_id: int | None, sentence: str
) -> None:
    """Refuses, at the name, a second row for which `same` holds."""
    with session.no_autoflush:
        found = session.scalar(sa.select(table.id).where(same).limit(1))
    if found is not None and found != own_id:
        raise BadInput(sentence, "name")


def keep(session: Session, row: Row, sentence: str, field: str = "name") -> Row:
    """Writes the row; a key that somebody took in the same moment is refused with `sentence`."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        raise BadInput(sentence, field) from None
    return row
