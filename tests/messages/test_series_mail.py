"""The one mail of a whole series, word for word, beside its golden copies."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import icalendar
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.booking import decisions, series
from clinic.booking.models import Appointment
from clinic.booking.series import Chosen, Reach
from clinic.booking.series_dates import Every
from clinic.jobs import send_mail
from clinic.notify import calendar
from clinic.notify.links import Links
from clinic.notify.models import OutboxMessage
from clinic.notify.wording import Wording, Words
from tests.messages.test_golden import HEALTH, LINKS, appointment, compare, wording

__all__ = ["appointment", "wording"]

WEEK = timedelta(weeks=1)
REFERENCES = ("K7M2PX", "K7M2PY", "K7M2PZ")
REACHES = {"booked": "", "moved": "series_moved", "cancelled": "series_cancelled"}


def owed(session: Session, now: datetime, first: Appointment, what: str) -> OutboxMessage:
    """The mail that is owed when that has happened to a series of three."""
    chosen = [Chosen(first.starts_at + n * WEEK, first.therapist_id) for n in (1, 2)]
    series.book(session, now, first.id, chosen, Every.WEEK, actor="test")
    if what == "moved":
        to = first.starts_at + timedelta(hours=3)
        series.move(session, now, first.id, to, Reach.ALL, actor="test")
    if what == "cancelled":
        series.cancel(session, now, first.id, Reach.ALL, actor="test")
    wanted = sa.select(OutboxMessage).where(OutboxMessage.kind == "series").order_by(OutboxMessage.id.desc())
    found = session.scalars(wanted).first()
    assert found is not None
    return found


def steady(text: str, message: OutboxMessage) -> str:
    """With references that are always the same: they are drawn by lot."""
    drawn = [time["reference"] for time in json.loads(message.payload)["times"]]
    for reference, name in zip(drawn, REFERENCES, strict=True):
        shown = f"{name[:3]}-{name[3:]}"
        text = text.replace(reference, shown)
        text = text.replace(reference.replace("-", "").lower(), name.lower())
    return text


def told(wording: Wording, message: OutboxMessage) -> Words:
    facts = json.loads(message.payload)
    times = [{**time, "manage_url": LINKS["manage_url"]} for time in facts["times"]]
    return wording.render("series", {**facts, **LINKS, "times": times})


@pytest.mark.parametrize("what", REACHES)
def test_the_mail_of_a_series_reads_as_it_did(
    what: str, session: Session, now: datetime, appointment: Appointment, wording: Wording
) -> None:
    message = owed(session, now, appointment, what)
    words = told(wording, message)
    found = {
        "subject.txt": words.subject + "\n",
        "body.txt": steady(words.text, message),
        "body.html": steady(words.html, message) + "\n",
        "appointments.ics": steady(calendar.unpack(message.calendar) or "", message).replace("\r\n", "\n"),
    }
    compare(REACHES[what] or "series", found)


@pytest.mark.parametrize("what", REACHES)
def test_it_has_no_health_word_and_not_the_session_s_name(
    what: str, session: Session, now: datetime, appointment: Appointment, wording: Wording
) -> None:
    message = owed(session, now, appointment, what)
    words = told(wording, message)
    for text in (words.subject, words.text, words.html, calendar.unpack(message.calendar) or "", message.key):
        assert not HEALTH.search(text), HEALTH.search(text)


def test_its_file_has_every_time_with_its_own_uid_and_one_method(
    session: Session, now: datetime, appointment: Appointment
) -> None:
    message = owed(session, now, appointment, "cancelled")
    read = icalendar.Calendar.from_ical(calendar.unpack(message.calendar) or "")
    events = read.walk("VEVENT")
    assert str(read["METHOD"]) == "CANCEL"
    assert len({str(event["UID"]) for event in events}) == len(events) == 3
    assert {event["SEQUENCE"] for event in events} == {1}


def test_a_time_that_waits_is_told_by_a_mail_of_its_own(
    session: Session, now: datetime, appointment: Appointment
) -> None:
    """The mail of the series speaks of what is certain, and its file goes into the calendar."""
    chosen = [Chosen(appointment.starts_at + n * WEEK, appointment.therapist_id) for n in (1, 2)]
    series.book(session, now, appointment.id, chosen, Every.WEEK, actor="test")
    whole = series.of(session, appointment.id)
    assert whole is not None
    waits = session.get_one(Appointment, whole.parts[1].listed.id)
    decisions.reopen(session, now, waits, actor="rules")
    to = appointment.starts_at + timedelta(hours=3)
    series.move(session, now, appointment.id, to, Reach.ALL, actor="test")
    moved = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.kind == "moved")).all()
    assert [json.loads(each.payload)["appointment_id"] for each in moved] == [waits.id]
    told = session.scalars(sa.select(OutboxMessage).where(OutboxMessage.key.like("series:%:moved:%"))).one()
    assert waits.id not in {each["appointment_id"] for each in json.loads(told.payload)["times"]}
    assert waits.reference.lower() not in (told.calendar or "")


def test_each_time_has_a_link_of_its_own_that_is_made_when_it_is_sent(
    session: Session, now: datetime, appointment: Appointment, wording: Wording
) -> None:
    message = owed(session, now, appointment, "booked")
    assert "http" not in message.payload
    sender = send_mail.Sender(Links("a secret for tests only", "https://clinic.example"))
    facts = json.loads(message.payload)
    mail = send_mail._word(message, facts, (appointment, None), wording, sender, now)
    links = [
        line.rsplit(" ", 1)[1] for line in mail.text.splitlines() if "https://clinic.example/app" in line
    ]
    assert len(set(links)) == 3
