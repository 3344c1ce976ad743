"""How long answers hold: what a returning client is asked again, and what is carried over. Pure.

A life is counted in whole days from the day an answer was given; at its end the answer is stale. Of a list,
the shortest life of all that was ticked decides, and that of what was left unticked: someone who once had a
clot has had it for life, but whether nothing was added is asked again in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from clinic.intake.answers import AGE, BORN_ON, BadAnswer, clean
from clinic.intake.loading import CONTENT, ContentError, Entry, read_content
from clinic.intake.pages import Asking, age_on, asked_again, drop_hidden, shown
from clinic.intake.questionnaire import Kind, Question, Questionnaire, load_questionnaire

CURRENT = "2026-12"
FOR_LIFE = "for life"
_RETURNING = Asking(is_returning=True)


@dataclass(frozen=True, slots=True)
class Life:
    """How long the answers to one question hold: days, None for life; 0 for this visit only."""

    days: int | None
    options: Mapping[str, int | None]

    def of(self, codes: frozenset[str], is_list: bool) -> int | None:
        """Gives the life of an answer: that of the codes chosen, of a list also that of the rest."""
        lives = [self.options.get(code, self.days) for code in codes]
        if is_list or not lives:
            lives.append(self.days)
        return min((days for days in lives if days is not None), default=None)


@dataclass(frozen=True, slots=True)
class Freshness:
    """One published version of the lives of answers, and the version of the questions it speaks of."""

    version: str
    digest: str
    questionnaire_version: str
    lives: Mapping[str, Life]


def stale(
    freshness: Freshness,
    questionnaire: Questionnaire,
    answers: Mapping[str, Any],
    answered_on: Mapping[str, date],
    today: date,
) -> frozenset[str]:
    """Gives the ids of the questions whose answers hold no longer, or were never given.

    `answers` are plain and may come from an older version: a code that is known no more is stale. So is an
    answer that nobody dated. Questions that the answers do not call for are left out, and so are those of
    the check on the day.
    """
    known = readable(questionnaire, answers)
    return frozenset(
        question.id
        for question in shown(questionnaire, known, _RETURNING)
        if question.id not in known
        or question.id not in answered_on
        or _is_over(freshness.lives[question.id], question, known, answered_on[question.id], today)
    )


def to_ask(
    freshness: Freshness,
    questionnaire: Questionnaire,
    answers: Mapping[str, Any],
    answered_on: Mapping[str, date],
    today: date,
) -> Asking:
    """Gives what a returning client is asked: page one, what has changed, where it hurts, and what is stale.

    What a tick reopens comes by itself, as `pages` reads the answers of this visit.
    """
    again = stale(freshness, questionnaire, answers, answered_on, today)
    always = {question.id for question in questionnaire.pages[0].questions}
    return Asking(only=again | always, is_returning=True)


def carry_over(
    questionnaire: Questionnaire, answers: Mapping[str, Any], asking: Asking, today: date
) -> dict[str, Any]:
    """Gives the answers that a visit starts with: the earlier ones without those that are asked again.

    Follow-ups of what is asked again go with it, so nothing is preselected. The age is that of `today`.
    """
    known = readable(questionnaire, answers)
    again = asked_again(questionnaire, {}, asking)
    asks = {question.id for question in questionnaire.questions if question.on_the_day or question.returning}
    asks |= set(known) if again is None else again
    kept = {key: value for key, value in known.items() if key not in asks}
    if AGE in kept and BORN_ON in kept:
        kept[AGE] = age_on(date.fromisoformat(kept[BORN_ON]), today)
    return drop_hidden(questionnaire, kept)


def dates_after(
    questionnaire: Questionnaire,
    answers: Mapping[str, Any],
    asking: Asking,
    before: Mapping[str, date],
    today: date,
) -> dict[str, date]:
    """Gives the day of each answer after a visit: what was carried over keeps its own, the rest has today."""
    again = asked_again(questionnaire, answers, asking)
    asked = {question.id for question in questionnaire.questions if question.id in answers}
    carried = set() if again is None else asked & before.keys() - again
    return {name: before[name] if name in carried else today for name in sorted(asked)}


def readable(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Gives those of the answers, perhaps to an older version, that this questionnaire can read."""
    return {key: value for key, value in answers.items() if _can_be_read(questionnaire, key, value)}


def _can_be_read(questionnaire: Questionnaire, key: str, value: Any) -> bool:
    try:
        clean({key: value}, questionnaire)
    except BadAnswer:
        return False
    return True


def _is_over(life: Life, question: Question, answers: Mapping[str, Any], answered: date, today: date) -> bool:
    value = answers[question.id]
    said = value if isinstance(value, list | tuple) else [value]
    codes = frozenset(code for code in said if isinstance(code, str)) & question.codes
    days = life.of(codes, question.kind is Kind.ANY)
    return days is not None and (today - answered).days >= days


# --- reading the file --------------------------------------------------------------------------------


def read_freshness(path: Path) -> Freshness:
    """Gives the lives of a file; raises ContentError where a question has none, or one has no question."""
    file = read_content(path)
    top = Entry(file.name, file.data)
    questionnaire = load_questionnaire(top.text("questionnaire"))
    rows = top.table("life")
    asked = {question.id: question for question in questionnaire.questions}
    for missing in asked.keys() - rows.keys():
        raise ContentError(file.name, f"has no life for {missing!r}")
    for unknown in rows.keys() - asked.keys():
        raise ContentError(file.name, f"has a life for {unknown!r}, which is no question")
    lives = {name: _life(f"{file.name} {name}", row, asked[name]) for name, row in rows.items()}
    found = Freshness(top.text("version"), file.digest, questionnaire.version, MappingProxyType(lives))
    top.finish()
    return found


def _life(where: str, row: Any, question: Question) -> Life:
    entry = Entry(where, row)
    options = entry.table("options")
    for code in options.keys() - question.codes:
        raise ContentError(where, f"has a life for {code!r}, which is no option")
    days = _days(where, entry.any("days"))
    entry.finish()
    own = {code: _days(where, value) for code, value in options.items()}
    return Life(days, MappingProxyType(own))


def _days(where: str, value: Any) -> int | None:
    if value == FOR_LIFE:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ContentError(where, f"has the life {value!r}, which is neither days nor {FOR_LIFE!r}")
    return value


@cache
def load_freshness(version: str = CURRENT) -> Freshness:
    """Gives the lives of a version, read once."""
    return read_freshness(CONTENT / "freshness" / f"{version}.toml")
