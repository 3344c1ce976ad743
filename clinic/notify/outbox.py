"""Owing a message: a row in the transaction that owes it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

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
) -> bool:
    """Owes one message; False if one with this `key` is owed or sent already.

    `kind` names the templates (messages/<kind>/), `payload` fills them: plain values, no health word.
    `invites` are what its calendar file says, where it brings one.
    """
    row = {
        "key": key,
        "kind": kind,
        "to_address": to_address,
        "to_name": to_name,
        "payload": json.dumps(dict(payload), sort_keys=True),
        "calendar": calendar.pack(invites) if invites else None,
        "status": MessageStatus.QUEUED,
        "created_at": now,
        "due_at": due_at or now,
    }
    session.flush()
    connection = session.connection()
    return connection.execute(_UNLESS_OWED[connection.dialect.name], row).rowcount == 1


# The key is looked at by the database as it writes: two who owe the same at once owe it once.
_TABLE: Any = OutboxMessage.__table__
_UNLESS_OWED = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(index_elements=["key"]),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(index_elements=["key"]),
}
