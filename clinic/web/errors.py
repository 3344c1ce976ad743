"""Refusals and faults as pages: a plain sentence, the right status, a way on; never a stack trace."""

from __future__ import annotations

import structlog
from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from clinic.intake.loading import ContentError
from clinic.kernel.errors import Refusal, Stale
from clinic.web import context, database, once_more

log = structlog.get_logger()

SENTENCES = {
    400: ("That did not work", "Something in the address or the form was not right. Go back and try again."),
    401: ("Sign in first", "You need to sign in to see this page."),
    403: ("This is not for you", "Your sign-in does not allow this."),
    404: ("We cannot find that page", "Check the address, or start from the first page."),
    405: ("That did not work", "This page cannot be used in that way. Start from the first page."),
    413: ("That is too large", "What you sent is too large for this page. Go back and send less."),
    429: ("That was a lot at once", "Wait a minute, then try again."),
    500: ("Something went wrong on our side", "Nothing was lost that was saved. Try again in a moment."),
    503: ("We are busy just now", "Wait a moment, then try again. Nothing was booked twice."),
}


def page(
    status: int, heading: str, sentence: str, again: once_more.Again | None = None
) -> ResponseReturnValue:
    """The page of a refusal or fault; `again` is what was sent, to be sent once more with one press."""
    _look_at_the_clinic()
    html = render_template(
        "errors/error.html", heading=heading, sentence=sentence, status=status, again=again
    )
    return html, status


def _look_at_the_clinic() -> None:
    """Reads the clinic's name and telephone for the page; where the database is away, it does without."""
    try:
        database.session().rollback()
        g.pop("main_site", None)
        context.main_site()
    except SQLAlchemyError:
        g.main_site = None


def install(app: Flask) -> None:
    """Registers the handlers."""

    @app.errorhandler(CSRFError)
    def old_form(_error: CSRFError) -> ResponseReturnValue:
        return page(
            400,
            "This page was open for too long",
            "To keep you safe, a form works for some hours only. Go back, load the page again and send it "
            "once more.",
        )

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> ResponseReturnValue:
        heading = (
            SENTENCES.get(error.status, SENTENCES[400])[0] if error.status != 409 else "That did not work"
        )
        return page(error.status, heading, error.sentence)

    @app.errorhandler(StaleDataError)
    def stale(_error: StaleDataError) -> ResponseReturnValue:
        return page(409, "This has changed", Stale.default)

    @app.errorhandler(DataError)
    def unkeepable(error: DataError) -> ResponseReturnValue:
        # PostgreSQL keeps no NUL in a text and no figure beyond its column; nobody types either.
        log.warning("unkeepable_input", endpoint=request.endpoint, kind=type(error.orig).__name__)
        return page(400, *SENTENCES[400])

    @app.errorhandler(OperationalError)
    def busy(error: OperationalError) -> ResponseReturnValue:
        log.warning("database_busy", endpoint=request.endpoint, kind=type(error.orig).__name__)
        if request.method in once_more.READING:
            return page(503, *SENTENCES[503])
        return page(503, *once_more.words(), again=once_more.again())

    @app.errorhandler(ContentError)
    def unreadable(error: ContentError) -> ResponseReturnValue:
        # Rules that are not what was published judge nobody; the entry is named for whoever runs the clinic.
        log.error("content", endpoint=request.endpoint, where=error.where)
        return page(
            503,
            "We cannot take your answers online now",
            "Ring us and we will go through it with you. Nothing you sent before is lost.",
        )

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        if status < 400:
            return error.get_response()
        answer = page(status, *SENTENCES.get(status, SENTENCES[400]))
        response = app.make_response(answer)
        if status == 405 and error.get_response().headers.get("Allow"):
            response.headers["Allow"] = error.get_response().headers["Allow"]
        return response

    @app.errorhandler(Exception)
    def fault(error: Exception) -> ResponseReturnValue:
        # The kind and place of a fault may be logged; its words may carry what somebody typed.
        log.error("fault", endpoint=request.endpoint, kind=type(error).__name__, where=_where(error))
        if app.testing and app.config.get("RAISE_FAULTS", True):
            raise error
        return page(500, *SENTENCES[500])


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
