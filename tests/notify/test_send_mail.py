"""Sending what is owed: once, later when refused, and not at all when it is no longer so."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from clinic.booking import services
from clinic.db import key_ring, make_engine, transaction
from clinic.jobs import send_mail
from clinic.notify.channels import Mail
from clinic.notify.models import MessageStatus, OutboxMessage
from tests.conftest import FIELD_KEY
from tests.notify import mailing
from tests.notify.mailing import Box, Ledger, Plain, Refusing, send

pytestmark = pytest.mark.database


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose commits are real: the job has sessions of its own."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


def rows(engine: Engine) -> list[OutboxMessage]:
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.id)))


def book(session: Session, now: datetime) -> int:
    with transaction(session):
        return mailing.booked(session, now).id


def test_what_is_owed_is_sent_with_a_link_that_no_row_holds(
    engine: Engine, session: Session, now: datetime
) -> None:
    appointment_id = book(session, now)
    box = Box()
    assert send(engine, now, box).sent == 1
    (mail,), (row,) = box.came, rows(engine)
    assert (mail.to_address, mail.from_address) == ("anna@client.example", "hello@clinic.example")
    assert mail.subject == "Booked: Tuesday 24 November, 10:00"
    assert mail.calendar is not None
    token = mail.text.partition("/appointment/")[2].split()[0]
    assert mailing.SENDER.links.read_manage(token, now) == appointment_id
    assert token not in row.payload + str(row.calendar)
    assert (row.status, row.sent_at, row.leased_until, row.last_error) == (
        MessageStatus.SENT, now, None, None,
    )  # fmt: skip
    assert send(engine, now + timedelta(days=1), box).total == 0


def test_a_booking_that_is_rolled_back_owes_nothing(engine: Engine, session: Session, now: datetime) -> None:
    def book_and_fail() -> None:
        with transaction(session):
            mailing.booked(session, now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        book_and_fail()
    assert rows(engine) == []
    assert send(engine, now, Box()).total == 0


def test_nothing_is_sent_before_it_is_due(engine: Engine, now: datetime) -> None:
    mailing.owe(engine, now + timedelta(minutes=1), 1)
    assert send(engine, now, Box(), Plain()).total == 0


@pytest.mark.parametrize("change", ["moved", "cancelled"])
def test_only_the_last_state_of_an_appointment_is_mailed(
    change: str, engine: Engine, session: Session, now: datetime
) -> None:
    appointment_id = book(session, now)
    with transaction(session):
        if change == "moved":
            services.move(session, now, appointment_id, now + timedelta(days=2), actor="test")
        else:
            services.cancel(session, now, appointment_id, actor="test")
    box = Box()
    tally = send(engine, now, box)
    assert (tally.sent, tally.dropped) == (1, 1)
    assert [row.status for row in rows(engine)] == [MessageStatus.DROPPED, MessageStatus.SENT]
    assert rows(engine)[0].last_error == "outdated"
    assert box.came[0].key == f"{change}:{appointment_id}:1"


def test_a_mail_that_is_long_late_does_not_speak_of_what_is_over(
    engine: Engine, session: Session, now: datetime
) -> None:
    book(session, now)
    box = Box()
    assert send(engine, now + timedelta(days=3), box).dropped == 1
    assert box.came == []


def test_a_client_who_was_erased_gets_nothing(engine: Engine, session: Session, now: datetime) -> None:
    appointment_id = book(session, now)
    with transaction(session):
        appointment = session.get(services.Appointment, appointment_id)
        assert appointment is not None
        appointment.client.erased_at = now
    assert send(engine, now, Box()).dropped == 1


def test_a_refused_mail_is_tried_later_and_later_and_then_given_up(engine: Engine, now: datetime) -> None:
    mailing.owe(engine, now, 1)
    channel, at, waits = Refusing(), now, []
    for _attempt in range(1, send_mail.MOST_ATTEMPTS):
        assert send(engine, at, channel, Plain()).retried == 1
        assert send(engine, at, channel, Plain()).total == 0
        (row,) = rows(engine)
        waits.append(row.due_at - at)
        at = row.due_at
    assert waits == sorted(set(waits))
    assert send(engine, at, channel, Plain()).failed == 1
    (row,) = rows(engine)
    assert (row.status, row.last_error) == (MessageStatus.FAILED, "SMTPRecipientsRefused 550")
    assert len(channel.came) == send_mail.MOST_ATTEMPTS
    assert send(engine, at + timedelta(days=9), channel, Plain()).total == 0


def test_one_refused_mail_does_not_hold_up_the_others_but_a_dead_channel_does(
    engine: Engine, now: datetime
) -> None:
    mailing.owe(engine, now, 3)
    assert send(engine, now, Refusing(), Plain()).retried == 3
    later = now + timedelta(hours=1)
    tally = send(engine, later, Refusing(is_down=True), Plain())
    assert (tally.retried, tally.is_down) == (1, True)


def test_a_mail_that_cannot_be_worded_is_given_up_at_once(engine: Engine, now: datetime) -> None:
    mailing.owe(engine, now, 1)
    box = Box()
    assert send(engine, now, box).failed == 1
    assert (rows(engine)[0].last_error, box.came) == ("TemplateNotFound", [])


class Killed(BaseException):
    """The process is gone, in the middle of sending."""


class Dying(Box):
    def send(self, mail: Mail) -> None:
        raise Killed


def test_the_lease_of_a_killed_worker_runs_out(engine: Engine, now: datetime) -> None:
    mailing.owe(engine, now, 1)
    with pytest.raises(Killed):
        send(engine, now, Dying(), Plain())
    box = Box()
    assert send(engine, now + send_mail.LEASE - timedelta(seconds=1), box, Plain()).total == 0
    assert send(engine, now + send_mail.LEASE, box, Plain()).sent == 1
    assert rows(engine)[0].attempts == 2


def test_a_message_that_kills_every_worker_is_given_up(engine: Engine, now: datetime) -> None:
    mailing.owe(engine, now, 1)
    for n in range(send_mail.MOST_ATTEMPTS):
        with pytest.raises(Killed):
            send(engine, now + n * send_mail.LEASE, Dying(), Plain())
    assert send(engine, now + send_mail.MOST_ATTEMPTS * send_mail.LEASE, Box(), Plain()).failed == 1
    assert rows(engine)[0].last_error == "abandoned"


def test_a_worker_whose_lease_ran_out_does_not_overwrite_what_the_next_one_did(
    engine: Engine, now: datetime
) -> None:
    mailing.owe(engine, now, 1)

    class Slow(Refusing):
        """While it waits for its server, the lease runs out and another worker sends the message."""

        def send(self, mail: Mail) -> None:
            send(engine, now + send_mail.LEASE, Box(), Plain())
            super().send(mail)

    assert send(engine, now, Slow(), Plain()).total == 0
    (row,) = rows(engine)
    assert (row.status, row.last_error) == (MessageStatus.SENT, None)


def test_the_log_has_no_address_and_no_name(engine: Engine, session: Session, now: datetime) -> None:
    book(session, now)
    with capture_logs() as logged:
        send(engine, now, Refusing())
        send(engine, now + timedelta(hours=1), Box())
    assert {entry["event"] for entry in logged} == {"mail_retried", "mail_sent"}
    assert not [entry for entry in logged if "@" in str(entry) or "Anna" in str(entry)]


COUNT = 40


@pytest.mark.race
def test_threads_send_each_message_once(engine: Engine, now: datetime, tmp_path: Path) -> None:
    keys = mailing.owe(engine, now, COUNT)
    ledger = Ledger(tmp_path / "ledger")
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        send(engine, now, ledger, Plain())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ledger.keys()) == sorted(keys)


def work_alone(database_url: str, at: str, path: str) -> None:
    """A worker process of its own."""
    key_ring.load([("test", FIELD_KEY)])
    engine = make_engine(database_url)
    send(engine, datetime.fromisoformat(at), Ledger(Path(path)), Plain())
    engine.dispose()


@pytest.mark.race
def test_processes_send_each_message_once(
    engine: Engine, database_url: str, now: datetime, tmp_path: Path
) -> None:
    keys = mailing.owe(engine, now, COUNT)
    ledger = Ledger(tmp_path / "ledger")
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=work_alone, args=(database_url, now.isoformat(), str(ledger.path)))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert sorted(ledger.keys()) == sorted(keys)
    assert {row.attempts for row in rows(engine)} == {1}
