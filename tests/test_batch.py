"""Writes that are gathered are all there at the end, or none of them; on PostgreSQL as one statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from clinic import batch
from clinic.kernel.errors import HoldLapsed
from clinic.people.models import Client, Consent, ConsentKind
from clinic.people.services import add_client

pytestmark = pytest.mark.database

RENAMED = (
    sa.update(Client.__table__)  # type: ignore[arg-type]
    .where(sa.column("name") == sa.bindparam("was"))
    .values(name=sa.bindparam("becomes"))
)


@contextmanager
def asked(session: Session) -> Iterator[list[str]]:
    """The statements sent meanwhile, savepoints aside."""
    found: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "SAVEPOINT" not in statement:
            found.append(statement)

    engine = session.connection().engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def somebody(session: Session, now: datetime, name: str = "Ruth Carver") -> Client:
    return add_client(session, now, name=name, email=f"{name[:4]}@example.org".lower(), phone=None)


def agree(session: Session, now: datetime, client: Client, wording: str) -> None:
    batch.add(session, Consent, client_id=client.id, kind=ConsentKind.TERMS, wording=wording, given_at=now)


def wordings(session: Session) -> list[str]:
    return list(session.scalars(sa.select(Consent.wording).order_by(Consent.wording)))


def names(session: Session) -> list[str]:
    return list(session.scalars(sa.select(sa.column("name")).select_from(Client.__table__).order_by("name")))


def test_what_is_gathered_is_written_at_the_end_each_with_its_own_values(
    session: Session, now: datetime
) -> None:
    ruth, ben = somebody(session, now), somebody(session, now, "Ben Hall")
    with asked(session) as statements, batch.gathered(session):
        agree(session, now, ruth, "first")
        agree(session, now, ben, "second")
        batch.write(session, RENAMED, {"was": "Ruth Carver", "becomes": "Ruth Hall"})
        batch.change(session, ben, phone="+441234567890")
        assert not statements
    assert wordings(session) == ["first", "second"]
    assert names(session) == ["Ben Hall", "Ruth Hall"]
    assert session.scalar(sa.select(Consent.client_id).where(Consent.wording == "second")) == ben.id
    assert len(statements) == (1 if session.connection().dialect.name == "postgresql" else 4)


def test_outside_of_it_each_is_written_at_once(session: Session, now: datetime) -> None:
    ruth = somebody(session, now)
    agree(session, now, ruth, "at once")
    assert wordings(session) == ["at once"]
    batch.change(session, ruth, phone="+441234567890")
    session.refresh(ruth)
    assert (ruth.phone, ruth.version) == ("+441234567890", 2)


def test_one_inside_another_waits_for_the_outer_one(session: Session, now: datetime) -> None:
    ruth = somebody(session, now)
    with batch.gathered(session):
        with batch.gathered(session):
            agree(session, now, ruth, "inner")
        assert wordings(session) == []
        agree(session, now, ruth, "outer")
    assert wordings(session) == ["inner", "outer"]


def test_after_an_error_nothing_of_it_is_written(session: Session, now: datetime) -> None:
    ruth = somebody(session, now)

    def fail() -> None:
        with batch.gathered(session):
            agree(session, now, ruth, "never")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert wordings(session) == []
    agree(session, now, ruth, "later")
    assert wordings(session) == ["later"]


def test_what_finds_no_row_says_so_where_it_must_find_one(session: Session, now: datetime) -> None:
    ruth, nobody = somebody(session, now), {"was": "Nobody", "becomes": "Somebody"}

    def rename(or_else: Exception | None) -> None:
        with batch.gathered(session):
            agree(session, now, ruth, "beside it")
            batch.write(session, RENAMED, nobody, or_else=or_else)

    rename(None)
    with pytest.raises(HoldLapsed):
        rename(HoldLapsed())
    with pytest.raises(HoldLapsed):
        batch.write(session, RENAMED, nobody, or_else=HoldLapsed())


def test_a_changed_row_counts_its_changes_and_knows_them(session: Session, now: datetime) -> None:
    ruth = somebody(session, now)
    with batch.gathered(session):
        batch.change(session, ruth, phone="+441234567890")
        agree(session, now, ruth, "beside it")
    assert (ruth.phone, ruth.version) == ("+441234567890", 2)
    assert not session.is_modified(ruth)
    session.refresh(ruth)
    assert (ruth.phone, ruth.version) == ("+441234567890", 2)
    ruth.phone = None
    session.flush()
    assert ruth.version == 3


def test_what_was_changed_before_is_written_first(session: Session, now: datetime) -> None:
    ruth = somebody(session, now)
    ruth.wants_reminders = False
    with batch.gathered(session):
        batch.change(session, ruth, phone="+441234567890")
        agree(session, now, ruth, "beside it")
    session.refresh(ruth)
    assert (ruth.wants_reminders, ruth.phone, ruth.version) == (False, "+441234567890", 3)


def test_a_row_that_somebody_else_has_changed_is_left_alone(engine: Engine, now: datetime) -> None:
    with Session(engine, expire_on_commit=False) as session:
        ruth = somebody(session, now)
        session.commit()
        with Session(engine) as other:
            other.get_one(Client, ruth.id).phone = "+440000000000"
            other.commit()
        with pytest.raises(StaleDataError):
            _ring(session, now, ruth)
        session.rollback()
        assert session.get_one(Client, ruth.id, populate_existing=True).phone == "+440000000000"
        assert wordings(session) == []


def _ring(session: Session, now: datetime, client: Client) -> None:
    with batch.gathered(session):
        batch.change(session, client, phone="+441234567890")
        agree(session, now, client, "beside it")
