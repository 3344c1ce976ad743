"""Which questions are shown, and what a posted page says: from form fields to plain answers. Pure.

Fields of a page: a question is posted under its id; a date of birth as `<id>-day`, `-month`, `-year`; the
body map as one field for each region id, worth hurts, work or leave; an area picker under its own id as
region ids; yes/no with text as `<id>` and `<id>-text`. 'None of these' is posted as `none`. A page with a
`none_button` may also be sent by that button, named REST_IS_NONE.

Not everybody is asked everything: an `Asking` says which questions are put in this visit. What it leaves out
is carried over in the answers and stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from clinic.intake.answers import BORN_ON, LONGEST_TEXT, OLDEST, clean
from clinic.intake.questionnaire import NONE, Kind, Mark, Page, Question, Questionnaire
from clinic.kernel import signs

_DATE_PARTS = ("day", "month", "year")
REST_IS_NONE = "rest_is_none"


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked in one visit.

    `only` are the questions to ask again, None for all. With them go their follow-ups, whatever a ticked
    answer reopens, and what has no answer yet: something left unsaid is never taken for a no.
    `is_returning` adds what only those are asked who have been asked before, `on_the_day` the check-in's.
    """

    only: frozenset[str] | None = None
    is_returning: bool = False
    on_the_day: bool = False


EVERYTHING = Asking()
_ANYBODY = Asking(is_returning=True, on_the_day=True)


class Form(Protocol):
    """A posted form, as werkzeug gives it."""

    def getlist(self, key: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What a posted page says.

    `answers` are all plain answers so far with this page's good ones, those no longer asked left out;
    `errors` holds a sentence for each field that cannot be taken; `typed` is what was posted, by field
    name, to be shown again.
    """

    answers: Mapping[str, Any]
    errors: Mapping[str, str]
    typed: Mapping[str, tuple[str, ...]]


class _Refused(Exception):
    """A field that cannot be taken, and why."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        self.sentence = sentence
        super().__init__(field)


# --- what is asked -----------------------------------------------------------------------------------


def shown(
    questionnaire: Questionnaire, answers: Mapping[str, Any], asking: Asking = EVERYTHING
) -> list[Question]:
    """Gives the questions that these plain answers call for, in order."""
    facts = clean(answers, questionnaire).facts()
    return [
        question
        for question in _wanted(questionnaire, answers, asking)
        if question.shown_if is None or question.shown_if.holds(facts)
    ]


def reopened(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> frozenset[str]:
    """Gives the ids of the questions that the answers ticked reopen."""
    picks = clean(answers, questionnaire).picks
    return frozenset(
        again
        for question in questionnaire.questions
        for option in question.options
        if option.code in picks.get(question.id, ())
        for again in option.reopens
    )


def asked_again(
    questionnaire: Questionnaire, answers: Mapping[str, Any], asking: Asking
) -> frozenset[str] | None:
    """Gives the ids of what is asked again, with follow-ups and what was reopened; None for everything."""
    if asking.only is None:
        return None
    again = asking.only | reopened(questionnaire, answers)
    while True:
        follow_ups = {q.id for q in questionnaire.questions if q.shown_if and q.shown_if.asks() & again}
        if follow_ups <= again:
            return again
        again |= follow_ups


def _wanted(questionnaire: Questionnaire, answers: Mapping[str, Any], asking: Asking) -> list[Question]:
    """The questions of this visit, whether or not the answers call for them."""
    again = asked_again(questionnaire, answers, asking)
    return [
        question
        for question in questionnaire.questions
        if (asking.on_the_day or not question.on_the_day)
        and (asking.is_returning or not question.returning)
        and (again is None or question.id in again or question.id not in answers)
    ]


def opens_picker(questionnaire: Questionnaire, question: Question, answers: Mapping[str, Any]) -> bool:
    """Tells whether these answers open the list of areas under the question."""
    if question.picker is None:
        return False
    return bool(question.picker.opens_if.holds(clean(answers, questionnaire).facts()))


def pages_shown(
    questionnaire: Questionnaire, answers: Mapping[str, Any], asking: Asking = EVERYTHING
) -> list[Page]:
    """Gives the pages that have something to ask, in order."""
    slugs = {question.page for question in shown(questionnaire, answers, asking)}
    return [page for page in questionnaire.pages if page.slug in slugs]


def next_page(
    questionnaire: Questionnaire, answers: Mapping[str, Any], asking: Asking = EVERYTHING
) -> str | None:
    """Gives the slug of the first page with something not answered yet, or None when all is answered."""
    for question in shown(questionnaire, answers, asking):
        if question.id not in answers:
            return question.page
        picker = question.picker
        if picker and picker.id not in answers and opens_picker(questionnaire, question, answers):
            return question.page
    return None


def previous_page(
    questionnaire: Questionnaire, slug: str, answers: Mapping[str, Any], asking: Asking = EVERYTHING
) -> str | None:
    """Gives the slug of the page before, or None on the first."""
    slugs = [page.slug for page in pages_shown(questionnaire, answers, asking)]
    at = slugs.index(slug) if slug in slugs else 0
    return slugs[at - 1] if at else None


def drop_hidden(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the answers without those that no other answer calls for; what was carried over stays."""
    kept = dict(answers)
    while True:
        asked = shown(questionnaire, kept, _ANYBODY)
        open_pickers = {q.picker.id for q in asked if q.picker and opens_picker(questionnaire, q, kept)}
        stay = {question.id for question in asked} | open_pickers | {BORN_ON}
        fewer = {key: value for key, value in kept.items() if key in stay}
        if len(fewer) == len(kept):
            return kept
        kept = fewer


# --- what was posted ---------------------------------------------------------------------------------


def read_page(
    questionnaire: Questionnaire,
    slug: str,
    form: Form,
    answers: Mapping[str, Any],
    today: date,
    asking: Asking = EVERYTHING,
) -> Reading:
    """Gives what a posted page says, added to the plain answers so far; raises KeyError for no such page.

    Questions that the answers do not call for are not read. A follow-up that the page's own answers open
    and that was not answered is an error at that field. Answers that the page newly reopens are forgotten,
    so that they are given again. `today` is for the age.
    """
    page = questionnaire.page(slug)
    own = [question for question in _wanted(questionnaire, answers, asking) if question.page == slug]
    own_ids = {question.id for question in own}
    known = {key: value for key, value in answers.items() if key not in own_ids}
    rest_is_none = bool(page.none_button and _posted(form, REST_IS_NONE))
    typed, errors = _typed(questionnaire, page, form), {}
    for question in own:
        if question.shown_if and not question.shown_if.holds(clean(known, questionnaire).facts()):
            continue
        if (
            rest_is_none
            and question.kind is Kind.ANY
            and question.has_none
            and not _posted(form, question.id)
        ):
            typed[question.id] = (NONE,)
            known[question.id] = []
            continue
        try:
            known |= _read_question(questionnaire, question, form, today)
            if opens_picker(questionnaire, question, known):
                known |= _read_areas(questionnaire, question, form)
        except _Refused as refused:
            errors[refused.field] = refused.sentence
    kept = _without_reopened(questionnaire, answers, known, asking)
    return Reading(drop_hidden(questionnaire, kept), errors, typed)


def _without_reopened(
    questionnaire: Questionnaire, before: Mapping[str, Any], known: Mapping[str, Any], asking: Asking
) -> dict[str, Any]:
    """The answers without those that were reopened just now. What was asked in this visit stays answered."""
    were = asked_again(questionnaire, before, asking)
    are = asked_again(questionnaire, known, asking)
    newly = are - were if are is not None and were is not None else frozenset()
    return {key: value for key, value in known.items() if key not in newly}


def _posted(form: Form, name: str) -> list[str]:
    return [value.strip() for value in form.getlist(name) if value.strip()]


def _read_question(
    questionnaire: Questionnaire, question: Question, form: Form, today: date
) -> dict[str, Any]:
    match question.kind:
        case Kind.BIRTH_DATE:
            return _read_birth_date(questionnaire, question, form, today)
        case Kind.BODY_MAP:
            return {question.id: _read_body_map(questionnaire, question, form)}
        case Kind.WORDS:
            return {question.id: _read_words(questionnaire, question, form)}
        case Kind.ANY:
            return {question.id: _read_list(questionnaire, question, form)}
        case Kind.SCALE:
            return {question.id: int(_read_one(questionnaire, question, form, _steps(question)))}
        case _:
            return {question.id: _read_one(questionnaire, question, form, question.codes)}


def _steps(question: Question) -> frozenset[str]:
    return frozenset(str(step) for step in range(question.low, question.high + 1))


def _read_one(questionnaire: Questionnaire, question: Question, form: Form, known: frozenset[str]) -> str:
    values = set(_posted(form, question.id))
    if not values:
        raise _Refused(question.id, question.missing)
    if len(values) > 1 or not values <= known:
        raise _Refused(question.id, questionnaire.errors["unknown"])
    return values.pop()


def _read_list(questionnaire: Questionnaire, question: Question, form: Form) -> list[str]:
    values = set(_posted(form, question.id))
    if not values and not question.may_be_empty:
        raise _Refused(question.id, question.missing)
    if not values <= question.codes | ({NONE} if question.has_none else set()):
        raise _Refused(question.id, questionnaire.errors["unknown"])
    if NONE in values and len(values) > 1:
        raise _Refused(question.id, questionnaire.errors["none_with_others"])
    return [option.code for option in question.options if option.code in values]


def _read_areas(questionnaire: Questionnaire, question: Question, form: Form) -> dict[str, Any]:
    assert question.picker is not None
    name = question.picker.id
    values = set(_posted(form, name))
    if not values:
        raise _Refused(name, questionnaire.errors["areas_missing"])
    if not values <= questionnaire.region_ids:
        raise _Refused(name, questionnaire.errors["unknown"])
    return {name: sorted(values)}


def _read_body_map(questionnaire: Questionnaire, question: Question, form: Form) -> dict[str, list[str]]:
    marked: dict[str, list[str]] = {mark.value: [] for mark in Mark}
    for region in questionnaire.regions:
        for mark in set(_posted(form, region.id)):
            if mark not in marked:
                raise _Refused(question.id, questionnaire.errors["unknown_mark"])
            marked[mark].append(region.id)
    left = marked[Mark.LEAVE]
    marked[Mark.WORK] = [region for region in marked[Mark.WORK] if region not in left]
    return marked


def _read_birth_date(
    questionnaire: Questionnaire, question: Question, form: Form, today: date
) -> dict[str, Any]:
    parts = [_posted(form, f"{question.id}-{part}") for part in _DATE_PARTS]
    if not any(parts):
        raise _Refused(question.id, question.missing)
    day, month, year = (part[0] if len(part) == 1 else "" for part in parts)
    try:
        born = date(int(year), int(month), int(day))
    except (ValueError, OverflowError) as error:
        raise _Refused(question.id, questionnaire.errors["not_a_date"]) from error
    if born > today:
        raise _Refused(question.id, questionnaire.errors["future_date"])
    age = age_on(born, today)
    if age > OLDEST:
        raise _Refused(question.id, questionnaire.errors["too_old"])
    return {question.id: age, BORN_ON: born.isoformat()}


def _read_words(questionnaire: Questionnaire, question: Question, form: Form) -> dict[str, Any]:
    text = "\n".join(_posted(form, f"{question.id}-text")).replace("\r\n", "\n")
    if len(text) > LONGEST_TEXT:
        raise _Refused(f"{question.id}-text", questionnaire.errors["text_too_long"])
    if not signs.is_keepable(text):
        raise _Refused(f"{question.id}-text", signs.UNKEEPABLE)
    said = _read_one(questionnaire, question, form, frozenset({"yes", "no"}))
    return {"doctor_said_no": said == "yes", "text": text}


def age_on(born: date, day: date) -> int:
    """Gives whole years; someone born on 29 February has their birthday on 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


# --- showing it again --------------------------------------------------------------------------------


def _typed(questionnaire: Questionnaire, page: Page, form: Form) -> dict[str, tuple[str, ...]]:
    names = [name for question in page.questions for name in fields_of(questionnaire, question)]
    posted = {name: tuple(form.getlist(name)) for name in names}
    return {name: values for name, values in posted.items() if values}


def fields_of(questionnaire: Questionnaire, question: Question) -> tuple[str, ...]:
    """Gives the names of the form fields that a question is posted in."""
    match question.kind:
        case Kind.BIRTH_DATE:
            names = tuple(f"{question.id}-{part}" for part in _DATE_PARTS)
        case Kind.BODY_MAP:
            names = tuple(region.id for region in questionnaire.regions)
        case Kind.WORDS:
            names = (question.id, f"{question.id}-text")
        case _:
            names = (question.id,)
    return (*names, question.picker.id) if question.picker else names


def as_typed(
    questionnaire: Questionnaire, slug: str, answers: Mapping[str, Any]
) -> dict[str, tuple[str, ...]]:
    """Gives kept answers as a form would post them, to show a page that was answered before."""
    typed: dict[str, tuple[str, ...]] = {}
    for question in questionnaire.page(slug).questions:
        if question.id in answers:
            typed |= _typed_answer(question, answers)
        if question.picker and question.picker.id in answers:
            typed[question.picker.id] = tuple(answers[question.picker.id])
    return typed


def _typed_answer(question: Question, answers: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    value = answers[question.id]
    match question.kind:
        case Kind.BIRTH_DATE:
            born = date.fromisoformat(answers[BORN_ON]) if BORN_ON in answers else None
            parts = {part: (str(getattr(born, part)),) for part in _DATE_PARTS} if born else {}
            return {f"{question.id}-{part}": typed for part, typed in parts.items()}
        case Kind.BODY_MAP:
            marks: dict[str, tuple[str, ...]] = {}
            for mark in Mark:
                for region in value.get(mark, ()):
                    marks[region] = (*marks.get(region, ()), mark.value)
            return marks
        case Kind.WORDS:
            said = "yes" if value.get("doctor_said_no") else "no"
            return {question.id: (said,), f"{question.id}-text": (value.get("text", ""),)}
        case Kind.ANY:
            return {question.id: tuple(value) or ((NONE,) if question.has_none else ())}
        case _:
            return {question.id: (str(value),)}
