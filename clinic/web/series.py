"""The dates of a series as forms show and send them: for the client on the way and for the desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from clinic.booking.series import Chosen
from clinic.booking.series_dates import Every
from clinic.booking.series_preview import Clash, Proposal
from clinic.booking.slots import Slot
from clinic.kernel import walltime
from clinic.kernel.errors import BadInput
from clinic.roster.models import Therapist
from clinic.web.filters import clock_time, local_date, long_day, zone_place
from clinic.web.numbers import read_whole
from clinic.web.reading import Gathered
from clinic.web.times import read_slot, slot_value

LEAVE_OUT = "leave"
EVERY_WORDS = {Every.WEEK: "Every week", Every.TWO_WEEKS: "Every two weeks", Every.MONTH: "Every month"}
CLIENT_WORDS = {
    Clash.OVER: "That time is over.",
    Clash.BEYOND: "That is further ahead than we book.",
    Clash.NOT_CLEARED: "We need to speak to you before we can book this day.",
    Clash.CLOSED: "We are closed that day.",
    Clash.AWAY: "{name} is away then.",
    Clash.NOT_WORKING: "{name} does not work that day.",
    Clash.YOURS: "You have another appointment then.",
    Clash.TAKEN: "{name} is not free then.",
}
DESK_WORDS = {
    **CLIENT_WORDS,
    Clash.NOT_CLEARED: "Nothing may be booked for that day without a new clearance.",
    Clash.CLOSED: "The site is closed that day.",
    Clash.YOURS: "The client has another appointment then.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One date on the page. `value` books it as it is; `options` are the nearest times where it cannot be."""

    position: int
    field: str
    label: str
    value: str
    hint: str
    reason: str
    options: tuple[tuple[str, str], ...]


def rows_of(
    session: Session,
    proposals: Sequence[Proposal],
    tz: str,
    therapist_id: int | None,
    words: Mapping[Clash, str],
) -> list[Row]:
    """The dates in words; `therapist_id` is whose series it is."""
    ids = {slot.therapist_id for each in proposals for slot in (each.slot, *each.nearest) if slot is not None}
    names = _names(session, ids | ({therapist_id} if therapist_id else set()))
    mine = names.get(therapist_id or 0, "Your therapist")
    return [_row(each, tz, names, mine, words) for each in proposals]


def _names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    rows = session.execute(sa.select(Therapist.id, Therapist.name).where(Therapist.id.in_(set(ids))))
    return {row.id: row.name for row in rows}


def _row(each: Proposal, tz: str, names: Mapping[int, str], mine: str, words: Mapping[Clash, str]) -> Row:
    clock = clock_time(each.starts_at, tz)
    hint = ""
    if each.is_shifted:
        hint = f"The clocks change that night, so it is {clock}. "
    if each.slot is not None:
        hint += f"With {names[each.slot.therapist_id]}"
    return Row(
        position=each.position,
        field=f"date-{each.position}",
        label=f"{long_day(each.day)}, {clock}",
        value=value_of(each.slot) if each.slot else "",
        hint=hint,
        reason=words[each.clash].format(name=mine) if each.clash else "",
        options=tuple((value_of(slot), _option(slot, each, tz, names)) for slot in each.nearest),
    )


def _option(slot: Slot, each: Proposal, tz: str, names: Mapping[int, str]) -> str:
    day = local_date(slot.starts_at, tz)
    when = clock_time(slot.starts_at, tz)
    said = when if day == each.day else f"{long_day(day)}, {when}"
    return f"{said}, with {names[slot.therapist_id]}"


def value_of(slot: Slot) -> str:
    """What a form sends of a time: the instant and the therapist; the services judge both anew."""
    return f"{slot_value(slot.starts_at)}/{slot.therapist_id}"


def read_chosen(form: MultiDict[str, str], rows: Sequence[Row]) -> list[Chosen]:
    """The times chosen for the dates on the page; BadFields names each date for which nothing was said.

    A free date that is not ticked is left out. A date with a clash asks for a time or to be left out.
    """
    gathered = Gathered()
    chosen = [gathered.read(_choice, form.get(row.field, ""), row) for row in rows]
    gathered.refuse()
    found = [each for each in chosen if each is not None]
    if not found:
        raise BadInput("Choose at least one date.", rows[0].field if rows else "count")
    return found


def _choice(sent: str, row: Row) -> Chosen | None:
    """The time chosen for a date, None where it is left out."""
    if not sent and row.options:
        raise BadInput(f"Choose a time for {row.label.split(',')[0]}, or leave it out.", row.field)
    return _read(sent, row.field) if sent and sent != LEAVE_OUT else None


def _read(sent: str, field: str) -> Chosen:
    at, _, who = sent.partition("/")
    starts_at, therapist_id = read_slot(at), read_whole(who)
    if starts_at is None or therapist_id is None:
        raise BadInput("Choose a time from the list.", field)
    return Chosen(starts_at, therapist_id)


def read_count(text: str | None, otherwise: int, most: int) -> int:
    """How many sessions in all; BadInput for a number that is none or too great."""
    if not text:
        return otherwise
    count = read_whole(text)
    if count is None or not 2 <= count <= most:
        raise BadInput(f"Choose from 2 to {most} sessions.", "count")
    return count


def read_every(text: str | None, among: Sequence[Every]) -> Every:
    """How often; the first of `among` where nothing is said, BadInput for anything else."""
    if not text:
        return among[0]
    found = next((each for each in among if each.value == text), None)
    if found is None:
        raise BadInput("Choose how often from the list.", "every")
    return found


def zone_words(tz: str, rows: Sequence[Proposal]) -> str:
    """'London time', with what happens at the change of clocks where it lies between the dates."""
    zone = walltime.zone(tz)
    offsets = {each.starts_at.astimezone(zone).utcoffset() or timedelta() for each in rows}
    said = f"Times are {zone_place(tz)} time."
    return (
        f"{said} The clocks change in between; the time on the clock stays the same."
        if len(offsets) > 1
        else said
    )
