"""Hours, rooms and closures that are kept between two searches are never those of another day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import iterate

from clinic.booking import hold_limits
from clinic.booking.slots import starts_on
from clinic.db import Base
from clinic.roster import statements
from clinic.roster.models import Closure, RosterState
from clinic.roster.standing import KEPT, Known, Standing, first_site, mark_of
from tests import makers
from tests.makers import Clinic

pytestmark = pytest.mark.database
WEEKLY = (statements.WORKERS, statements.ROOMS, statements.CLOSURES, statements.SITES)
TUESDAY = date(2026, 11, 24)


@pytest.fixture
def clinic(session: Session) -> Clinic:
    return makers.clinic(session)


def tables() -> list[str]:
    """The tables that a search keeps what it has read of, as its own statements name them."""
    read = (*WEEKLY, hold_limits.LONGEST)
    return sorted({part.name for each in read for part in iterate(each) if isinstance(part, sa.Table)})


@contextmanager
def asked(session: Session) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("table", tables())
def test_every_change_of_what_is_kept_draws_another_mark(
    session: Session, clinic: Clinic, table: str
) -> None:
    """By plain SQL, past all of our code: whoever changes it, it is seen."""
    session.add(Closure(site_id=clinic.site.id, starts_on=TUESDAY, ends_on=TUESDAY, name="Inventory"))
    session.flush()
    if table == "offering_room":
        offering, room = clinic.swedish.offering_id, sa.text("SELECT min(id) FROM room")
        number = session.scalar(room)
        session.execute(sa.text(f"INSERT INTO offering_room VALUES ({offering}, {number})"))  # noqa: S608
    column = next(iter(Base.metadata.tables[table].columns)).name
    seen = {mark(session)}
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table} WHERE 1 = 1"):  # noqa: S608
        try:
            with session.begin_nested():
                assert session.execute(sa.text(statement)).rowcount  # type: ignore[attr-defined]
                seen.add(mark(session))
        except sa.exc.IntegrityError:  # others refer to it; it would be deleted by nobody
            continue
    assert len(seen) >= 2


def mark(session: Session) -> int:
    return session.scalars(sa.select(RosterState.mark)).one()


def test_what_was_read_is_not_read_again_until_it_changes(
    session: Session, now: datetime, clinic: Clinic
) -> None:
    session.info[KEPT] = Known(Standing(), is_writing=True)
    wish, option = clinic.wish(), clinic.swedish

    def look() -> list[datetime]:
        return starts_on(session, wish, option, clinic.site, TUESDAY, now)

    with asked(session) as first:
        shown = look()
    with asked(session) as again:
        assert look() == shown
    assert any("working_hours" in statement for statement in first)
    assert len(again) == 2, "the mark and the diary"
    session.add(Closure(site_id=clinic.site.id, starts_on=TUESDAY, ends_on=TUESDAY, name="Inventory"))
    session.flush()
    assert shown
    assert look() == []


def test_what_was_taken_back_is_forgotten(session: Session, now: datetime, clinic: Clinic) -> None:
    session.info[KEPT] = Known(Standing(), is_writing=True)
    wish, option = clinic.wish(), clinic.swedish
    shown = starts_on(session, wish, option, clinic.site, TUESDAY, now)
    attempt = session.begin_nested()
    session.add(Closure(site_id=clinic.site.id, starts_on=TUESDAY, ends_on=TUESDAY, name="Inventory"))
    session.flush()
    assert starts_on(session, wish, option, clinic.site, TUESDAY, now) == []
    attempt.rollback()
    assert starts_on(session, wish, option, clinic.site, TUESDAY, now) == shown


def test_a_session_that_only_reads_asks_for_the_mark_once(
    session: Session, now: datetime, clinic: Clinic
) -> None:
    known = session.info[KEPT] = Known(Standing())
    assert first_site(session) is clinic.site
    with asked(session) as searched:
        starts_on(session, clinic.wish(), clinic.swedish, clinic.site, TUESDAY, now)
        starts_on(session, clinic.wish(), clinic.swedish, clinic.site, TUESDAY, now)
    assert not any("roster_state" in statement for statement in searched)
    seen = mark_of(session)
    clinic.site.name = "Another name"
    session.flush()
    assert mark_of(session) == seen, "it has been told that nothing is written"
    known.turn(is_writing=True)
    assert mark_of(session) != seen
    known.turn(is_writing=False)
    assert mark_of(session) not in (seen, None)


def test_only_the_last_few_hundred_searches_are_kept() -> None:
    standing = Standing()
    for number in range(Standing.MOST + 10):
        standing.put(number, f"read {number}")
        standing.get(0)
    assert standing.get(0) == "read 0"
    assert standing.get(1) is None
    assert standing.get(Standing.MOST + 9)
