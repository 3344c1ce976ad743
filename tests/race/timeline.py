"""What became of every hold, appointment and absence, moment by moment, from the answers and the ledger.

An appointment's events name the operation that wrote them, and are written in its own order; so what nobody
knows of a killed process is found out here, and every answer must agree with it.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.race.history import NEVER, History, Operation, Violation
from tests.race.model import (
    AWAY,
    BACK,
    BOOKS,
    CHOSEN,
    HELD,
    LET_GO,
    MOVES,
    PROVISIONAL,
    RUN_OUT,
    Moment,
    State,
    Thing,
    after,
    may_have_done,
)
from tests.race.parties import belong_together, keys_of, taken_from_others
from tests.race.promises import CHANGES_OF_MANY, what_is_lost
from tests.race.requests import Requests, half_done, worse_answers
from tests.race.two import (
    BOOKS_TWO,
    JOINS,
    MAKES_TWO,
    RELEASES,
    both_or_neither,
    half_of,
    not_given_back,
    rooms_for_two,
    settle_alone,
    settle_rooms,
)

MAKES_VISITS = frozenset({"hold", "book", "series", "bring"}) | MAKES_TWO
OF_A_PARTY = frozenset({"move_party", "cancel_party"})
TOLD = ("therapist", "room", "starts", "version")


class Timeline:
    """All things of a history with their moments, and what was found wrong while putting them together."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.found: list[Violation] = []
        self.things: list[Thing] = []
        self.operations = {operation.id: operation for operation in history.operations}
        self.by_now = {operation.now: operation for operation in history.operations}
        self.asked_of = self._sort_by_thing()
        self.party_keys = keys_of(history, self.by_now)
        self.pair_of = {by: pair for pair, by in history.afterwards.pairs.items()}
        self.pair_of |= {o.id: o.args["pair"] for o in history.operations if o.kind == "choose_again"}
        self._clock = sorted((o.now, o.at) for o in history.operations)
        self._soonest = self._soonest_from()
        self.requests = Requests(history, self.operations)
        self.effective: set[str] = set(self.requests.effective)
        self._new_intake = self._read_intakes()
        self._held = {intake for intake, _actor, _kind in history.afterwards.rulings}
        self._held |= {new for by, new in self._new_intake.items() if self.operations[by].args["held"]}
        self.done: set[tuple[int, str]] = set()
        self.twos: dict[str, list[Thing]] = defaultdict(list)
        self.events: dict[int, list[tuple[str, str]]] = defaultdict(list)
        self._read_holds()
        self.rooms = rooms_for_two(self.twos)
        self._read_absences()
        self.found += what_is_lost(self)
        self.found += both_or_neither(self.twos, history)
        self.found += belong_together(self.twos, self.party_keys, history)
        self.found += taken_from_others(self.twos, self.operations)
        self.found += not_given_back(self.twos, self.pair_of, history)
        self.found += self.requests.found
        self.found += half_done(self)

    def _read_intakes(self) -> dict[str, int]:
        """The answers that each renewal brought: where they are kept, it was done."""
        found = {}
        for number, written in self.history.afterwards.intakes.items():
            asked = self.by_now.get(written)
            if asked is not None and asked.kind == "renew":
                found[asked.id] = number
                self.effective.add(asked.id)
        return found

    def struck_from(self, expires: float) -> float:
        """The first instant at which somebody may have struck a hold that lapses at `expires`."""
        return self._soonest[bisect.bisect_left(self._clock, (expires, 0))]

    def _soonest_from(self) -> list[float]:
        soonest: list[float] = [NEVER]
        for _now, at in reversed(self._clock):
            soonest.append(min(soonest[-1], at))
        return soonest[::-1]

    def _sort_by_thing(self) -> dict[tuple[str, int], list[Operation]]:
        table: dict[tuple[str, int], list[Operation]] = defaultdict(list)
        for operation in self.history.operations:
            for what in ("hold", "appointment", "absence", "pair"):
                if what in operation.args:
                    table[what, operation.args[what]].append(operation)
            for hold in operation.args.get("holds", ()):
                table["hold", hold].append(operation)
        return table

    def _say(self, rule: str, sentence: str) -> None:
        self.found.append(Violation(rule, sentence))

    # --- Holds and what became of them

    def _read_holds(self) -> None:
        afterwards = self.history.afterwards
        of_hold = {row["hold"]: number for number, row in afterwards.appointments.items()}
        for appointment, actor, kind in afterwards.events:
            self.events[appointment].append((actor, kind))
            self._note_effect(appointment, actor)
        made_by: dict[str, int] = defaultdict(int)
        for number, row in afterwards.holds.items():
            thing = self._begin(number, row, made_by)
            if thing is None:
                continue
            thing.appointment = of_hold.get(number)
            if thing.appointment is None:
                self._end_hold(thing, row)
            else:
                thing.name = f"appointment {thing.appointment}"
                self._follow(thing)
                self._compare(thing, afterwards.appointments[thing.appointment])
            self._finish(thing)
        settle_rooms(self.twos, self.operations)
        settle_alone(self.twos, self.operations)
        for number, row in afterwards.appointments.items():
            if row["hold"] not in afterwards.holds:
                self._say("phantom", f"appointment {number} was never held")

    def _note_effect(self, appointment: int, actor: str) -> None:
        asked = self.operations.get(actor)
        if asked is None:
            self._say("phantom", f"appointment {appointment} was changed by {actor}, who asked for nothing")
        elif asked.is_refused or asked.answer == "error":
            self._say("phantom", f"{asked} was told {asked.answer}, and yet it was done")
        elif (appointment, actor) in self.done:
            self._say("double", f"{asked} was done twice")
        self.effective.add(actor)
        self.done.add((appointment, actor))

    def _begin(self, number: int, row: Mapping[str, Any], made_by: dict[str, int]) -> Thing | None:
        asked = self.by_now.get(row["created"])
        if asked is None or asked.kind not in MAKES_VISITS:
            self._say("phantom", f"hold {number} stands there and nobody asked for it")
            return None
        if asked.is_refused or asked.answer == "error":
            self._say("phantom", f"{asked} was told {asked.answer}, and yet hold {number} was made")
        many = asked.args.get("dates", asked.args.get("options", (None,)))
        half, made_by[asked.id] = made_by[asked.id], made_by[asked.id] + 1
        if made_by[asked.id] > len(many):
            self._say("double", f"{asked} made more than it was asked for: hold {number}")
            half = 0
        self.effective.add(asked.id)
        thing, is_one_room = Thing(f"hold {number}", number), asked.args.get("one_room")
        if asked.kind in MAKES_TWO | JOINS:
            thing.two, thing.half = asked.id, half if asked.kind in MAKES_TWO else 1
            self.twos[asked.id].append(thing)
            asked = half_of(asked, thing.half)
        state = State(
            HELD if asked.facts.get("is_kept", True) else CHOSEN,
            row["therapist"], row["starts"], row["ends"], row["room"],
            asked.args.get("client"), row["option"], row["expires"],
            intake=row["intake"] if row.get("intake") in self._held else None,
            shares=asked.id if is_one_room else None,
        )  # fmt: skip
        self._check_place(asked, state)
        thing.moments.append(Moment(asked.at, asked.done, state, asked.id))
        return thing

    def _check_place(self, asked: Operation, state: State) -> None:
        """A place that was given lies in the hours, on the grid, and is what was asked for."""
        house = self.history.house
        wanted = {"therapist": asked.args.get("therapist"), "option": asked.args.get("option")}
        if "dates" not in asked.args:
            wanted["starts"] = asked.args["starts"]
        elif [state.starts, state.therapist] not in asked.args["dates"]:
            self._say("state", f"{asked} was given another date")
        for name, value in wanted.items():
            if value is not None and getattr(state, name) not in (value, None):
                self._say("state", f"{asked} was given {name} {getattr(state, name)}")
        session = house.sessions[state.option or 0]
        if state.starts % house.grid or not house.is_open(
            state.starts - session.before, state.ends + session.after
        ):
            self._say("state", f"{asked} was given a time that is not offered")

    def _end_hold(self, thing: Thing, row: Mapping[str, Any]) -> None:
        """A hold that nobody confirmed: let go, run out, or still open."""
        assert thing.hold is not None
        if row["status"] == "open":
            last = self.history.operations[-1]
            if last.kind == "lapse" and last.answer == "ok" and last.now >= row["expires"]:
                self._say("state", f"{thing.name} is still open though its time was over at {last.id}")
            return
        if row["status"] == "released":
            by, stage = self._releases_of(thing), LET_GO
        else:
            by = [o for o in self.history.operations if o.kind == "lapse" and o.now >= row["expires"]]
            stage = RUN_OUT
        if not by:
            self._say("phantom", f"{thing.name} is {row['status']} and nobody asked for it")
            return
        sure = [o.done for o in by if self._surely_let_go(o, thing)] if stage == LET_GO else []
        latest = min(sure, default=NEVER)
        state = State(stage, thing.last.therapist, thing.last.starts, thing.last.ends, thing.last.room)
        thing.moments.append(Moment(min(o.at for o in by), latest, state, stage))

    def _releases_of(self, thing: Thing) -> list[Operation]:
        """What may have let a hold go: asked of it, or of the two whose it is."""
        made, pair = thing.moments[0], self.pair_of.get(thing.two or "")
        asked = [o for o in self.asked_of["hold", thing.hold or 0] if o.kind in ("release", "release_pair")]
        asked += [o for o in self.asked_of["pair", pair or 0] if o.kind in RELEASES and o not in asked]
        return [o for o in asked if not o.is_refused and o.done >= made.earliest and o.id != thing.two]

    def _surely_let_go(self, asked: Operation, thing: Thing) -> bool:
        """Whether the hold was there to be let go, as far as anybody knows, and was."""
        was_there = asked in self.asked_of["hold", thing.hold or 0] or asked.at >= thing.moments[0].latest
        return asked.answer == "ok" and was_there and asked.facts.get("is_new", True)

    def _follow(self, thing: Thing) -> None:
        """Takes an appointment through its events, each of which must follow from how it stood."""
        assert thing.appointment is not None
        for position, (actor, event) in enumerate(self.events[thing.appointment]):
            asked = self.operations.get(actor)
            if asked is None:
                continue
            asked = self._as_meant(asked, thing, event, is_first=position == 0)
            if asked.kind == "join":
                self.twos[asked.id].append(thing)
            if (asked.kind in BOOKS) != (position == 0):
                self._say("state", f"{asked} took effect on {thing.name} out of turn")
            elif asked.kind not in MAKES_VISITS and not self._can_have_done(asked, thing, event):
                self._say("state", f"{asked} left {event} though {thing.name} was {thing.last.stage}")
            if asked.args.get("hold", thing.hold) != thing.hold:
                self._say("state", f"{asked} changed {thing.name}")
            is_of_many = asked.kind in CHANGES_OF_MANY - {"join"}
            if not is_of_many and asked.args.get("appointment", thing.appointment) != thing.appointment:
                self._say("state", f"{asked} changed {thing.name}")
            self._take(thing, asked, event)

    def _as_meant(self, asked: Operation, thing: Thing, event: str, *, is_first: bool) -> Operation:
        """What was asked, as far as it concerns one thing."""
        if asked.kind in JOINS:
            both = asked.args.get("appointments", ())
            return half_of(
                asked, both.index(thing.appointment) if thing.appointment in both else int(is_first)
            )
        worse = worse_answers(asked, self.history) if event == "reopened" else None
        return worse or half_of(asked, thing.half)

    def _can_have_done(self, asked: Operation, thing: Thing, event: str) -> bool:
        state = thing.last
        if asked.kind in OF_A_PARTY and state.party != self.party_keys.get(asked.args["party"]):
            return False
        if asked.kind in CHANGES_OF_MANY and asked.args.get("appointment") != thing.appointment:
            asked = replace(asked, args={**asked.args, "version": None})  # it was another's
        return may_have_done(
            state,
            asked,
            event,
            self.history.house,
            may_be_struck=self.struck_from(state.expires) <= asked.done,
            rulings=self.requests.said(state.intake, asked),
        )

    def _take(self, thing: Thing, asked: Operation, event: str) -> None:
        """Adds the moment of one event."""
        assert thing.appointment is not None
        before, told = thing.last, dict(self._told(asked, thing))
        if event == "resettled":
            told = {"starts": before.starts, "therapist": before.therapist, **told}
        if event == "moved":
            moved_to = self.history.afterwards.moved_to.get((thing.appointment, asked.id))
            told.setdefault("starts", asked.args["starts"] if moved_to is None else moved_to)
        if asked.kind == "renew" and asked.args["held"]:
            told["intake"] = self._new_intake.get(asked.id)
        if asked.kind == "worse":
            told["intake"] = asked.args["intake"]
        if (
            asked.kind == "move_party"
            and len({each["room"] for each in asked.facts.get("each", {}).values()}) == 1
        ):
            told["shares"] = before.party
        if event == "moved" and asked.kind == "move" and told["starts"] == before.starts:
            # With another therapist at their time, one of two stays in their room.
            is_alone = told.get("own_room", asked.args["therapist"] is None)
            told["shares"] = None if is_alone else before.shares
        if asked.kind == "join":
            told["shares"] = asked.id if asked.args["one_room"] else None
        state = after(before, asked, event, self.history.house, told)
        if asked.kind in BOOKS_TWO | JOINS | {"join"}:
            state = replace(state, party=asked.id if asked.kind in JOINS | {"join"} else thing.two)
        if None not in (before.version, state.version) and state.version <= before.version:
            self._say("order", f"{asked} left {thing.name} at an older version than before")
        thing.moments.append(Moment(asked.at, asked.done, state, asked.id, event in MOVES))
        if event in MOVES:
            self._check_place(self._as_one(asked, thing, state), state)
        self._check_told(thing, asked, state)

    def _told(self, asked: Operation, thing: Thing) -> Mapping[str, Any]:
        """What an answer said of one appointment; of a change of many it says so for each."""
        if asked.kind in CHANGES_OF_MANY | MAKES_TWO:
            return asked.facts.get("each", {}).get(str(thing.appointment), {})  # type: ignore[no-any-return]
        return asked.facts

    def _as_one(self, asked: Operation, thing: Thing, state: State) -> Operation:
        """A change of a whole series as it was meant for one: at the same time of day."""
        if asked.kind != "move_series" or asked.args["appointment"] == thing.appointment:
            return asked
        starts = state.starts // 1440 * 1440 + asked.args["starts"] % 1440
        return replace(asked, args={"starts": starts})

    def _check_told(self, thing: Thing, asked: Operation, state: State) -> None:
        facts = self._told(asked, thing)
        for name in TOLD:
            told, stands = facts.get(name), getattr(state, name)
            if None not in (told, stands) and told != stands:
                self._say("state", f"{asked} was told {name} {told} of {thing.name}, where it was {stands}")
        if facts.get("status", state.stage) != state.stage:
            self._say("state", f"{asked} was told {facts['status']} of {thing.name}: {state.stage}")
        if facts.get("appointment", thing.appointment) != thing.appointment:
            self._say("state", f"{asked} was told of another appointment than {thing.name}")

    def _compare(self, thing: Thing, row: Mapping[str, Any]) -> None:
        """The row as it is afterwards is how the last change left it; what it says fills in the unknown."""
        thing.fill_in(State(row["status"], row["therapist"], row["starts"], row["ends"], row["room"]))
        last, end = thing.last, self.history.operations[-1]
        if (
            last.stage == PROVISIONAL
            and end.kind == "lapse"
            and end.answer == "ok"
            and end.now >= last.expires
        ):
            self._say("state", f"{thing.name} still waits though its time was over at {end.id}")
        stands = {
            "status": last.stage, "client": last.client, "therapist": last.therapist, "room": last.room,
            "starts": last.starts, "ends": last.ends, "option": last.option, "version": last.version,
            "intake": last.intake,
        }  # fmt: skip
        for name, value in stands.items():
            if value is not None and row[name] != value:
                self._say("lost", f"{thing.name} has {name} {row[name]}, and {value} was the last answer")

    # --- Absences

    def _read_absences(self) -> None:
        for number, row in self.history.afterwards.absences.items():
            asked = self.operations.get(row["reason"])
            if asked is None or asked.is_refused:
                self._say("phantom", f"absence {number} stands there and nobody was told so")
                continue
            self.effective.add(asked.id)
            state = State(AWAY, row["therapist"], row["starts"], row["ends"])
            for name in ("therapist", "starts", "ends"):
                if asked.args[name] != row[name]:
                    self._say("state", f"{asked} was given {name} {row[name]}")
            thing = Thing(f"absence {number}", absence=number)
            thing.moments.append(Moment(asked.at, asked.done, state, asked.id))
            if row["cancelled"] is not None:
                self._end_absence(thing, row["cancelled"])
            self._finish(thing)

    def _end_absence(self, thing: Thing, cancelled: int) -> None:
        ended = self.by_now.get(cancelled)
        if ended is None or ended.args.get("absence") != thing.absence or ended.is_refused:
            self._say("phantom", f"{thing.name} was ended and nobody asked for it")
            return
        self.effective.add(ended.id)
        back = State(BACK, thing.last.therapist, thing.last.starts, thing.last.ends)
        thing.moments.append(Moment(ended.at, ended.done, back, ended.id))

    # --- Order

    def _finish(self, thing: Thing) -> None:
        if not thing.tighten():
            steps = ", ".join(moment.by for moment in thing.moments)
            self._say("order", f"what was done to {thing.name} cannot have been in that order: {steps}")
        self.things.append(thing)
