"""The pages of questions. Before a clear yes nothing is kept; after it, each page as it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import journeys
from clinic.intake import pages, triage
from clinic.intake import services as intakes
from clinic.intake.answers import clean
from clinic.intake.locales import load_locale
from clinic.intake.pages import Reading
from clinic.intake.questionnaire import Kind, Mark, Page, Question, Questionnaire, load_questionnaire
from clinic.intake.rules import load_rules
from clinic.kernel.codes import new_token
from clinic.web import access, database
from clinic.web.journey import sealed, way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.outcome import stop_page

FIRST, CONSENT = "safety", "about-you"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the page draws it: what was typed, what was wrong."""

    question: Question
    answer: Any
    areas: tuple[str, ...]
    text: str
    wrong: str


@blueprint.get("/book")
@access.public
def start() -> ResponseReturnValue:
    """To the first question, or on to where this client stands; a booked way makes room for another."""
    if way.state().is_booked:
        way.forget()
    return redirect(way.next_href(), code=303)


@blueprint.post("/book")
@access.public
def start_again() -> ResponseReturnValue:
    """Ends the way of this browser, gives a held time back, and begins anew."""
    journey = way.current()
    if journey is not None:
        with database.transaction() as session:
            journeys.leave(session, database.now(), journey.id)
    way.forget()
    return redirect(url_for("journey.step", slug=FIRST), code=303)


@blueprint.get("/book/<slug>")
@access.public
def step(slug: str) -> ResponseReturnValue:
    known = _answers_so_far()
    if not _is_open(slug, known):
        return way.onward()
    return _draw(slug, known, pages.as_typed(_questionnaire(), slug, known), {})


@blueprint.post("/book/<slug>")
@access.public
def answer(slug: str) -> ResponseReturnValue:
    known = _answers_so_far()
    if not _is_open(slug, known):
        return way.brought_back()
    if slug == CONSENT and request.form.get("health_consent") == "no":
        return _keep_nothing()
    reading = pages.read_page(_questionnaire(), slug, request.form, known, way.today())
    if reading.errors:
        return _draw(slug, {**known, **reading.answers}, reading.typed, reading.errors), 422
    if way.current() is None:
        return _before_consent(slug, reading)
    with database.transaction() as session:
        journeys.answer(
            session, database.now(), way.expect().id, reading.answers, clinic=way.site().clinic_name
        )
    way.look_again()
    return way.onward()


@blueprint.get("/book/without-answers")
@access.public
def without_answers() -> ResponseReturnValue:
    """What it means that we may not keep the answers, and how to reach a person."""
    return render_template("journey/without_answers.html")


def _before_consent(slug: str, reading: Reading) -> ResponseReturnValue:
    """Page one is judged in memory and sealed into the cookie; page two begins the journey."""
    now = database.now()
    if slug == FIRST:
        answers = clean(reading.answers, _questionnaire())
        first = triage.page_one(load_rules(), answers, load_locale(way.locale()).tokens)
        if first.level.stops:
            sealed.forget()
            with database.transaction() as session:
                intakes.count_stop(session, way.today(), first.level)
            return stop_page(first, _labels(reading.answers))
        sealed.keep(reading.answers, now)
        return way.onward()
    token = new_token()
    with database.transaction() as session:
        journeys.begin(session, now, token, reading.answers, clinic=way.site().clinic_name)
    sealed.forget()
    way.remember(token)
    return way.onward()


def _keep_nothing() -> ResponseReturnValue:
    journey = way.current()
    if journey is not None:
        with database.transaction() as session:
            journeys.withdraw(session, database.now(), journey.id)
    way.forget()
    return redirect(url_for("journey.without_answers"), code=303)


def _questionnaire() -> Questionnaire:
    journey = way.current()
    if journey is None or journey.intake is None:
        return load_questionnaire()
    return load_questionnaire(journey.intake.questionnaire_version)


def _answers_so_far() -> dict[str, Any]:
    journey = way.current()
    if journey is not None and journey.intake is not None:
        return intakes.answers_of(journey.intake)
    return sealed.read(database.now()) or {}


def _is_open(slug: str, known: Mapping[str, Any]) -> bool:
    """Whether a page may be opened: nothing before it is unanswered, and it has something to ask.

    A page that does not exist is a 404.
    """
    if slug not in {page.slug for page in _questionnaire().pages}:
        abort(404)
    if way.state().is_booked:
        return False
    if way.current() is None and slug not in (FIRST, CONSENT):
        return False
    slugs = [page.slug for page in pages.pages_shown(_questionnaire(), known)]
    if slug not in slugs:
        return False
    first_open = pages.next_page(_questionnaire(), known) or slugs[-1]
    return slugs.index(slug) <= slugs.index(first_open)


def _draw(
    slug: str,
    known: Mapping[str, Any],
    typed: Mapping[str, tuple[str, ...]],
    errors: Mapping[str, str],
) -> str:
    questionnaire = _questionnaire()
    page = questionnaire.page(slug)
    asked = [
        _asked(questionnaire, question, typed, errors)
        for question in pages.shown(questionnaire, known)
        if question.page == slug
    ]
    before = pages.previous_page(questionnaire, slug, known)
    shown = [each.slug for each in pages.pages_shown(questionnaire, known)]
    return render_template(
        "journey/questions.html",
        page=page,
        asked=asked,
        errors=_summary(page, errors),
        questionnaire=questionnaire,
        has_map=any(each.question.kind is Kind.BODY_MAP for each in asked),
        back_href=url_for("journey.step", slug=before) if before else url_for("journey.landing"),
        is_first=slug == FIRST,
        at=shown.index(slug),
        titles=[questionnaire.page(each).title for each in shown[1:]],
    )


def _asked(
    questionnaire: Questionnaire,
    question: Question,
    typed: Mapping[str, tuple[str, ...]],
    errors: Mapping[str, str],
) -> Asked:
    fields = (question.id, question.picker.id if question.picker else "", f"{question.id}-text")
    return Asked(
        question=question,
        answer=_answer(questionnaire, question, typed),
        areas=typed.get(question.picker.id, ()) if question.picker else (),
        text="\n".join(typed.get(f"{question.id}-text", ())),
        wrong=next((errors[field] for field in fields if field in errors), ""),
    )


def _answer(questionnaire: Questionnaire, question: Question, typed: Mapping[str, tuple[str, ...]]) -> Any:
    """What was typed, in the shape in which the question is drawn."""
    values = typed.get(question.id, ())
    match question.kind:
        case Kind.BIRTH_DATE:
            parts = ("day", "month", "year")
            return {part: "".join(typed.get(f"{question.id}-{part}", ("",))[:1])[:12] for part in parts}
        case Kind.BODY_MAP:
            return {
                mark.value: [
                    region.id for region in questionnaire.regions if mark.value in typed.get(region.id, ())
                ]
                for mark in Mark
            }
        case Kind.ANY:
            return list(values)
        case _:
            return values[0] if values else None


def _summary(page: Page, errors: Mapping[str, str]) -> list[tuple[str, str]]:
    """The errors in the order of the page, each with the id of the control to go to."""
    dates = {question.id for question in page.questions if question.kind is Kind.BIRTH_DATE}
    return [(f"{field}-day" if field in dates else field, sentence) for field, sentence in errors.items()]


def _labels(answers: Mapping[str, Any]) -> list[str]:
    """What was ticked on page one, in its own words: to be said on the telephone."""
    said = []
    for question in load_questionnaire().page(FIRST).questions:
        value = answers.get(question.id, ())
        for code in value if isinstance(value, list) else [value]:
            option = next((each for each in question.options if each.code == code), None)
            if option is not None and not option.mitigates and code != "no":
                said.append(option.label if question.kind is Kind.ANY else _as_said(question, option.label))
    return said


def _as_said(question: Question, label: str) -> str:
    return f"{question.title} {label}"
