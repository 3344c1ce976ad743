"""Writes that need nothing of one another, sent to the database together.

Inside `gathered` they wait for its end. PostgreSQL then takes them as one statement, so a booking waits for
one answer instead of eight; SQLite, which has no answers to wait for, takes them one after another. Outside
of it each is written at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.sql import visitors

Statement = sa.Insert | sa.Update
_WAITING = "gathered"


@dataclass(frozen=True, slots=True)
class _Write:
    statement: Statement
    values: Mapping[str, Any]
    or_else: Exception | None


@contextmanager
def gathered(session: Session) -> Iterator[None]:
    """Writes at the end, all together, what the functions below are given meanwhile.

    Whoever gathers answers for it that none of it reads or changes a row that another writes, and that
    nothing of it is asked for before the end. Inside another one it is part of that. After an error nothing
    is written.
    """
    if _WAITING in session.info:
        yield
        return
    waiting: list[_Write] = []
    session.info[_WAITING] = waiting
    try:
        yield
    finally:
        del session.info[_WAITING]
    session.flush()
    _send(session.connection(), waiting)


def write(
    session: Session, statement: Statement, values: Mapping[str, Any], *, or_else: Exception | None = None
) -> None:
    """Executes a statement with `values` for its parameters; raises `or_else` where it writes no row.

    The statement is one of few that are put together once, as what PostgreSQL is sent is kept by it.
    """
    wanted = _Write(statement, values, or_else)
    waiting: list[_Write] | None = session.info.get(_WAITING)
    if waiting is not None:
        waiting.append(wanted)
        return
    session.flush()
    _send(session.connection(), [wanted])


def add(session: Session, model: type[DeclarativeBase], **values: Any) -> None:
    """Adds a row that nobody needs as an object; what has a default in the model is given all the same."""
    write(session, _insert(model, tuple(values)), _as_new(values))


def change(session: Session, row: DeclarativeBase, **values: Any) -> None:
    """Changes columns of a row that was read in this transaction, and says so to the object.

    Past the session's own way of finding out what has changed, which takes longer than the database. As
    there, StaleDataError where somebody has changed or deleted the row since.
    """
    if session.is_modified(row):
        session.flush()
    key, counter = sa.inspect(row).identity, _counter(type(row))
    assert key is not None, "only what was read is changed"
    named = {"its_id": key[0]}
    if counter is not None:
        named["its_version"] = getattr(row, counter.key)
        set_committed_value(row, counter.key, named["its_version"] + 1)
    for name, value in values.items():
        set_committed_value(row, name, value)
    gone = StaleDataError("a row was changed by somebody else")
    write(session, _update(type(row), tuple(values)), {**named, **_as_new(values)}, or_else=gone)


def _as_new(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in values.items()}


@lru_cache(maxsize=64)
def _insert(model: type[DeclarativeBase], names: tuple[str, ...]) -> sa.Insert:
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in names}
    return sa.insert(cast(sa.Table, model.__table__)).values(values)


@lru_cache(maxsize=64)
def _update(model: type[DeclarativeBase], names: tuple[str, ...]) -> sa.Update:
    table, counter = cast(sa.Table, model.__table__), _counter(model)
    wanted = [table.c.id == sa.bindparam("its_id")]
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in names}
    if counter is not None:
        wanted.append(counter == sa.bindparam("its_version"))
        values[counter.key] = counter + 1
    return sa.update(table).where(*wanted).values(values)


def _counter(model: type[DeclarativeBase]) -> sa.Column[int] | None:
    """The column that counts the changes of a row, where a model has one."""
    return cast("sa.Column[int] | None", sa.inspect(model).version_id_col)


def _send(connection: sa.Connection, writes: Sequence[_Write]) -> None:
    if len(writes) > 1 and connection.dialect.name == "postgresql":
        values = {
            f"{name}_{place}": value
            for place, each in enumerate(writes)
            for name, value in each.values.items()
        }
        statement = _together(tuple(each.statement for each in writes))
        written = list(connection.execute(statement, values).one())
    else:
        written = [connection.execute(each.statement, each.values).rowcount for each in writes]
    for each, rows in zip(writes, written, strict=True):
        if rows == 0 and each.or_else is not None:
            raise each.or_else


@lru_cache(maxsize=64)
def _together(statements: tuple[Statement, ...]) -> sa.Select[Any]:
    """One statement that does what all of them do and gives how many rows each has written."""
    parts = [
        _numbered(statement, place).returning(sa.literal_column("1")).cte(f"write_{place}")
        for place, statement in enumerate(statements)
    ]
    return sa.select(*(sa.select(sa.func.count()).select_from(part).scalar_subquery() for part in parts))


def _numbered(statement: Statement, place: int) -> Statement:
    """The same with parameters of its own: two of one kind may be sent together."""

    def rename(parameter: sa.BindParameter[Any]) -> None:
        if not parameter.unique:
            parameter.key = f"{parameter.key}_{place}"

    return visitors.cloned_traverse(statement, {}, {"bindparam": rename})
