"""A session type as a form: words, lengths and prices, rooms. Typed text in, facts for the services out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from clinic.catalog.models import Offering
from clinic.catalog.services import LONGEST, LONGEST_BUFFER, SHORTEST, OptionFacts
from clinic.kernel.errors import BadInput
from clinic.kernel.money import SYMBOLS, read_minor
from clinic.web.reading import Gathered, read_whole

BLANK_ROWS = 3
Errors = list[tuple[str, str]]


@dataclass
class Length:
    """One row of the table as typed. `id` names its fields; `option_id` is None for a new length."""

    id: str
    option_id: int | None
    currency: str
    minutes: str = ""
    price: str = ""
    before: str = "0"
    after: str = "15"
    turnover: str = "0"
    is_active: bool = True
    version: str = ""

    @property
    def is_blank(self) -> bool:
        """Whether a row for a new length was left empty."""
        return self.option_id is None and not (self.minutes or self.price)

    @property
    def is_readable(self) -> bool:
        """Whether length and price are numbers, so that it may be shown what saving would make of them."""
        try:
            read_whole(self.minutes, SHORTEST, LONGEST)
            read_minor(self.price)
        except BadInput:
            return False
        return True

    @property
    def symbol(self) -> str:
        return SYMBOLS.get(self.currency, self.currency)


@dataclass
class Typed:
    """The whole form as typed."""

    name: str = ""
    desk_name: str = ""
    technique: str = ""
    skill: str = ""
    summary: str = ""
    position: str = "0"
    is_active: bool = True
    rooms: set[str] = field(default_factory=set)
    lengths: list[Length] = field(default_factory=list)
    version: str = ""


def blank(currency: str) -> Typed:
    """A form for something new."""
    return Typed(lengths=_blanks(currency, BLANK_ROWS))


def of_offering(offering: Offering, rooms: Iterable[int], currency: str) -> Typed:
    """The form for what stands, with an empty row for another length."""
    lengths = [
        Length(
            id=f"o{option.id}",
            option_id=option.id,
            currency=option.currency,
            minutes=str(option.minutes),
            price=shown_price(option.price_minor),
            before=str(option.buffer_before_minutes),
            after=str(option.buffer_after_minutes),
            turnover=str(option.turnover_minutes),
            is_active=option.is_active,
            version=str(option.version),
        )
        for option in offering.options
    ]
    return Typed(
        name=offering.name,
        desk_name=offering.desk_name,
        technique=offering.technique,
        skill=str(offering.skill_id),
        summary=offering.summary,
        position=str(offering.position),
        is_active=offering.is_active,
        rooms={str(room_id) for room_id in rooms},
        lengths=[*lengths, *_blanks(currency, 1)],
        version=str(offering.version),
    )


def of_post(form: MultiDict[str, str], stands: Typed) -> Typed:
    """What was posted; which lengths there are, and what stays, is the server's to say."""
    lengths = []
    for row in stands.lengths:
        own = row.id
        lengths.append(
            Length(
                id=own,
                option_id=row.option_id,
                currency=row.currency,
                minutes=row.minutes if row.option_id else form.get(f"{own}-minutes", "").strip(),
                price=form.get(f"{own}-price", "").strip(),
                before=form.get(f"{own}-before", "").strip(),
                after=form.get(f"{own}-after", "").strip(),
                turnover=form.get(f"{own}-turnover", "").strip(),
                is_active=f"{own}-active" in form or row.option_id is None,
                version=form.get(f"{own}-version", ""),
            )
        )
    return Typed(
        name=form.get("name", ""),
        desk_name=form.get("desk_name", ""),
        technique=stands.technique or form.get("technique", ""),
        skill=form.get("skill_id", ""),
        summary=form.get("summary", "").replace("\r\n", "\n"),
        position=form.get("position", "0"),
        is_active="is_active" in form,
        rooms=set(form.getlist("rooms")),
        lengths=lengths,
        version=form.get("version", ""),
    )


def _blanks(currency: str, number: int) -> list[Length]:
    return [Length(f"n{count}", None, currency) for count in range(number)]


def shown_price(minor: int) -> str:
    """'62' or '62.50', as somebody would type it."""
    whole, rest = divmod(minor, 100)
    return f"{whole}.{rest:02d}" if rest else str(whole)


def read_lengths(typed: Typed) -> tuple[list[tuple[Length, OptionFacts]], Errors]:
    """The facts of each row that is not blank, and a sentence for each box that cannot be read."""
    found: list[tuple[Length, OptionFacts]] = []
    errors: Errors = []
    for row in typed.lengths:
        if row.is_blank:
            continue
        gathered, own = Gathered(), row.id
        facts = OptionFacts(
            minutes=gathered.read(read_whole, row.minutes, SHORTEST, LONGEST, f"{own}-minutes") or 0,
            price_minor=gathered.read(read_minor, row.price, f"{own}-price") or 0,
            currency=row.currency,
            buffer_before_minutes=gathered.read(read_whole, row.before, 0, LONGEST_BUFFER, f"{own}-before")
            or 0,
            buffer_after_minutes=gathered.read(read_whole, row.after, 0, LONGEST_BUFFER, f"{own}-after") or 0,
            turnover_minutes=gathered.read(read_whole, row.turnover, 0, LONGEST_BUFFER, f"{own}-turnover")
            or 0,
            is_active=row.is_active,
        )
        if gathered.errors:
            errors += gathered.errors
            continue
        if any(facts.minutes == other.minutes for _row, other in found):
            errors.append((f"{row.id}-minutes", "This session type has that length already."))
            continue
        found.append((row, facts))
    return found, errors


# Which box a service's refusal of a length belongs to.
BOXES = {
    "minutes": "minutes", "price": "price", "buffer_before_minutes": "before",
    "buffer_after_minutes": "after", "turnover_minutes": "turnover",
}  # fmt: skip


def box_of(row: Length, named: str | None) -> str:
    """The id of the box for a refused field; the price's, where a length that is there has no other."""
    box = BOXES.get(named or "", "price")
    return f"{row.id}-{'price' if box == 'minutes' and row.option_id else box}"


def differences(typed: Typed, stands: Typed) -> list[tuple[str, str]]:
    """What stands and differs from what was typed, in words."""
    found = [
        (label, getattr(stands, name) or "empty")
        for name, label in (
            ("name", "Name"),
            ("desk_name", "Name at the desk"),
            ("summary", "What clients read"),
            ("position", "Place in the list"),
        )
        if getattr(stands, name).strip() != getattr(typed, name).strip()
    ]
    if stands.is_active != typed.is_active:
        found.append(("On offer", "yes" if stands.is_active else "no"))
    if stands.rooms != typed.rooms:
        found.append(("Rooms", f"{len(stands.rooms)} ticked" if stands.rooms else "any"))
    if stands.skill != typed.skill:
        found.append(("Skill", "another one"))
    mine = {row.option_id: row for row in typed.lengths if row.option_id}
    for row in stands.lengths:
        if row.option_id and (other := mine.get(row.option_id)):
            here = (row.price, row.before, row.after, row.turnover, row.is_active)
            there = (other.price, other.before, other.after, other.turnover, other.is_active)
            if here != there:
                off = "" if row.is_active else ", switched off"
                rest = f"rest {row.before} and {row.after}, room {row.turnover}"
                found.append((f"{row.minutes} minutes", f"{row.symbol}{row.price}, {rest}{off}"))
        elif row.option_id:
            found.append((f"{row.minutes} minutes", f"{row.symbol}{row.price}, new"))
    return found


def effects(typed: Typed, stands: Typed | None, coming: dict[int, int]) -> list[tuple[str, str, str]]:
    """What saving will do: (plus, minus or same; bold words; the rest)."""
    before = {row.option_id: row for row in stands.lengths if row.option_id} if stands else {}
    rows: list[tuple[str, str, str]] = []
    for row in typed.lengths:
        was = before.get(row.option_id) if row.option_id else None
        if row.is_blank or not row.is_readable:
            continue
        money = f"{row.symbol}{row.price}"
        if was is None:
            rows.append(("plus", f"{row.minutes} minutes for {money}", "can be booked."))
            continue
        if was.price != row.price:
            words = f"was {was.symbol}{was.price}, for new appointments from now."
            rows.append(("plus", f"{row.minutes} minutes: {money},", words))
        if was.is_active != row.is_active:
            words = "is offered again." if row.is_active else "is no longer offered."
            rows.append(("plus" if row.is_active else "minus", f"{row.minutes} minutes", words))
        if (was.before, was.after, was.turnover) != (row.before, row.after, row.turnover):
            rows.append(
                ("plus", f"{row.minutes} minutes:", "rest and room time change for new appointments.")
            )
    if stands and stands.is_active != typed.is_active:
        words = "It is on offer again." if typed.is_active else "It is no longer on offer."
        rows.append(("plus" if typed.is_active else "minus", "", words))
    number = sum(coming.values())
    if number:
        ones = "appointment keeps its" if number == 1 else "appointments keep their"
        rows.append(("same", "", f"{number} coming {ones} price and length."))
    if any(not (row.is_blank or row.is_readable) for row in typed.lengths):
        rows.append(("same", "", "A length or price that is not a number yet is left out here."))
    return rows or [("same", "", "Nothing changes for clients.")]
