"""What stands for weeks: hours, rooms, closures, sessions, as was read, kept until any of it changes.

Every change to one of these tables gives `roster_state` another mark, by a trigger in the database and in
the same transaction, whoever makes it. A search asks for the mark, and then only for what it does not have
under it. Marks are drawn at random and never come again, so nothing is found that was read under another
state: not after a rollback, and not after a backup was brought back.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.roster.models import RosterState, Site

Read = TypeVar("Read")
# Under this name a session has its `Known`; one without reads everything anew.
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


@dataclass(slots=True)
class Known:
    """What one session knows of it. The `mark` is asked for once while it only reads, and else each time."""

    standing: Standing
    mark: int | None = None
    is_writing: bool = False

    def turn(self, *, is_writing: bool) -> None:
        """The session begins to write, or has ended: it may have changed what stands, or waited."""
        self.is_writing, self.mark = is_writing, None

    def see(self, mark: int) -> None:
        """Keeps a mark that was read, while nothing is written."""
        if not self.is_writing:
            self.mark = mark

    def take(self) -> int | None:
        """The mark that is known, if any; to one who writes only once."""
        mark = self.mark
        if self.is_writing:
            self.mark = None
        return mark


def mark_of(session: Session) -> int | None:
    """Today's mark; None for a session that keeps nothing.

    It is asked for before what it stands for: what is read after it is that state or a newer, never an older.
    """
    known: Known | None = session.info.get(KEPT)
    if known is None:
        return None
    seen = known.take()
    if seen is not None:
        return seen
    if session.autoflush:
        session.flush()
    mark: int = session.connection().execute(_MARK).scalar_one()
    known.see(mark)
    return mark


def just_read(session: Session, mark: int) -> None:
    """Keeps a mark that was read with something else, after all waiting: who asks next need not ask again."""
    known: Known | None = session.info.get(KEPT)
    if known is not None:
        known.mark = mark


def kept(session: Session, mark: int | None, what: Hashable, read: Callable[[], Read]) -> Read:
    """Gives what `read` gives for `what`; without reading where it is kept under this mark."""
    known: Known | None = session.info.get(KEPT)
    if known is None or mark is None:
        return read()
    found: Read | None = known.standing.get((mark, what))
    if found is None:
        found = read()
        known.standing.put((mark, what), found)
    return found


def first_site(session: Session) -> Site | None:
    """The clinic's first active site; with it comes the mark, so a page that searches need not ask for it."""
    row = session.execute(_FIRST_SITE).one_or_none()
    if row is None:
        return None
    site, mark = row
    known: Known | None = session.info.get(KEPT)
    if known is not None:
        known.see(mark)
    return site


_FIRST_SITE = (
    sa.select(Site, RosterState.mark)
    .join(RosterState, sa.true())
    .where(Site.is_active)
    .order_by(Site.id)
    .limit(1)
)
