"""Sending what is owed: each message once, by whichever worker takes it first.

A worker leases one message (`leased_until`), sends it with no transaction open, and writes down how it
went. The lease is taken with FOR UPDATE SKIP LOCKED on PostgreSQL and under BEGIN IMMEDIATE on SQLite; a
worker that dies leaves a lease that runs out. `attempts` goes up with each lease, and the outcome is only
written by who holds the newest one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import jinja2
import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.booking.models import Appointment
from clinic.booking.statuses import Status
from clinic.db import transaction
from clinic.intake.clearances import RELEASED, WAITING
from clinic.intake.models import Clearance, ClearanceStatus
from clinic.notify import calendar
from clinic.notify.channels import Channel, Mail, SendFailed
from clinic.notify.links import Links
from clinic.notify.models import MessageStatus, OutboxMessage
from clinic.notify.wording import Words
from clinic.people.models import Client

log = structlog.get_logger()

MOST_ATTEMPTS = 8
# Longer than the slowest way through the channel: six steps with a time limit of twenty seconds each.
LEASE = timedelta(minutes=5)
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
AT_MOST = 200
# What each kind says of its appointment; a mail that says what is no longer so is not sent.
_STANDING = frozenset({"booked", "moved"})
_OFF = frozenset({Status.CANCELLED, Status.LAPSED})
_UNCERTAIN = frozenset({"provisional", "reopened", "to_decide"})
# What each kind says of a request for clearance.
_SAYS = {
    "clearance_asked": WAITING,
    "clearance_yes": RELEASED,
    "clearance_no": frozenset({ClearanceStatus.REFUSED}),
    "clearance_more": frozenset({ClearanceStatus.MORE_NEEDED}),
}


class Renders(Protocol):
    """What makes words of a kind and its facts: clinic.notify.wording.Wording."""

    def render(self, kind: str, facts: Mapping[str, object]) -> Words: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Who mails are from: MAIL_FROM's name and address where set, else each site's own."""

    links: Links
    name: str = ""
    address: str = ""


@dataclass(slots=True)
class Tally:
    """How many messages went which way. `is_down`: the channel does not answer, better wait a while."""

    sent: int = 0
    dropped: int = 0
    retried: int = 0
    failed: int = 0
    is_down: bool = False

    @property
    def total(self) -> int:
        return self.sent + self.dropped + self.retried + self.failed


@dataclass(frozen=True, slots=True)
class _Leased:
    """What a worker holds while it sends: plain values, no row."""

    id: int
    attempt: int
    kind: str
    mail: Mail


def run(
    engine: Engine,
    clock: Callable[[], datetime],
    channel: Channel,
    wording: Renders,
    sender: Sender,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Tally:
    """Sends what is due, one after the other, until nothing is, the channel is down or `is_stopping` says so.

    `clock` is read for every message: a lease counts from when it is taken, not from when the run began.
    """
    tally = Tally()
    with Session(engine, expire_on_commit=False) as session:
        while tally.total < AT_MOST and not tally.is_down and not is_stopping():
            found = _lease(session, clock(), wording, sender, tally)
            if found is None:
                break
            if isinstance(found, _Leased):
                _send(session, clock, channel, found, tally)
    return tally


def _lease(
    session: Session, now: datetime, wording: Renders, sender: Sender, tally: Tally
) -> _Leased | bool | None:
    """Takes the oldest due message, worded; True where it was settled without sending, None for none due."""
    with transaction(session):
        message = session.scalar(_due(now))
        if message is None:
            return None
        if message.attempts >= MOST_ATTEMPTS:
            return _give_up(message, message.last_error or "abandoned", tally)
        facts = json.loads(message.payload)
        appointment = _appointment_of(session, facts)
        clearance = _clearance_of(session, facts)
        if "clearance_id" in facts:
            reason = _why_not_asked(session, message, clearance)
        else:
            reason = _why_not(message, facts, appointment, now) or _why_not_told(session, facts, appointment)
        if reason:
            message.status, message.last_error, message.leased_until = MessageStatus.DROPPED, reason, None
            tally.dropped += 1
            log.info("mail_dropped", message=message.id, kind=message.kind, reason=reason)
            return True
        message.attempts += 1
        try:
            mail = _word(message, facts, (appointment, clearance), wording, sender, now)
        except (jinja2.TemplateError, KeyError, ValueError) as error:
            return _give_up(message, type(error).__name__, tally)
        message.leased_until = now + LEASE
        return _Leased(message.id, message.attempts, message.kind, mail)


def _due(now: datetime) -> sa.Select[OutboxMessage]:
    free = sa.or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until <= now)
    return (
        sa.select(OutboxMessage)
        .where(OutboxMessage.status == MessageStatus.QUEUED, OutboxMessage.due_at <= now, free)
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def _appointment_of(session: Session, facts: Mapping[str, Any]) -> Appointment | None:
    wanted = facts.get("appointment_id")
    return session.get(Appointment, wanted) if isinstance(wanted, int) else None


def _clearance_of(session: Session, facts: Mapping[str, Any]) -> Clearance | None:
    wanted = facts.get("clearance_id")
    return session.get(Clearance, wanted) if isinstance(wanted, int) else None


def _why_not_asked(session: Session, message: OutboxMessage, clearance: Clearance | None) -> str:
    """Why a mail about a request is not to be sent any more: it is gone, or it stands otherwise by now."""
    if clearance is None:
        return "gone"
    client_id = clearance.intake.client_id
    client = session.get(Client, client_id) if client_id is not None else None
    if client is not None and client.erased_at is not None:
        return "gone"
    return "" if clearance.status in _SAYS.get(message.kind, frozenset()) else "outdated"


def _why_not(
    message: OutboxMessage, facts: Mapping[str, Any], appointment: Appointment | None, now: datetime
) -> str:
    """Why this message is not to be sent as things stand now; empty where it is."""
    if "appointment_id" not in facts:
        return ""
    if appointment is None or appointment.client.erased_at is not None:
        return "gone"
    if appointment.sequence > facts.get("sequence", appointment.sequence):
        return "outdated"
    if message.kind in _STANDING and appointment.status in _OFF:
        return "outdated"
    if message.kind in _UNCERTAIN and appointment.status is not Status.PROVISIONAL:
        return "outdated"
    if message.kind in _STANDING | _UNCERTAIN and appointment.ends_at <= now:
        return "over"
    return ""


def _why_not_told(session: Session, facts: Mapping[str, Any], appointment: Appointment | None) -> str:
    """Why a mail about who comes along is not to be sent: whether they come together is otherwise by now."""
    if "changed_id" not in facts or appointment is None:
        return ""
    changed = session.get(Appointment, facts["changed_id"])
    comes = changed is not None and changed.status not in _OFF and changed.starts_at == appointment.starts_at
    return "" if comes is (facts["what"] == "back") else "outdated"


def _word(
    message: OutboxMessage,
    facts: Mapping[str, Any],
    about: tuple[Appointment | None, Clearance | None],
    wording: Renders,
    sender: Sender,
    now: datetime,
) -> Mail:
    """The mail as it goes out; its links are made here, so that the database holds none.

    What is not certain goes into nobody's calendar, though the mail tells of something else, a move.
    """
    home = sender.links.base_url
    links: dict[str, object] = {"home_url": f"{home}/", "staff_url": f"{home}/staff/sign-in"}
    appointment, clearance = about
    waits = appointment is not None and appointment.status is Status.PROVISIONAL
    links["waits"] = waits
    if clearance is not None:
        links["clearance_url"] = sender.links.clearance_url(clearance.id, now)
    if appointment is not None:
        links["manage_url"] = sender.links.manage_url(appointment.id, appointment.ends_at)
    if "times" in facts:
        links["times"] = [_linked(each, sender) for each in facts["times"]]
    words = wording.render(message.kind, {**facts, **links})
    site_address = str(facts.get("email") or sender.address)
    return Mail(
        key=message.key,
        to_address=message.to_address,
        to_name=message.to_name,
        from_address=sender.address or site_address,
        from_name=sender.name or str(facts.get("clinic", "")),
        reply_to=site_address,
        subject=words.subject,
        text=words.text,
        html=words.html,
        at=now,
        calendar=None if waits else calendar.unpack(message.calendar),
    )


def _linked(time: Mapping[str, Any], sender: Sender) -> dict[str, Any]:
    """One time of a series with the link to its own page."""
    ends_at = datetime.fromisoformat(time["ends_at"])
    return {**time, "manage_url": sender.links.manage_url(time["appointment_id"], ends_at)}


def _send(
    session: Session, clock: Callable[[], datetime], channel: Channel, leased: _Leased, tally: Tally
) -> None:
    try:
        channel.send(leased.mail)
    except SendFailed as failure:
        tally.is_down = failure.is_down
        _settle(session, leased, clock(), failure.kind, tally)
    else:
        _settle(session, leased, clock(), None, tally)


def _settle(session: Session, leased: _Leased, now: datetime, error: str | None, tally: Tally) -> None:
    """Writes down how it went, unless another worker has the message by now."""
    with transaction(session):
        message = session.get(OutboxMessage, leased.id, with_for_update=True, populate_existing=True)
        if message is None or message.attempts != leased.attempt:
            log.warning("mail_lease_lost", message=leased.id, kind=leased.kind)
            return
        message.leased_until, message.last_error = None, error
        if error is None:
            message.status, message.sent_at = MessageStatus.SENT, now
            tally.sent += 1
            log.info("mail_sent", message=message.id, kind=message.kind, attempt=leased.attempt)
        elif leased.attempt >= MOST_ATTEMPTS:
            _give_up(message, error, tally)
        else:
            message.due_at = now + DELAYS[leased.attempt - 1]
            tally.retried += 1
            log.warning(
                "mail_retried", message=message.id, kind=message.kind, attempt=leased.attempt, error=error
            )


def _give_up(message: OutboxMessage, error: str, tally: Tally) -> bool:
    message.status, message.last_error, message.leased_until = MessageStatus.FAILED, error, None
    tally.failed += 1
    log.error("mail_failed", message=message.id, kind=message.kind, error=error)
    return True
