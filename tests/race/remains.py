"""What a run has left behind, held against what every appointment, hold and absence was left as."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.race.history import Violation
from tests.race.model import STANDING, Thing
from tests.race.timeline import Timeline
from tests.race.two import room_squares

# Mails that an event owes; the first one owes one, whichever it is. The clinic hears of who waits again.
OWES_MAIL = {"moved": 1, "cancelled": 1, "reactivated": 1, "confirmed": 1, "lapsed": 1, "reopened": 2}


def diary_as_it_is(timeline: Timeline) -> Iterator[Violation]:
    """The diary afterwards: no square twice, spans as squares, and exactly what the last states take."""
    afterwards, house = timeline.history.afterwards, timeline.history.house
    written: dict[tuple[str, int, int], set[int]] = defaultdict(set)
    for kind, owner, tick, entry in afterwards.claims:
        if entry in written[kind, owner, tick]:
            yield Violation("double", f"entry {entry} has {kind} {owner} at tick {tick} twice")
        written[kind, owner, tick].add(entry)
    for (kind, owner, tick), entries in written.items():
        if len(entries) > 1:
            yield Violation("double", f"{kind} {owner} is taken at tick {tick} by {sorted(entries)}")
    drawn = {(k, o, t, e) for k, o, low, high, e in afterwards.spans for t in range(low, high)}
    if drawn != set(afterwards.claims):
        yield Violation("state", "the spans do not say what the squares say")
    due: dict[tuple[str, int | None, int], str] = {}
    for thing in timeline.things:
        if thing.last.stage in STANDING:
            for kind, owner, low, high in thing.last.squares(house):
                due |= {(kind, owner, tick): thing.name for tick in range(low, high)}
        yield from _mails(thing, timeline)
    for two, room in timeline.rooms.items():
        for square in room_squares(two, timeline.twos[two], house):
            due |= {(*square[:2], tick): room.name for tick in range(*square[2:])}
    for name in dict.fromkeys(due[square] for square in due.keys() - written.keys()):
        yield Violation("lost", f"{name} stands and its time is not in the diary")
    strangers = {entry for square in written.keys() - due.keys() for entry in written[square]}
    for entry in sorted(strangers):
        yield Violation("phantom", f"entry {entry} takes time that belongs to nobody")


def _mails(thing: Thing, timeline: Timeline) -> Iterator[Violation]:
    """One mail is owed for each change that the client must hear of; of a whole series one tells of all."""
    if thing.appointment is None:
        return
    due = 0
    for position, (actor, event) in enumerate(timeline.events[thing.appointment]):
        asked = timeline.operations.get(actor)
        is_of_series = asked is not None and (
            asked.kind == "series" or asked.args.get("reach", "this") != "this"
        )
        if not is_of_series:
            due += OWES_MAIL.get(event, 1 if position == 0 else 0)
    owed = timeline.history.afterwards.mails.get(thing.appointment, 0)
    if due != owed:
        rule = "lost" if owed < due else "double"
        yield Violation(rule, f"{thing.name} owes {owed} mails instead of {due}")
