"""Whether what was answered to two at once could have been answered between asking and answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from tests.race.history import Operation
from tests.race.model import (
    BOOKED,
    CANCELLED,
    CHOSEN,
    HELD,
    LAPSED,
    LET_GO,
    RUN_OUT,
    WAITS,
    YES,
    State,
    Thing,
    answers,
    place,
    ticks,
)
from tests.race.parties import is_together, rooms_that_go
from tests.race.two import RELEASES, half_of, room_square

if TYPE_CHECKING:
    from tests.race.judge import Judge

NOT_BOOKED = (HELD, CHOSEN, LET_GO, RUN_OUT)
WAY_LASTS = 24 * 60 * 60_000_000  # how long two may take for the pages, on the service's clock


@dataclass(frozen=True, slots=True)
class Half:
    """What one of two wants a place for."""

    option: int
    minutes: int
    client: int | None = None
    therapist: int | None = None


def is_refused_place(
    judge: Judge, asked: Operation, halves: Sequence[Half], *, one_room: bool, own: Collection[Thing] = ()
) -> bool:
    """Whether two therapists, and two rooms or one for two, were not to be had at that start."""
    starts, house = asked.args["starts"], judge.house
    if asked.answer == "NotOffered":
        return bool(starts % house.grid)
    if asked.answer != "SlotTaken":
        return False
    who: list[list[int]] = []
    rooms: list[list[int]] = []
    for half in halves:
        session, ends = house.sessions[half.option], starts + half.minutes
        if not house.is_open(starts - session.before, ends + session.after):
            return True
        wanted = place(house, half.option, starts, ends, None, None, half.client)
        if half.client is not None and judge.any_blocked(wanted[2:], asked, *own):
            return True
        named = house.therapists if half.therapist is None else (half.therapist,)
        who.append(
            [n for n in named if not judge.any_blocked([("therapist", n, *wanted[0][2:])], asked, *own)]
        )
        free = [n for n in house.rooms if not judge.any_blocked([("room", n, *wanted[1][2:])], asked, *own)]
        rooms.append(free)
    if not any(one != other for one in who[0] for other in who[1]):
        return True
    if one_room:
        need = ticks(starts, starts + max(h.minutes + house.sessions[h.option].turnover for h in halves))
        return all(judge.any_blocked([("room", room, *need)], asked, *own) for room in house.wide)
    return not any(one != other for one in rooms[0] for other in rooms[1])


def _of_making(judge: Judge, asked: Operation, own: Collection[Thing] = ()) -> bool:
    talk = judge.house.talk_minutes if asked.kind in ("hold_pair", "choose_again") else 0
    halves = []
    for half in (0, 1):
        args = half_of(asked, half).args
        minutes = judge.house.sessions[args["option"]].minutes + talk
        halves.append(Half(args["option"], minutes, args.get("client"), args.get("therapist")))
    return is_refused_place(judge, asked, halves, one_room=asked.args["one_room"], own=own)


def _of_choosing(judge: Judge, asked: Operation) -> bool:
    """Of two who choose a time once more: nothing is done where they hold that one already."""
    things = _of_pair(judge, asked)
    held = [(each, state) for each in things for state in each.states_during(asked)]
    if asked.answer == "ok":
        same = [
            each
            for each, state in held
            if state.stage in (HELD, CHOSEN)
            and (state.starts, bool(state.shares)) == (asked.args["starts"], asked.args["one_room"])
        ]
        return len({id(each) for each in same}) >= len((0, 1))
    if asked.answer == "Stale":
        return _is_way_over(judge, asked) or len(_booked_of(judge, asked)) > 0
    if asked.answer == "NotCleared":
        return any(_said_no(judge, asked, each.moments[0].state) for each in things)
    return _of_making(judge, asked, judge.own_of(things, (each.two for each in things)))


def _of_pair(judge: Judge, asked: Operation) -> list[Thing]:
    """Whatever two on their way have ever held."""
    pair, timeline = asked.args["pair"], judge.timeline
    return [each for by, both in timeline.twos.items() if timeline.pair_of.get(by) == pair for each in both]


def _booked_of(judge: Judge, asked: Operation) -> list[Thing]:
    """What of it may have been booked by the answer."""
    return [
        each
        for each in _of_pair(judge, asked)
        if any(state.stage not in NOT_BOOKED for state in each.states_during(asked))
    ]


def _said_no(judge: Judge, asked: Operation, state: State) -> bool:
    said = judge.timeline.requests.said(state.intake, asked)
    return state.intake is not None and bool(said - {WAITS, YES})


def _of_confirming(judge: Judge, asked: Operation) -> bool:
    both = [judge.things.get(("hold", number)) for number in asked.args["holds"]]
    if None in both:
        return False
    if asked.answer == "ok":
        return len(_booked_of(judge, asked)) >= len(both)
    every = [state for each in both if each is not None for state in each.states_during(asked)]
    if asked.answer == "Stale":
        return _is_way_over(judge, asked) or _is_given_back(judge, asked)
    if asked.answer == "NotCleared":
        return any(_said_no(judge, asked, state) for state in every)
    if asked.answer == "HoldLapsed":
        return any(
            state.stage == RUN_OUT or (state.stage in (HELD, CHOSEN) and _is_over(judge, state, asked))
            for state in every
        )
    there = [each for each in both if each is not None]
    own = judge.own_of(there, (each.two for each in there))
    return asked.answer == "SlotTaken" and any(
        judge.any_blocked(_needs(judge, asked, half, state), asked, *own)
        for half, each in enumerate(both)
        if each is not None
        for state in each.states_during(asked)
    )


def _is_over(judge: Judge, state: State, asked: Operation) -> bool:
    return asked.now >= state.expires or judge.timeline.struck_from(state.expires) <= asked.done


def _is_way_over(judge: Judge, asked: Operation) -> bool:
    begun_by = judge.timeline.history.afterwards.pairs[asked.args["pair"]]
    return asked.now >= judge.timeline.operations[begun_by].now + WAY_LASTS


def _is_given_back(judge: Judge, asked: Operation) -> bool:
    """Whether the two may have given that time back, or chosen another: then it is not to be had any more."""
    return any(
        o.kind in RELEASES and not o.is_refused and o.facts.get("is_new", True) and o.at <= asked.done
        for o in judge.timeline.asked_of["pair", asked.args["pair"]]
    )


def _needs(judge: Judge, asked: Operation, half: int, state: State) -> list[tuple[str, int | None, int, int]]:
    """The squares that confirming adds for one of the two: the client's, or all where none was kept."""
    booked = replace(state, stage=BOOKED, client=half_of(asked, half).args["client"])
    squares = booked.squares(judge.house)
    # One whose clock is ahead may have struck what this one's clock has not seen lapse: all is entered anew.
    is_kept = state.stage != CHOSEN and judge.timeline.struck_from(state.expires) > asked.done
    if is_kept:
        return [square for square in squares if square[0] == "client"]
    if state.shares:
        squares.append(room_square(judge.timeline.twos[state.shares], state, judge.house))
    return squares


def _of_releasing(judge: Judge, asked: Operation) -> bool:
    return asked.answer == "ok" or (asked.answer == "Stale" and _is_way_over(judge, asked))


def _both_of(judge: Judge, asked: Operation) -> list[Thing]:
    """The two of a party, whether it is still theirs or not."""
    return judge.timeline.twos.get(_party(judge, asked), [])


def _party(judge: Judge, asked: Operation) -> str:
    return judge.timeline.party_keys.get(asked.args["party"], "")


def _of_cancelling(judge: Judge, asked: Operation) -> bool:
    states = [list(each.states_during(asked)) for each in _both_of(judge, asked)]
    if asked.answer == "ok":
        gone, party = (CANCELLED, LAPSED), _party(judge, asked)
        return all(any(state.stage in gone or state.party != party for state in each) for each in states)
    came = ("fulfilled", "no_show")
    return asked.answer == "WrongState" and any(state.stage in came for each in states for state in each)


def _of_moving(judge: Judge, asked: Operation) -> bool:
    both = _both_of(judge, asked)
    states = [list(each.states_during(asked)) for each in both]
    if asked.answer == "WrongState" and any(s.party != _party(judge, asked) for each in states for s in each):
        return True
    if asked.answer not in ("SlotTaken", "NotOffered"):
        return any(asked.answer in _may(judge, asked, state) for each in states for state in each)
    if len(both) != 2 or not all(states):
        return False
    own = judge.own_of(both, [_party(judge, asked)])
    halves = [Half(each[0].option or 0, each[0].ends - each[0].starts, each[0].client) for each in states]
    # Whose room it is stands in no ledger once neither is in it: then it may be one or two.
    in_one = {state.shares == _party(judge, asked) for each in states for state in each}
    ever = any(moment.state.shares == _party(judge, asked) for each in both for moment in each.moments)
    ways = ([True] if True in in_one or ever else []) + ([False] if False in in_one else [])
    return any(is_refused_place(judge, asked, halves, one_room=one_room, own=own) for one_room in ways)


def _of_joining(judge: Judge, asked: Operation) -> bool:
    """Of those who are to come together from now on, and of whom one at least is booked."""
    numbers = asked.args.get("appointments", [asked.args.get("appointment")])
    things = [judge.things.get(("appointment", number)) for number in numbers]
    known = [(half, each) for half, each in enumerate(things) if each is not None]
    stood = [(half, each, state) for half, each in known for state in each.states_during(asked)]
    twos = judge.timeline.twos
    if asked.answer == "WrongState" and any(is_together(twos, each, s, asked) for _half, each, s in stood):
        return True
    if asked.answer not in ("SlotTaken", "NotOffered"):
        return any(asked.answer in _may(judge, half_of(asked, half), state) for half, _each, state in stood)
    gone = [rooms_that_go(twos, each, state, asked) for _half, each, state in stood]
    own = judge.own_of([each for _half, each in known], set[str]().union(*gone))
    return any(
        is_refused_place(judge, asked, halves, one_room=asked.args["one_room"], own=own)
        for halves in _joined(judge, asked, [[s for h, _e, s in stood if h == half] for half, _each in known])
    )


def _joined(judge: Judge, asked: Operation, stood: list[list[State]]) -> Iterator[list[Half]]:
    """What each of them wants, as they may have stood; who stays at their start keeps their therapist."""
    for states in product(*stood):
        halves = [Half(s.option or 0, s.ends - s.starts, s.client) for s in states]
        if asked.kind == "bring":
            stays = states[0].starts == asked.args["starts"]
            halves[0] = replace(halves[0], therapist=states[0].therapist if stays else None)
            option = asked.args["option"]
            halves.append(Half(option, judge.house.sessions[option].minutes, asked.args["client"]))
        yield halves


def _may(judge: Judge, asked: Operation, state: State) -> set[str]:
    struck = judge.timeline.struck_from(state.expires) <= asked.done
    rulings = judge.timeline.requests.said(state.intake, asked)
    return answers(state, asked, judge.house, may_be_struck=struck, rulings=rulings)


OF_TWO: dict[str, Callable[[Judge, Operation], bool]] = {
    "party": _of_making,
    "hold_pair": _of_making,
    "choose_again": _of_choosing,
    "confirm_pair": _of_confirming,
    "release_pair": _of_releasing,
    "unite": _of_joining,
    "bring": _of_joining,
    "cancel_party": _of_cancelling,
    "move_party": _of_moving,
}
