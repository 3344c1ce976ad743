"""Filling an empty database with the demo clinic, and saying who may sign in there."""

from __future__ import annotations

from datetime import datetime

import click
import sqlalchemy as sa
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from clinic.cli.context import engine
from clinic.db import transaction
from clinic.kernel import clock
from clinic.people import services as people
from clinic.people.models import Client, User
from clinic.roster.models import Site


def is_empty(session: Session) -> bool:
    """Whether no site, no user and no client is in the database yet."""
    return all(session.scalar(sa.select(model.id).limit(1)) is None for model in (Site, User, Client))


def fill_if_empty(session: Session, now: datetime) -> bool:
    """Fills an empty database with the demo clinic, a line for each part; False if anything is in it."""
    if not is_empty(session):
        return False
    from clinic.demo.fill import fill  # only now: every later start would wait for its import

    click.echo("Filling the database with the demo clinic, Linden Rooms.")
    with transaction(session):
        fill(session, now, lambda sentence: click.echo(f"  {sentence}"))
    return True


def print_sign_ins(session: Session) -> None:
    """Prints e-mail and password for each role."""
    for email, password, role in people.demo_sign_ins(session):
        click.echo(f"  {role:<10} {email:<24} {password}")


@click.command("demo")
@with_appcontext
def demo() -> None:
    """Fill an empty database with the demo clinic; refuse one that is not empty."""
    with Session(engine(), expire_on_commit=False) as session:
        if not fill_if_empty(session, clock.now()):
            raise click.ClickException("This database is not empty. The demo clinic wants a fresh one.")
        print_sign_ins(session)
