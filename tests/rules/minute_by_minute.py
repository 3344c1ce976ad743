"""An oracle for the search: a made-up clinic of a few hours, walked through minute by minute.

It shares no code with the engine. What a therapist does is painted on a strip of minutes, and every question
(free? rested? how many deep sessions in a row?) is answered by walking along the strip.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import strategies as st

from clinic.kernel.spans import Span
from clinic.roster.availability import Demand, Opening, RoomTime, TherapistTime
from clinic.roster.limits import Hands, Limits, Stint

# Minutes of a made-up clinic's time; its local days begin at these.
SOME_TIME, MIDNIGHTS = 300, (0, 140)
LONG_BREAK = 30


@dataclass(frozen=True)
class Person:
    """A therapist of the oracle: hours, absences, sessions, limits."""

    number: int
    working: list[Span]
    away: list[Span] = field(default_factory=list)
    stints: list[Stint] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)

    def time(self) -> TherapistTime:
        """What the engine gets of them: taken is taken, whatever by."""
        busy = [*self.away, *((stint.start, stint.end) for stint in self.stints)]
        hands = Hands(self.limits, sorted(self.stints), MIDNIGHTS) if self.limits else None
        return TherapistTime(self.number, self.working, busy, hands)


@dataclass(frozen=True)
class Case:
    demand: Demand
    people: list[Person]
    rooms: list[RoomTime]
    client_busy: list[Span]

    @property
    def therapists(self) -> list[TherapistTime]:
        return [person.time() for person in self.people]


def free(start: int, end: int, busy: list[Span]) -> bool:
    return not any(low <= minute < high for low, high in busy for minute in range(start, end))


def keeps_to_limits(person: Person, start: int, want: Demand) -> bool:
    """Walk along the therapist's strip with the new session on it and see that no limit breaks at it."""
    new = Stint(start, start + want.length, want.hands_on, want.is_deep)
    sessions = sorted([*person.stints, new])
    limits = person.limits
    for one, other in pairwise(sessions):
        if new in (one, other) and other.start - one.end < limits.least_break:
            return False
    today = [each for each in sessions if day_of(each.start) == day_of(new.start)]
    most = limits.most_hands_on_minutes
    if most is not None and new.hands_on and sum(each.hands_on for each in today) > most:
        return False
    if limits.most_deep_in_row is None or not new.is_deep:
        return True
    return deep_row_around(sessions, new) <= limits.most_deep_in_row


def deep_row_around(sessions: list[Stint], new: Stint) -> int:
    """How long the row is in which the new session stands; rest ends a row, and so does light work."""
    rows: list[list[Stint]] = [[]]
    idle = 0
    for minute in range(-100, SOME_TIME + 300):
        here = next((each for each in sessions if each.start <= minute < each.end), None)
        idle = idle + 1 if here is None else 0
        if idle == LONG_BREAK or (here is not None and not here.is_deep):
            rows.append([])
        elif here is not None and here not in rows[-1]:
            rows[-1].append(here)
    return next(len(row) for row in rows if new in row)


def day_of(minute: int) -> int:
    return sum(midnight <= minute for midnight in MIDNIGHTS)


def plain_openings(case: Case) -> list[Opening]:
    """Every opening there is, found by trying every start with everybody."""
    found = []
    want = case.demand
    for start in want.grid:
        if want.earliest is not None and start < want.earliest:
            continue
        if want.latest is not None and start > want.latest:
            continue
        end = start + want.length
        rooms = [room.room_id for room in case.rooms if free(start, end + want.turnover, list(room.busy))]
        if not rooms or not free(start, end, case.client_busy):
            continue
        able = [person for person in case.people if fits(person, start, want)]
        able = [person for person in able if keeps_to_limits(person, start, want)]
        here = [Opening(start, each.number, rooms[0], is_snug(each, start, want)) for each in able]
        if want.avoids_holes:
            here.sort(key=lambda each: not each.leaves_no_hole)
        found += here
    return found


def fits(person: Person, start: int, want: Demand) -> bool:
    low, high = start - want.before, start + want.length + want.after
    works = any(opens <= low and high <= closes for opens, closes in person.working)
    return works and free(low, high, [*person.away, *((each.start, each.end) for each in person.stints)])


def is_snug(person: Person, start: int, want: Demand) -> bool:
    """Whether no start of the grid is nearer to what ends before, or none is nearer to what begins after."""
    if not want.avoids_holes:
        return False
    (low, high) = next(
        (opens, closes)
        for opens, closes in person.working
        if opens <= start - want.before and start + want.length + want.after <= closes
    )
    busy = [*person.away, *((each.start, each.end) for each in person.stints)]
    while start > low and free(low, start, busy) is False:
        low += 1
    while high > start and free(start, high, busy) is False:
        high -= 1
    others = [each for each in want.grid if low <= each - want.before]
    others = [each for each in others if each + want.length + want.after <= high]
    return start in (others[0], others[-1])


@st.composite
def spans(draw: st.DrawFn, most: int) -> list[Span]:
    found = []
    for _ in range(draw(st.integers(0, most))):
        start = draw(st.integers(-10, SOME_TIME))
        found.append((start, start + draw(st.integers(0, 60))))
    return found


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    step = draw(st.sampled_from([1, 5, 15]))
    bound = st.none() | st.integers(0, SOME_TIME)
    grid = range(0, SOME_TIME, step)
    return Demand(
        length=draw(st.integers(1, 40)),
        grid=grid if draw(st.booleans()) else tuple(grid)[draw(st.integers(0, 3)) :],
        before=draw(st.integers(0, 10)),
        after=draw(st.integers(0, 10)),
        turnover=draw(st.integers(0, 10)),
        earliest=draw(bound),
        latest=draw(bound),
        hands_on=draw(st.integers(0, 40)),
        is_deep=draw(st.booleans()),
        avoids_holes=draw(st.booleans()),
    )


@st.composite
def people(draw: st.DrawFn, number: int) -> Person:
    opens = draw(st.integers(0, 150))
    working = [(opens, opens + 100), (opens + 100 + draw(st.integers(0, 20)), opens + 200)]
    stints, at = [], 0
    for _ in range(draw(st.integers(0, 5))):
        at += draw(st.integers(0, 40))
        length = draw(st.integers(1, 40))
        stints.append(Stint(at, at + length, draw(st.integers(0, length)), draw(st.booleans())))
        at += length
    limits = Limits(
        most_deep_in_row=draw(st.none() | st.integers(1, 3)),
        most_hands_on_minutes=draw(st.none() | st.integers(1, 90)),
        least_break=draw(st.sampled_from([0, 0, 5, 12])),
    )
    return Person(number, sorted(working), draw(spans(3)), stints, limits)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a clinic of up to three therapists and two rooms, with untidy diaries, and a demand."""
    crowd = [draw(people(number)) for number in range(draw(st.integers(0, 3)))]
    rooms = [RoomTime(number, draw(spans(3))) for number in range(draw(st.integers(0, 2)))]
    return Case(draw(demands()), crowd, rooms, draw(spans(2)))
