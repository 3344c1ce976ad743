"""What stands for weeks: hours, rooms, closures, as a search has read them, kept until any of it changes.

Every change to one of these tables gives `roster_state` another mark, by a trigger in the database and in
the same transaction, whoever makes it. A search asks for the mark, and then only for what it does not have
under it. Marks are drawn at random and never come again, so nothing is found that was read under another
state: not after a rollback, and not after a backup was brought back.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.roster.models import RosterState

Read = TypeVar("Read")
# Under this name a session has what is kept for it; one without reads everything anew.
KEPT = "standing"
_MARK = sa.select(RosterState.mark)


class Standing:
    """What was read, by mark and search: the last few hundred, for all threads of a process."""

    MOST = 256

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable) -> Any:
        """What is kept under a key, or None."""
        with self._turn:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Hashable, read: object) -> None:
        """Keeps what was read, and forgets what has not been asked for the longest."""
        with self._turn:
            self._kept[key] = read
            while len(self._kept) > self.MOST:
                self._kept.popitem(last=False)


def kept(session: Session, search: Hashable, read: Callable[[], Read]) -> Read:
    """Gives what `read` gives for a search; without reading where the session keeps it under today's mark.

    The mark comes first: what is read after it is that state or a newer one, never an older.
    """
    standing: Standing | None = session.info.get(KEPT)
    if standing is None:
        return read()
    if session.autoflush:
        session.flush()
    key = (session.connection().execute(_MARK).scalar_one(), search)
    found: Read | None = standing.get(key)
    if found is None:
        found = read()
        standing.put(key, found)
    return found
