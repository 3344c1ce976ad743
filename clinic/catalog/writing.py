"""What the owner's writing services share: versions that are looked at, names, doubles."""

from __future__ import annotations

from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.kernel import signs
from clinic.kernel.errors import BadInput, NotFound, Stale

Row = TypeVar("Row")


def fresh(found: Row | None, version: int | None) -> Row:
    """The row, if it is there and still the version that was looked at; NotFound or Stale otherwise."""
    if found is None:
        raise NotFound()
    if version is not None and getattr(found, "version", version) != version:
        raise Stale()
    return found


def words(text: str, most: int, field: str = "name", sentence: str = "Enter a name.") -> str:
    """The text with its spaces set right; refuses an empty or an overlong one."""
    plain = " ".join(text.split())
    signs.check(plain, field)
    if not plain:
        raise BadInput(sentence, field)
    if len(plain) > most:
        raise BadInput(f"Use {most} signs or fewer.", field)
    return plain


def refuse_double(
    session: Session,
    table: Any,
    same: sa.ColumnElement[bool],
    own_id: int | None,
    sentence: str,
    field: str = "name",
) -> None:
    """Refuses, at its field, a second row for which `same` holds."""
    with session.no_autoflush:
        found = session.scalar(sa.select(table.id).where(same).limit(1))
    if found is not None and found != own_id:
        raise BadInput(sentence, field)


def keep(session: Session, row: Row, sentence: str, field: str = "name") -> Row:
    """Writes the row; a key that somebody took in the same moment is refused with `sentence`."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        raise BadInput(sentence, field) from None
    return row
