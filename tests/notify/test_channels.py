"""Mails on their way: as messages, to a real mail server on the loopback, into files."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from clinic.notify import channels
from clinic.notify.channels import BadMailSetting, FileChannel, Mail, SendFailed, SmtpChannel

# The test server asks for a password without TLS, on the loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

AT = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


def mail(**changes: Any) -> Mail:
    values = {
        "key": "booked:1:0", "to_address": "anna@client.example", "to_name": "Anna Petrova",
        "from_address": "hello@clinic.example", "from_name": "Test Rooms", "reply_to": "hello@clinic.example",
        "subject": "Booked: Tuesday 24 November, 10:15", "text": "You are booked, Zoë.\n",
        "html": "<p>You are booked, Zoë.</p>", "at": AT,
        "calendar": "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n",
    }  # fmt: skip
    return Mail(**{**values, **changes})


class Inbox:
    """A mail server's handler that keeps what came, and may refuse."""

    def __init__(self) -> None:
        self.came: list[EmailMessage] = []
        self.refusal = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _: Any) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.came.append(message)
        return "250 OK"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def port(inbox: Inbox) -> Iterator[int]:
    """The port of a mail server that wants a user and a password."""

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        fits = isinstance(data, LoginPassword) and (data.login, data.password) == (b"clinic", b"p@ss/word")
        return AuthResult(success=fits, handled=fits)

    controller = Controller(
        inbox, hostname="127.0.0.1", port=free_port(), authenticator=check, auth_require_tls=False,
        auth_required=True,
    )  # fmt: skip
    controller.start()
    yield controller.port
    controller.stop()


def url(port: int, scheme: str = "smtp", password: str | None = None) -> str:
    password = password or "p%40ss%2Fword"
    return f"{scheme}://clinic:{password}@127.0.0.1:{port}"


def test_a_mail_arrives_with_text_html_and_calendar_file(inbox: Inbox, port: int) -> None:
    channel = SmtpChannel(url(port))
    channel.send(mail())
    channel.send(mail(key="booked:2:0", calendar=None))
    channel.close()
    first, second = inbox.came
    assert str(first["To"]) == "Anna Petrova <anna@client.example>"
    assert first["Subject"] == "Booked: Tuesday 24 November, 10:15"
    text, html = first.get_body(("plain",)), first.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "You are booked, Zoë."
    assert html.get_content().strip() == "<p>You are booked, Zoë.</p>"
    (attached,) = first.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == ("text/calendar", "appointment.ics")
    assert dict(attached["Content-Type"].params)["method"] == "CANCEL"
    assert attached.get_content() == "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n"
    assert not list(second.iter_attachments())
    assert first["Message-ID"] != second["Message-ID"]


def test_the_same_message_has_the_same_id_for_ever() -> None:
    assert channels.message_id(mail()) == channels.message_id(mail(subject="Later", at=AT.replace(hour=12)))


def test_a_refused_recipient_is_that_mail_s_fault_and_names_nobody(inbox: Inbox, port: int) -> None:
    inbox.refusal = "550 no such person anna@client.example"
    channel = SmtpChannel(url(port))
    with pytest.raises(SendFailed) as failure:
        channel.send(mail())
    assert failure.value.kind == "SMTPRecipientsRefused 550"
    assert not failure.value.is_down
    inbox.refusal = ""
    channel.send(mail())
    channel.close()
    assert len(inbox.came) == 1


def test_a_wrong_password_means_that_no_mail_will_go(port: int) -> None:
    with pytest.raises(SendFailed) as failure:
        SmtpChannel(url(port, password="wrong")).send(mail())
    assert failure.value.is_down
    assert "535" in failure.value.kind


def test_a_server_that_is_not_there_means_that_no_mail_will_go() -> None:
    with pytest.raises(SendFailed) as failure:
        SmtpChannel(url(free_port())).send(mail())
    assert failure.value.is_down
    assert failure.value.kind == "ConnectionRefusedError"


def test_starttls_never_sends_in_the_clear(inbox: Inbox, port: int) -> None:
    with pytest.raises(SendFailed) as failure:
        SmtpChannel(url(port, scheme="smtp+starttls")).send(mail())
    assert failure.value.is_down
    assert not inbox.came


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(SendFailed) as failure:
            SmtpChannel(f"smtp://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05).send(mail())
    assert failure.value.is_down
    assert failure.value.kind in {"TimeoutError", "SMTPServerDisconnected"}


def test_a_server_that_hung_up_meanwhile_is_rung_again(inbox: Inbox) -> None:
    port = free_port()
    channel = SmtpChannel(f"smtp://127.0.0.1:{port}")
    for _ in range(2):
        controller = Controller(inbox, hostname="127.0.0.1", port=port)
        controller.start()
        channel.send(mail())
        controller.stop()
    channel.close()
    assert len(inbox.came) == 2


@pytest.mark.parametrize(
    "wrong", [{"to_name": "A\r\nBcc: x@y.example"}, {"to_address": "nobody"}, {"subject": "a\nb"}]
)
def test_what_cannot_stand_in_a_header_is_not_sent(wrong: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SendFailed) as failure:
        FileChannel(tmp_path).send(mail(**wrong))
    assert not failure.value.is_down
    assert not list(tmp_path.glob("*.eml"))


def test_a_message_sent_twice_is_one_file(tmp_path: Path) -> None:
    channel = FileChannel(tmp_path / "outbox")
    channel.send(mail())
    channel.send(mail())
    (path,) = (tmp_path / "outbox").iterdir()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert message["To"] == "Anna Petrova <anna@client.example>"


@pytest.mark.parametrize(
    "wrong",
    ["//clinic:secret@mail", "http://clinic:secret@mail", "smtp://clinic:secret@", "smtp://secret:port"],
)
def test_a_wrong_smtp_url_is_refused_without_repeating_it(wrong: str) -> None:
    with pytest.raises(BadMailSetting) as refusal:
        SmtpChannel(wrong)
    assert "secret" not in str(refusal.value)


def test_the_sender_may_have_a_name() -> None:
    assert channels.read_sender("Test Rooms <hello@clinic.example>") == ("Test Rooms", "hello@clinic.example")
    assert channels.read_sender(None) is None
    with pytest.raises(BadMailSetting):
        channels.read_sender("Test Rooms")


def test_the_demo_clinic_mails_nobody_and_a_clinic_without_a_server_waits(tmp_path: Path) -> None:
    def chosen(smtp_url: str | None, is_demo: bool) -> channels.Channel | None:
        return channels.channel_for(smtp_url=smtp_url, mail_folder=tmp_path, is_demo=is_demo)

    assert isinstance(chosen("smtp://mail.example", True), FileChannel)
    assert isinstance(chosen("smtp://mail.example", False), SmtpChannel)
    assert chosen(None, False) is None
