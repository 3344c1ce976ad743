"""What is always true of a clinic, whatever was done: looked at after every step of the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import sqlalchemy as sa
from hypothesis.stateful import invariant

from clinic.booking import diary_check
from clinic.booking.lifecycle import LIVE
from clinic.booking.models import Appointment, AppointmentEvent, Hold
from clinic.booking.slots import slots_at
from clinic.booking.statuses import HoldStatus
from clinic.roster.models import DiaryEntry, DiarySpan, SlotClaim, TimeOff
from tests.booking.machine_model import EPOCH, WEDNESDAY, Absence, Clinic, Visit, instant
from tests.race.history import NEVER
from tests.race.model import STANDING, place


class TrueClinic(Clinic):
    """The clinic of the machine with all that must hold of its diary, its appointments and its pages."""

    @invariant()
    def the_diary_is_what_stands(self) -> None:
        """No square twice; the squares are those of whatever stands; what lapsed may still be there."""
        claims = self.session.execute(sa.select(SlotClaim.kind, SlotClaim.owner_id, SlotClaim.tick)).all()
        written = {(kind.value, owner, tick) for kind, owner, tick in claims}
        assert len(written) == len(claims)
        due = set(self._squares(self.stands))
        lapsed = set(self._squares(lambda thing: thing.state.stage in STANDING))
        assert due <= written <= due | lapsed
        assert len(list(self._squares(self.stands))) == len(due)

    def _squares(self, wanted: Callable[[Visit | Absence], bool]) -> Iterator[tuple[str, int | None, int]]:
        for thing in filter(wanted, self.things):
            for kind, owner, low, high in thing.state.squares(self.house):
                yield from ((kind, owner, tick) for tick in range(low, high))

    @invariant()
    def the_spans_say_what_the_squares_say(self) -> None:
        spans = self.session.execute(
            sa.select(
                DiarySpan.entry_id, DiarySpan.kind, DiarySpan.owner_id, DiarySpan.from_tick, DiarySpan.to_tick
            )
        )
        drawn = {(entry, kind, owner, t) for entry, kind, owner, low, high in spans for t in range(low, high)}
        claims = self.session.execute(
            sa.select(SlotClaim.entry_id, SlotClaim.kind, SlotClaim.owner_id, SlotClaim.tick)
        )
        assert drawn == {tuple(claim) for claim in claims}
        assert diary_check.look(self.session, self.now) == []

    @invariant()
    def every_entry_has_one_owner_and_every_owner_its_entry(self) -> None:
        owned = [
            *self.session.scalars(sa.select(Hold.entry_id).where(Hold.status == HoldStatus.OPEN)),
            *self.session.scalars(sa.select(Appointment.entry_id).where(Appointment.status.in_(LIVE))),
            *self.session.scalars(sa.select(TimeOff.entry_id).where(TimeOff.cancelled_at.is_(None))),
        ]
        entries = [entry for entry in owned if entry is not None]
        assert sorted(entries) == sorted(self.session.scalars(sa.select(DiaryEntry.id)))
        gone = sa.select(Appointment.entry_id).where(Appointment.status.not_in(LIVE))
        assert set(self.session.scalars(gone)) <= {None}

    @invariant()
    def every_appointment_is_as_it_was_last_left(self) -> None:
        """And its entry goes back when it does: never, once it is booked."""
        goes_back = dict(self.session.execute(sa.select(DiaryEntry.id, DiaryEntry.expires_at)).all())
        for thing in self.things:
            if isinstance(thing, Visit) and thing.appointment is not None:
                row, state = self.row(thing), thing.state
                assert (row.status, row.therapist_id, row.room_id) == (
                    state.stage, state.therapist, state.room,
                )  # fmt: skip
                assert (row.starts_at, row.client_id) == (instant(state.starts), state.client)
                assert (row.entry_id is not None) or not self.stands(thing)
                if row.entry_id is not None:
                    until = None if state.expires == NEVER else EPOCH + timedelta(minutes=state.expires)
                    assert goes_back[row.entry_id] == until
                first = self.session.scalars(
                    sa.select(AppointmentEvent.kind)
                    .where(AppointmentEvent.appointment_id == row.id)
                    .order_by(AppointmentEvent.id)
                ).all()
                assert first.count("booked") + first.count("provisional") >= 1

    @invariant()
    def what_is_shown_can_be_had(self) -> None:
        starts = WEDNESDAY + 10 * 60
        shown = slots_at(self.session, self.clinic.wish(), instant(starts), self.now)
        assert sorted((slot.therapist_id, slot.room_id) for slot in shown) == sorted(self._shown(starts))

    def _shown(self, starts: int) -> Iterator[tuple[int, int]]:
        rooms = [
            room
            for room in self.house.rooms
            if not self.is_blocked(place(self.house, self.option, starts, starts + 60, None, room, None)[1])
        ]
        for therapist, _room in self.slots(starts, None, None) if rooms else ():
            yield therapist, rooms[0]
