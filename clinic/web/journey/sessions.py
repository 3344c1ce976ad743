"""What suits: the best fit with its reasons, others close behind, the rest, and what is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.booking import chosen, journeys, offers
from clinic.booking.journey import Step
from clinic.booking.offers import Offer
from clinic.care import outcomes
from clinic.catalog.models import OfferingOption
from clinic.catalog.recommendation import Recommendation, recommend
from clinic.catalog.scoring import About, Planned, load_scores
from clinic.intake import services as intakes
from clinic.intake.models import Intake
from clinic.kernel.errors import BadInput, Excluded, NotCleared, NotOffered, Refusal, Stale
from clinic.web import access, database
from clinic.web.journey import provisional, said, texts, way
from clinic.web.journey.blueprint import blueprint
from clinic.web.journey.outcome import limit_words
from clinic.web.numbers import read_whole

MOST_SIDE_BY_SIDE = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """An offering that may be chosen, with its reasons, lengths and the length to suggest."""

    offering_id: int
    title: str
    technique: str
    about: str
    reasons: tuple[str, ...]
    options: tuple[OfferingOption, ...]
    suggested: OfferingOption
    minutes: int
    against: str = ""

    @property
    def line(self) -> str:
        """'Why: you want to relax · you like it medium'."""
        if not self.reasons:
            return ""
        lowered = (f"{reason[0].lower()}{reason[1:]}" for reason in self.reasons[:3])
        return f"Why: {' · '.join(lowered)}"


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything the page shows."""

    best: Choice | None
    also: tuple[Choice, ...]
    rest: tuple[Choice, ...]
    left_out: tuple[tuple[str, str], ...]
    often: str
    advice: tuple[str, ...]
    plan: Planned | None
    review: str

    @property
    def beside(self) -> tuple[Choice, ...]:
        """Those that also suit and stand beside the best fit when all are compared."""
        return self.also[: MOST_SIDE_BY_SIDE - 1]


@blueprint.get("/book/session", endpoint="session")
@access.public
def choose_session() -> ResponseReturnValue:
    return way.sent_elsewhere(Step.SESSION) or (_draw(), 200)


@blueprint.post("/book/session", endpoint="choose")
@access.public
def choose() -> ResponseReturnValue:
    if way.sent_elsewhere(Step.SESSION) is not None:
        return way.brought_back()
    wanted = read_whole(request.form.get("option"))
    try:
        if wanted is None:
            raise BadInput("Choose a session and a length.", "option")
        best = choices_for(way.expect_intake()).best
        with database.transaction() as session:
            journeys.choose_option(session, database.now(), way.expect().id, wanted)
            chosen.record(session, database.now(), way.expect_intake(), wanted, best.title if best else None)
    except Stale:
        return way.brought_back()
    except NotCleared:
        return provisional.not_any_more()
    except (BadInput, NotOffered, Excluded) as refused:
        return _draw(refused), 422 if isinstance(refused, BadInput) else 409
    way.look_again()
    return redirect(url_for("journey.time"), code=303)


@blueprint.get("/book/compare")
@access.public
def compare() -> ResponseReturnValue:
    """The best fit and one or two others side by side; with nothing to compare it leads back to the list."""
    elsewhere = way.sent_elsewhere(Step.SESSION)
    if elsewhere is not None:
        return elsewhere
    found = choices_for(way.expect_intake())
    wanted = request.args.getlist("with")
    others = [each for each in (*found.also, *found.rest) if str(each.offering_id) in wanted]
    if found.best is None or not others:
        return redirect(url_for("journey.session"), code=303)
    cap = intakes.restrictions_of(way.expect_intake()).pressure_cap
    shown = (found.best, *others[: MOST_SIDE_BY_SIDE - 1])
    return render_template(
        "journey/compare.html",
        shown=shown,
        cards=[texts.card(each.technique) for each in shown],
        firmness=[texts.firmness(each.technique, cap) for each in shown],
        about=[_about(each.technique) for each in shown],
        close=[each.offering_id for each in found.also],
        honest=load_scores().honest,
    )


def _about(technique: str) -> About:
    return load_scores().about.get(technique) or About("", "", "")


def _draw(refused: Refusal | None = None) -> str:
    journey = way.expect()
    return render_template(
        "journey/session.html",
        is_waiting=provisional.is_waiting(journey),
        choices=choices_for(way.expect_intake()),
        chosen=journey.option_id,
        honest=load_scores().honest,
        sentences=limit_words(said.limits_of(way.expect_intake())),
        talk=journeys.talk_minutes(journey, way.site()),
        errors=[("option", refused.sentence)] if isinstance(refused, BadInput) else [],
        gone=refused.sentence if refused and not isinstance(refused, BadInput) else "",
    )


def choices_for(intake: Intake) -> Choices:
    """What this intake may choose from, by what the clinic can give."""
    limits = intakes.restrictions_of(intake)
    all_offers = offers.offered(database.session())
    outcome = said.outcome_to_recommend_by(intake)
    cleaned = intakes.cleaned(intake)
    client_id = outcomes.client_behind(database.session(), intake)
    found = recommend(
        cleaned,
        outcome,
        offers.techniques_offered(all_offers, limits),
        helped=outcomes.helped(database.session(), client_id),
    )
    if found is None:
        raise Stale()
    given = _by_technique(offers.within(all_offers, limits))
    first = [_choice(offer, found) for each in _named(found.best) for offer in given.get(each, ())]
    also = [_choice(offer, found) for each in found.also for offer in given.get(each, ())]
    rest = [_choice(offer, found) for each in found.rest for offer in given.get(each, ())]
    return Choices(
        best=first[0] if first else None,
        also=(*first[1:], *also),
        rest=tuple(rest),
        left_out=_left_out(found, all_offers),
        often=found.cadence_text,
        advice=found.advice,
        plan=found.plan,
        review=found.review,
    )


def _named(best: str | None) -> tuple[str, ...]:
    return (best,) if best else ()


def _by_technique(given: list[Offer]) -> Mapping[str, list[Offer]]:
    grouped: dict[str, list[Offer]] = {}
    for offer in given:
        grouped.setdefault(offer.technique, []).append(offer)
    return grouped


def _choice(offer: Offer, found: Recommendation) -> Choice:
    minutes = found.minutes_for[offer.technique]
    return Choice(
        offering_id=offer.offering.id,
        title=offer.offering.name,
        technique=offer.technique,
        about=offer.offering.summary or texts.card(offer.technique).about,
        reasons=found.reasons[offer.technique],
        options=offer.options,
        suggested=offer.nearest(minutes),
        minutes=minutes,
        against=found.against.get(offer.technique, ""),
    )


def _left_out(found: Recommendation, all_offers: list[Offer]) -> tuple[tuple[str, str], ...]:
    """Those of the clinic's own techniques that may not be had; what it never gives is not spoken of."""
    names: dict[str, str] = {}
    for offer in all_offers:
        names.setdefault(offer.technique, offer.offering.name)
    return tuple(
        (names[technique], sentence if sentence.endswith(".") else f"{sentence}.")
        for technique, sentence in found.left_out.items()
        if technique in names
    )
