"""Two people at once in a history: each of them as if asked alone, both or neither, and their one room.

Two in one room take it by an entry of its own. It stands while one of them does; afterwards the next who
tidies up gives it back, which stands in no ledger: so from then on it may be there or not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from tests.race.history import NEVER, History, House, Operation, Violation
from tests.race.model import CHOSEN, HELD, STANDING, Moment, Square, State, Thing, ticks

MAKES_TWO = frozenset({"party", "hold_pair", "choose_again"})
BOOKS_TWO = frozenset({"party", "confirm_pair"})
CHANGES_TWO = frozenset({"confirm_pair", "release_pair", "move_party", "cancel_party"})
JOINS = frozenset({"unite", "bring"})  # of whom one at least was booked before
RELEASES = frozenset({"release_pair", "choose_again"})
TIDIES = frozenset({"lapse", "cancel_party"})
LOCKS_ROOMS = TIDIES | JOINS | {"reactivate"}
ONE_OF = {"options": "option", "clients": "client", "therapists": "therapist", "holds": "hold"}

Twos = Mapping[str, Sequence[Thing]]


def half_of(asked: Operation, half: int) -> Operation:
    """What was asked for one of the two; what was asked for one alone is given as it is."""
    if asked.kind in JOINS:
        return _half_of_join(asked, half)
    if asked.kind not in MAKES_TWO | CHANGES_TWO:
        return asked
    args = {
        ONE_OF.get(name, name): value[half] if name in ONE_OF else value for name, value in asked.args.items()
    }
    return replace(asked, args=args)


def _half_of_join(asked: Operation, half: int) -> Operation:
    """Who is booked already is moved, as it were; who comes along is booked."""
    if asked.kind == "bring" and half == 1:
        return asked
    number = asked.args["appointments"][half] if asked.kind == "unite" else asked.args["appointment"]
    version = asked.args["version"] if half == 0 else None
    args = {"appointment": number, "version": version, "therapist": None}
    return replace(
        asked, kind="join", args=args | {name: asked.args[name] for name in ("starts", "one_room")}
    )


# --- both or neither


def both_or_neither(twos: Twos, history: History) -> Iterator[Violation]:
    """Two who were asked for together and are not both there, or do not belong together."""
    first_by: dict[str, set[int]] = defaultdict(set)
    seen: set[int] = set()
    for appointment, actor, _kind in history.afterwards.events:
        if appointment not in seen:
            first_by[actor].add(appointment)
        seen.add(appointment)
    for asked in history.operations:
        is_made = asked.answer == "ok" and asked.facts.get("is_new", True)
        wanted = [2] if is_made else [0, 2]
        if asked.kind in MAKES_TWO | JOINS and len(twos.get(asked.id, ())) not in wanted:
            yield Violation("lost", f"{asked} made {len(twos.get(asked.id, ()))} of two")
        if asked.kind in BOOKS_TWO and len(first_by[asked.id]) not in (0, 2):
            yield Violation("lost", f"{asked} booked {len(first_by[asked.id])} of two")


def not_given_back(twos: Twos, pair_of: Mapping[str, int], history: History) -> Iterator[Violation]:
    """What two held and still held, though they had given it back, or chosen another time."""
    of_pair: dict[int | None, list[tuple[str, Thing]]] = defaultdict(list)
    for by, both in twos.items():
        of_pair[pair_of.get(by)] += [(by, each) for each in both]
    for asked in history.operations:
        if asked.kind not in RELEASES or asked.answer != "ok" or not asked.facts.get("is_new", True):
            continue
        for by, thing in of_pair[asked.args["pair"]]:
            if by != asked.id and thing.moments[0].latest < asked.at and _is_held_on(thing, asked.done):
                yield Violation("lost", f"{asked} gave the time of two back, and {thing.name} was kept")


def _is_held_on(thing: Thing, at: float) -> bool:
    """Whether it was held at that instant, beyond doubt."""
    moments = [*thing.moments, None]
    return any(
        here is not None and here.state.stage in (HELD, CHOSEN) and here.latest <= at
        and (then is None or then.earliest > at)
        for here, then in pairwise(moments)
    )  # fmt: skip


# --- their one room


def settle_alone(twos: Twos, operations: Mapping[str, Operation]) -> None:
    """Who is back after the other one left the party has the room alone, whether they were told so or not."""
    for two, both in twos.items():
        for thing in both:
            for at, moment in enumerate(thing.moments):
                asked = operations.get(moment.by)
                if asked is None or asked.kind != "reactivate" or moment.state.shares != two:
                    continue
                left = any(_left(each, two, moment) for each in both if each is not thing)
                if asked.facts.get("own_room", left):
                    _share(thing.moments[at:], None, two)


def _left(other: Thing, two: str, moment: Moment) -> bool:
    """Whether it may have come with somebody else by that moment."""
    was_theirs = False
    for each in other.moments:
        if was_theirs and each.state.party != two and each.earliest <= moment.latest:
            return True
        was_theirs = was_theirs or each.state.party == two
    return False


def settle_rooms(twos: Twos, operations: Mapping[str, Operation]) -> None:
    """Where nobody was told to which rooms two were moved: one for both if that is how it stands later."""
    for two, both in twos.items():
        for at, moment in enumerate(both[0].moments):
            asked = operations.get(moment.by)
            if asked is None or asked.kind != "move_party" or asked.is_known or moment.state.party != two:
                continue
            there = next((n for n, other in enumerate(both[-1].moments) if other.by == asked.id), None)
            if there is None or moment.state.room is None:
                continue
            if both[-1].moments[there].state.room == moment.state.room:
                _share(both[0].moments[at:], two)
                _share(both[-1].moments[there:], two)


def _share(moments: Sequence[Moment], two: str | None, instead: str | None = None) -> None:
    """Lets it be in the one room, or alone, from the first of these moments until it is moved."""
    for at, moment in enumerate(moments):
        if at and (moment.is_move or moment.state.shares != instead):
            return
        moment.state = replace(moment.state, shares=two)


def rooms_for_two(twos: Twos) -> dict[str, Thing]:
    """The rooms that were taken for two, each by the operation that made them two."""
    shared = {
        two for two, both in twos.items() if any(m.state.shares == two for each in both for m in each.moments)
    }
    return {two: Thing(f"the room for two of {two}", two=two) for two in twos if two in shared}


def room_squares(two: str, both: Sequence[Thing], house: House) -> list[Square]:
    """What the room of two takes of the diary when all is over, for as long as either of them needs it."""
    return [
        room_square(both, each.last, house)
        for each in both
        if each.last.stage in STANDING and each.last.shares == two
    ]


def room_square(both: Sequence[Thing], state: State, house: House) -> Square:
    """The room where one of the two is, for as long as either needs it."""
    need = 0
    for each in both:
        first = each.moments[0].state
        need = max(need, first.ends - first.starts + house.sessions[first.option or 0].turnover)
    return ("room", state.room, *ticks(state.starts, state.starts + need))


def room_spells(two: str, both: Sequence[Thing]) -> Iterator[tuple[list[Moment], Moment | None]]:
    """Each stretch of moments in which one of the two kept the room in one place, and what ended it."""
    for each in both:
        moments = [*each.moments, None]
        runs = groupby(range(len(each.moments)), key=lambda at, of=each.moments: _keeps(two, of[at]))  # type: ignore[misc]
        for keeps, places in runs:
            if keeps is not None:
                run = list(places)
                yield [each.moments[at] for at in run], moments[run[-1] + 1]


def _keeps(two: str, moment: Moment) -> tuple[int | None, int] | None:
    state = moment.state
    return (state.room, state.starts) if state.stage in STANDING and state.shares == two else None


def expiry(moment: Moment) -> float:
    """When the room goes back by itself: with the holds; what waits for a decision keeps it."""
    return moment.state.expires if moment.state.stage == HELD else NEVER


def given_back(operations: Sequence[Operation], after: float) -> float:
    """The latest instant at which a room was given back in which nobody was expected from `after` on."""
    for tidy in operations:
        if tidy.at > after and tidy.kind in TIDIES and tidy.answer == "ok":
            # Another may have had the room's row at this moment, and given it back itself.
            at_once = [
                o.done for o in operations if o.kind in LOCKS_ROOMS and o.at < tidy.done and tidy.at < o.done
            ]
            if max(at_once) < NEVER:
                return max(at_once)
    return NEVER
