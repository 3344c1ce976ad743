"""What commands take from the app they run in."""

from __future__ import annotations

from typing import cast

import click
from flask import current_app
from sqlalchemy.engine import Engine


def engine() -> Engine:
    """The app's engine; leaves with the sentence where a setting is missing."""
    missing = current_app.config.get("SETTING_MISSING")
    if missing:
        raise click.ClickException(missing)
    return cast(Engine, current_app.extensions["clinic.engine"])
