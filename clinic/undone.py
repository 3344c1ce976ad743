"""Which errors mean that the database has undone what was begun, so that it may be asked once more.

A deadlock is nobody's refusal: PostgreSQL picks one of those who wait for each other and takes back all that
it did. Whoever opened the transaction begins again from the start, or says that nothing was saved; a service
never turns it into 'taken', for nothing was. The same goes for a row that somebody else changed between its
being read and being locked: asked again, it is read as it stands.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

DEADLOCK, NO_SERIAL_ORDER, LOCK_NOT_TO_BE_HAD = "40P01", "40001", "55P03"
ENDED_BY_THE_SERVER = "57P01"
_UNDONE = frozenset({DEADLOCK, NO_SERIAL_ORDER, LOCK_NOT_TO_BE_HAD})


def is_undone(error: BaseException) -> bool:
    """Whether the database has given up on a transaction, or never began it: nothing of it is kept."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, StaleDataError)
    return getattr(error.orig, "sqlstate", None) in _UNDONE or _sqlite_name(error).startswith("SQLITE_BUSY")


def has_waited(error: BaseException) -> bool:
    """Whether somebody has waited for SQLite's one writer as long as anybody is asked to (db.BUSY_SECONDS).

    A reader who wants to write over what is no longer there is told at once, by another name.
    """
    return _sqlite_name(error) == "SQLITE_BUSY"


def is_cut_off(error: BaseException) -> bool:
    """Whether the connection was lost: what was not committed is undone, a commit under way may be kept."""
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) == ENDED_BY_THE_SERVER


def _sqlite_name(error: BaseException) -> str:
    return getattr(getattr(error, "orig", None), "sqlite_errorname", "")
