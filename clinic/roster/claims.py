"""Claims: whose time something takes, as the squares of the diary and as the spans that say the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from clinic.kernel.errors import BadInput
from clinic.kernel.ticks import ticks_between
from clinic.roster.models import SPAN_TICKS, DiaryEntry, OwnerKind, SlotClaim

LONGEST = timedelta(days=370)
# Rows that go into one statement; SQLite takes some ten thousand values at most.
_MOST_ROWS = 500
_Square = tuple[str, int, int, int]
Written = TypeVar("Written")
_Span = tuple[int, str, int, int, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """An owner's time from `start` to `end` (aware instants; widened outward to whole five minutes)."""

    kind: OwnerKind
    owner_id: int
    start: datetime
    end: datetime

    def ticks(self) -> range:
        if self.end <= self.start:
            raise BadInput("The end must be after the start.")
        if self.end - self.start > LONGEST:
            raise BadInput("That is longer than a year.")
        return ticks_between(self.start, self.end)

    def squares(self) -> Iterator[tuple[str, int, int]]:
        """Kind, owner and tick of each square."""
        return ((self.kind.value, self.owner_id, tick) for tick in self.ticks())


def session_claims(
    *,
    therapist_id: int,
    room_id: int,
    client_id: int | None,
    starts_at: datetime,
    ends_at: datetime,
    buffer_before: int,
    buffer_after: int,
    turnover: int,
) -> list[Claim]:
    """What a session takes: therapist with buffers, room with turnover, client bare (minutes)."""
    before, after, turn = (timedelta(minutes=m) for m in (buffer_before, buffer_after, turnover))
    claims = [
        Claim(OwnerKind.THERAPIST, therapist_id, starts_at - before, ends_at + after),
        Claim(OwnerKind.ROOM, room_id, starts_at, ends_at + turn),
    ]
    if client_id is not None:
        claims.append(Claim(OwnerKind.CLIENT, client_id, starts_at, ends_at))
    return claims


def write_claims(connection: sa.Connection, entries: Iterable[tuple[int, Sequence[Claim]]]) -> bool:
    """Writes squares and spans of entries. The squares go in key order over all of them, each once.

    False where one was written already: the others are written then, but no span.
    """
    spans = _spans(entries)
    if spans and connection.dialect.name == "postgresql":
        return _at_one_go(connection, spans)
    squares = {
        (kind, owner_id, tick, entry_id)
        for entry_id, kind, owner_id, start, end in spans
        for tick in range(start, end)
    }
    if not write_squares(connection, sorted(squares)):
        return False
    _insert(connection, _INTO_SPANS, spans)
    return True


def write_entry(connection: sa.Connection, facts: Mapping[str, Any], claims: Sequence[Claim]) -> int | None:
    """Writes an entry of these `facts` (columns of diary_entry) with its claims and gives its number.

    None where a square was written already: for `all_or_nothing` to take back what was.
    """
    if claims and connection.dialect.name == "postgresql":
        values = _by_column(_spans([(0, claims)]))
        number, is_whole = connection.execute(_ENTRY, {**facts, **values}).one()
        return int(number) if is_whole else None
    key = connection.execute(_NEW_ENTRY, facts).inserted_primary_key
    assert key is not None
    return int(key[0]) if write_claims(connection, [(key[0], claims)]) else None


def write_squares(connection: sa.Connection, squares: Sequence[_Square]) -> bool:
    """Writes squares (kind, owner, tick, entry) in the order given; False where one was written already.

    The key refuses that one, after waiting for whoever is about to write it, and the others are written: for
    `all_or_nothing` to take back.
    """
    into = "slot_claim (kind, owner_id, tick, entry_id)"
    return _insert(connection, into, squares, "ON CONFLICT DO NOTHING") == len(squares)


def all_or_nothing(
    connection: sa.Connection, write: Callable[[sa.Connection], Written | None]
) -> Written | None:
    """Has something written and gives what comes of it; None, and all of it taken back, if that is None.

    By a savepoint, not by deleting: a square that was written and deleted would be nobody's and yet be waited
    for until the transaction ends, while it tries for squares of others. Two who did so could wait for each
    other. As nothing fails, the database has no error to log.
    """
    attempt = connection.begin_nested()
    try:
        written = write(connection)
        if written is not None:
            attempt.commit()
    except BaseException:
        attempt.rollback()  # also where the connection was lost at the end: the savepoint around it is next
        raise
    if written is None:
        attempt.rollback()
    return written


def wipe_squares(connection: sa.Connection, entry_id: int, squares: Iterable[tuple[str, int, int]]) -> None:
    """Takes squares (kind, owner, tick) from an entry, in key order; those of others stay."""
    ticks: dict[tuple[str, int], list[int]] = {}
    for kind, owner_id, tick in sorted(squares):
        ticks.setdefault((kind, owner_id), []).append(tick)
    for (kind, owner_id), some in ticks.items():
        connection.execute(_WIPE, {"entry": entry_id, "kind": kind, "owner": owner_id, "ticks": some})


_WIPE = sa.delete(SlotClaim.__table__).where(  # type: ignore[arg-type]
    SlotClaim.entry_id == sa.bindparam("entry"),
    SlotClaim.kind == sa.bindparam("kind"),
    SlotClaim.owner_id == sa.bindparam("owner"),
    SlotClaim.tick.in_(sa.bindparam("ticks", expanding=True)),
)


def write_spans(connection: sa.Connection, entries: Iterable[tuple[int, Sequence[Claim]]]) -> None:
    """Writes a row for each claim of the entries, or one for each day begun."""
    _insert(connection, _INTO_SPANS, _spans(entries))


_INTO_SPANS = "diary_span (entry_id, kind, owner_id, from_tick, to_tick)"


def _spans(entries: Iterable[tuple[int, Sequence[Claim]]]) -> list[_Span]:
    """Entry, kind, owner, first tick and the tick after the last, no row longer than a day."""
    return [
        (entry_id, each.kind.value, each.owner_id, start, min(start + SPAN_TICKS, each.ticks().stop))
        for entry_id, wanted in entries
        for each in wanted
        for start in each.ticks()[::SPAN_TICKS]
    ]


def _at_one_go(connection: sa.Connection, spans: Sequence[_Span]) -> bool:
    """Writes spans and their squares with one statement, no span if a square was refused; whether none was.

    One value for each column, so it is the same statement for any number of rows and planned once.
    """
    return bool(connection.execute(_CLAIMS, _by_column(spans)).scalar_one())


def _by_column(spans: Sequence[_Span]) -> dict[str, list[Any]]:
    return dict(zip(_COLUMNS, map(list, zip(*spans, strict=True)), strict=True))


_COLUMNS = ("entries", "kinds", "owners", "from_ticks", "to_ticks")
_SQUARES_AND_SPANS = """
    square AS MATERIALIZED (
        SELECT DISTINCT kind, owner_id, tick, entry_id
        FROM given, generate_series(from_tick, to_tick - 1) AS tick
    ), written AS (
        INSERT INTO slot_claim (kind, owner_id, tick, entry_id)
        SELECT * FROM square ORDER BY kind, owner_id, tick
        ON CONFLICT DO NOTHING RETURNING 1
    ), outcome AS (
        SELECT (SELECT count(*) FROM written) = (SELECT count(*) FROM square) AS is_whole
    ), span AS (
        INSERT INTO diary_span (entry_id, kind, owner_id, from_tick, to_tick)
        SELECT given.* FROM given, outcome WHERE is_whole
    )
    """
_ENTRIES = cast(sa.Table, DiaryEntry.__table__)
_NEW_ENTRY = sa.insert(_ENTRIES)
_FACTS = [column for column in _ENTRIES.columns if not column.primary_key]
_BINDS = (
    *(
        sa.bindparam(name, type_=postgresql.ARRAY(sa.String if name == "kinds" else sa.Integer))
        for name in _COLUMNS
    ),
    *(sa.bindparam(column.name, type_=column.type) for column in _FACTS),
)


def _statement(given: str, gives: str) -> sa.TextClause:
    """One that writes the squares and spans of what is `given`."""
    words = f"WITH {given}, {_SQUARES_AND_SPANS} SELECT {gives} FROM outcome"  # noqa: S608 - our own
    named = re.findall(r":(\w+)", words)
    return sa.text(words).bindparams(*(each for each in _BINDS if each.key in named))


_CLAIMS = _statement(
    """given AS (
        SELECT * FROM unnest(:entries, :kinds, :owners, :from_ticks, :to_ticks)
            AS given (entry_id, kind, owner_id, from_tick, to_tick)
    )""",
    "is_whole",
)
_ENTRY = _statement(
    f"""entry AS (
        INSERT INTO diary_entry ({", ".join(column.name for column in _FACTS)})
        VALUES ({", ".join(f":{column.name}" for column in _FACTS)}) RETURNING id
    ), given AS (
        SELECT id AS entry_id, claim.*
        FROM entry, unnest(:kinds, :owners, :from_ticks, :to_ticks)
            AS claim (kind, owner_id, from_tick, to_tick)
    )""",  # noqa: S608 - our own
    "(SELECT id FROM entry), is_whole",
)


def _insert(
    connection: sa.Connection, into: str, rows: Sequence[tuple[int | str, ...]], last: str = ""
) -> int:
    """Writes rows in the order given, many with one statement; how many were written.

    Put together by hand, as SQLAlchemy would put it together anew for each number of rows.
    """
    written = 0
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for begin in range(0, len(rows), _MOST_ROWS):
        some = rows[begin : begin + _MOST_ROWS]
        one = f"({', '.join([mark] * len(some[0]))})"
        statement = f"INSERT INTO {into} VALUES {', '.join([one] * len(some))} {last}"  # noqa: S608 - our own
        written += connection.exec_driver_sql(statement, tuple(chain.from_iterable(some))).rowcount
    return written
