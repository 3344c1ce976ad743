"""The machine with series: planned week by week or month by month, moved and called off in part or whole."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, invariant, multiple, rule

from clinic.booking import series, series_preview
from clinic.booking.models import Appointment, Series, SeriesPart
from clinic.booking.series import Chosen, Reach
from clinic.booking.series_dates import Every
from clinic.booking.series_preview import Proposal
from clinic.notify.models import OutboxMessage
from tests.booking.machine import Desk
from tests.booking.machine_model import EPOCH, PROVISIONAL, WEDNESDAY, WEEK, Visit, instant
from tests.race.model import BOOKED, CANCELLED, MAY_BE_FOLLOWED, MOVABLE, NEXT, State

ALIVE = frozenset({BOOKED, PROVISIONAL, "checked_in", "fulfilled", "no_show"})
HORIZON_DAYS, NINE = 60, WEDNESDAY + 9 * 60
BEGINNINGS = ["empty", "two", "two", "series", "series", "waiting"]
Step = Callable[[Visit], tuple[str, State]]


@dataclass(eq=False)
class Agreed:
    """A series, as the model has it: its visits by their place from 1 on."""

    number: int
    every: Every
    places: dict[int, Visit] = field(default_factory=dict)


class WholeDesk(Desk):
    """The clinic of the machine, in which series are agreed on as well."""

    of_series: Bundle[Visit] = Bundle("of_series")

    @initialize(targets=(Desk.appointments, of_series), begins=st.sampled_from(BEGINNINGS))
    def open(self, begins: str) -> MultipleResults:
        """Nobody is booked; two are, with one therapist; one of two is, for three weeks; or one waits."""
        self.set_up()
        self.agreed: list[Agreed] = []
        if begins == "empty":
            return multiple()
        if begins == "waiting":
            waiting = self._hold(NINE + WEEK, 1, 0, held=True)
            assert waiting is not None
            self._confirm(waiting, self.clients[0])
            return multiple(waiting)
        later = WEEK if begins == "two" else 90
        one, other = self.booked(NINE, 1, 0), self.booked(NINE + later, 1, 1)
        assert one is not None
        if begins == "two":
            return multiple(one, other)
        dates = [(NINE + weeks * WEEK, self.staff[1]) for weeks in (1, 2)]
        self._book(one, Every.WEEK, dates, is_desk=True)
        return multiple(other, *self.siblings(one))

    # --- Planning

    @rule(
        targets=(Desk.appointments, of_series),
        first=Desk.appointments,
        every=st.sampled_from([*Every, Every.WEEK]),
        count=st.integers(2, 3),
        clashes=st.sampled_from(["leave", "nearest", "insist", "insist"]),
        is_desk=st.booleans(),
    )
    def plan(
        self, first: Visit, every: Every, count: int, clashes: str, is_desk: bool
    ) -> Visit | MultipleResults:
        """Somebody looks at the dates, leaves out those that clash or takes the nearest, and books them."""
        dates = dates_after(first.state.starts, every, count)
        if first.state.stage in MAY_BE_FOLLOWED:
            shown = self._look(first, every, count, dates, is_desk=is_desk)
            chosen = [each for each in map(choice(first, clashes), shown) if each is not None]
        else:
            chosen = [(starts, first.state.therapist or 0) for starts in dates]
        return self._book(first, every, chosen, is_desk=is_desk) if chosen else multiple()

    def _look(
        self, first: Visit, every: Every, count: int, dates: Sequence[int], *, is_desk: bool
    ) -> list[Proposal]:
        """What the page shows: a date is free where the model says so, and so is what it offers instead."""
        row, state = self.row(first), first.state
        wish = series.wish_after(row, is_desk=is_desk)
        shown = series_preview.preview(
            self.session, self.now, wish, row.starts_at, every, count, row.intake, is_first_kept=True
        )
        assert [each.starts_at for each in shown] == [instant(starts) for starts in dates]
        for each, starts in zip(shown, dates, strict=True):
            free = self.slots(starts, state.therapist, state.client)
            assert (each.slot is not None) == bool(free and (is_desk or self.is_within(starts)))
            for other in each.nearest:
                at = (other.starts_at - EPOCH) // timedelta(minutes=1)
                assert self.slots(at, other.therapist_id, state.client)
        return shown

    def is_within(self, starts: int) -> bool:
        """Whether it is no further ahead than the web books."""
        return starts // 1440 <= int(self.minute) // 1440 + HORIZON_DAYS

    def _book(
        self, first: Visit, every: Every, chosen: Sequence[tuple[int, int]], *, is_desk: bool
    ) -> MultipleResults:
        mails = self.mails()
        foretold, states = self._foretold(first, chosen, is_desk=is_desk)
        answer, made = self.ask(
            lambda: series.book(
                self.session, self.now, first.appointment or 0,
                [Chosen(instant(starts), therapist) for starts, therapist in chosen], every,
                actor="user:1", is_desk=is_desk,
            ).id
        )  # fmt: skip
        assert answer == foretold
        if made is None:
            assert self.mails() == mails
            return multiple()
        agreed = self._series_of(first, every, made)
        visits = [self._added(agreed, first, state) for state in states]
        assert self.mails() == mails + bool(visits)
        return multiple(*([first, *visits] if visits else []))

    def _foretold(
        self, first: Visit, chosen: Sequence[tuple[int, int]], *, is_desk: bool
    ) -> tuple[str, list[State]]:
        """What planning will be answered, and how each new appointment will stand: all of them, or none."""
        state = first.state
        if state.stage == PROVISIONAL:
            return "NotCleared", []
        if state.stage not in MAY_BE_FOLLOWED:
            return "WrongState", []
        there = {each.state.starts for each in self.siblings(first) if each.state.stage in ALIVE}
        states = []
        for starts, therapist in sorted(set(chosen)):
            if starts in there:
                continue
            if not is_desk and (starts < self.minute or not self.is_within(starts)):
                return "NotOffered", []
            free = self.slots(starts, therapist, state.client)
            if starts % 15 or not free:
                return "NotOffered" if starts % 15 else "SlotTaken", []
            states.append(
                replace(
                    state, stage=BOOKED, starts=starts, ends=starts + 60, therapist=therapist, room=free[0][1]
                )
            )
        return "ok", states

    def siblings(self, visit: Visit) -> list[Visit]:
        """All of the series that it belongs to, and itself."""
        found = next((each for each in self.agreed if visit in each.places.values()), None)
        return list(found.places.values()) if found is not None else [visit]

    def _series_of(self, first: Visit, every: Every, number: int) -> Agreed:
        found = next((each for each in self.agreed if first in each.places.values()), None)
        if found is None:
            found = Agreed(number, every, {1: first})
            self.agreed.append(found)
        assert found.number == number
        return found

    def _added(self, agreed: Agreed, first: Visit, state: State) -> Visit:
        place = max(agreed.places) + 1
        row = self.session.scalars(
            sa.select(Appointment)
            .join(SeriesPart, SeriesPart.appointment_id == Appointment.id)
            .where(SeriesPart.series_id == agreed.number, SeriesPart.position == place)
        ).one()
        assert row.hold_id is not None
        visit = Visit(row.hold_id, state, first.intake_id, first.intake, None, row.id)
        agreed.places[place] = visit
        self.things.append(visit)
        return visit

    def mails(self) -> int:
        """How many mails about whole series are owed."""
        of_series = sa.select(sa.func.count()).where(OutboxMessage.kind == "series")
        return self.session.scalar(of_series) or 0

    # --- Changing one, this and those that follow, or all

    @rule(
        visit=st.one_of(of_series, of_series, Desk.appointments),
        reach=st.sampled_from(Reach),
        days=st.sampled_from([-1, 0, 0, 0, 1, 7]),
        minutes=st.sampled_from([-60, -30, 30, 60, 90, 5]),
        who=st.none() | st.integers(0, 1),
    )
    def move_many(self, visit: Visit, reach: Reach, days: int, minutes: int, who: int | None) -> None:
        """To another time of day for all who are meant, those that stand in one another's way included."""
        starts = visit.state.starts + days * 1440 + minutes
        therapist = None if who is None else self.staff[who]

        def step(each: Visit) -> tuple[str, State]:
            named = therapist or (None if reach is Reach.THIS else each.state.therapist)
            to = starts if each is visit else (each.state.starts // 1440 + days) * 1440 + starts % 1440
            return self.moved(each, to, named)

        self._change(
            visit,
            reach,
            step,
            is_backwards=starts > visit.state.starts,
            act=lambda: series.move(
                self.session, self.now, visit.appointment or 0, instant(starts), reach, actor="user:1",
                therapist_id=therapist,
            ),
        )  # fmt: skip

    @rule(visit=st.one_of(of_series, of_series, Desk.appointments), reach=st.sampled_from(Reach))
    def cancel_many(self, visit: Visit, reach: Reach) -> None:
        def step(each: Visit) -> tuple[str, State]:
            if CANCELLED not in NEXT[each.state.stage]:
                return "WrongState", each.state
            return "ok", replace(each.state, stage=CANCELLED, expires=float("inf"))

        self._change(
            visit,
            reach,
            step,
            act=lambda: series.cancel(
                self.session, self.now, visit.appointment or 0, reach, actor="user:1"
            ),
        )  # fmt: skip

    def _change(
        self,
        visit: Visit,
        reach: Reach,
        step: Step,
        *,
        act: Callable[[], list[Any]],
        is_backwards: bool = False,
    ) -> None:
        """Does it to all who are meant, in the model and by the service; a refusal of one is one of all."""
        mails, is_whole = self.mails(), reach is not Reach.THIS
        before = {id(each): each.state for each in self.siblings(visit)}
        foretold, changed = "ok", []
        if is_whole and not any(visit in each.places.values() for each in self.agreed):
            foretold = "WrongState"
        else:
            meant = sorted(
                self._meant(visit, reach), key=lambda each: each.state.starts, reverse=is_backwards
            )
            for each in meant:
                foretold, state = step(each)
                if foretold != "ok":
                    break
                each.state = state
                changed.append(each)
        answer, made = self.ask(act)
        assert answer == foretold
        if made is None:
            for each in self.siblings(visit):
                each.state = before[id(each)]
            assert self.mails() == mails
        else:
            assert sorted(each.id for each in made) == sorted(each.appointment or 0 for each in changed)
            assert self.mails() == mails + is_whole

    def _meant(self, visit: Visit, reach: Reach) -> list[Visit]:
        """The one itself, and of the others those to come that stand: after it, or all."""
        if reach is Reach.THIS:
            return [visit]
        return [
            each
            for each in self.siblings(visit)
            if each is visit
            or (
                each.state.stage in MOVABLE
                and each.state.starts > self.minute
                and (reach is Reach.ALL or each.state.starts > visit.state.starts)
            )
        ]

    # --- What is always true

    @invariant()
    def every_series_is_what_was_agreed(self) -> None:
        """Of one client, each in one series, places counted on and never given twice."""
        rows = self.session.execute(
            sa.select(SeriesPart.series_id, SeriesPart.position, SeriesPart.appointment_id)
        ).all()
        agreed = {
            (each.number, place, visit.appointment)
            for each in self.agreed
            for place, visit in each.places.items()
        }
        assert {tuple(row) for row in rows} == agreed
        kept = dict(self.session.execute(sa.select(Series.id, Series.every)).all())
        for each in self.agreed:
            assert kept[each.number] == each.every
            assert len({visit.state.client for visit in each.places.values()}) == 1


def choice(first: Visit, clashes: str) -> Callable[[Proposal], tuple[int, int] | None]:
    """What is chosen of a date that is shown: start and therapist, or nothing."""

    def of(shown: Proposal) -> tuple[int, int] | None:
        slot = shown.slot or (shown.nearest[0] if clashes == "nearest" and shown.nearest else None)
        if slot is not None:
            return (slot.starts_at - EPOCH) // timedelta(minutes=1), slot.therapist_id
        starts = (shown.starts_at - EPOCH) // timedelta(minutes=1)
        return (starts, first.state.therapist or 0) if clashes == "insist" else None

    return of


def dates_after(starts: int, every: Every, count: int) -> list[int]:
    """The dates of a series after its first, reckoned by hand (it is winter: the clock does not change)."""
    day, minute = EPOCH.date() + timedelta(days=starts // 1440), starts % 1440
    found = []
    for number in range(1, count):
        if every is Every.MONTH:
            year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
            last = calendar.monthrange(year, month + 1)[1]
            then = date(year, month + 1, min(day.day, last))
        else:
            then = day + timedelta(days=number * (7 if every is Every.WEEK else 14))
        found.append((then - EPOCH.date()).days * 1440 + minute)
    return found
