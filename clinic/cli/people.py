"""The first users, and keys."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

import config
from clinic.cli.context import engine
from clinic.db import transaction
from clinic.kernel import clock
from clinic.kernel.errors import BadInput
from clinic.people import services
from clinic.people.models import RoleName


@click.command("add-user")
@click.argument("email")
@click.option("--name", required=True, help="Full name.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([r.value for r in RoleName]))
@click.password_option(help="Asked for when left out.")
@with_appcontext
def add_user(email: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Add someone who signs in, with one or more roles."""
    try:
        with Session(engine(), expire_on_commit=False) as session, transaction(session):
            user = services.add_user(
                session,
                clock.now(),
                name=name,
                email=email,
                password=password,
                roles=[RoleName(role) for role in roles],
            )
    except BadInput as refusal:
        click.echo(refusal.sentence, err=True)
        raise click.exceptions.Exit(2) from None
    click.echo(f"{user.name} may sign in as {', '.join(roles)}.")


@click.command("new-key")
def new_key() -> None:
    """Print a fresh key for FIELD_KEYS; put it first to write with it, keep the old ones to read."""
    click.echo(f"k{clock.now():%Y%m}:{config.new_field_key()}")
