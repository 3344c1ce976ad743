"""The pages of questions. Before a clear yes nothing is kept; after it, each page as it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from flask import abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed

from clinic.booking import journeys, pair_journeys
from clinic.intake import pages, publishing, returning, triage
from clinic.intake import services as intakes
from clinic.intake.answers import clean
from clinic.intake.locales import load_locale
from clinic.intake.pages import EVERYTHING, Asking, Reading
from clinic.intake.questionnaire import Kind, Question, Questionnaire, load_questionnaire
from clinic.intake.rules import Rules
from clinic.kernel.codes import new_token
from clinic.web import access, database
from clinic.web.journey import pair, sealed, turns, way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.outcome import stop_page
from clinic.web.questions import page_model

FIRST, CONSENT = "safety", "about-you"


@blueprint.get("/book")
@access.public
def start() -> ResponseReturnValue:
    """To the first question, or on to where this client stands; a booked way makes room for another."""
    if way.state().is_booked or way.has_told():
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
    return _draw(slug, known)


@blueprint.post("/book/<slug>")
@access.public
def answer(slug: str) -> ResponseReturnValue:
    known = _answers_so_far()
    if not _is_open(slug, known):
        return way.brought_back()
    if slug == CONSENT and request.form.get("health_consent") == "no":
        return _keep_nothing()
    reading = pages.read_page(_questionnaire(), slug, request.form, known, way.today(), _asking())
    if reading.errors:
        return _draw(slug, known, reading), 422
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
        first = triage.page_one(_in_force(), answers, load_locale(way.locale()).tokens)
        if first.level.stops:
            sealed.forget()
            with database.transaction() as session:
                intakes.count_stop(session, way.today(), first.level)
            return stop_page(first, _labels(reading.answers))
        sealed.keep(reading.answers, now)
        return way.onward()
    token = new_token()
    with database.transaction() as session:
        made = journeys.begin(session, now, token, reading.answers, clinic=way.site().clinic_name)
        two = pair.current()
        if two is not None:
            pair_journeys.attach(session, now, two.id, made)
    sealed.forget()
    way.remember(token)
    return way.onward()


def _keep_nothing() -> ResponseReturnValue:
    if pair.current() is not None:
        return turns.keep_nothing()
    journey = way.current()
    if journey is not None:
        with database.transaction() as session:
            journeys.withdraw(session, database.now(), journey.id)
    way.forget()
    return redirect(url_for("journey.without_answers"), code=303)


def _in_force() -> Rules:
    return publishing.current_rules(database.session())


def _questionnaire() -> Questionnaire:
    journey = way.current()
    if journey is None or journey.intake is None:
        return _in_force().questionnaire
    return load_questionnaire(journey.intake.questionnaire_version)


def _asking() -> Asking:
    """What is asked on this way: of somebody who is back only what holds no longer."""
    journey = way.current()
    if journey is None or journey.intake is None:
        return EVERYTHING
    return returning.asking_of(database.session(), journey.intake)


def _answers_so_far() -> dict[str, Any]:
    journey = way.current()
    if journey is not None and journey.intake is not None:
        return intakes.answers_of(journey.intake)
    return sealed.read(database.now()) or {}


def _is_open(slug: str, known: Mapping[str, Any]) -> bool:
    """Whether a page may be opened: nothing before it is unanswered, and it has something to ask.

    A page that does not exist is a 404, or a 405 where the address has one that cannot be sent.
    """
    if slug not in {page.slug for page in _questionnaire().pages}:
        _no_such_page()
    if way.state().is_booked:
        return False
    if way.current() is None and slug not in (FIRST, CONSENT):
        return False
    slugs = [page.slug for page in pages.pages_shown(_questionnaire(), known, _asking())]
    if slug not in slugs:
        return False
    first_open = pages.next_page(_questionnaire(), known, _asking()) or slugs[-1]
    return slugs.index(slug) <= slugs.index(first_open)


def _no_such_page() -> NoReturn:
    """The pages of questions take any word below /book/ that no other page has for the same method."""
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.rule == request.path]
    if rules:
        raise MethodNotAllowed(sorted({method for rule in rules for method in rule.methods or ()}))
    abort(404)


def _draw(slug: str, known: Mapping[str, Any], reading: Reading | None = None) -> str:
    questionnaire, asking = _questionnaire(), _asking()
    now_known = reading.answers if reading else known
    before = pages.previous_page(questionnaire, slug, now_known, asking)
    slugs = [each.slug for each in pages.pages_shown(questionnaire, now_known, asking)]
    page = page_model(questionnaire, slug, known, reading, asking=asking)
    return render_template(
        "journey/questions.html",
        page=page,
        errors=page.errors,
        questionnaire=questionnaire,
        has_map=any(each.q.kind is Kind.BODY_MAP for each in page.asked),
        back_href=url_for("journey.step", slug=before) if before else url_for("journey.landing"),
        is_first=slug == FIRST,
        is_kept=way.current() is not None,
        at=slugs.index(slug),
        titles=[questionnaire.page(each).title for each in slugs[1:]],
    )


def _labels(answers: Mapping[str, Any]) -> list[str]:
    """What was ticked on page one, in its own words: to be said on the telephone."""
    said = []
    for question in _questionnaire().page(FIRST).questions:
        value = answers.get(question.id, ())
        for code in value if isinstance(value, list) else [value]:
            option = next((each for each in question.options if each.code == code), None)
            if option is not None and not option.mitigates and code != "no":
                said.append(option.label if question.kind is Kind.ANY else _as_said(question, option.label))
    return said


def _as_said(question: Question, label: str) -> str:
    return f"{question.title} {label}"
