"""`flask clinic worker`: sends what is owed and does the clinic's chores, until it is stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

import click
import structlog
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.engine import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

import config
from clinic import undone
from clinic.cli.context import engine
from clinic.db import transaction
from clinic.jobs import chores, send_mail
from clinic.kernel import clock
from clinic.notify import channels
from clinic.notify.links import Links
from clinic.notify.wording import Wording

log = structlog.get_logger()

PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
CHORES_EVERY = timedelta(minutes=1)
DOWN_FOR = timedelta(seconds=30)


@dataclass(slots=True)
class Worker:
    """The loop: a `round` does what is due; `run` repeats it until `stopping` is set, which ends a wait."""

    engine: Engine
    channel: channels.Channel | None
    wording: send_mail.Renders
    sender: send_mail.Sender
    clock: Callable[[], datetime] = clock.now
    stopping: threading.Event = field(default_factory=threading.Event)
    _chores_at: datetime | None = None
    _mail_at: datetime | None = None

    def run(self) -> None:
        """Rounds about every two seconds; after a fault longer and longer waits, up to a minute."""
        pause = PAUSE_SECONDS
        while not self.stopping.is_set():
            is_well = self.attempt()
            pause = PAUSE_SECONDS if is_well else min(pause * 2, LONGEST_PAUSE_SECONDS)
            self.stopping.wait(pause)

    def attempt(self) -> bool:
        """One round, whose faults are logged by their kind and end nothing; False if there was one."""
        try:
            self.round()
        except Exception as error:
            self._tell(error)
            return False
        return True

    def _tell(self, error: Exception) -> None:
        """Logs what ended a round: another who was waited for, a database that is away, or a fault.

        The words of a fault may carry what somebody typed: its kind and place are enough.
        """
        kind = type(getattr(error, "orig", None) or error).__name__
        if undone.is_undone(error):
            log.warning("round_undone", kind=kind)
        elif undone.is_cut_off(error) or isinstance(error, OperationalError | InterfaceError):
            log.warning("database_away", kind=kind)
            self.engine.dispose()  # connections to a server that went away are no good any more
        else:
            log.error("worker_fault", kind=kind, where=_where(error))

    def round(self) -> None:
        """The chores, once a minute, and the mails that are due."""
        now = self.clock()
        if self._chores_at is None or now >= self._chores_at:
            self._do_chores(now)
            self._chores_at = now + CHORES_EVERY
        if self.channel is not None and (self._mail_at is None or now >= self._mail_at):
            tally = send_mail.run(
                self.engine,
                self.clock,
                self.channel,
                self.wording,
                self.sender,
                is_stopping=self.stopping.is_set,
            )
            self.channel.close()
            self._mail_at = self.clock() + DOWN_FOR if tally.is_down else None

    def _do_chores(self, now: datetime) -> None:
        with Session(self.engine, expire_on_commit=False) as session, transaction(session):
            done = chores.run(session, now)
        if done.total:
            log.info(
                "chores_done",
                holds=done.holds,
                journeys=done.journeys,
                intakes=done.intakes,
                entries=done.entries,
            )


def worker_for(settings: config.Settings, on: Engine, templates: Path, style: Path) -> Worker:
    """The worker of a clinic with these settings; BadMailSetting for a wrong SMTP_URL or MAIL_FROM."""
    sender = channels.read_sender(settings.mail_from) or ("", "")
    return Worker(
        engine=on,
        channel=channels.channel_for(
            smtp_url=settings.smtp_url, mail_folder=settings.mail_folder, is_demo=settings.is_demo
        ),
        wording=Wording(templates, style),
        sender=send_mail.Sender(Links(settings.secret_key, settings.base_url), *sender),
    )


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due and leave.")
@with_appcontext
def worker(once: bool) -> None:
    """Send the mails that are owed and do the chores, until SIGTERM or Ctrl-C."""
    on = engine()
    settings: config.Settings = current_app.config["SETTINGS"]
    static = Path(current_app.static_folder or "")
    try:
        made = worker_for(settings, on, config.ROOT / "templates", static / "css" / "email.css")
    except channels.BadMailSetting as wrong:
        raise click.ClickException(str(wrong)) from None
    if made.channel is None:
        log.warning("no_mail_server", hint="SMTP_URL is not set: mails wait in the outbox")
    if once:
        if not made.attempt():
            raise click.exceptions.Exit(1)
        return
    _stop_on_signals(made.stopping)
    log.info("worker_started", mail=type(made.channel).__name__ if made.channel else "none")
    made.run()
    log.info("worker_stopped")


def _stop_on_signals(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
