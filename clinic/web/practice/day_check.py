"""The check on the day, on the therapist's phone: asked, judged again, gone ahead with, held or declined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.datastructures import MultiDict

from clinic.booking import services as booking
from clinic.booking.models import Appointment
from clinic.care import day_check
from clinic.intake import pages, publishing
from clinic.intake.locales import load_locale
from clinic.intake.pages import Reading
from clinic.intake.questionnaire import Kind, Questionnaire
from clinic.intake.returning import FIT_TODAY, TODAY_ONLY
from clinic.kernel.codes import read_reference
from clinic.kernel.errors import BadInput, NotFound
from clinic.web import access, database
from clinic.web.numbers import read_whole
from clinic.web.practice.blueprint import blueprint, own_therapist
from clinic.web.questions import Asked, page_model


@dataclass(frozen=True, slots=True)
class Page:
    """The questions as they are drawn; `is_all` when nothing more is to be asked."""

    asked: tuple[Asked, ...]
    errors: tuple[tuple[str, str], ...]
    answers: Mapping[str, Any]
    is_all: bool


@blueprint.get("/session/<reference>/check")
@access.allow(access.PRACTICE)
def check(reference: str) -> ResponseReturnValue:
    """What to read out."""
    found = _own(reference)
    known = day_check.known(database.session(), database.now(), found)
    return _draw(found, _page(found, known, None)), 200


@blueprint.post("/session/<reference>/check")
@access.allow(access.PRACTICE)
def checked(reference: str) -> ResponseReturnValue:
    """What is ticked opens its questions on the same page; once all is answered the rules run again."""
    found, therapist = _own(reference), own_therapist()
    session, now = database.session(), database.now()
    page = _page(found, day_check.known(session, now, found), request.form)
    if page.errors or not page.is_all:
        return _draw(found, page), 422 if page.errors else 200
    with database.transaction():
        day_check.check(
            session,
            now,
            found.reference,
            therapist.id,
            page.answers,
            actor=current_user.actor,
            version=_version(),
        )
    return redirect(url_for("practice.check_result", reference=found.reference), code=303)


@blueprint.get("/session/<reference>/check/result")
@access.allow(access.PRACTICE)
def check_result(reference: str) -> ResponseReturnValue:
    """Go ahead, with new limits, hold, or stop. Reading it is recorded, as reading the sheet is."""
    plain = _plain(reference)
    with database.transaction() as session:
        found, result = day_check.result_of(
            session, database.now(), plain, own_therapist().id, actor=current_user.actor
        )
    if result is None:
        return redirect(url_for("practice.sheet", reference=plain), code=303)
    return render_template(
        "practice/day_check_result.html", one=found, result=result, locale=load_locale(found.site.locale)
    )


@blueprint.get("/session/<reference>/decline")
@access.allow(access.PRACTICE)
def decline(reference: str) -> ResponseReturnValue:
    """What declining does, and the reason."""
    return _decline_page(_own(reference)), 200


@blueprint.post("/session/<reference>/decline")
@access.allow(access.PRACTICE)
def declined(reference: str) -> ResponseReturnValue:
    """Declines it: the client is told that it is called off, not why."""
    found, therapist = _own(reference), own_therapist()
    try:
        with database.transaction() as session:
            day_check.decline(
                session,
                database.now(),
                found.reference,
                therapist,
                request.form.get("reason", ""),
                actor=current_user.actor,
                version=_version(),
            )
    except BadInput as refusal:
        errors = [(refusal.field or "reason", refusal.sentence)]
        return _decline_page(_own(reference), errors), refusal.status
    flash("Declined. The time is free again.")
    return redirect(url_for("practice.sheet", reference=found.reference), code=303)


def _page(found: Appointment, known: Mapping[str, Any], form: MultiDict[str, str] | None) -> Page:
    """The page as it stands after `form`: first what was ticked is read, then what the ticks open.

    Of what was not on the page that was sent nothing is missed yet; it is drawn, and asked.
    """
    questionnaire = publishing.current_rules(database.session()).questionnaire
    if form is None:
        return _drawn(questionnaire, known, {}, {}, frozenset())
    today = booking.day_at(found.site, database.now())
    drawn = frozenset(form.get("asked", "").split())
    fit = questionnaire.question(FIT_TODAY).page
    first = pages.read_page(questionnaire, fit, form, known, today, TODAY_ONLY)
    answers, typed = first.answers, dict(first.typed)
    errors: dict[str, str] = {}
    for page in pages.pages_shown(questionnaire, answers, TODAY_ONLY):
        reading = pages.read_page(questionnaire, page.slug, form, answers, today, TODAY_ONLY)
        answers, typed = reading.answers, typed | dict(reading.typed)
        errors |= dict(reading.errors)
    return _drawn(questionnaire, answers, errors, typed, drawn)


def _drawn(
    questionnaire: Questionnaire,
    answers: Mapping[str, Any],
    errors: Mapping[str, str],
    typed: Mapping[str, tuple[str, ...]],
    drawn: frozenset[str],
) -> Page:
    is_sent = bool(drawn)
    shown = pages.shown(questionnaire, answers, TODAY_ONLY)
    new = {question.id for question in shown} - drawn
    said = {name: words for name, words in errors.items() if not _is_of(name, new)}
    reading = Reading(answers, said, typed) if is_sent else None
    slugs = dict.fromkeys(question.page for question in (questionnaire.question(FIT_TODAY), *shown))
    models = [page_model(questionnaire, slug, answers, reading, asking=TODAY_ONLY) for slug in slugs]
    return Page(
        asked=tuple(each for model in models for each in model.asked),
        errors=tuple(each for model in models for each in model.errors),
        answers=answers,
        is_all=is_sent and not errors and not new,
    )


def _is_of(field: str, questions: set[str]) -> bool:
    """Whether a form field belongs to one of the questions."""
    return any(field == each or field.startswith(f"{each}-") for each in questions)


def _draw(found: Appointment, page: Page) -> str:
    questionnaire = publishing.current_rules(database.session()).questionnaire
    return render_template(
        "practice/day_check.html",
        one=found,
        asked=page.asked,
        errors=list(page.errors),
        questionnaire=questionnaire,
        has_map=any(each.q.kind is Kind.BODY_MAP for each in page.asked),
    )


def _decline_page(found: Appointment, errors: list[tuple[str, str]] | None = None) -> str:
    return render_template(
        "practice/decline.html", one=found, errors=errors, typed=request.form.get("reason", "")
    )


def _own(reference: str) -> Appointment:
    return day_check.own(database.session(), _plain(reference), own_therapist().id)


def _plain(reference: str) -> str:
    plain = read_reference(reference)
    if plain is None:
        raise NotFound()
    return plain


def _version() -> int:
    """The version that was looked at; one that no appointment has, where the form does not say."""
    version = read_whole(request.form.get("version"))
    return -1 if version is None else version
