"""`flask clinic ...`: the commands for people and machines."""

from __future__ import annotations

from flask.cli import AppGroup

from clinic.cli.assess import assess
from clinic.cli.database import migrate, prepare
from clinic.cli.demo import demo
from clinic.cli.people import add_user, new_key
from clinic.cli.slots import slots
from clinic.cli.worker import worker

clinic_commands = AppGroup("clinic", help="The clinic: database, people, worker, and two for machines.")
for _command in (assess, slots, migrate, prepare, demo, add_user, new_key, worker):
    clinic_commands.add_command(_command)

__all__ = ["clinic_commands"]
