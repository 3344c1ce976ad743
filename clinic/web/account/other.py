"""Who comes along with an appointment, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from sqlalchemy.orm import Session

from clinic.booking import companions, parties
from clinic.booking.models import Appointment
from clinic.web.numbers import read_whole


@dataclass(frozen=True, slots=True)
class Other:
    """Who comes along, as the page of the first shows them: no more than what both know."""

    id: int
    version: int
    name: str
    line: str
    may_both: bool


def other_of(session: Session, found: Appointment) -> Other | None:
    """Who comes at the same time; None for who comes alone."""
    other = parties.companion(session, found.id)
    if other is None:
        return None
    return Other(
        id=other.id,
        version=other.version,
        name=other.client.name.split()[0],
        line=f"{other.option.offering.name}, {other.option.minutes} minutes, with {other.therapist.name}",
        may_both=companions.may_change_both(session, found, other),
    )


def seen(found: Appointment) -> dict[int, int]:
    """The versions of both that the page was drawn for; -1, which none has, where it does not say."""
    other = read_whole(request.form.get("other"))
    versions = {found.id: read_whole(request.form.get("version"))}
    if other is not None:
        versions[other] = read_whole(request.form.get("other_version"))
    return {number: -1 if version is None else version for number, version in versions.items()}
