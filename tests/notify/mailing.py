"""What the tests of sending share: an appointment whose mail is owed, and channels that count or refuse."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from clinic.booking import services
from clinic.booking.models import Appointment
from clinic.db import transaction
from clinic.jobs import send_mail
from clinic.jobs.send_mail import Sender, Tally
from clinic.notify import outbox
from clinic.notify.channels import Channel, Mail, SendFailed
from clinic.notify.links import Links
from clinic.notify.wording import Wording, Words
from tests import makers

ROOT = Path(__file__).resolve().parent.parent.parent
WORDING = Wording(ROOT / "templates", ROOT / "clinic/static/css/email.css")
SENDER = Sender(Links("a secret for tests only", "https://clinic.example"))


class Plain:
    """A wording for messages of no kind."""

    def render(self, kind: str, facts: Mapping[str, object]) -> Words:
        return Words(kind, "text\n", "<p>text</p>")


class Box:
    """A channel that keeps what it was given."""

    def __init__(self) -> None:
        self.came: list[Mail] = []

    def send(self, mail: Mail) -> None:
        self.came.append(mail)

    def close(self) -> None: ...


class Refusing(Box):
    """A channel on which nothing goes."""

    def __init__(self, *, is_down: bool = False) -> None:
        super().__init__()
        self.is_down = is_down

    def send(self, mail: Mail) -> None:
        super().send(mail)
        raise SendFailed("SMTPRecipientsRefused 550", is_down=self.is_down)


class Ledger(Box):
    """A channel that writes each message's key into a file, from whatever process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def send(self, mail: Mail) -> None:
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{mail.key}\n".encode())
        os.close(file)

    def keys(self) -> list[str]:
        return self.path.read_text().split() if self.path.exists() else []


def booked(session: Session, now: datetime) -> Appointment:
    """An appointment tomorrow at ten, and the mail that says so."""
    clinic = makers.clinic(session)
    return services.book(
        session,
        now,
        clinic.wish(),
        now + timedelta(days=1, hours=1),
        makers.client(session, now),
        makers.intake(session, now),
        actor="test",
    )


def owe(engine: Engine, now: datetime, count: int) -> list[str]:
    """That many messages about no appointment; their keys."""
    keys = [f"note:{n}" for n in range(count)]
    with Session(engine) as session, transaction(session):
        for key in keys:
            outbox.owe(
                session,
                now,
                kind="note",
                key=key,
                to_address="anna@client.example",
                to_name="Anna",
                payload={"clinic": "Test Rooms", "email": "hello@clinic.example"},
            )
    return keys


def send(engine: Engine, now: datetime, channel: Channel, wording: send_mail.Renders = WORDING) -> Tally:
    """One run of the job at `now`."""
    return send_mail.run(engine, lambda: now, channel, wording, SENDER)
