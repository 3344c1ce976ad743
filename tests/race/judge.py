"""Whether each answer could have been given at some moment between asking and answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tests.race.history import Operation, Violation
from tests.race.model import (
    BOOKED,
    ENDED,
    MAY_BE_FOLLOWED,
    MOVABLE,
    PROVISIONAL,
    Square,
    State,
    Thing,
    answers,
    place,
)
from tests.race.refusals_of_two import OF_TWO
from tests.race.squares import Squares
from tests.race.timeline import Timeline
from tests.race.two import room_square


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

    def own_of(self, things: Iterable[Thing], twos: Iterable[str | None]) -> list[Thing]:
        """What stands in no way of these: they themselves, and the rooms for two that are theirs."""
        rooms = self.timeline.rooms
        return [*things, *(rooms[two] for two in set(twos) if two in rooms)]

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
            return self.any_blocked(wanted, asked, *self.own_of([thing], [state.shares]))
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
