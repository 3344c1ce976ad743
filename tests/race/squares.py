"""What everything took of the diary, and when: looked up square by square."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tests.race.history import NEVER, House, Operation
from tests.race.model import Moment, Square, Thing
from tests.race.timeline import Timeline
from tests.race.two import expiry, given_back, room_spells, room_square


@dataclass(frozen=True, slots=True)
class Spell:
    """A part of a stay: between which instants it may have been, and when it lapses (service clock)."""

    since: float
    until: float
    expires: float = NEVER


@dataclass(frozen=True, slots=True)
class Stay:
    """One owner's squares taken by one thing: began within `since`, ended within `until` (both instants).

    A hold or a provisional time stands in nobody's way once it has lapsed, unless it was kept (a later
    spell), or was written so slowly that it came in only after the other had asked.
    """

    thing: Thing
    square: Square
    since: tuple[float, float]
    until: tuple[float, float]
    spells: tuple[Spell, ...]

    def may_block(self, asked: Operation) -> bool:
        """Whether it may have stood in the way at some moment between asking and answer."""
        late = self.since[1] >= asked.at  # not there yet to be struck first
        return any(
            spell.since <= asked.done and asked.at <= spell.until and (late or asked.now < spell.expires)
            for spell in self.spells
        )

    def may_have_come_between(self, asked: Operation) -> bool:
        """Whether it may have begun after the asking: free when looked at, taken when written."""
        return self.may_block(asked) and self.since[1] >= asked.at


class Squares:
    """All stays by kind, owner and tick; a stay whose owner nobody knows stands with each who may be it."""

    def __init__(self, stays: list[Stay], house: House) -> None:
        self._table: dict[tuple[str, int, int], list[Stay]] = defaultdict(list)
        everybody = {"therapist": house.therapists, "room": house.rooms}
        for stay in sorted(stays, key=lambda each: each.since[0]):
            kind, owner, low, high = stay.square
            for one in everybody[kind] if owner is None else (owner,):
                for tick in range(low, high):
                    self._table[kind, one, tick].append(stay)

    def on(self, square: Square, asked: Operation) -> Iterator[Stay]:
        """The stays that may have begun by the answer of `asked`, on any tick of `square`, latest first."""
        kind, owner, low, high = square
        assert owner is not None
        for tick in range(low, high):
            here = self._table.get((kind, owner, tick), [])
            yield from reversed(here[: bisect.bisect_right(here, asked.done, key=lambda each: each.since[0])])

    def doubles(self) -> Iterator[tuple[Stay, Stay]]:
        """Pairs that stood on one square at once, beyond doubt."""
        for (_kind, owner, _tick), stays in self._table.items():
            sure = [s for s in stays if s.square[1] == owner and s.since[1] < s.until[0]]
            sure.sort(key=lambda each: each.since[1])
            standing: Stay | None = None
            for stay in sure:
                together = standing is not None and stay.since[1] < standing.until[0]
                if standing is not None and together and stay.thing is not standing.thing:
                    yield standing, stay
                if standing is None or stay.until[0] > standing.until[0]:
                    standing = stay


def stays_of(thing: Thing, timeline: Timeline) -> list[Stay]:
    """What a thing took, one stay for each owner for as long as it kept the same squares."""
    house, found = timeline.history.house, []
    open_now: dict[str, tuple[Square, list[Moment]]] = {}

    def close(kind: str, until: tuple[float, float]) -> None:
        square, kept = open_now.pop(kind)
        ends = [later.latest for later in kept[1:]] + [until[1]]
        spells = tuple(
            Spell(each.earliest, end, each.state.expires) for each, end in zip(kept, ends, strict=True)
        )
        # Nobody kept it after that: from then on anybody may have struck it.
        surely = min(until[0], timeline.struck_from(spells[-1].expires))
        found.append(Stay(thing, square, (kept[0].earliest, kept[0].latest), (surely, until[1]), spells))

    for moment in thing.moments:
        now = {square[0]: square for square in moment.state.squares(house)}
        for kind, (square, kept) in list(open_now.items()):
            is_anew = _may_be_anew(moment, kept[-1].state.expires, timeline)
            if now.get(kind) != square or square[1] is None or is_anew:
                close(kind, (moment.earliest, moment.latest))
        for kind, square in now.items():
            open_now.setdefault(kind, (square, []))[1].append(moment)
    for kind in list(open_now):
        close(kind, (NEVER, NEVER))
    return found


def _may_be_anew(moment: Moment, expires: float, timeline: Timeline) -> bool:
    """Whether what had lapsed may have been struck, and entered anew by who moves or confirms it."""
    return expires != NEVER and (moment.is_move or timeline.struck_from(expires) <= moment.latest)


def stays_of_room(two: str, timeline: Timeline) -> Iterator[Stay]:
    """What the one room of two was taken for; once nobody keeps it, until somebody has surely tidied up."""
    both, asked = timeline.twos[two], timeline.history.operations
    for kept, ended in _split(room_spells(two, both), timeline):
        square = room_square(both, kept[0].state, timeline.history.house)
        surely, latest = (ended.earliest, ended.latest) if ended else (NEVER, NEVER)
        ends = [*(later.latest for later in kept[1:]), given_back(asked, latest)]
        spells = tuple(Spell(m.earliest, end, expiry(m)) for m, end in zip(kept, ends, strict=True))
        surely = min(surely, timeline.struck_from(spells[-1].expires))
        yield Stay(
            timeline.rooms[two], square, (kept[0].earliest, kept[0].latest), (surely, ends[-1]), spells
        )


def _split(
    spells: Iterator[tuple[list[Moment], Moment | None]], timeline: Timeline
) -> Iterator[tuple[list[Moment], Moment | None]]:
    """The same, cut where the room may have been entered anew."""
    for kept, ended in spells:
        begun = 0
        for at in range(1, len(kept)):
            if _may_be_anew(kept[at], expiry(kept[at - 1]), timeline):
                yield kept[begun:at], kept[at]
                begun = at
        yield kept[begun:], ended
