"""The demo clinic's mailbox: mails from files, on pages that let nothing of a mail run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clinic.app import create_app
from clinic.notify.channels import FileChannel, Mail
from tests.conftest import NOW

AT = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
MAIL = Mail(
    key="booked:1:0",
    to_address="anna@client.example",
    to_name="Anna Petrova",
    from_address="hello@clinic.example",
    from_name="Test Rooms",
    reply_to="",
    subject="Booked: Tuesday 24 November",
    text="You are booked.\n\nSee it:\nhttp://127.0.0.1:8000/appointment/x\n",
    html='<p style="color:red" onclick="go()">You are booked.</p>',
    at=AT,
    calendar="BEGIN:VCALENDAR\r\nMETHOD:PUBLISH\r\nEND:VCALENDAR\r\n",
)


@pytest.fixture
def demo(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    settings = replace(app.config["SETTINGS"], is_demo=True, instance=tmp_path, extra={"CLOCK": lambda: NOW})
    made = create_app(settings)
    yield made
    made.extensions["clinic.engine"].dispose()


@pytest.fixture
def web(demo: Flask) -> FlaskClient:
    return demo.test_client()


@pytest.fixture
def name(tmp_path: Path) -> str:
    FileChannel(tmp_path / "outbox").send(MAIL)
    return next((tmp_path / "outbox").glob("*.eml")).stem


def test_an_empty_mailbox_says_what_will_be_there(web: FlaskClient) -> None:
    assert "No mail yet" in web.get("/mailbox/").text


def test_the_newest_mail_comes_first(web: FlaskClient, name: str, tmp_path: Path) -> None:
    FileChannel(tmp_path / "outbox").send(replace(MAIL, key="b", subject="Later", at=AT.replace(hour=11)))
    (tmp_path / "outbox" / "notes.eml").write_text("not ours")
    page = web.get("/mailbox/").text
    assert page.index("Later") < page.index("Booked: Tuesday")
    assert "not ours" not in page


def test_a_mail_shows_its_text_and_its_links(web: FlaskClient, name: str) -> None:
    page = web.get(f"/mailbox/{name}").text
    assert "You are booked.</p>" in page
    assert '<a href="http://127.0.0.1:8000/appointment/x">' in page
    assert "Anna Petrova &lt;anna@client.example&gt;" in page
    assert "onclick" not in page


def test_its_html_is_a_page_on_which_nothing_runs(web: FlaskClient, name: str) -> None:
    answer = web.get(f"/mailbox/{name}/html")
    rules = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in rules
    assert "style-src 'unsafe-inline'" in rules
    assert "sandbox" in rules
    assert "script" not in rules
    assert "You are booked." in answer.text


def test_its_calendar_file_can_be_had(web: FlaskClient, name: str) -> None:
    answer = web.get(f"/mailbox/{name}/appointment.ics")
    assert (answer.mimetype, answer.text.splitlines()[1]) == ("text/calendar", "METHOD:PUBLISH")


@pytest.mark.parametrize("other", ["nothing", "..%2Fclinic", "20261124T101500-000000000000", ".env"])
def test_no_other_file_can_be_read(web: FlaskClient, name: str, other: str) -> None:
    for more in ("", "/html", "/appointment.ics"):
        assert web.get(f"/mailbox/{other}{more}").status_code == 404


def test_there_is_no_mailbox_outside_the_demo(app: Flask) -> None:
    assert app.test_client().get("/mailbox/").status_code == 404
