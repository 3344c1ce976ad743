"""Writing into the ledger."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent


def record(
    session: Session, now: datetime, actor: str, action: str, subject_kind: str, subject_id: int
) -> None:
    """Adds that `actor` ('user:3', 'client', 'system') did `action` to a thing, by kind and number."""
    session.add(
        AuditEvent(at=now, actor=actor, action=action, subject_kind=subject_kind, subject_id=subject_id)
    )
