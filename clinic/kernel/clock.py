"""The one place that reads the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, in UTC, to the second. Read once per request and passed down."""
    return datetime.now(UTC).replace(microsecond=0)
