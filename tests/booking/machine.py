"""A machine that does everything to single appointments, in any order, and foretells each answer.

Hypothesis draws the steps. What it foretells is in machine_model.py, what is true after each in
machine_truths.py. Series are done by the machine that is made of this one (machine_series.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, consumes, multiple, precondition, rule

from clinic.booking import decisions, services
from clinic.booking.statuses import Status
from clinic.intake.clearances import Contact, Ruling
from clinic.intake.ledger import Signed
from clinic.intake.level import Releaser
from clinic.intake.models import ClearanceStatus, Intake
from clinic.people.models import Client
from clinic.roster import services as roster
from tests import makers
from tests.booking.machine_model import EPOCH, PROVISIONAL, WEDNESDAY, WEEK, Absence, Visit, instant
from tests.booking.machine_truths import TrueClinic
from tests.race.history import NEVER
from tests.race.model import AWAY, BACK, BOOKED, CANCELLED, HELD, LET_GO, NEXT, RUN_OUT, State

HELD_ANSWERS = {"heart": ["bp_not_controlled"]}
MOST_AWAY = 4  # absences at one time: with more nothing is free
THERAPIST = Signed("Amara Osei", "therapist", "FHT 1200")

# Few times and few people, so that most steps are about something that stands there already.
a_start = st.sampled_from([9 * 60 + 30 * step for step in range(5)] + [610, 7 * 60, 12 * 60]).flatmap(
    lambda minute: st.sampled_from([WEDNESDAY + minute, WEDNESDAY + 1440 + minute])
)
a_later_start = st.tuples(a_start, st.sampled_from([0, 0, 0, 1, 2])).map(lambda at: at[0] + at[1] * WEEK)
somebody = st.integers(0, 1)
anybody = st.none() | somebody


class Desk(TrueClinic):
    """Each rule is one request."""

    visits = Bundle("visits")
    appointments = Bundle("appointments")
    absences = Bundle("absences")

    # --- The steps

    @precondition(lambda self: self.minute < WEDNESDAY + 12 * 60)
    @rule(minutes=st.sampled_from([1, 5, 9, 10, 60, 60, 12 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(visit=st.one_of(visits, appointments), seconds=st.sampled_from([-1, 0, 60]))
    def its_time_comes(self, visit: Visit, seconds: int) -> None:
        """The moment at which a hold or a provisional time goes back, or the one before."""
        if visit.state.stage in (HELD, PROVISIONAL) and visit.state.expires != NEVER:
            until = EPOCH + timedelta(minutes=visit.state.expires, seconds=seconds)
            self.now = max(self.now, until)

    @rule(
        target=visits, starts=a_start, who=anybody, whose=anybody, held=st.sampled_from([False, False, True])
    )
    def hold(self, starts: int, who: int | None, whose: int | None, held: bool) -> Visit | MultipleResults:
        visit = self._hold(starts, who, whose, held)
        return visit or multiple()

    def _hold(self, starts: int, who: int | None, whose: int | None, held: bool) -> Visit | None:
        therapist = None if who is None else self.staff[who]
        client = None if whose is None else self.clients[whose]
        intake_id, clearance = self._held_intake() if held else (self.well, None)
        wish = self.clinic.wish(therapist_id=therapist, client_id=client)
        answer, made = self.ask(
            lambda: services.hold(
                self.session, self.now, wish, instant(starts), self.session.get_one(Intake, intake_id),
                provisionally=held,
            )
        )  # fmt: skip
        free = self.slots(starts, therapist, client)
        not_offered = starts % 15 or starts < self.minute or (held and self.is_too_near(starts))
        assert answer == ("NotOffered" if not_offered else "ok" if free else "SlotTaken")
        if made is None:
            return None
        assert (made.therapist_id, made.room_id) == free[0]
        state = State(
            HELD, *free[0][:1], starts, starts + 60, free[0][1], client, self.option, self.minute + 10
        )
        visit = Visit(made.id, state, intake_id, "undecided" if held else "well", clearance)
        self.things.append(visit)
        return visit

    def _held_intake(self) -> tuple[int, int]:
        intake = makers.intake(self.session, self.now, HELD_ANSWERS)
        contact = Contact("Anna Petrova", "anna@client.example", "+442079460000")
        return intake.id, decisions.ask(self.session, self.now, intake, contact, self.clinic.site).id

    @rule(target=appointments, starts=a_start, who=anybody, whose=somebody)
    def wait(self, starts: int, who: int | None, whose: int) -> Visit | MultipleResults:
        """Somebody whose answers are held keeps a time until it is decided."""
        visit = self._hold(starts, who, None, held=True)
        if visit is None or not self._confirm(visit, self.clients[whose]):
            return multiple()
        return visit

    @rule(target=appointments, visit=visits, whose=somebody)
    def confirm(self, visit: Visit, whose: int) -> Visit | MultipleResults:
        return visit if self._confirm(visit, self.clients[whose]) else multiple()

    def _confirm(self, visit: Visit, client: int) -> bool:
        answer, made = self.ask(
            lambda: services.confirm(
                self.session, self.now, visit.hold, self.session.get_one(Client, client), actor="client"
            )
        )
        state = visit.state
        if visit.appointment is not None:
            assert (answer, made and made.id) == ("ok", visit.appointment)
            return False
        mine = replace(state, stage=BOOKED, client=client)
        if not self.stands(visit):
            assert answer == "HoldLapsed"
        elif visit.intake == "no":
            assert answer == "NotCleared"
        elif state.client not in (None, client):
            assert answer == "BadInput"
        elif state.client is None and self.is_blocked(mine.squares(self.house)[2], visit):
            assert answer == "SlotTaken"
        else:
            assert answer == "ok"
            waits = visit.intake == "undecided"
            visit.appointment = made.id
            visit.state = replace(
                mine,
                stage=PROVISIONAL if waits else BOOKED,
                expires=self.kept_until(state.starts) if waits else NEVER,
            )
            return True
        return False

    @rule(target=appointments, starts=a_later_start, who=anybody, whose=somebody)
    def book(self, starts: int, who: int | None, whose: int) -> Visit | MultipleResults:
        return self.booked(starts, who, whose) or multiple()

    def booked(self, starts: int, who: int | None, whose: int) -> Visit | None:
        """The desk's way: hold and confirm in one."""
        therapist, client = None if who is None else self.staff[who], self.clients[whose]
        wish = self.clinic.wish(therapist_id=therapist, client_id=client, is_desk=True)
        answer, made = self.ask(
            lambda: services.book(
                self.session, self.now, wish, instant(starts), self.session.get_one(Client, client),
                self.session.get_one(Intake, self.well), actor="user:1",
            )
        )  # fmt: skip
        free = self.slots(starts, therapist, client)
        assert answer == ("NotOffered" if starts % 15 else "ok" if free else "SlotTaken")
        if made is None:
            return None
        state = State(BOOKED, free[0][0], starts, starts + 60, free[0][1], client, self.option)
        visit = Visit(made.hold_id, state, self.well, "well", None, made.id)
        self.things.append(visit)
        return visit

    @rule(visit=st.one_of(visits, appointments))
    def release(self, visit: Visit) -> None:
        assert self.ask(lambda: services.release(self.session, visit.hold))[0] == "ok"
        if visit.state.stage == HELD:
            visit.state = replace(visit.state, stage=LET_GO)

    @rule(visit=appointments, starts=a_start, who=anybody)
    def move(self, visit: Visit, starts: int, who: int | None) -> None:
        therapist = None if who is None else self.staff[who]
        foretold, state = self.moved(visit, starts, therapist)
        answer, made = self.ask(
            lambda: services.move(
                self.session, self.now, visit.appointment, instant(starts), actor="user:1",
                therapist_id=therapist,
            )
        )  # fmt: skip
        assert answer == foretold
        if made is not None:
            assert (made.therapist_id, made.room_id) == (state.therapist, state.room)
            visit.state = state

    @rule(visit=appointments)
    def cancel(self, visit: Visit) -> None:
        answer, _ = self.ask(
            lambda: services.cancel(self.session, self.now, visit.appointment, actor="user:1")
        )
        if CANCELLED in NEXT[visit.state.stage]:
            assert answer == "ok"
            visit.state = replace(visit.state, stage=CANCELLED, expires=NEVER)
        else:
            assert answer == "WrongState"

    @rule(visit=appointments)
    def reactivate(self, visit: Visit) -> None:
        answer, _ = self.ask(
            lambda: services.reactivate(self.session, self.now, visit.appointment, actor="user:1")
        )
        back = replace(visit.state, stage=BOOKED)
        if BOOKED not in NEXT[visit.state.stage] or visit.state.stage == PROVISIONAL:
            assert answer == "WrongState"
        elif visit.state.stage == CANCELLED and visit.intake in ("undecided", "no"):
            assert answer == "NotCleared"
        elif visit.state.stage == CANCELLED and any(map(self.is_blocked, back.squares(self.house))):
            assert answer == "SlotTaken"
        else:
            assert answer == "ok"
            visit.state = back

    @rule(visit=appointments, status=st.sampled_from([s for s in Status if s not in (Status.PROVISIONAL,)]))
    def set_status(self, visit: Visit, status: Status) -> None:
        answer, _ = self.ask(
            lambda: services.set_status(self.session, self.now, visit.appointment, status, actor="user:1")
        )
        stage = visit.state.stage
        if status == stage:
            assert answer == "ok"
        elif status not in NEXT[stage]:
            assert answer == "WrongState"
        elif CANCELLED in (status, stage):
            assert answer == "BadInput"
        elif stage == PROVISIONAL:
            assert answer == "WrongState"
        else:
            assert answer == "ok"
            visit.state = replace(visit.state, stage=status.value)

    @rule(visit=st.one_of(visits, appointments), says=st.sampled_from(["yes", "yes", "no"]))
    def decide(self, visit: Visit, says: str) -> None:
        """A person decides about answers that were held."""
        if visit.intake != "undecided" or visit.clearance is None:
            return
        status = ClearanceStatus.ALLOWED if says == "yes" else ClearanceStatus.REFUSED
        ruling = Ruling(status=status, reason="Spoke to the practice.", signed=THERAPIST)
        answer, _ = self.ask(
            lambda: decisions.decide(
                self.session, self.now, visit.clearance, ruling, actor="user:1", power=Releaser.CLINICIAN
            )
        )
        assert answer == "ok"
        visit.intake = says
        if visit.state.stage == PROVISIONAL:
            becomes = CANCELLED if says == "no" else BOOKED if self.stands(visit) else "lapsed"
            visit.state = replace(visit.state, stage=becomes, expires=NEVER)

    @precondition(lambda self: any(thing.state.expires <= self.minute for thing in self.things))
    @rule()
    def chores(self) -> None:
        """The worker marks what has lapsed."""
        holds = self.ask(lambda: services.lapse_holds(self.session, self.now))
        waiting = self.ask(lambda: decisions.lapse_provisional(self.session, self.now))
        over = [thing for thing in self.things if thing.state.expires <= self.minute]
        for stage, becomes, answer in ((HELD, RUN_OUT, holds), (PROVISIONAL, "lapsed", waiting)):
            here = [thing for thing in over if thing.state.stage == stage]
            assert answer == ("ok", len(here))
            for thing in here:
                thing.state = replace(thing.state, stage=becomes, expires=NEVER)

    @precondition(lambda self: sum(thing.state.stage == AWAY for thing in self.things) < MOST_AWAY)
    @rule(target=absences, starts=a_start, who=somebody, hours=st.sampled_from([1, 4]))
    def time_off(self, starts: int, who: int, hours: int) -> Absence | MultipleResults:
        return self.taken_off(starts, self.staff[who], 60 * hours) or multiple()

    def taken_off(self, starts: int, therapist: int, minutes: int) -> Absence | None:
        state = State(AWAY, therapist, starts, starts + minutes)
        answer, made = self.ask(
            lambda: roster.add_time_off(
                self.session, self.now, therapist, instant(starts), instant(state.ends)
            )
        )  # fmt: skip
        assert answer == ("SlotTaken" if any(map(self.is_blocked, state.squares(self.house))) else "ok")
        if made is None:
            return None
        self.things.append(Absence(made.id, state))
        return self.things[-1]  # type: ignore[return-value]

    @rule(visit=visits)
    def its_time_is_wanted_a_second_too_soon(self, visit: Visit) -> None:
        """Time off where a hold is about to lapse, and has not."""
        if visit.state.stage == HELD and self.stands(visit) and visit.state.therapist is not None:
            self.now = EPOCH + timedelta(minutes=visit.state.expires, seconds=-1)
            assert self.taken_off(visit.state.starts, visit.state.therapist, 60) is None

    @rule(absence=consumes(absences))
    def end_time_off(self, absence: Absence) -> None:
        for _twice in range(2):
            asked = self.ask(lambda: roster.cancel_time_off(self.session, self.now, absence.number))
            assert asked[0] == "ok"
        absence.state = replace(absence.state, stage=BACK)
