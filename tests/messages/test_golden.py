"""Every mail as it is sent, word for word, beside a copy kept under golden/.

After a wanted change of wording, renew the copies and look at the difference:

    GOLDEN=renew python -m pytest tests/messages -n0
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import icalendar
import jinja2
import pytest
from sqlalchemy.orm import Session

from clinic.booking import messages, services
from clinic.booking.models import Appointment
from clinic.notify.wording import Wording, Words
from tests import makers

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDEN = Path(__file__).resolve().parent / "golden"
KINDS = ("booked", "moved", "cancelled", "link")
LINKS = {
    "home_url": "https://clinic.example/",
    "staff_url": "https://clinic.example/staff/sign-in",
    "manage_url": "https://clinic.example/appointment/signed",
    "clearance_url": "https://clinic.example/request/signed",
}
# What a mail, its subject and its calendar file never speak of.
HEALTH = re.compile(
    r"swedish|massage|tissue|technique|pressure|health|medic|doctor|clearance|pain|ache|injur|pregnan"
    r"|questionnaire|intake|screening|answers|symptom|condition",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording(ROOT / "templates", ROOT / "clinic/static/css/email.css")


@pytest.fixture
def appointment(session: Session, now: datetime) -> Appointment:
    clinic = makers.clinic(session, directions="First floor, with a lift.")
    client = makers.client(session, now, "Anna O’Petrova")
    made = services.book(
        session,
        now,
        clinic.wish(talk_minutes=15),
        now + timedelta(days=1, hours=1),
        client,
        makers.intake(session, now),
        actor="test",
    )
    made.reference = "K7M2PX"
    return made


def ended(kind: str, session: Session, now: datetime, appointment: Appointment) -> None:
    """Brings the appointment to where a mail of `kind` is owed."""
    if kind == "moved":
        services.move(session, now, appointment.id, appointment.starts_at + timedelta(hours=3), actor="test")
    if kind == "cancelled":
        services.cancel(session, now, appointment.id, actor="test")


def told(kind: str, wording: Wording, appointment: Appointment) -> Words:
    return wording.render(kind, {**messages.facts(appointment), **LINKS})


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_reads_as_it_did(
    kind: str, session: Session, now: datetime, appointment: Appointment, wording: Wording
) -> None:
    ended(kind, session, now, appointment)
    words = told(kind, wording, appointment)
    found = {"subject.txt": words.subject + "\n", "body.txt": words.text, "body.html": words.html + "\n"}
    if kind != "link":
        found["appointment.ics"] = messages.invite(appointment, now).replace("\r\n", "\n")
    compare(kind, found)


def compare(kind: str, found: Mapping[str, str]) -> None:
    for name, text in found.items():
        path = GOLDEN / kind / name
        if os.environ.get("GOLDEN") == "renew":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{kind}/{name} reads differently"


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_has_no_health_word_and_not_the_session_s_name(
    kind: str, session: Session, now: datetime, appointment: Appointment, wording: Wording
) -> None:
    ended(kind, session, now, appointment)
    words = told(kind, wording, appointment)
    for text in (words.subject, words.text, words.html, messages.invite(appointment, now)):
        assert not HEALTH.search(text), HEALTH.search(text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_html_says_what_the_text_says(
    kind: str, session: Session, now: datetime, appointment: Appointment, wording: Wording
) -> None:
    ended(kind, session, now, appointment)
    words = told(kind, wording, appointment)
    facts = messages.facts(appointment)
    link = LINKS["home_url" if kind == "cancelled" else "manage_url"]
    for fact in (facts["day"], facts["hours"], facts["reference"], link, "London time", "020 7946 0142"):
        assert str(fact) in words.text
        assert str(fact) in words.html


def test_a_name_cannot_bring_markup_into_a_mail(appointment: Appointment, wording: Wording) -> None:
    appointment.client.name = "<img src=x>"
    assert "<img" not in told("booked", wording, appointment).html


def test_a_name_cannot_bring_a_line_into_a_subject(appointment: Appointment, wording: Wording) -> None:
    appointment.site.clinic_name = "Rooms\r\nBcc: all@client.example"
    assert "\n" not in told("link", wording, appointment).subject


def test_a_fact_that_is_missing_is_an_error_and_not_a_gap(wording: Wording) -> None:
    with pytest.raises(jinja2.UndefinedError):
        wording.render("booked", {"name": "Anna"})


@pytest.mark.parametrize("kind", ["reminder_of_nothing", "../errors", "Booked", ""])
def test_a_kind_without_templates_is_an_error(kind: str, wording: Wording) -> None:
    with pytest.raises(jinja2.TemplateNotFound):
        wording.render(kind, {})


def test_the_style_is_in_the_html_and_nothing_is_fetched(appointment: Appointment, wording: Wording) -> None:
    html = told("booked", wording, appointment).html
    assert 'class="btn"' in html
    assert "background: #1e4d3a" in html
    assert "prefers-color-scheme: dark" in html
    assert not re.search(r"<link|<img|url\(|@import|<script", html)


def event_of(text: str) -> tuple[str, icalendar.Event]:
    calendar = icalendar.Calendar.from_ical(text)
    return str(calendar["METHOD"]), next(iter(calendar.walk("VEVENT")))


def test_a_calendar_file_keeps_its_uid_and_counts_up(
    session: Session, now: datetime, appointment: Appointment
) -> None:
    first_method, first = event_of(messages.invite(appointment, now))
    ended("moved", session, now, appointment)
    second_method, second = event_of(messages.invite(appointment, now))
    ended("cancelled", session, now, appointment)
    last_method, last = event_of(messages.invite(appointment, now))
    services.reactivate(session, now, appointment.id, actor="test")
    again_method, again = event_of(messages.invite(appointment, now))
    assert {str(event["UID"]) for event in (first, second, last, again)} == {
        "k7m2px@appointments.canal-street"
    }
    assert [event["SEQUENCE"] for event in (first, second, last, again)] == [0, 1, 2, 3]
    assert (first_method, second_method, last_method, again_method) == (
        "PUBLISH", "PUBLISH", "CANCEL", "PUBLISH",
    )  # fmt: skip
    assert str(last["STATUS"]) == "CANCELLED"
    assert second["DTSTART"].dt - first["DTSTART"].dt == timedelta(hours=3)
