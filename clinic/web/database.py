"""The session of a request, opened when first wanted and closed when the request ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum
from typing import cast

from flask import Flask, current_app, g
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic import db
from clinic.kernel import clock
from clinic.roster.standing import KEPT, Known, Standing
from clinic.undone import is_undone

WRITES = "writes"


class Saved(IntEnum):
    """What is known to be kept of this request: nothing yet, perhaps (a commit was under way), something."""

    NOTHING = 0
    PERHAPS = 1
    SOMETHING = 2


def install(app: Flask, engine: Engine) -> None:
    """Gives the app its engine; sessions are closed with their request."""
    meet(app, engine)

    @app.teardown_appcontext
    def close(_error: BaseException | None) -> None:
        session = g.pop("session", None)
        if session is not None:
            session.close()


def meet(app: Flask, engine: Engine) -> None:
    """The app's database is this one from now on, and nothing is known of it yet."""
    app.extensions["clinic.engine"] = engine
    app.extensions["clinic.reading"] = db.reading(engine)
    app.extensions["clinic.standing"] = Standing()


def engine() -> Engine:
    return cast(Engine, current_app.extensions["clinic.engine"])


class RequestSession(Session):
    """Refuses to write anything outside a `transaction`: on PostgreSQL it would stay written."""


@event.listens_for(RequestSession, "before_flush")
def _only_in_a_transaction(session: Session, _context: object, _objects: object) -> None:
    is_changed = session.new or session.deleted or any(map(session.is_modified, session.dirty))
    if is_changed and WRITES not in session.info:
        raise RuntimeError("a request writes only in its transaction")


def session() -> Session:
    """This request's session, for reading; what it writes, it writes in a `transaction`."""
    if "session" not in g:
        app = current_app.extensions
        info = {KEPT: Known(app["clinic.standing"])}
        g.session = RequestSession(app["clinic.reading"], expire_on_commit=False, info=info)
    return cast(Session, g.session)


@contextmanager
def transaction() -> Iterator[Session]:
    """One writing transaction on this request's session; `saved` knows what came of it."""
    before = saved()
    try:
        with db.transaction(session()) as opened:
            opened.info[WRITES] = True
            opened.info[KEPT].turn(is_writing=True)
            yield opened
            g.saved = max(before, Saved.PERHAPS)
    except DBAPIError as error:
        if is_undone(error):
            g.saved = before
        raise
    finally:
        session().info.pop(WRITES, None)
        session().info[KEPT].turn(is_writing=False)
    g.saved = Saved.SOMETHING


def saved() -> Saved:
    """Whether something of this request is kept already."""
    return cast(Saved, g.get("saved", Saved.NOTHING))


def now() -> datetime:
    """The instant of this request, read once."""
    if "now" not in g:
        source = current_app.config.get("CLOCK", clock.now)
        g.now = source()
    return cast(datetime, g.now)
