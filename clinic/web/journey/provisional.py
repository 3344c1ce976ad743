"""The way of somebody who waits for a decision: what is different about it, asked by its pages."""

from __future__ import annotations

from datetime import datetime

from flask import current_app, redirect, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import journeys, provisional_times
from clinic.booking.journey import Verdict
from clinic.booking.models import Hold, Journey
from clinic.intake.models import Clearance
from clinic.notify.links import Links
from clinic.web import database


def is_waiting(journey: Journey) -> bool:
    """Whether what this way leads to is kept only until somebody has decided."""
    state = journeys.state_of(journey)
    return state.is_provisional and state.verdict is Verdict.CLEARANCE


def earliest(journey: Journey, now: datetime) -> datetime:
    """The first instant that may be offered: for whoever waits, far enough ahead to decide before."""
    return now + provisional_times.LEAST_AHEAD if is_waiting(journey) else now


def kept_until(held: Hold, now: datetime) -> datetime:
    """Until when the time would be kept, if it were asked for now."""
    return provisional_times.kept_until(held.site.provisional_hours, held.starts_at, now)


def request_href(clearance: Clearance) -> str:
    """The address of the request's own page, as in the mail."""
    settings = current_app.config["SETTINGS"]
    links = Links(settings.secret_key, settings.base_url)
    return url_for("account.clearance", token=links.clearance_token(clearance.id, database.now()))


def not_any_more() -> ResponseReturnValue:
    """Somebody has decided meanwhile, or an answer has changed: the outcome's page says how it stands."""
    return redirect(url_for("journey.outcome"), code=303)
