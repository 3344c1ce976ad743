"""Who comes with whom in a history: two belong together until one of them is asked for with another.

A party is known by the operation that made two of them: of two who held a time first, by that which held it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.race.history import History, Operation, Violation
from tests.race.model import STANDING, State, Thing
from tests.race.two import BOOKS_TWO, JOINS, Twos


def keys_of(history: History, by_now: Mapping[int, Operation]) -> dict[int, str]:
    """What each party is known by."""
    keys, operations = {}, {each.id: each for each in history.operations}
    for number, by in history.afterwards.parties_by.items():
        asked = operations.get(by)
        if asked is not None and asked.kind == "confirm_pair":
            held = history.afterwards.holds.get(asked.args["holds"][0])
            asked = by_now.get(held["created"]) if held is not None else None
        if asked is not None:
            keys[number] = asked.id
    return keys


def belong_together(twos: Twos, keys: Mapping[int, str], history: History) -> Iterator[Violation]:
    """Two who do not belong together as they were last asked for, or others who do."""
    parties, numbers = history.afterwards.parties, {key: number for number, key in keys.items()}
    last = {each.appointment: each.last.party for both in twos.values() for each in both}
    for number, members in parties.items():
        if any(last.get(each, "nobody's") != keys.get(number) for each in members):
            sentence = f"party {number} is of {sorted(members)}, who were not booked together"
            yield Violation("phantom", sentence)
    for two, both in twos.items():
        theirs = [each.appointment for each in both if each.appointment and each.last.party == two]
        if not set(theirs) <= set(parties.get(numbers.get(two, 0), ())):
            yield Violation(
                "lost", f"appointments {sorted(map(str, theirs))} were booked together and are no party"
            )
    for asked in history.operations:
        if asked.kind in BOOKS_TWO | JOINS and asked.answer == "ok":
            told = asked.facts["each"]
            both = {str(each.appointment) for each in twos.get(keys.get(asked.facts["party"], ""), ())}
            is_again = asked.kind == "confirm_pair" and not all(told.values())
            if not set(told) <= both or (len(told) != len(both) and not is_again):
                promised = f"party {asked.facts['party']} of {sorted(map(int, told))}"
                yield Violation("lost", f"{asked} was promised {promised}")


def taken_from_others(twos: Twos, operations: Mapping[str, Operation]) -> Iterator[Violation]:
    """Whoever was brought together with somebody while another one came with them, beyond doubt."""
    for two, both in twos.items():
        asked = operations[two]
        for thing in both if asked.kind in JOINS else ():
            at = next((n for n, moment in enumerate(thing.moments) if moment.by == two), 0)
            before = thing.moments[at - 1].state if at else None
            for other in others_of(twos, thing, before) if before is not None else ():
                if all(comes_with(before, state) for state in other.states_during(asked)):
                    sentence = f"{asked} took {thing.name} from {other.name}, who came along"
                    yield Violation("state", sentence)


def others_of(twos: Twos, thing: Thing, state: State) -> list[Thing]:
    """Who is of the same party while it stands so."""
    return [each for each in twos.get(state.party or "", ()) if each is not thing]


def comes_with(one: State, other: State) -> bool:
    """Whether two that stand so come together."""
    return (
        one.party is not None
        and one.party == other.party
        and one.starts == other.starts
        and one.stage in STANDING
        and other.stage in STANDING
    )


def is_together(twos: Twos, thing: Thing, state: State, asked: Operation) -> bool:
    """Whether somebody may have come with it at some moment between asking and answer."""
    others = others_of(twos, thing, state)
    return any(comes_with(state, there) for each in others for there in each.states_during(asked))


def rooms_that_go(twos: Twos, thing: Thing, state: State, asked: Operation) -> set[str]:
    """The room for two that it is in alone, which goes back when it comes with another one."""
    if state.shares is None:
        return set()
    others = [each for each in twos.get(state.shares, ()) if each is not thing]
    is_needed = any(
        there.shares == state.shares and there.stage in STANDING
        for each in others
        for there in each.states_during(asked)
    )
    return set() if is_needed else {state.shares}
