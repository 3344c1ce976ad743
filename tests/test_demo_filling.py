"""Filling with the demo clinic: the same for the same instant, on any day, and into nothing but emptiness."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.slots import Wish, openings
from clinic.booking.statuses import Status
from clinic.catalog.models import OfferingOption
from clinic.db import Base, EncryptedText
from clinic.demo.fill import CLIENTS, fill
from clinic.people.models import Client, RoleName
from clinic.people.services import DEMO_PASSWORD
from clinic.roster.models import Site
from tests import makers

NOW = datetime(2026, 11, 24, 10, 20, tzinfo=UTC)
# What differs each time: keys, salted hashes, marks drawn at random, what the database numbers itself.
_SECRET = {"session_key", "password", "mark"}


def digest(session: Session) -> str:
    """One hash over every row of every table, without ids, keys and encrypted columns."""
    whole = hashlib.sha256()
    for table in Base.metadata.sorted_tables:
        columns = [
            column
            for column in table.columns
            if not (column.name == "id" or column.name.endswith("_id") or column.name in _SECRET)
            and not isinstance(column.type, EncryptedText)
        ]
        rows = session.execute(sa.select(*columns)) if columns else ()
        texts = sorted(re.sub(r"user:\d+", "user", repr(tuple(row))) for row in rows)
        whole.update(json.dumps([table.name, texts]).encode())
    return whole.hexdigest()


@pytest.mark.database
def test_the_same_instant_gives_the_same_clinic(session: Session) -> None:
    found = []
    for _time in range(2):
        with session.begin_nested() as attempt:
            fill(session, NOW)
            found.append(digest(session))
            attempt.rollback()
        session.expunge_all()
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 29, 0, 30, tzinfo=UTC),  # the night the clocks go forward, a Sunday
        datetime(2026, 10, 25, 21, 50, tzinfo=UTC),  # the evening after they went back
        datetime(2028, 2, 29, 8, 5, tzinfo=UTC),
    ],
)
def test_it_can_be_filled_on_any_day(session: Session, now: datetime) -> None:
    fill(session, now)
    statuses = Counter(session.scalars(sa.select(Appointment.status)))
    assert statuses[Status.PROVISIONAL] == 3
    assert session.scalar(sa.select(sa.func.count()).select_from(Client)) == CLIENTS
    sites, options = session.scalars(sa.select(Site.id)).all(), session.scalars(sa.select(OfferingOption))
    for option in options:
        wishes = [Wish(site_id, option.id) for site_id in sites]
        free = any(openings(session, wish, now.date(), 7, now) for wish in wishes)
        assert free, f"{option.offering.name} {option.minutes}"


@pytest.mark.database
def test_the_command_fills_an_empty_database_once(app: Flask) -> None:
    runner = app.test_cli_runner()
    first = runner.invoke(args=["clinic", "demo"])
    assert first.exit_code == 0, first.output
    assert f"amara@demo.example       {DEMO_PASSWORD}" in first.output
    second = runner.invoke(args=["clinic", "demo"])
    assert second.exit_code == 1
    assert "This database is not empty." in second.output


@pytest.mark.database
def test_the_command_refuses_a_database_with_anybody_in_it(app: Flask, db: Session) -> None:
    makers.user(db, NOW, RoleName.OWNER)
    db.commit()
    refused = app.test_cli_runner().invoke(args=["clinic", "demo"])
    assert refused.exit_code == 1
    assert "This database is not empty." in refused.output
    assert db.scalar(sa.select(sa.func.count()).select_from(Site)) == 0
