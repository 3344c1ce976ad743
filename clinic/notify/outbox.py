"""Owing a message: a row in the transaction that owes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

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
    calendar: str | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Owes one message; False if one with this `key` is owed or sent already.

    `kind` names the templates (messages/<kind>/), `payload` fills them: plain values, no health word.
    """
    row = {
        "key": key,
        "kind": kind,
        "to_address": to_address,
        "to_name": to_name,
        "payload": json.dumps(dict(payload), sort_keys=True),
        "calendar": calendar,
        "status": MessageStatus.QUEUED,
        "created_at": now,
        "due_at": due_at or now,
    }
    owed = session.execute(_UNLESS_OWED[session.get_bind().dialect.name], row)
    return owed.rowcount == 1  # type: ignore[attr-defined]


# The key is looked at by the database as it writes: two who owe the same at once owe it once.
_TABLE: Any = OutboxMessage.__table__
_UNLESS_OWED = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(index_elements=["key"]),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(index_elements=["key"]),
}
