"""Judges the history of a concurrent run against the sequential model: `violations(history)`.

What it holds against a run, each in a sentence that names the operations:

- double: two who stood on one square at the same time, or one thing that was done twice
- lost: what was acknowledged and is not there afterwards, or stands otherwise
- phantom: what is there and was never asked for, or was refused
- refusal: a no that nothing justified at any moment between asking and answer
- order, state: what cannot have been done in any order, or not from how things stood
- error: an answer that is neither a yes nor a refusal nor a lost connection

An operation without an answer may or may not have been done; the ledger says which. Where it cannot be known
when something began or ended, it counts as standing when a refusal is judged, and as not standing when two
on one square are looked for: so nothing is held against a run that could have been right.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tests.race.history import NEVER, History, House, Operation, Violation
from tests.race.model import (
    BOOKED,
    ENDED,
    MAY_BE_FOLLOWED,
    MOVABLE,
    PROVISIONAL,
    Moment,
    Square,
    State,
    Thing,
    answers,
    place,
)
from tests.race.refusals_of_two import OF_TWO
from tests.race.remains import diary_as_it_is
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


def violations(history: History) -> list[Violation]:
    """Everything that is wrong with a run; nothing where it could have been done one after another."""
    timeline = Timeline(history)
    stays = [stay for thing in timeline.things for stay in stays_of(thing, timeline)]
    stays += [stay for two in timeline.rooms for stay in stays_of_room(two, timeline)]
    squares = Squares(stays, history.house)
    judge = Judge(timeline, squares)
    found = [*errors(history), *timeline.found, *double_bookings(squares)]
    return [*found, *judge.look(), *diary_as_it_is(timeline)]


def errors(history: History) -> list[Violation]:
    return [
        Violation("error", f"{asked} was told: {asked.facts.get('said', 'an error')}")
        for asked in history.operations
        if asked.answer == "error"
    ]


def double_bookings(squares: Squares) -> list[Violation]:
    pairs: dict[tuple[str, str], str] = {}
    for one, other in squares.doubles():
        kind, owner, _low, _high = one.square
        pairs.setdefault((one.thing.name, other.thing.name), f"{kind} {owner}")
    return [
        Violation("double", f"{one} and {other} both had {owner} at one time")
        for (one, other), owner in pairs.items()
    ]


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
            # One that had lapsed, and been struck, may have been entered anew where it was moved to.
            is_anew = moment.is_move and kept[-1].state.expires != NEVER
            if now.get(kind) != square or square[1] is None or is_anew:
                close(kind, (moment.earliest, moment.latest))
        for kind, square in now.items():
            open_now.setdefault(kind, (square, []))[1].append(moment)
    for kind in list(open_now):
        close(kind, (NEVER, NEVER))
    return found


def stays_of_room(two: str, timeline: Timeline) -> Iterator[Stay]:
    """What the one room of two was taken for; once nobody keeps it, until somebody has surely tidied up."""
    both, asked = timeline.twos[two], timeline.history.operations
    for kept, ended in room_spells(both):
        square = room_square(both, kept[0].state, timeline.history.house)
        surely, latest = (ended.earliest, ended.latest) if ended else (NEVER, NEVER)
        ends = [*(later.latest for later in kept[1:]), given_back(asked, latest)]
        spells = tuple(Spell(m.earliest, end, expiry(m)) for m, end in zip(kept, ends, strict=True))
        surely = min(surely, timeline.struck_from(spells[-1].expires))
        yield Stay(
            timeline.rooms[two], square, (kept[0].earliest, kept[0].latest), (surely, ends[-1]), spells
        )


class Judge:
    """Looks at every answer: could it have been given at some moment between asking and answer?"""

    def __init__(self, timeline: Timeline, squares: Squares) -> None:
        self.timeline, self.squares = timeline, squares
        self.house = timeline.history.house
        self.things: dict[tuple[str, int], Thing] = {}
        self.beaten_by_a_room = 0
        for thing in timeline.things:
            for what in ("hold", "appointment", "absence"):
                number = getattr(thing, what)
                if number is not None:
                    self.things[what, number] = thing

    def look(self) -> Iterator[Violation]:
        for asked in self.timeline.history.operations:
            if asked.answer in (None, "error") or asked.id in self.timeline.effective:
                continue
            if asked.kind == "lapse":  # does what there is to do, and says no to nobody
                continue
            thing = self._thing_of(asked)
            if asked.kind in OF_TWO:
                yield from self._of_two(asked)
            elif asked.kind in OF_MANY:
                if asked.is_refused and not OF_MANY[asked.kind](self, asked):
                    yield Violation("refusal", f"{asked} was told {asked.answer} and nothing justified it")
            elif thing is not None:
                yield from self._of_thing(asked, thing)
            elif asked.is_refused and not self._is_justified(asked):
                because = asked.facts.get("because", "no error")
                sentence = f"{asked} was told {asked.answer} ({because}) and nothing justified it"
                yield Violation("refusal", sentence)

    def _of_two(self, asked: Operation) -> Iterator[Violation]:
        if not OF_TWO[asked.kind](self, asked):
            because = asked.facts.get("who", asked.facts.get("because", "no error"))
            sentence = f"{asked} was told {asked.answer} ({because}) and nothing justified it"
            yield Violation("refusal" if asked.is_refused else "lost", sentence)

    def own_of(self, *things: Thing) -> list[Thing]:
        """What stands in no way of these: they themselves, and the room that they share with each other."""
        rooms = [self.timeline.rooms[each.two] for each in things if each.two in self.timeline.rooms]
        return [*things, *rooms]

    def _thing_of(self, asked: Operation) -> Thing | None:
        for what in ("hold", "appointment", "absence"):
            if what in asked.args:
                return self.things.get((what, asked.args[what]))
        return None

    def _of_thing(self, asked: Operation, thing: Thing) -> Iterator[Violation]:
        given = "same" if asked.answer == "ok" else asked.answer
        for state in thing.states_during(asked):
            if given in self._may(state, asked) and self._place_says_so(asked, thing, state):
                break
        else:
            stages = " or ".join(dict.fromkeys(s.stage for s in thing.states_during(asked)))
            if given == "same":
                sentence = f"{asked} was acknowledged and nothing was done to {thing.name} ({stages})"
                yield Violation("lost", sentence)
            else:
                sentence = f"{asked} was told {given} while {thing.name} was {stages or 'not there'}"
                because = asked.facts.get("because", "no error")
                yield Violation("refusal", f"{sentence} ({because}), and nothing justified it")
        if given == "same" and asked.facts.get("appointment", thing.appointment) != thing.appointment:
            yield Violation("double", f"{asked} was told of another appointment than {thing.name}")

    def _place_says_so(self, asked: Operation, thing: Thing, state: State) -> bool:
        """For what is refused because of a place: whether it was taken, or not offered, by others."""
        if asked.answer == "SlotTaken" and asked.kind in ("confirm", "reactivate"):
            client = asked.args["client"] if asked.kind == "confirm" else state.client
            wanted = replace(state, stage=BOOKED, client=client).squares(self.house)
            if state.shares:
                wanted.append(room_square(self.timeline.twos[state.shares], state, self.house))
            return self.any_blocked(wanted, asked, *self.own_of(thing))
        if asked.answer in ("SlotTaken", "NotOffered"):
            assert state.option is not None
            return self._refuses_place(
                asked, asked.args["starts"], state.ends - state.starts, state.option, state.client, thing
            )
        return True

    def _said(self, state: State, asked: Operation) -> frozenset[str]:
        return self.timeline.requests.said(state.intake, asked)

    def _decision_is_justified(self, asked: Operation) -> bool:
        """A decision is refused where the answers have been superseded."""
        return asked.answer == "WrongState" and ENDED in self.timeline.requests.said(
            asked.args["intake"], asked
        )

    def _series_is_justified(self, asked: Operation) -> bool:
        """A series is refused for its first appointment, or for any one of its dates."""
        first = self.things.get(("appointment", asked.args["after"]))
        if first is None:
            return False
        states = list(first.states_during(asked))
        if asked.answer == "WrongState":
            return any(state.stage not in MAY_BE_FOLLOWED for state in states)
        if asked.answer in ("NotCleared", "Excluded"):
            return any(state.stage == PROVISIONAL or state.intake is not None for state in states)
        option, client = first.last.option, asked.args["client"]
        if option is None or asked.answer not in ("SlotTaken", "NotOffered"):
            return False
        minutes = self.house.sessions[option].minutes
        return any(
            self._refuses_place(
                replace(asked, args={"therapist": therapist}), starts, minutes, option, client
            )
            for starts, therapist in asked.args["dates"]
        )

    def _series_change_is_justified(self, asked: Operation) -> bool:
        """A series is refused for the one that was looked at, or for any one that is meant with it."""
        this = self.things.get(("appointment", asked.args["appointment"]))
        if this is None:
            return False
        version, states = asked.args["version"], list(this.states_during(asked))
        if asked.answer == "Stale":
            return version is not None and any(state.version != version for state in states)
        asked = replace(asked, args={**asked.args, "version": None})
        of_all = self.timeline.history.afterwards.series
        meant = [
            (thing, state)
            for number, (series, _begun_by) in of_all.items()
            if series == asked.args["series"] and (thing := self.things.get(("appointment", number)))
            for state in thing.states_during(asked)
            if thing is this or (asked.args["reach"] != "this" and state.stage in MOVABLE)
        ]
        if asked.kind == "cancel_series":
            return any(asked.answer in self._may(state, asked) for _thing, state in meant)
        return any(self._refuses_move(asked, thing, state, meant) for thing, state in meant)

    def _refuses_move(
        self, asked: Operation, thing: Thing, state: State, meant: list[tuple[Thing, State]]
    ) -> bool:
        """Whether one of a series was in the way of moving them all."""
        if asked.answer not in self._may(state, asked):
            return False
        if asked.answer not in ("SlotTaken", "NotOffered"):
            return True
        assert state.option is not None
        by_day = asked.args["starts"] // 1440 - (asked.args["starts"] - asked.args["by"]) // 1440
        starts = asked.args["starts"]
        if asked.args["appointment"] != thing.appointment:
            starts = (state.starts // 1440 + by_day) * 1440 + asked.args["starts"] % 1440
        for_one = replace(asked, args={"therapist": state.therapist})
        minutes = state.ends - state.starts
        if self._refuses_place(for_one, starts, minutes, state.option, state.client, thing):
            return True
        days = [other.starts // 1440 for sibling, other in meant if sibling is not thing]
        return state.starts // 1440 in days  # brought to one time of day, they are in one another's way

    def _may(self, state: State, asked: Operation) -> set[str]:
        struck = self.timeline.struck_from(state.expires) <= asked.done
        return answers(state, asked, self.house, may_be_struck=struck, rulings=self._said(state, asked))

    def _is_justified(self, asked: Operation) -> bool:
        """Of what asks for something new."""
        if asked.kind == "time_off":
            wanted = State("away", asked.args["therapist"], asked.args["starts"], asked.args["ends"])
            return asked.answer == "SlotTaken" and self.any_blocked(wanted.squares(self.house), asked)
        if asked.kind in ("hold", "book") and asked.answer in ("SlotTaken", "NotOffered"):
            option = asked.args["option"]
            minutes = self.house.sessions[option].minutes
            return self._refuses_place(asked, asked.args["starts"], minutes, option, asked.args.get("client"))
        return False

    def _refuses_place(
        self,
        asked: Operation,
        starts: int,
        minutes: int,
        option: int,
        client: int | None,
        own: Thing | None = None,
    ) -> bool:
        """Whether nobody who suits was free at some moment, or the room was lost to somebody meanwhile."""
        if asked.answer == "NotOffered":
            return starts % self.house.grid != 0
        session = self.house.sessions[option]
        ends = starts + minutes
        if not self.house.is_open(starts - session.before, ends + session.after):
            return True
        if client is not None:
            square = place(self.house, option, starts, ends, None, None, client)[2]
            if self.any_blocked([square], asked, own):
                return True
        named = asked.args.get("therapist")
        staff = [named] if named is not None else self.house.therapists
        of_staff = [place(self.house, option, starts, ends, who, None, None)[0] for who in staff]
        if all(self.any_blocked([square], asked, own) for square in of_staff):
            return True
        of_rooms = [place(self.house, option, starts, ends, None, room, None)[1] for room in self.house.rooms]
        if all(self.any_blocked([square], asked, own) for square in of_rooms):
            return True
        if any(self._lost_meanwhile(square, asked, own) for square in of_rooms):
            self.beaten_by_a_room += 1
            return True
        return False

    def any_blocked(self, wanted: Iterable[Square], asked: Operation, *own: Thing | None) -> bool:
        """Whether somebody other than `own` may have stood on one of these squares meanwhile."""
        return any(
            stay.may_block(asked)
            for square in wanted
            for stay in self.squares.on(square, asked)
            if all(stay.thing is not each for each in own)
        )

    def _lost_meanwhile(self, square: Square, asked: Operation, own: Thing | None) -> bool:
        return any(
            stay.may_have_come_between(asked)
            for stay in self.squares.on(square, asked)
            if stay.thing is not own
        )


OF_MANY = {
    "series": Judge._series_is_justified,
    "move_series": Judge._series_change_is_justified,
    "cancel_series": Judge._series_change_is_justified,
    "decide": Judge._decision_is_justified,
    "renew": lambda _judge, _asked: False,
}
