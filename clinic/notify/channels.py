"""The channels that carry a mail: a mail server, or files in a folder for the demo clinic.

A channel raises `SendFailed` and nothing else. Its `kind` names the sort of fault (a class, a reply code)
and never an address, so it may be logged and kept.
"""

from __future__ import annotations

import hashlib
import os
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 20
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class SendFailed(Exception):
    """A mail did not go out. `is_down`: the channel itself does not answer, so others will not go either."""

    def __init__(self, kind: str, *, is_down: bool) -> None:
        super().__init__(kind)
        self.kind = kind
        self.is_down = is_down


class BadMailSetting(ValueError):
    """SMTP_URL or MAIL_FROM is not what the settings say it should be; the sentence never repeats it."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, ready to go. `key` is the outbox row's: the same key gives the same Message-ID for ever."""

    key: str
    to_address: str
    to_name: str
    from_address: str
    from_name: str
    reply_to: str
    subject: str
    text: str
    html: str
    at: datetime
    calendar: str | None = None


class Channel(Protocol):
    """What carries mails."""

    def send(self, mail: Mail) -> None:
        """Hands the mail on, or raises SendFailed."""

    def close(self) -> None:
        """Lets go of what the channel holds open."""


def compose(mail: Mail) -> EmailMessage:
    """`mail` as a message: text, html beside it, and the calendar file with its METHOD.

    ValueError for an address or a name that cannot stand in a header (a line break, for one).
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(mail.from_name, mail.from_address)
    message["To"] = _address(mail.to_name, mail.to_address)
    if mail.reply_to and mail.reply_to != mail.from_address:
        message["Reply-To"] = _address("", mail.reply_to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = message_id(mail)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.calendar:
        message.add_attachment(
            mail.calendar.replace("\r\n", "\n"),
            subtype="calendar",
            params={"method": method_of(mail.calendar)},
            filename="appointment.ics",
            cte="base64",
        )
    return message


def message_id(mail: Mail) -> str:
    """The same for every copy of one message, so that a mail program shows a second copy once."""
    return f"<{_digest(mail.key)}@{mail.from_address.rpartition('@')[2]}>"


def method_of(calendar: str) -> str:
    """PUBLISH or CANCEL, as the calendar file itself says."""
    for line in calendar.splitlines():
        if line.upper().startswith("METHOD:"):
            return line.partition(":")[2].strip().upper()
    return "PUBLISH"


def read_sender(mail_from: str | None) -> tuple[str, str] | None:
    """Name and address of 'Linden Rooms <hello@example.org>'; None where nothing is set."""
    if not mail_from:
        return None
    name, address = parseaddr(mail_from)
    if "@" not in address:
        raise BadMailSetting("MAIL_FROM must be an e-mail address, with a name before it if you like.")
    return name, address


class SmtpChannel:
    """A mail server behind smtp://, smtps:// or smtp+starttls://[user:password@]host[:port].

    The connection is opened for the first mail and kept until `close`; every step has a time limit. With
    starttls the mail does not go out unencrypted if the server does not offer it.
    """

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in _PORTS or not parts.hostname or port == 0:
            raise BadMailSetting(
                "SMTP_URL must look like smtp+starttls://user:password@host:587 (or smtp://, smtps://)."
            )
        self._scheme, self._host = parts.scheme, parts.hostname
        self._port = port or _PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._timeout = timeout
        self._server: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> None:
        try:
            message = compose(mail)
        except ValueError as error:
            raise SendFailed(type(error).__name__, is_down=False) from None
        try:
            self._connected().send_message(message)
        except (
            smtplib.SMTPRecipientsRefused,
            smtplib.SMTPSenderRefused,
            smtplib.SMTPDataError,
            smtplib.SMTPNotSupportedError,
            UnicodeError,
        ) as error:
            raise SendFailed(_kind(error), is_down=False) from None
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise SendFailed(_kind(error), is_down=True) from None

    def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        try:
            server.quit()
        except (smtplib.SMTPException, OSError):
            server.close()

    def _connected(self) -> smtplib.SMTP:
        if self._server is not None and not _answers(self._server):
            self.close()
        if self._server is None:
            self._server = self._open()
        return self._server

    def _open(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self._scheme == "smtps":
            server = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._scheme == "smtp+starttls":
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
        except (smtplib.SMTPException, OSError) as error:
            server.close()
            # A server without STARTTLS or AUTH is the wrong server: no mail of ours will go.
            raise SendFailed(_kind(error), is_down=True) from None
        return server


class FileChannel:
    """Mails as .eml files in a folder, for the demo clinic; one file for one message."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: Mail) -> None:
        name = f"{mail.at:%Y%m%dT%H%M%S}-{_digest(mail.key)[:12]}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            scratch = self._folder / f"{name}.{os.getpid()}.part"
            scratch.write_bytes(compose(mail).as_bytes())
            scratch.replace(self._folder / f"{name}.eml")
        except ValueError as error:
            raise SendFailed(type(error).__name__, is_down=False) from None
        except OSError as error:
            raise SendFailed(type(error).__name__, is_down=True) from None

    def close(self) -> None:
        """Nothing is held open."""


def channel_for(*, smtp_url: str | None, mail_folder: Path, is_demo: bool) -> Channel | None:
    """Files for the demo clinic, else the mail server; None where there is none and mails wait.

    The demo clinic never mails anybody, whatever else is set: the people in it are made up.
    """
    if is_demo:
        return FileChannel(mail_folder)
    return SmtpChannel(smtp_url) if smtp_url else None


def _address(name: str, address: str) -> Address:
    return Address(display_name=name, addr_spec=address)


def _answers(server: smtplib.SMTP) -> bool:
    """Whether the server still listens: it may have hung up on a connection that stood idle."""
    try:
        return server.noop()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _kind(error: Exception) -> str:
    """'SMTPDataError 554': what went wrong, without an address."""
    codes = [getattr(error, "smtp_code", None)]
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _text in error.recipients.values()]
    return " ".join([type(error).__name__, *(str(code) for code in codes if code)])[:200]
