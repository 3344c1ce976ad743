"""Runs migrations on the connection it is given, or on DATABASE_URL from the settings."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from clinic.db import EncryptedBytes, EncryptedText, UtcDateTime, make_engine
from clinic.models import Base

config = context.config


def render_item(kind: str, item: object, _autogen: object) -> str | bool:
    """Migrations name plain SQL types, so that they outlive the classes of today."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, EncryptedText | EncryptedBytes):
        return "sa.LargeBinary()"
    return False


def run_on(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = config.attributes.get("connection")
if given is not None:
    run_on(given)
else:
    from config import load

    with make_engine(load().database_url).connect() as connection:
        run_on(connection)
        connection.commit()
