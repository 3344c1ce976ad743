"""Our own small files (styles, scripts, drawings), read whole so that they can be compressed and closed."""

from __future__ import annotations

from flask import Flask, Response, request

FILES = frozenset({"static", "vendor"})
READ = frozenset({200, 304})  # the answer that nothing has changed opens the file too, and sends none of it


def install(app: Flask) -> None:
    """Runs before compression: a streamed file would be compressed worse and never be closed."""

    @app.after_request
    def read_whole(response: Response) -> Response:
        if request.endpoint in FILES and response.status_code in READ and response.is_streamed:
            source = response.response
            if response.status_code == 200:
                response.direct_passthrough = False
                response.get_data()
            close = getattr(source, "close", None)
            if close is not None:
                close()
        return response
