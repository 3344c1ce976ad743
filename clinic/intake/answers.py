"""Answers as the rules see them: frozen, and read strictly from plain data.

The plain data (JSON) is the same for machines and for what is kept: `{question id: value}`, where a
choice is a code, a list question a list of codes, a number a whole number, `body_map`
`{"hurts": [...], "work": [...], "leave": [...]}`, an area picker a list of region ids, and
`anything_else` `{"doctor_said_no": bool, "text": str}`. `born_on` may stand beside `age_years`.
What is left out means none, no, or not asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from clinic.intake.conditions import BODY_MAP, Facts
from clinic.intake.questionnaire import NONE, Kind, Mark, Question, Questionnaire, load_questionnaire
from clinic.kernel.errors import BadInput

AGE = "age_years"
BORN_ON = "born_on"
OLDEST = 120
LONGEST_TEXT = 2_000


class BadAnswer(BadInput):
    """An answer that the questionnaire does not know; the sentence names the id, the code or the type."""

    default = "An answer cannot be read."


@dataclass(frozen=True, slots=True)
class Answers:
    """What one person answered. Everything missing means none, no, or not asked."""

    picks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    areas: Mapping[str, frozenset[str]] = field(default_factory=dict)
    hurts: frozenset[str] = frozenset()
    work: frozenset[str] = frozenset()
    leave: frozenset[str] = frozenset()
    doctor_said_no: bool = False
    text: str = ""

    def picked(self, question: str) -> frozenset[str]:
        """Gives the codes chosen, none where it was left out."""
        return self.picks.get(question, frozenset())

    def choice(self, question: str) -> str | None:
        """Gives the one code chosen, or None."""
        return next(iter(self.picked(question)), None)

    @property
    def age(self) -> int | None:
        """Whole years."""
        return self.numbers.get(AGE)

    @property
    def pain(self) -> int | None:
        """0 to 10."""
        return self.numbers.get("pain_score")

    @property
    def pressure(self) -> int | None:
        """The pressure wanted, 1 to 5."""
        return self.numbers.get("pressure_pref")

    @property
    def areas_to_work(self) -> frozenset[str]:
        """Where to work: the areas chosen for it, or else the sore ones; never one to be left alone."""
        return (self.work - self.leave) or (self.hurts - self.leave)

    def facts(self, unknown: frozenset[str] = frozenset(), stop: bool | None = False) -> Facts:
        """Gives what conditions are judged on; `unknown` names questions not asked yet."""
        flags = {
            "leave_areas": bool(self.leave),
            "doctor_said_no": self.doctor_said_no,
            "free_text": bool(self.text),
            "stop": stop,
        }
        return Facts(self.picks, self.numbers, self.hurts, flags, unknown)


def clean(raw: object, questionnaire: Questionnaire | None = None) -> Answers:
    """Gives the answers that plain data holds; raises BadAnswer for any id, code or type it cannot be."""
    asked = questionnaire or load_questionnaire()
    if not isinstance(raw, Mapping):
        raise BadAnswer("The answers must be an object of question ids and values.")
    questions = {question.id: question for question in asked.questions}
    pickers = {question.picker.id for question in asked.questions if question.picker}
    picks: dict[str, frozenset[str]] = {}
    numbers: dict[str, int] = {}
    areas: dict[str, frozenset[str]] = {}
    marks: dict[str, frozenset[str]] = {}
    said_no, text = False, ""
    for key, value in raw.items():
        if key == BORN_ON:
            _check_date(value)
        elif key in pickers:
            areas[key] = _codes(key, value, asked.region_ids, "region")
        elif key not in questions:
            raise BadAnswer(f"There is no question {key!r}.", str(key))
        elif key == BODY_MAP:
            marks = _marks(value, asked.region_ids)
        elif questions[key].kind is Kind.WORDS:
            said_no, text = _words(key, value)
        elif questions[key].kind in (Kind.SCALE, Kind.BIRTH_DATE):
            numbers[key] = _number(questions[key], value)
        else:
            picks[key] = _picks(questions[key], value)
    leave = marks.get(Mark.LEAVE, frozenset())
    return Answers(
        picks=MappingProxyType(picks),
        numbers=MappingProxyType(numbers),
        areas=MappingProxyType(areas),
        hurts=marks.get(Mark.HURTS, frozenset()),
        work=marks.get(Mark.WORK, frozenset()) - leave,
        leave=leave,
        doctor_said_no=said_no,
        text=text,
    )


def answers_digest(raw: Mapping[str, Any]) -> str:
    """Gives a SHA-256 in hex of plain answers, the same whatever order they stand in."""
    return hashlib.sha256(json.dumps(_sorted(raw), sort_keys=True).encode()).hexdigest()


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return sorted(value)
    return value


def _picks(question: Question, value: object) -> frozenset[str]:
    if question.kind is Kind.ANY:
        return _list_picks(question, value)
    if not isinstance(value, str):
        raise BadAnswer(f"{question.id} must be one code.", question.id)
    if value not in question.codes:
        raise BadAnswer(f"{question.id} has no option {value!r}.", question.id)
    return frozenset({value})


def _list_picks(question: Question, value: object) -> frozenset[str]:
    known = question.codes | {NONE} if question.has_none else question.codes
    codes = _codes(question.id, value, known, "option")
    if NONE in codes and len(codes) > 1:
        raise BadAnswer(f"{question.id} cannot have {NONE!r} together with others.", question.id)
    return codes - {NONE}


def _codes(key: str, value: object, known: frozenset[str], what: str) -> frozenset[str]:
    if not isinstance(value, list | tuple):
        raise BadAnswer(f"{key} must be a list of {what} codes.", key)
    for code in value:
        if not isinstance(code, str):
            raise BadAnswer(f"{key} must be a list of {what} codes.", key)
        if code not in known:
            raise BadAnswer(f"{key} has no {what} {code!r}.", key)
    return frozenset(value)


def _number(question: Question, value: object) -> int:
    low, high = (0, OLDEST) if question.kind is Kind.BIRTH_DATE else (question.low, question.high)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadAnswer(f"{question.id} must be a whole number from {low} to {high}.", question.id)
    return value


def _marks(value: object, regions: frozenset[str]) -> dict[str, frozenset[str]]:
    if not isinstance(value, Mapping):
        raise BadAnswer("body_map must be an object of hurts, work and leave.", BODY_MAP)
    for mark in value:
        if mark not in list(Mark):
            raise BadAnswer(f"body_map has no mark {mark!r}.", BODY_MAP)
    return {mark: _codes(f"body_map {mark}", codes, regions, "region") for mark, codes in value.items()}


def _words(key: str, value: object) -> tuple[bool, str]:
    if not isinstance(value, Mapping) or not set(value) <= {"doctor_said_no", "text"}:
        raise BadAnswer(f"{key} must be an object of doctor_said_no and text.", key)
    said_no, text = value.get("doctor_said_no", False), value.get("text", "")
    if not isinstance(said_no, bool):
        raise BadAnswer(f"{key} doctor_said_no must be true or false.", key)
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise BadAnswer(f"{key} text must be a text of at most {LONGEST_TEXT} characters.", key)
    return said_no, text.strip()


def _check_date(value: object) -> None:
    try:
        date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise BadAnswer("born_on must be a date such as 1985-03-27.", BORN_ON) from error
