"""`flask clinic ...`: the commands for people and machines. Each is imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click
from flask.cli import AppGroup

# Command: where it stands. A second start of the clinic waits for none of them.
COMMANDS = {
    "add-user": "clinic.cli.people:add_user",
    "assess": "clinic.cli.assess:assess",
    "check-diary": "clinic.cli.diary:check_diary",
    "demo": "clinic.cli.demo:demo",
    "migrate": "clinic.cli.database:migrate",
    "new-key": "clinic.cli.people:new_key",
    "prepare": "clinic.cli.database:prepare",
    "rules": "clinic.cli.rules:rules",
    "slots": "clinic.cli.slots:slots",
    "worker": "clinic.cli.worker:worker",
}


class LazyGroup(AppGroup):
    """A group that knows the names of its commands and loads the one that is wanted."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        place = COMMANDS.get(name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


clinic_commands = LazyGroup("clinic", help="The clinic: database, people, worker, and two for machines.")

__all__ = ["clinic_commands"]
