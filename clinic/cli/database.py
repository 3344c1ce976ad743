"""Bringing the database up: migrate, and prepare for a start."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from clinic import schema
from clinic.cli.context import engine
from clinic.cli.demo import fill_if_empty, print_sign_ins
from clinic.db import transaction
from clinic.intake import publishing
from clinic.kernel import clock


@click.command("migrate")
@click.option("--to", "revision", default="head", help="The revision to go to.")
@with_appcontext
def migrate(revision: str) -> None:
    """Bring the database to the newest migration."""
    schema.migrate(engine(), revision)
    click.echo("The database is up to date.")


@click.command("prepare")
@click.option("--demo", is_flag=True, help="Fill an empty database with the demo clinic and show sign-ins.")
@with_appcontext
def prepare(demo: bool) -> None:
    """Do what comes before serving: migrate, see that a version of the rules is in force, fill a demo."""
    schema.migrate(engine())
    with Session(engine(), expire_on_commit=False) as session:
        _publish_shipped(session)
        if demo:
            fill_if_empty(session, clock.now())
            print_sign_ins(session)


def _publish_shipped(session: Session) -> None:
    with transaction(session):
        made = publishing.publish_shipped(session, clock.now())
    if made:
        click.echo(f"Version {made.rules_version} of the rules is in force.")
