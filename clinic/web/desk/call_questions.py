"""The same questions as on the website, asked on the telephone; and what to say to the caller after them.

Reception types the answers while they are given. Once they are judged their pages are closed: nobody at the
desk reads them again.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import calls, journeys
from clinic.intake import pages
from clinic.intake import services as intakes
from clinic.intake.level import Level
from clinic.intake.locales import load_locale
from clinic.intake.pages import Reading
from clinic.intake.questionnaire import Kind, load_questionnaire
from clinic.kernel.errors import BadInput, NotFound
from clinic.people import contact
from clinic.web import access, database
from clinic.web.context import main_site
from clinic.web.desk import call as kept
from clinic.web.desk.blueprint import blueprint, local_day, places
from clinic.web.desk.call import Call
from clinic.web.questions import page_model

CONSENT = "health_consent"
BEST_TIMES = (
    ("any", "Any time"),
    ("morning", "In the morning"),
    ("afternoon", "In the afternoon"),
    ("evening", "In the evening"),
)


@blueprint.get("/caller/<int:number>/questions/<slug>")
@access.allow(access.DESK)
def call_questions(number: int, slug: str) -> ResponseReturnValue:
    """A page of questions, with what was answered in this call."""
    call = kept.expect(number)
    if not _is_open(call, slug):
        return kept.onward(number)
    return _page(call, slug)


@blueprint.post("/caller/<int:number>/questions/<slug>")
@access.allow(access.DESK)
def answer_questions(number: int, slug: str) -> ResponseReturnValue:
    """Keeps a page of answers; what cannot be taken is shown again as it was typed."""
    call = kept.expect(number)
    if not _is_open(call, slug):
        return kept.onward(number)
    assert call.intake is not None
    questionnaire = load_questionnaire(call.intake.questionnaire_version)
    form = request.form.copy()
    form.setlist(CONSENT, ["yes"])
    site = main_site()
    today = local_day(database.now(), site.tz if site else "UTC")
    answers = intakes.answers_of(call.intake)
    reading = pages.read_page(questionnaire, slug, form, answers, today, call.asking)
    if reading.errors:
        return _page(call, slug, reading)
    with database.transaction() as session:
        journeys.answer(
            session,
            database.now(),
            call.journey.id,
            reading.answers,
            clinic=site.clinic_name if site else "",
        )
    return kept.onward(number)


def _is_open(call: Call, slug: str) -> bool:
    """Whether a page may be opened: the questions are being asked, and nothing before it is unanswered."""
    if not call.is_asking or call.intake is None:
        return False
    questionnaire = load_questionnaire(call.intake.questionnaire_version)
    answers = intakes.answers_of(call.intake)
    slugs = [page.slug for page in pages.pages_shown(questionnaire, answers, call.asking)]
    next_slug = pages.next_page(questionnaire, answers, call.asking) or slugs[-1]
    return slug in slugs and slugs.index(slug) <= slugs.index(next_slug)


def _page(call: Call, slug: str, reading: Reading | None = None) -> ResponseReturnValue:
    assert call.intake is not None
    questionnaire = load_questionnaire(call.intake.questionnaire_version)
    answers = intakes.answers_of(call.intake)
    model = page_model(questionnaire, slug, answers, reading, frozenset({CONSENT}), call.asking)
    before = pages.previous_page(questionnaire, slug, answers, call.asking)
    slugs = [page.slug for page in pages.pages_shown(questionnaire, answers, call.asking)]
    html = render_template(
        "desk/call_questions.html",
        model=model,
        questionnaire=questionnaire,
        has_map=any(each.q.kind is Kind.BODY_MAP for each in model.asked),
        before=url_for("desk.call_questions", number=call.number, slug=before) if before else None,
        at=slugs.index(slug) + 1,
        of=len(slugs),
        errors=list(model.errors),
        **kept.legs(call, "health"),
    )
    return html, 422 if reading else 200


@blueprint.get("/caller/<int:number>/outcome")
@access.allow(access.DESK)
def call_outcome(number: int) -> ResponseReturnValue:
    """What to say to a caller who cannot be booked now."""
    call = kept.expect(number)
    if call.is_asking or call.intake is None or call.may_book or call.journey.appointment_id is not None:
        return kept.onward(number)
    return outcome_page(call)


@blueprint.post("/caller/<int:number>/outcome")
@access.allow(access.DESK)
def call_back(number: int) -> ResponseReturnValue:
    """A therapist rings the caller: it goes into the queue, and the call is over."""
    call = kept.expect(number)
    if call.is_asking or call.intake is None or call.may_book:
        return kept.onward(number)
    site = main_site()
    best = request.form.get("best_time", "any")
    chosen = next((each for each in places() if str(each.id) == request.form.get("site")), None)
    if chosen is None:
        chosen = places()[0]
    try:
        phone = contact.read_phone(request.form.get("phone", ""), site.locale if site else "UK")
    except BadInput as refusal:
        return outcome_page(call, [("phone", refusal.sentence)])
    with database.transaction() as session:
        calls.ask_for_call_back(
            session,
            database.now(),
            call.journey.id,
            site_id=chosen.id,
            phone=phone,
            best_time=best if best in dict(BEST_TIMES) else "any",
        )
    with database.transaction() as session:
        calls.hang_up(session, database.now(), call.journey.id)
    kept.forget(number)
    flash(f"{call.caller.name} is on the list to be rung.")
    return redirect(url_for("desk.queue") + "#calls", code=303)


def outcome_page(
    call: Call, errors: list[tuple[str, str]] | None = None, status: int = 422
) -> ResponseReturnValue:
    """What to say to a caller who cannot be booked now, with the way on; `status` where there are errors."""
    site = main_site()
    locale = load_locale(site.locale if site else "UK")
    if call.intake is None:
        raise NotFound()
    found = intakes.outcome_of(call.intake, locale.id)
    if found.level.stops:
        sayings = found.client_messages
    else:
        sayings = tuple(each.text for each in found.messages if each.level is Level.CLEARANCE)
    html = render_template(
        "desk/call_outcome.html",
        is_emergency=found.level is Level.EMERGENCY,
        is_stop=found.level.stops,
        sayings=sayings,
        locale=locale,
        best_times=BEST_TIMES,
        places=places(),
        errors=errors,
        typed=request.form,
        **kept.legs(call, "health"),
    )
    return html, status if errors else 200
