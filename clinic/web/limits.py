"""How often one address may try. Kept in the memory of each process."""

from __future__ import annotations

from flask import g
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)


@limiter.request_filter
def is_counted_already() -> bool:
    """A request that is asked once more (`once_more`) counts once."""
    return bool(g.get("is_asked_again", False))
