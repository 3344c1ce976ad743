"""Signs that nobody types and no database keeps: refused at the door."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask, request
from werkzeug.exceptions import BadRequest

NUL = "\x00"


def install(app: Flask) -> None:
    """Refuses a request with a NUL in its address or form: PostgreSQL takes none, and nobody means one."""

    @app.before_request
    def refuse_nul() -> None:
        if any(NUL in text for text in _texts()):
            raise BadRequest()


def _texts() -> Iterator[str]:
    """Everything a request says in words."""
    yield request.path
    for sent in (request.args, request.form):
        for name, values in sent.lists():
            yield name
            yield from values
