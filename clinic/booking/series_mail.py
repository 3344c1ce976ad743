"""One mail for a whole series, in place of one for each date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import messages
from clinic.booking.models import Appointment, Series, SeriesPart
from clinic.booking.statuses import Status
from clinic.notify import outbox
from clinic.notify.models import MessageStatus, OutboxMessage


def tell(
    session: Session,
    now: datetime,
    series: Series,
    what: str,
    changed: Sequence[Appointment],
    shown: Sequence[Appointment],
) -> None:
    """Owes one mail of kind 'series' about `shown`, and takes back those that each change owed.

    A time that waits for a decision keeps the mail of its own, which says so. `what` is booked, moved or
    cancelled. Those taken back were owed in this very transaction, so no worker
    has seen them.
    """
    shown = [each for each in shown if each.status is not Status.PROVISIONAL]
    certain = [each for each in changed if each.status is not Status.PROVISIONAL]
    keys = [f"{what}:{each.id}:{each.sequence}" for each in certain]
    session.execute(
        sa.delete(OutboxMessage).where(
            OutboxMessage.key.in_(keys), OutboxMessage.status == MessageStatus.QUEUED
        )
    )
    first = shown[0] if shown else None
    if first is None or not first.client.email:
        return
    counted = session.scalar(
        sa.select(sa.func.sum(Appointment.sequence) + sa.func.count())
        .join(SeriesPart, SeriesPart.appointment_id == Appointment.id)
        .where(SeriesPart.series_id == series.id)
    )
    outbox.owe(
        session,
        now,
        kind="series",
        key=f"series:{series.id}:{what}:{counted}",
        to_address=first.client.email,
        to_name=first.client.name,
        payload=facts(what, shown),
        invites=[messages.invite_of(each, now) for each in shown],
    )


def facts(what: str, shown: Sequence[Appointment]) -> dict[str, object]:
    """Plain values for the templates: those of the first, and each time with its reference.

    No `sequence`: the mail tells what was done, and is sent though one of the times changes meanwhile.
    """
    common = {
        key: value
        for key, value in messages.facts(shown[0]).items()
        if key not in ("sequence", "reference", "when", "day", "hours", "therapist", "kept_until", "minutes")
    }
    return {**common, "what": what, "times": [_time(each) for each in shown]}


def _time(appointment: Appointment) -> dict[str, object]:
    all_facts = messages.facts(appointment)
    return {
        "appointment_id": appointment.id,
        "ends_at": appointment.ends_at.isoformat(),
        **{key: all_facts[key] for key in ("day", "hours", "therapist", "reference", "price")},
    }
