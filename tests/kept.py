"""A PostgreSQL database that serves many tests of a process, one after the other, emptied between them.

To make a database of its own for a test and to connect to it anew costs more than most tests: the server
reads its catalogue again for every connection, and plans every statement again. Emptying takes some
milliseconds. What cannot be emptied (somebody still holds a lock or a connection) or has grown is given up.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from clinic import models  # noqa: F401  (every table)
from clinic.db import Base

MOST_BYTES_MORE = 6_000_000  # what was deleted still takes room, and time

EMPTY = """DO $$ BEGIN
    PERFORM set_config('session_replication_role', 'replica', true), set_config('lock_timeout', '2s', true);
    {deletes};
    PERFORM setval(quote_ident(sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE last_value IS NOT NULL;
END $$"""  # as a replica no trigger and no foreign key is in the way
SIZE = sa.text("SELECT pg_database_size(current_database())")


class Kept:
    """The database in use, if any; `make` gives a migrated, empty one, `drop` removes it."""

    def __init__(self, make: Callable[[], Engine], drop: Callable[[Engine], None]) -> None:
        self._make, self._drop = make, drop
        self._engine: Engine | None = None
        self._size = 0
        self._first_rows: dict[sa.Table, list[dict[str, Any]]] = {}

    def engine(self) -> Engine:
        """The engine of a database as the migrations leave it."""
        if self._engine is None:
            self._engine = self._make()
            with self._engine.connect() as connection:
                self._size = connection.scalar(SIZE)
                for table in Base.metadata.sorted_tables:
                    rows = [dict(row) for row in connection.execute(table.select()).mappings()]
                    if rows:
                        self._first_rows[table] = rows
        return self._engine

    def empty(self) -> None:
        """Puts everything back as the migrations left it, or gives the database up."""
        assert self._engine is not None
        with suppress(OperationalError):
            if self._engine.pool.checkedout() == 0 and self._put_back():  # type: ignore[attr-defined]
                return
        self.drop()

    def _put_back(self) -> bool:
        assert self._engine is not None
        deletes = ";\n".join(str(sa.delete(table)) for table in Base.metadata.sorted_tables)
        with self._engine.begin() as connection:
            if connection.scalar(SIZE) > self._size + MOST_BYTES_MORE:
                return False
            connection.exec_driver_sql(EMPTY.replace("{deletes}", deletes))
            for table, rows in self._first_rows.items():
                connection.execute(table.insert(), rows)
        return True

    def drop(self) -> None:
        """Removes the database in use."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()
            self._drop(engine)
