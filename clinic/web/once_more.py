"""A request that the database has undone is asked once more from its start, before anybody is told.

Two who wait for each other, or a connection that is cut, are no fault of who pressed the button. What the
first attempt left in the request is put back as it was: the transaction, what was looked up, the cookie.
Where something of the request is kept already it is never asked again; then, and where the second attempt
fails as well, a page says what is known to be saved and keeps what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, g, request
from flask import session as cookie
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from clinic import undone
from clinic.web import database
from clinic.web.database import Saved

log = structlog.get_logger()

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Clinic(Flask):
    """The app. It looks at a request once more where the database undid what was begun."""

    def dispatch_request(self) -> ResponseReturnValue:
        """What the view answers. What is asked before a view (limits, tokens) is not asked again."""
        before = _Before.now()
        try:
            return super().dispatch_request()
        except (DBAPIError, StaleDataError) as error:
            if not may_be_asked_again(error):
                raise
            kind = type(getattr(error, "orig", error)).__name__
            log.info("asked_once_more", endpoint=request.endpoint, kind=kind)
        before.put_back()
        return super().dispatch_request()


def may_be_asked_again(error: Exception) -> bool:
    """Whether nothing at all is kept of this request, and nobody has waited for long already."""
    if undone.is_undone(error):
        return database.saved() is Saved.NOTHING and not undone.has_waited(error)
    return undone.is_cut_off(error) and database.saved() is Saved.NOTHING


@dataclass(frozen=True, slots=True)
class _Before:
    """A request as it was before its view was asked; the cookie only where it may change."""

    known: Mapping[str, Any]
    cookie: Mapping[str, Any] | None

    @classmethod
    def now(cls) -> _Before:
        known = {name: g.get(name) for name in g}
        return cls(known, None if request.method in READING else deepcopy(dict(cookie)))

    def put_back(self) -> None:
        """The session stays, for what was known before belongs to it; every row is read again when wanted."""
        session = database.session()
        session.rollback()
        for name in list(g):
            g.pop(name)
        for name, value in self.known.items():
            setattr(g, name, value)
        g.session, g.is_asked_again = session, True
        g.pop("now", None)
        if self.cookie is not None:
            cookie.clear()
            cookie.update(self.cookie)
            request_ctx.flashes = None
            for _field, file in request.files.items(multi=True):
                file.stream.seek(0)


@dataclass(frozen=True, slots=True)
class Again:
    """What was sent and where to, for a button that sends it once more."""

    to: str
    fields: tuple[tuple[str, str], ...]


def again() -> Again | None:
    """What was sent in, if nothing of it is kept; None with a file or a password, which no page repeats."""
    fields = tuple((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
    is_secret = bool(request.files) or any("password" in name for name, _value in fields)
    if database.saved() is not Saved.NOTHING or is_secret:
        return None
    return Again(request.script_root + request.full_path.rstrip("?"), fields)


def words() -> tuple[str, str]:
    """Heading and sentence for something sent in that could not be done, even asked twice."""
    return {
        Saved.NOTHING: (
            "We could not save that",
            "We are busy just now, and nothing was saved. Wait a moment, then send it again.",
        ),
        Saved.PERHAPS: (
            "We do not know if that was saved",
            "We were cut off. Look how it stands before you send it again.",
        ),
        Saved.SOMETHING: (
            "Not all of that may be saved",
            "We were cut off. Look how it stands before you send it again.",
        ),
    }[database.saved()]
