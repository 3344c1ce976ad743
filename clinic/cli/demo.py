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
from clinic.people.models import RoleName
from clinic.roster.models import Site


def is_empty(session: Session) -> bool:
    """Whether nobody and no site is in the database yet."""
    return session.scalar(sa.select(Site.id).limit(1)) is None


def fill_if_empty(session: Session, now: datetime) -> bool:
    """Fills an empty database with the demo clinic; False if there is anything in it already."""
    if not is_empty(session):
        return False
    with transaction(session):
        people.add_user(
            session, now, name="Sam Webb", email="desk@demo.example", password=people.DEMO_PASSWORD,
            roles=[RoleName.RECEPTION],
        )  # fmt: skip
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
