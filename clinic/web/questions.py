"""A page of the questionnaire, ready to be drawn: for the client's own way and for reception on the phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clinic.intake.pages import EVERYTHING, Asking, Reading, as_typed, shown
from clinic.intake.questionnaire import Kind, Mark, Question, Questionnaire

Typed = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as the macro `question` takes it: what was answered or typed, and what is wrong."""

    q: Question
    answer: Any
    wrong: str
    areas: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """One page. `errors` are (id of the first wrong control, sentence), for the summary.

    Where `none_button` has words, a button of these words answers every list left empty with its none.
    """

    slug: str
    title: str
    asked: tuple[Asked, ...]
    errors: tuple[tuple[str, str], ...]
    none_button: str
    none_hint: str


def page_model(
    questionnaire: Questionnaire,
    slug: str,
    answers: Mapping[str, Any],
    reading: Reading | None = None,
    without: frozenset[str] = frozenset(),
    asking: Asking = EVERYTHING,
) -> QuestionPage:
    """Gives a page with the kept answers, or with what was just typed and what is wrong with it.

    `without` are questions not to be drawn, as they were asked elsewhere; `asking` is what is asked in this
    visit. KeyError for no such page.
    """
    page = questionnaire.page(slug)
    typed: Typed = reading.typed if reading else as_typed(questionnaire, slug, answers)
    wrong = dict(reading.errors) if reading else {}
    so_far = reading.answers if reading else answers
    called_for = {question.id for question in shown(questionnaire, so_far, asking)}
    asked = tuple(
        _asked(question, typed, wrong, questionnaire.region_ids)
        for question in page.questions
        if question.id not in without and (question.id in called_for or _sentence(question, wrong))
    )
    errors = tuple((_control(each.q, wrong), each.wrong) for each in asked if each.wrong)
    has_lists = any(each.q.kind is Kind.ANY and each.q.has_none for each in asked)
    none = (page.none_button, page.none_hint) if has_lists else ("", "")
    return QuestionPage(slug, page.title, asked, errors, *none)


def _asked(question: Question, typed: Typed, wrong: Mapping[str, str], regions: frozenset[str]) -> Asked:
    return Asked(
        q=question,
        answer=_answer(question, typed, regions),
        wrong=_sentence(question, wrong),
        areas=typed.get(question.picker.id, ()) if question.picker else (),
        text="\n".join(typed.get(f"{question.id}-text", ())),
    )


def _answer(question: Question, typed: Typed, regions: frozenset[str]) -> Any:
    """What was typed, in the shape that the macro wants for that kind of question."""
    match question.kind:
        case Kind.BIRTH_DATE:
            parts = ("day", "month", "year")
            return {part: "".join(typed.get(f"{question.id}-{part}", ())) for part in parts}
        case Kind.BODY_MAP:
            marks: dict[str, list[str]] = {mark.value: [] for mark in Mark}
            for region in sorted(regions & typed.keys()):
                for mark in marks.keys() & set(typed[region]):
                    marks[mark].append(region)
            return marks
        case Kind.ANY:
            return list(typed.get(question.id, ()))
        case _:
            return next(iter(typed.get(question.id, ())), None)


def _sentence(question: Question, wrong: Mapping[str, str]) -> str:
    names = [question.id, f"{question.id}-text", *([question.picker.id] if question.picker else [])]
    return next((wrong[name] for name in names if name in wrong), "")


def _control(question: Question, wrong: Mapping[str, str]) -> str:
    """The id to which the summary links: the first control that is wrong."""
    if question.picker and question.picker.id in wrong and question.id not in wrong:
        return question.picker.id
    if f"{question.id}-text" in wrong:
        return f"{question.id}-text"
    return f"{question.id}-day" if question.kind is Kind.BIRTH_DATE else question.id
