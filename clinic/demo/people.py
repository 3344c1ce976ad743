"""Draws the clients: who they are, what they answer, what the rules let them have, how they like to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from clinic.booking.screening import suits
from clinic.catalog.models import OfferingOption
from clinic.catalog.recommendation import recommend
from clinic.demo import place
from clinic.demo.names import NAMES
from clinic.demo.profiles import HELD, WELCOME, Profile
from clinic.intake import triage
from clinic.intake.answers import clean
from clinic.intake.questionnaire import load_questionnaire
from clinic.intake.restrictions import Restrictions
from clinic.intake.rules import load_rules
from clinic.people.contact import name_key

_MAIL = ("example.com", "example.org", "example.net")
_DAYPARTS = ("morning", "midday", "evening", "any")
# How many days they leave between visits, and how common that is.
_RHYTHMS = ((7, 13), (14, 30), (21, 22), (28, 20), (42, 11), (70, 4))
# How many come from the same household, and the same e-mail address, as the one before.
_FAMILY = 0.05
_BY_REGION = {region[:3]: region for region in load_questionnaire().region_ids}


@dataclass(slots=True)
class Person:
    """Someone who comes, or would like to. `choices` are the options open to them, best first for each
    technique; `interval` in days; `due_on` is when they would next come (ordinal of the day)."""

    name: str
    email: str | None
    phone: str | None
    answers: dict[str, Any]
    left_out: dict[str, str]
    choices: dict[str, list[OfferingOption]]
    extra_minutes: int
    therapist: str
    interval: int
    daypart: str
    is_new: bool
    due_on: int = 0
    visits: int = 0


class Crowd:
    """Draws people one after another, none like another, spread over the therapists by their hours."""

    def __init__(self, dice: Random, today: date, options: dict[str, list[OfferingOption]]) -> None:
        self._dice = dice
        self._today = today
        self._options = options
        self._names: set[str] = {each.name for each in place.THERAPISTS}
        self._mobiles = dice.sample(range(1000), 1000)
        self._landlines = dice.sample([number for number in range(1000) if number not in (142, 143)], 998)
        self._burden = {each.name: 0.0 for each in place.THERAPISTS}
        self._weights = [profile.weight for profile in WELCOME]
        self._last: Person | None = None

    def welcome(self) -> Person:
        """Somebody who may book."""
        return self._person(self._dice.choices(WELCOME, self._weights)[0])

    def held(self, number: int) -> Person:
        """Somebody who needs a yes first; the kinds take turns by `number`."""
        return self._person(HELD[number % len(HELD)])

    def _person(self, profile: Profile) -> Person:
        dice = self._dice
        answers = self._answers(profile)
        outcome = triage.assess(load_rules(), clean(answers))
        found = recommend(clean(answers), outcome)
        if found is None or found.best is None:
            raise ValueError("A profile of the demo clinic leads nowhere.")
        ranked = [found.best, *found.also, *found.rest]
        choices = {
            technique: open_to
            for technique in ranked
            if (open_to := self._open_to(technique, outcome.restrictions, found.minutes_for[technique]))
        }
        interval = dice.choices([days for days, _ in _RHYTHMS], [common for _, common in _RHYTHMS])[0]
        family = self._last if self._last and self._last.email and dice.random() < _FAMILY else None
        name = self._name(answers, family)
        self._last = Person(
            name=name,
            email=family.email if family else self._email(name),
            phone=family.phone if family else self._phone(),
            answers=answers,
            left_out=dict(found.left_out),
            choices=choices,
            extra_minutes=outcome.restrictions.extra_minutes,
            therapist=self._therapist(list(choices), interval),
            interval=interval,
            daypart=dice.choices(_DAYPARTS, (34, 12, 32, 22))[0],
            is_new=dice.random() < 0.22,
        )
        return self._last

    def _open_to(self, technique: str, limits: Restrictions, suggested: int) -> list[OfferingOption]:
        """The options the limits allow, the length suggested first."""
        allowed = [option for option in self._options[technique] if suits(limits, option)]
        return sorted(allowed, key=lambda option: (abs(option.minutes - suggested), option.minutes))

    def _therapist(self, techniques: Sequence[str], interval: int) -> str:
        """The therapist with most room left for whom one of the first techniques is theirs."""
        for reach in (3, len(techniques)):
            wanted = set(techniques[:reach])
            able = [each for each in place.THERAPISTS if wanted & set(each.techniques)]
            if able:
                chosen = min(able, key=lambda each: self._burden[each.name] / each.weekly_minutes)
                self._burden[chosen.name] += 1 / interval
                return chosen.name
        raise ValueError("Nobody at the demo clinic gives any of this.")

    def _answers(self, profile: Profile) -> dict[str, Any]:
        dice = self._dice
        age = dice.randint(*profile.ages)
        answers: dict[str, Any] = {
            "health_consent": "yes",
            "age_years": age,
            "born_on": (self._today - timedelta(days=age * 1461 // 4 + dice.randint(130, 350))).isoformat(),
            "pregnancy": "no",
            "goal": dice.choice(profile.goals),
            "pressure_pref": dice.choice(profile.pressures),
        }
        hurts = _regions(dice.choice(profile.hurts))
        work = [region for region in _regions(dice.choice(profile.work)) if region not in hurts]
        marks = {"hurts": hurts, "work": work, "leave": _regions(profile.leave)}
        if any(marks.values()):
            answers["body_map"] = {mark: regions for mark, regions in marks.items() if regions}
        if hurts:
            answers |= {
                "pain_score": dice.randint(*profile.pain),
                "pain_length": dice.choice(profile.lengths),
                "pain_start": dice.choice(profile.starts),
                "pain_feel": [dice.choice(profile.feels)],
                "pain_pattern": [dice.choice(profile.patterns)],
                "pain_trend": dice.choice(profile.trends),
            }
        if note := dice.choice(profile.notes):
            answers["anything_else"] = {"doctor_said_no": False, "text": note}
        return answers | dict(profile.also)

    def _name(self, answers: dict[str, Any], family: Person | None) -> str:
        """A name nobody has yet, with the surname of the family where there is one."""
        chance = 1.0 if answers.get("pregnancy", "no") != "no" else 0.64
        shared = family.name.split()[-1] if family else ""
        rows = [row for row in NAMES if shared in row[3].split()] if shared else list(NAMES)
        while True:
            _weight, women, men, surnames = self._dice.choices(rows, [row[0] for row in rows])[0]
            first = self._dice.choice((women if self._dice.random() < chance else men).split())
            name = f"{first} {shared or self._dice.choice(surnames.split())}"
            if name not in self._names:
                self._names.add(name)
                return name

    def _email(self, name: str) -> str | None:
        if self._dice.random() < 0.1:
            return None
        return f"{name_key(name).replace(' ', '.')}@{self._dice.choice(_MAIL)}"

    def _phone(self) -> str:
        if self._dice.random() < 0.12:
            return f"+44207946{self._landlines.pop():04d}"
        return f"+447700900{self._mobiles.pop():03d}"


def _regions(numbers: str) -> list[str]:
    return [_BY_REGION[number] for number in numbers.split()]
