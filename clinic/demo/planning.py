"""Fills the diary's pages day by day, as a desk would: whoever is due, with their therapist, in a room that
suits. Arithmetic on epoch minutes; nothing here touches the database.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from zoneinfo import ZoneInfo

from clinic.catalog.models import OfferingOption
from clinic.demo.people import Person
from clinic.kernel.spans import Span
from clinic.kernel.walltime import minute_at

GRID = 15
TALK = 15
_QUIET = 0.06
_CALLED_OFF = 0.07
# How likely a free moment is taken, by the hour it lies in; the middle of the day is the quiet part.
_BY_HOUR = {8: 0.9, 9: 0.9, 10: 0.86, 11: 0.66, 12: 0.5, 13: 0.42, 14: 0.46, 15: 0.56, 16: 0.7}
_EVENING = 0.9


@dataclass(frozen=True, slots=True)
class Space:
    """A stretch of one therapist's working time at a site, on one day (epoch minutes)."""

    day: date
    start: int
    end: int
    therapist: str
    site: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One planned session. `is_called_off` takes nobody's time."""

    person: Person
    option: OfferingOption
    therapist: str
    site: str
    room: str
    start: int
    end: int
    talk: int
    is_first: bool
    is_called_off: bool = False


@dataclass(slots=True)
class Plan:
    """What is given to whom, and who stood in line for it.

    `rooms` gives for each site the rooms in order with the techniques each is for, `blocked` the spans in
    which a room is out of use; `waiting` are those who get the first time that suits from their day on,
    and not before `waiting_from` (epoch minutes); `quiet` is a day for each that stays nearly empty.
    """

    dice: Random
    zone: ZoneInfo
    today: date
    now: int
    rooms: Mapping[str, Sequence[tuple[str, frozenset[str]]]]
    skills: Mapping[str, frozenset[str]]
    people: Sequence[Person]
    waiting: list[Person]
    waiting_from: int
    quiet: Mapping[str, date]
    blocked: Mapping[str, Sequence[Span]]
    taken: dict[str, list[Span]] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)

    def fill(self, spaces: Sequence[Space]) -> list[Visit]:
        """Gives every visit, in the order of the days."""
        regulars: dict[str, list[Person]] = defaultdict(list)
        for person in self.people:
            regulars[person.therapist].append(person)
        by_day: dict[date, list[Space]] = defaultdict(list)
        for space in spaces:
            by_day[space.day].append(space)
        for day in sorted(by_day):
            self._fill_day(day, by_day[day], regulars)
        return self.visits

    def _fill_day(self, day: date, spaces: Sequence[Space], regulars: Mapping[str, list[Person]]) -> None:
        """Goes through the day by the clock, all therapists side by side, so that rooms go round."""
        midnight = minute_at(day, 0, self.zone, 0)
        self.taken = {
            room: list(self.blocked.get(room, ())) for rooms in self.rooms.values() for room, _ in rooms
        }
        seen: set[str] = set()
        heap = [(space.start, number) for number, space in enumerate(spaces)]
        heapq.heapify(heap)
        while heap:
            at, number = heapq.heappop(heap)
            space = spaces[number]
            if at + GRID * 2 > space.end:
                continue
            visit = None
            if self.dice.random() < self._likely(space, at, (at - midnight) // 60):
                visit = self._place(space, at, midnight, seen, regulars)
            if visit is None:
                step = GRID if self.dice.random() < 0.5 else 2 * GRID
                heapq.heappush(heap, (at + step, number))
                continue
            self.visits.append(visit)
            if visit.is_called_off:
                heapq.heappush(heap, (at, number))
                continue
            self.taken[visit.room].append((visit.start, visit.end + visit.option.turnover_minutes))
            after = visit.end + visit.option.buffer_after_minutes
            heapq.heappush(heap, (after + -after % GRID, number))

    def _likely(self, space: Space, at: int, hour: int) -> float:
        """How likely this moment is taken: fuller early and late, and the nearer the day is."""
        if abs(at - self.now) <= 30:
            return 1.0
        if self.quiet.get(space.therapist) == space.day:
            return _QUIET
        ahead = (space.day - self.today).days
        fullness = 0.92 if ahead <= 5 else max(0.4, 0.9 - (ahead - 5) * 0.013)
        return _BY_HOUR.get(hour, _EVENING) * fullness

    def _place(
        self, space: Space, at: int, midnight: int, seen: set[str], regulars: Mapping[str, list[Person]]
    ) -> Visit | None:
        for person, is_waiting in self._candidates(space, at, midnight, seen, regulars):
            for option in self._options(person, space.therapist):
                found = self._fits(space, at, person, option)
                if found is None:
                    continue
                if is_waiting:
                    self.waiting.remove(person)
                return self._seat(found, space.day, seen, is_waiting)
        return None

    def _seat(self, visit: Visit, day: date, seen: set[str], is_waiting: bool) -> Visit:
        person = visit.person
        if is_waiting:
            return visit
        if self.dice.random() < _CALLED_OFF:
            person.due_on = day.toordinal() + self.dice.randint(1, 9)
            return replace(visit, is_called_off=True)
        seen.add(person.name)
        person.visits += 1
        shift = self.dice.randint(-2, 3) if person.interval > 7 else 0
        person.due_on = day.toordinal() + person.interval + shift
        return visit

    def _candidates(
        self, space: Space, at: int, midnight: int, seen: set[str], regulars: Mapping[str, list[Person]]
    ) -> Iterator[tuple[Person, bool]]:
        """Who would come now, most wanted first: those in line, then the therapist's own, by how due."""
        day = space.day.toordinal()
        if at >= self.waiting_from:
            for person in list(self.waiting):
                if person.therapist == space.therapist and person.due_on <= day:
                    yield person, True
        part = _part((at - midnight) // 60)
        due = [
            (person.daypart not in (part, "any"), person.due_on - day, number)
            for number, person in enumerate(regulars[space.therapist])
            if person.due_on <= day + 4 and person.name not in seen
        ]
        for _elsewhen, _late, number in sorted(due)[:6]:
            yield regulars[space.therapist][number], False

    def _options(self, person: Person, therapist: str) -> Iterator[OfferingOption]:
        """What they would have with this therapist: the best technique first, its first lengths."""
        given = [
            choices for technique, choices in person.choices.items() if technique in self.skills[therapist]
        ]
        if len(given) > 1 and self.dice.random() < 0.25:
            given[0], given[1] = given[1], given[0]
        for choices in given[:3]:
            yield from choices[:3]

    def _fits(self, space: Space, at: int, person: Person, option: OfferingOption) -> Visit | None:
        """The visit, if it lies within the space and a room that suits is free; the step-free one last."""
        is_first = person.is_new and person.visits == 0
        talk = max(TALK if is_first else 0, person.extra_minutes)
        start = at + option.buffer_before_minutes
        start += -start % GRID
        end = start + option.minutes + talk
        if (
            start - option.buffer_before_minutes < space.start
            or end + option.buffer_after_minutes > space.end
        ):
            return None
        until = end + option.turnover_minutes
        for room, techniques in self.rooms[space.site]:
            if option.offering.technique in techniques and all(
                until <= low or high <= start for low, high in self.taken[room]
            ):
                return Visit(
                    person, option, space.therapist, space.site, room, start, end, talk, is_first
                )  # fmt: skip
        return None


def _part(hour: int) -> str:
    if hour < 12:
        return "morning"
    return "midday" if hour < 16 else "evening"


def cut(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """The spans without what is taken, each still apart from its neighbours."""
    left = []
    for start, end in spans:
        at = start
        for low, high in sorted(taken):
            if high <= at or low >= end:
                continue
            if low > at:
                left.append((at, low))
            at = max(at, high)
        if at < end:
            left.append((at, end))
    return left
