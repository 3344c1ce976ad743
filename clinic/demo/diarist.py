"""Writes the planned visits down: clients, intakes, appointments with their history, holds, claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from clinic.booking.lifecycle import LIVE
from clinic.booking.models import Appointment, AppointmentEvent, Hold
from clinic.booking.statuses import HoldStatus, Status
from clinic.demo import place
from clinic.demo.events import Happening, happenings
from clinic.demo.house import House
from clinic.demo.papers import Paper, write_papers
from clinic.demo.people import Person
from clinic.demo.planning import Visit
from clinic.intake.models import Intake
from clinic.kernel.codes import ALPHABET, LENGTH
from clinic.kernel.walltime import from_epoch_minute, instant, local
from clinic.people.contact import name_key
from clinic.people.models import Client
from clinic.roster import diary
from clinic.roster.diary import Claim
from clinic.roster.hands import effort_of
from clinic.roster.models import EntryKind

_FRESH = timedelta(days=75)
_WINDOW = timedelta(days=90)
_REASONS = ("Cannot make it", "Work", "Trains", "Child care", "Changed plans", "")
_DESK_NOTES = ("Parks in the yard", "Comes with a friend who waits", "Pays by transfer", "Gift voucher")
_LATE = timedelta(minutes=25)
_EARLY = timedelta(minutes=12)


@dataclass(slots=True)
class _Booked:
    """A visit with what is decided about it."""

    visit: Visit
    starts_at: datetime
    ends_at: datetime
    booked_at: datetime
    via: str
    status: Status = Status.BOOKED


class Diarist:
    """Writes visits down, in one go each kind. `now` parts what has happened from what is to come."""

    def __init__(self, session: Session, dice: Random, now: datetime, house: House, zone: ZoneInfo) -> None:
        self._session = session
        self._dice = dice
        self._now = now
        self._house = house
        self._zone = zone

    def write(
        self,
        visits: Sequence[Visit],
        *,
        people: Sequence[Person],
        provisional: Sequence[Person],
        visitors: Sequence[Person],
    ) -> None:
        """Writes everything: `people` may book, those who are `provisional` wait for somebody's yes,
        `visitors` hold a time at this moment and have not said who they are."""
        anonymous = {person.name for person in visitors}
        held = [visit for visit in visits if visit.person.name in anonymous]
        waiting = {person.name for person in provisional}
        booked = [self._booked(visit) for visit in visits if visit.person.name not in anonymous]
        self._decide(booked, waiting)
        clients = self._clients([*people, *provisional], booked)
        intakes = self._intakes(booked, clients)
        appointments = self._appointments(booked, clients, intakes)
        self._claim(booked, appointments)
        self._events(booked, appointments)
        self._holds(held)
        self._session.flush()

    def _booked(self, visit: Visit) -> _Booked:
        """When and how it was booked: days before as a rule, never after now."""
        dice = self._dice
        starts_at, ends_at = from_epoch_minute(visit.start), from_epoch_minute(visit.end)
        days = dice.choice((1, 2, 3, 5, 7, 10, 14, 20))
        booked_at = starts_at - timedelta(days=days, minutes=dice.randint(0, 540))
        if booked_at > self._now:
            booked_at = self._now - timedelta(minutes=dice.randint(40, 9 * 1440))
        by_web = visit.person.email is not None and dice.random() < 0.68
        return _Booked(visit, starts_at, ends_at, booked_at, "web" if by_web else "desk")

    def _decide(self, booked: Sequence[_Booked], waiting: set[str]) -> None:
        """Gives each its status, as the day stands at `now`."""
        over = [each for each in booked if each.ends_at <= self._now]
        for each in booked:
            if each.visit.person.name in waiting:
                each.status = Status.PROVISIONAL
                each.booked_at = self._now - timedelta(hours=self._dice.randint(3, 60))
            elif each.visit.is_called_off:
                each.status = Status.CANCELLED
            elif each.ends_at <= self._now:
                each.status = Status.NO_SHOW if self._dice.random() < 0.03 else Status.FULFILLED
            elif each.starts_at <= self._now:
                each.status = Status.CHECKED_IN
        self._make_today_lively(booked, over)

    def _make_today_lively(self, booked: Sequence[_Booked], over: Sequence[_Booked]) -> None:
        """Somebody is late, somebody is early, somebody did not come today."""
        here = [each for each in booked if each.status is Status.CHECKED_IN]
        late = [each for each in here if each.starts_at > self._now - _LATE]
        if late and len(here) > 1:
            max(late, key=lambda each: (each.starts_at, each.visit.therapist)).status = Status.BOOKED
        soon = [
            each
            for each in booked
            if each.status is Status.BOOKED and self._now < each.starts_at <= self._now + _EARLY
        ]
        for each in soon[:1]:
            each.status = Status.CHECKED_IN
        today = local(self._now, self._zone).date()
        done = [
            each
            for each in over
            if each.status is Status.FULFILLED and local(each.starts_at, self._zone).date() == today
        ]
        if len(done) > 3:
            done[len(done) // 2].status = Status.NO_SHOW

    def _clients(self, people: Sequence[Person], booked: Sequence[_Booked]) -> dict[str, Client]:
        """A client for everybody, new ones from their first booking on; some have not come for long."""
        dice = self._dice
        first: dict[str, datetime] = {}
        for each in booked:
            name = each.visit.person.name
            first[name] = min(each.booked_at, first.get(name, each.booked_at))
        made = {}
        for person in people:
            since = first.get(person.name)
            if since is None or not person.is_new:
                since = (since or self._now - _WINDOW) - timedelta(days=dice.randint(30, 700))
            made[person.name] = Client(
                name=person.name,
                name_key=name_key(person.name),
                email=person.email,
                phone=person.phone,
                wants_reminders=person.email is not None and dice.random() < 0.9,
                created_at=since,
            )
        self._session.add_all(made.values())
        self._session.flush()
        return made

    def _intakes(self, booked: Sequence[_Booked], clients: dict[str, Client]) -> list[Intake]:
        """The intake each was booked on, in the order of `booked`; filled in anew when it was too old."""
        by_person: dict[str, list[int]] = defaultdict(list)
        for number, each in enumerate(booked):
            by_person[each.visit.person.name].append(number)
        papers: list[Paper] = []
        of: list[int] = [0] * len(booked)
        for name, numbers in by_person.items():
            since: datetime | None = None
            answers = booked[numbers[0]].visit.person.answers
            for number in sorted(numbers, key=lambda each: booked[each].booked_at):
                each = booked[number]
                if since is None or each.booked_at > since + _FRESH:
                    person = each.visit.person
                    at = since = each.booked_at - timedelta(minutes=self._dice.randint(4, 11))
                    channel = "web" if each.via == "web" else "desk"
                    papers.append(Paper(clients[name].id, at, channel, answers, person.left_out))
                    answers = _later(answers)
                of[number] = len(papers) - 1
        made = write_papers(self._session, papers)
        return [made[paper] for paper in of]

    def _appointments(
        self, booked: Sequence[_Booked], clients: dict[str, Client], intakes: Sequence[Intake]
    ) -> list[Appointment]:
        house, dice = self._house, self._dice
        taken: set[str] = set()
        made = []
        for each, intake in zip(booked, intakes, strict=True):
            visit, is_off = each.visit, each.status is Status.CANCELLED
            is_moved = each.status in (Status.BOOKED, Status.FULFILLED) and dice.random() < 0.06
            made.append(
                Appointment(
                    reference=self._reference(taken),
                    client_id=clients[visit.person.name].id,
                    site_id=house.sites[visit.site].id,
                    therapist_id=house.therapists[visit.therapist].id,
                    room_id=house.rooms[visit.room].id,
                    option_id=visit.option.id,
                    intake_id=intake.id,
                    status=each.status,
                    starts_at=each.starts_at,
                    ends_at=each.ends_at,
                    talk_minutes=visit.talk,
                    price_minor=visit.option.price_minor,
                    currency=visit.option.currency,
                    sequence=1 if is_off or is_moved else 0,
                    via=each.via,
                    cancel_reason=dice.choice(_REASONS) if is_off else "",
                    desk_note=dice.choice(_DESK_NOTES) if dice.random() < 0.03 else "",
                    created_at=each.booked_at,
                    checked_in_at=self._checked_in_at(each),
                )
            )
        self._session.add_all(made)
        self._session.flush()
        return made

    def _checked_in_at(self, each: _Booked) -> datetime | None:
        if each.status not in (Status.CHECKED_IN, Status.FULFILLED):
            return None
        return min(self._now, each.starts_at + timedelta(minutes=self._dice.randint(-8, 4)))

    def _reference(self, taken: set[str]) -> str:
        while True:
            reference = "".join(self._dice.choices(ALPHABET, k=LENGTH))
            if reference not in taken:
                taken.add(reference)
                return reference

    def _claim(self, booked: Sequence[_Booked], appointments: Sequence[Appointment]) -> None:
        """Writes what occupies time from the start of yesterday on; older claims would be swept by now."""
        yesterday = local(self._now, self._zone).date() - timedelta(days=1)
        since = instant(yesterday, 0, self._zone, 0)
        live = [
            (each.visit, made)
            for each, made in zip(booked, appointments, strict=True)
            if made.status in LIVE and made.starts_at >= since
        ]
        claims = [_claims(visit, made, made.client_id) for visit, made in live]
        entries = diary.enter_many(
            self._session,
            EntryKind.APPOINTMENT,
            claims,
            self._now,
            [effort_of(visit.option) for visit, _made in live],
        )
        for (_visit, made), entry_id in zip(live, entries, strict=True):
            made.entry_id = entry_id
        self._session.flush()

    def _events(self, booked: Sequence[_Booked], appointments: Sequence[Appointment]) -> None:
        desk = f"user:{self._house.desk.id}"
        for each, made in zip(booked, appointments, strict=True):
            facts = Happening(made, each.via == "web", desk, place.ZONE, self._now)
            for at, actor, kind, detail in happenings(facts, self._dice):
                self._session.add(
                    AppointmentEvent(appointment_id=made.id, at=at, actor=actor, kind=kind, detail=detail)
                )

    def _holds(self, held: Sequence[Visit]) -> None:
        """Times that visitors of the website hold at this very moment."""
        house = self._house
        papers = []
        for minutes, visit in enumerate(held, start=2):
            at = self._now - timedelta(minutes=minutes + 3)
            papers.append(Paper(None, at, "web", visit.person.answers, visit.person.left_out))
        for minutes, (visit, intake) in enumerate(
            zip(held, write_papers(self._session, papers), strict=True), start=2
        ):
            created_at = self._now - timedelta(minutes=minutes)
            site = house.sites[visit.site]
            made = Hold(
                status=HoldStatus.OPEN,
                site_id=site.id,
                therapist_id=house.therapists[visit.therapist].id,
                room_id=house.rooms[visit.room].id,
                option_id=visit.option.id,
                intake_id=intake.id,
                starts_at=from_epoch_minute(visit.start),
                ends_at=from_epoch_minute(visit.end),
                talk_minutes=visit.talk,
                price_minor=visit.option.price_minor,
                currency=visit.option.currency,
                created_at=created_at,
                expires_at=created_at + timedelta(minutes=site.hold_minutes),
            )
            claims = _claims(visit, made, None)
            made.entry_id = diary.enter(
                self._session, EntryKind.HOLD, claims, self._now, made.expires_at, effort_of(visit.option)
            )
            self._session.add(made)


def _later(answers: dict[str, Any]) -> dict[str, Any]:
    """What the same person answers some months on: it hurts a little less."""
    if "pain_score" not in answers:
        return answers
    return {**answers, "pain_score": max(0, answers["pain_score"] - 2), "pain_trend": "better"}


def _claims(visit: Visit, made: Appointment | Hold, client_id: int | None) -> list[Claim]:
    return diary.session_claims(
        therapist_id=made.therapist_id,
        room_id=made.room_id,
        client_id=client_id,
        starts_at=made.starts_at,
        ends_at=made.ends_at,
        buffer_before=visit.option.buffer_before_minutes,
        buffer_after=visit.option.buffer_after_minutes,
        turnover=visit.option.turnover_minutes,
    )
