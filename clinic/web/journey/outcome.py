"""What the answers lead to: stop, a step more, or a session; always with a person to speak to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import journeys
from clinic.booking.journey import Step, Verdict
from clinic.intake import services as intakes
from clinic.intake.letter import Told
from clinic.intake.level import Level
from clinic.intake.locales import load_locale
from clinic.intake.models import ClearanceStatus, Intake
from clinic.intake.questionnaire import Mark, load_questionnaire
from clinic.intake.restrictions import Restrictions, area_names, at_most, lighter_areas
from clinic.intake.techniques import load_techniques
from clinic.intake.triage import Outcome
from clinic.kernel.errors import Stale
from clinic.web import access, database
from clinic.web.journey import pair, said, way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.contact_form import BEST_TIMES, CallBackForm, ContactForm
from clinic.web.journey.provisional import request_href
from clinic.web.letters import letter_of

SAFETY_NET = "N06"


@blueprint.get("/book/outcome")
@access.public
def outcome() -> ResponseReturnValue:
    elsewhere = way.sent_elsewhere(Step.OUTCOME)
    if elsewhere is not None:
        return elsewhere
    intake = way.expect_intake()
    found = said.outcome_of(intake)
    match way.state().verdict:
        case Verdict.STOP:
            return stop_page(found, ())
        case Verdict.CLEARANCE:
            return _held_page(intake)
        case _:
            return _book_page(intake, found)


@blueprint.post("/book/outcome")
@access.public
def go_on() -> ResponseReturnValue:
    """The client has read it and wants to see the sessions; of two, also who waits for a decision."""
    waits = way.state().verdict is Verdict.CLEARANCE and pair.current() is not None
    if (way.state().verdict is not Verdict.BOOK and not waits) or way.state().is_booked:
        return way.brought_back()
    take = journeys.go_on_provisionally if waits else journeys.see_outcome
    try:
        with database.transaction() as session:
            take(session, database.now(), way.expect().id)
    except Stale:
        return way.brought_back()
    way.look_again()
    return redirect(url_for("journey.session"), code=303)


def stop_page(found: Outcome, ticked: Sequence[str], form: CallBackForm | None = None) -> ResponseReturnValue:
    """Where to get help, at once; nothing is sold on it. `ticked`: what was, to be told to them."""
    locale = load_locale(way.locale())
    line = "".join(re.findall(r"\d+", locale.urgent_line))
    page = render_template(
        "journey/stop.html",
        is_emergency=found.level is Level.EMERGENCY,
        reasons=found.client_messages,
        said=ticked,
        coming=said.coming(),
        locale=locale,
        urgent_number=line,
        form=form or CallBackForm(formdata=None),
        is_kept=way.current() is not None,
    )
    return page, 422 if form and form.errors else 200


def _held_page(intake: Intake) -> ResponseReturnValue:
    """The page of a held outcome; once somebody has said no, the request's own page says so."""
    clearance = intake.clearance
    if clearance is None or clearance.status is ClearanceStatus.ENDED:
        return clearance_page(intake, ContactForm(formdata=None), 200)
    if clearance.status is ClearanceStatus.REFUSED:
        return redirect(request_href(clearance), code=303)
    best_time = next((key for key, words in BEST_TIMES.items() if words == clearance.best_time), "any")
    form = ContactForm(
        formdata=None,
        name=clearance.name,
        email=clearance.email,
        phone=clearance.phone,
        best_time=best_time,
    )
    return clearance_page(intake, form, 200)


def clearance_page(intake: Intake, form: ContactForm, status: int) -> ResponseReturnValue:
    """'Not a no. One more step': what was understood, why, who looks at it by when, and a number to ring."""
    found = said.outcome_of(intake)
    clearance = intake.clearance
    is_asked = clearance is not None and clearance.status is not ClearanceStatus.ENDED
    return render_template(
        "journey/clearance.html",
        reasons=[message.text for message in found.messages if message.level is Level.CLEARANCE],
        release_by=intake.release_by,
        hours=way.site().decide_within_hours,
        said=[words for told in _told_in(intake) for words in told.said],
        understood=[*_told(intake), *understood(intake)],
        sentences=limit_words(said.limits_of(intake)),
        request_href=request_href(clearance) if clearance is not None and is_asked else "",
        has_gone_on=way.state().is_provisional,
        form=form,
    ), status


def _told(intake: Intake) -> list[tuple[str, str, str, str]]:
    """The answers that hold it, as rows with the address of the page that changes them."""
    return [
        ("You told us", "; ".join(told.said), url_for("journey.step", slug=told.slug), told.asked)
        for told in _told_in(intake)
    ]


def _told_in(intake: Intake) -> tuple[Told, ...]:
    """The answers that hold it, word for word; none of somebody who came by a mailed link."""
    return tuple(letter_of(intake).told) if intake.based_on_id is None else ()


def _book_page(intake: Intake, found: Outcome) -> ResponseReturnValue:
    """'You can book'; where somebody had to say yes first, that they did and until when it counts."""
    nets = [message.text for message in found.messages if message.rule_id == SAFETY_NET]
    mind = [
        message.text
        for message in found.messages
        if message.rule_id != SAFETY_NET and message.level is not Level.CLEARANCE
    ]
    sentences = limit_words(said.limits_of(intake))
    return render_template(
        "journey/outcome.html",
        has_limits=found.level is Level.ADAPT or bool(sentences),
        cleared_until=intake.cleared_until_on,
        mind=mind,
        nets=nets,
        understood=understood(intake),
        sentences=sentences,
    )


def limit_words(limits: Restrictions) -> list[str]:
    """The limits of the hands, in the client's words: 'Medium or lighter', 'Not on your lower legs'."""
    words = []
    if limits.pressure_cap is not None:
        firmness = at_most(limits.pressure_cap, load_techniques())
        words.append(f"{firmness[0].upper()}{firmness[1:]}")
    if limits.avoid:
        words.append(f"Not on: {', '.join(area_names(limits.avoid))}")
    words.extend(f"{firm}: {', '.join(areas)}" for firm, areas in lighter_areas(limits))
    if limits.max_minutes is not None:
        words.append(f"At most {limits.max_minutes} minutes")
    return words


def understood(intake: Intake) -> list[tuple[str, str, str, str]]:
    """What was wished for, as rows with the address of the page that changes it, if this visit asked."""
    questionnaire, answers = load_questionnaire(), intakes.answers_of(intake)
    here = url_for("journey.step", slug="wishes")
    href = here if intake.based_on_id is None else ""
    rows = []
    if "goal" in answers:
        goal = questionnaire.question("goal").label(answers["goal"])
        rows.append(("You want", f"{goal[0].upper()}{goal[1:]}", href, "what you want"))
    if "pressure_pref" in answers:
        word = load_techniques().pressure_word(answers["pressure_pref"])
        rows.append(("You like it", f"{word[0].upper()}{word[1:]}", href, "how firm you like it"))
    marks = answers.get("body_map", {})
    for mark, name in ((Mark.HURTS, "It hurts"), (Mark.WORK, "Work on"), (Mark.LEAVE, "Leave alone")):
        if marks.get(mark):
            areas = ", ".join(area_names(tuple(marks[mark])))
            rows.append((name, f"{areas[0].upper()}{areas[1:]}", here, "the areas"))
    return rows
