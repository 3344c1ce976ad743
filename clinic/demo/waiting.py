"""Those who wait for the clinic: call-backs after intakes that need somebody's yes, and the day's counts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from clinic.demo.house import House
from clinic.demo.papers import Paper, write_papers
from clinic.demo.people import Crowd
from clinic.intake.level import Level
from clinic.intake.models import CallBack, CallBackStatus, ScreeningCount

OPEN, DONE = 3, 9
_BEST_TIMES = ("Mornings", "After 17:00", "Lunch time", "", "Any time")
_COUNTED_DAYS = 84


def add_call_backs(
    session: Session, dice: Random, now: datetime, today: date, house: House, crowd: Crowd
) -> int:
    """Adds open call-backs of the last days and answered ones before; says how many are open."""
    sites = list(house.sites.values())
    people = [crowd.held(number) for number in range(OPEN + DONE)]
    hours = [dice.randint(1, 70) for _ in range(OPEN)] + [dice.randint(80, 1900) for _ in range(DONE)]
    asked = [now - timedelta(hours=each, minutes=dice.randint(0, 59)) for each in hours]
    papers = [
        Paper(None, at, "web", person.answers, person.left_out)
        for at, person in zip(asked, people, strict=True)
    ]
    for number, (intake, person) in enumerate(zip(write_papers(session, papers), people, strict=True)):
        wanted = CallBack(
            intake_id=intake.id,
            site_id=sites[number % len(sites)].id,
            name=person.name,
            phone=person.phone,
            email=person.email,
            best_time=_BEST_TIMES[number % len(_BEST_TIMES)],
            status=CallBackStatus.OPEN if number < OPEN else CallBackStatus.DONE,
            created_at=intake.created_at + timedelta(minutes=2),
        )
        if wanted.status is CallBackStatus.DONE:
            wanted.done_at = intake.created_at + timedelta(hours=dice.randint(1, 26))
            wanted.done_by_id = house.desk.id
        session.add(wanted)
    _count_stops(session, dice, today)
    session.flush()
    return OPEN


def _count_stops(session: Session, dice: Random, today: date) -> None:
    """The forms that stopped on page one; nothing else is ever kept of them."""
    for step in range(1, _COUNTED_DAYS):
        for level, chance in ((Level.URGENT, 0.2), (Level.EMERGENCY, 0.07)):
            if dice.random() < chance:
                session.add(ScreeningCount(on=today - timedelta(days=step), level=level, number=1))
