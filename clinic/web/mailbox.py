"""The demo clinic's mailbox: the mails the worker wrote into files, as pages. Only in demo mode.

The html of a mail is shown as a page of its own under a policy of its own: style inside it, and nothing
else; no script, no picture, no form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue

from clinic.kernel.errors import NotFound
from clinic.web import access

blueprint = Blueprint("mailbox", __name__, url_prefix="/mailbox")

AT_MOST = 100
_NAME = re.compile(r"\d{8}T\d{6}-[0-9a-f]{12}")
_LINK = re.compile(r"https?://\S+")
_HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; sandbox allow-top-navigation-by-user-activation"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as it was written into its file."""

    name: str
    at: datetime
    to: str
    sender: str
    subject: str
    text: str
    html: str
    calendar: str

    @property
    def links(self) -> tuple[str, ...]:
        """The addresses in the text, once each."""
        return tuple(dict.fromkeys(_LINK.findall(self.text)))


@blueprint.get("/")
@access.public
def index() -> ResponseReturnValue:
    """The newest mails first."""
    names = sorted((path.stem for path in _folder().glob("*.eml")), reverse=True)
    letters = [_read(name) for name in names[:AT_MOST] if _NAME.fullmatch(name)]
    return render_template("mailbox/index.html", letters=letters, all=len(names))


@blueprint.get("/<name>")
@access.public
def letter(name: str) -> ResponseReturnValue:
    return render_template("mailbox/letter.html", letter=_read(name))


@blueprint.get("/<name>/html")
@access.public
def html(name: str) -> ResponseReturnValue:
    """The html part as its reader's mail program would show it."""
    return Response(_read(name).html, headers={"Content-Security-Policy": _HTML_POLICY})


@blueprint.get("/<name>/appointment.ics")
@access.public
def calendar(name: str) -> ResponseReturnValue:
    """The calendar file that came with the mail; NotFound where none did."""
    text = _read(name).calendar
    if not text:
        raise NotFound()
    return Response(text, content_type="text/calendar; charset=utf-8")


def _folder() -> Path:
    folder: Path = current_app.config["SETTINGS"].mail_folder
    return folder


def _read(name: str) -> Letter:
    """The mail of that name; NotFound for any name the worker does not give."""
    path = _folder() / f"{name}.eml"
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    parts = {part.get_content_type(): part for part in message.walk() if not part.is_multipart()}
    return Letter(
        name=name,
        at=parsedate_to_datetime(str(message["Date"])),
        to=str(message["To"]),
        sender=str(message["From"]),
        subject=str(message["Subject"]),
        text=_content(parts.get("text/plain")).replace("\r\n", "\n"),
        html=_content(parts.get("text/html")),
        calendar=_content(parts.get("text/calendar")),
    )


def _content(part: EmailMessage | None) -> str:
    return str(part.get_content()) if part is not None else ""
