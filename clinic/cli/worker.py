"""`flask clinic worker`: sends what is owed and does the clinic's chores, until it is stopped."""

from __future__ import annotations

import click
from flask.cli import with_appcontext


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due and leave.")
@with_appcontext
def worker(once: bool) -> None:
    """Send the mails that are owed and strike lapsed holds."""
