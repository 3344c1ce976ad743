"""`flask clinic check-diary`: does the diary hold exactly what is booked?"""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from clinic.booking import diary_check
from clinic.cli.context import engine
from clinic.db import transaction
from clinic.kernel import clock


@click.command("check-diary")
@click.option("--repair", is_flag=True, help="Put right what can be put right.")
@with_appcontext
def check_diary(repair: bool) -> None:
    """Compare the diary's squares with what owns them; leaves with 1 while anything is wrong."""
    with Session(engine(), expire_on_commit=False) as session, transaction(session):
        parts = len(diary_check.PARTS)
        with click.progressbar(length=parts, label="Looking through the diary", file=sys.stderr) as bar:
            faults = diary_check.look(session, clock.now(), lambda _done, _all: bar.update(1))
        for fault in faults:
            click.echo(fault.sentence)
        left = diary_check.repair(session, clock.now(), faults) if repair else faults
    if not faults:
        click.echo("The diary holds exactly what is booked.")
    elif repair:
        click.echo(f"{len(faults) - len(left)} of {len(faults)} put right.")
    if left:
        raise click.exceptions.Exit(1)
