"""Random answers in the plain format, for Hypothesis, and the same answers with one part less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from clinic.intake.questionnaire import Kind, Question, load_questionnaire

QUESTIONNAIRE = load_questionnaire()
REGIONS = sorted(QUESTIONNAIRE.region_ids)
EDGE_AGES = [0, 15, 16, 17, 18, 44, 45, 49, 50, 64, 65, 74, 75, 120]


def _regions(most: int = 5) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(REGIONS), unique=True, max_size=most)


def value_of(question: Question) -> st.SearchStrategy[Any]:
    """A strategy for one question's plain value."""
    match question.kind:
        case Kind.ANY:
            return st.lists(st.sampled_from(sorted(question.codes)), unique=True, max_size=4)
        case Kind.ONE | Kind.YES_NO:
            return st.sampled_from(sorted(question.codes))
        case Kind.SCALE:
            return st.integers(question.low, question.high)
        case Kind.BIRTH_DATE:
            return st.sampled_from(EDGE_AGES) | st.integers(0, 120)
        case Kind.BODY_MAP:
            return st.fixed_dictionaries({}, optional={m: _regions() for m in ("hurts", "work", "leave")})
        case _:
            said = {
                "doctor_said_no": st.booleans(),
                "text": st.sampled_from(["", " ", "Mind my hearing aid", "{urgent_line} é"]),
            }
            return st.fixed_dictionaries({}, optional=said)


_PICKERS = {question.picker.id for question in QUESTIONNAIRE.questions if question.picker}
ANSWERS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={question.id: value_of(question) for question in QUESTIONNAIRE.questions}
    | {picker: _regions(3) for picker in sorted(_PICKERS)},
)


def with_one_part_less(answers: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Gives the answers once for each part that can be taken away."""
    for key, value in answers.items():
        yield {other: kept for other, kept in answers.items() if other != key}
        if isinstance(value, list) and len(value) > 1:
            for gone in value:
                yield {**answers, key: [each for each in value if each != gone]}
        if isinstance(value, dict):
            for mark, regions in value.items():
                if isinstance(regions, list) and len(regions) > 1:
                    for gone in regions:
                        yield {**answers, key: {**value, mark: [each for each in regions if each != gone]}}
