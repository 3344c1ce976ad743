"""Owing a message: a row in the transaction that owes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from clinic import batch
from clinic.notify import calendar
from clinic.notify.calendar import Invite
from clinic.notify.models import MessageStatus, OutboxMessage


def owe(
    session: Session,
    now: datetime,
    *,
    kind: str,
    key: str,
    to_address: str,
    to_name: str,
    payload: Mapping[str, object],
    invites: Sequence[Invite] = (),
    due_at: datetime | None = None,
) -> None:
    """Owes one message, unless one with this `key` is owed or sent already.

    `kind` names the templates (messages/<kind>/), `payload` fills them: plain values, no health word.
    `invites` are what its calendar file says, where it brings one.
    """
    row = {
        "its_key": key,
        "its_kind": kind,
        "its_address": to_address,
        "its_name": to_name,
        "its_payload": json.dumps(dict(payload), sort_keys=True),
        "its_calendar": calendar.pack(invites) if invites else None,
        "began": now,
        "due": due_at or now,
    }
    batch.write(session, _UNLESS_OWED[session.get_bind().dialect.name], row)


def _unless_owed(dialect: Any) -> sa.Insert:
    """The key is looked at by the database as it writes: two who owe the same at once owe it once."""
    made: sa.Insert = (
        dialect.insert(OutboxMessage.__table__)
        .values(
            key=sa.bindparam("its_key"),
            kind=sa.bindparam("its_kind"),
            to_address=sa.bindparam("its_address"),
            to_name=sa.bindparam("its_name"),
            payload=sa.bindparam("its_payload"),
            calendar=sa.bindparam("its_calendar"),
            status=MessageStatus.QUEUED,
            created_at=sa.bindparam("began"),
            due_at=sa.bindparam("due"),
            attempts=0,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
    return made


_UNLESS_OWED = {"sqlite": _unless_owed(sqlite), "postgresql": _unless_owed(postgresql)}
