"""Chooses a session type: whole numbers added up by preference and fit, with the reasons in words.

The same answers and the same past always give the same result. It never speaks of a technique that triage
ruled out, however much that helped before, and says nothing at all where triage stops. Sections and
numbers: `content/recommendation/<version>.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clinic.catalog.scoring import Area, Fit, Planned, Scores, Step, load_scores
from clinic.intake.answers import Answers
from clinic.intake.level import Level
from clinic.intake.techniques import Technique
from clinic.intake.triage import Outcome

_LASTING_GOALS = ("ease_pain", "move_better")
_PREGNANT = frozenset({"weeks_1_12", "weeks_13_27", "weeks_28_plus"})


@dataclass(frozen=True, slots=True)
class Helped:
    """How a technique went for this client: sessions with pain asked before and after, and the mean change.

    `mean_change` is pain after less pain before, in points of 0 to 10: below zero is better.
    """

    sessions: int
    mean_change: float


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What suits, best first. `best` is None where nothing that is offered is left.

    `also` are up to three others close behind, `rest` the others that may be chosen, `left_out` those
    that may not, each with a sentence for the client. `reasons` and `minutes_for` cover every technique
    that may be chosen; `minutes` is for the best one. `against` says of some of them that they did not help
    before. At CLEARANCE all of it is `provisional`. `plan` is what may be booked at once, None where one
    session comes first; `review` is the stop rule where what was measured asks for it, else empty.
    """

    best: str | None
    also: tuple[str, ...]
    rest: tuple[str, ...]
    scores: Mapping[str, int]
    left_out: Mapping[str, str]
    reasons: Mapping[str, tuple[str, ...]]
    minutes: int | None
    minutes_for: Mapping[str, int]
    cadence: str
    cadence_text: str
    provisional: bool
    advice: tuple[str, ...]
    against: Mapping[str, str]
    plan: Planned | None
    review: str


def recommend(
    answers: Answers,
    outcome: Outcome,
    offered: Mapping[str, str | None] | None = None,
    scores: Scores | None = None,
    helped: Mapping[str, Helped] | None = None,
) -> Recommendation | None:
    """Gives what suits these answers, or None where triage stops.

    `offered` gives for each technique None, or why this clinic cannot offer it; without it, all are
    offered. A technique that is missing from it is not offered. `helped` is what this client's own sessions
    did, by technique; without it nothing is known of them.
    """
    if outcome.level.stops:
        return None
    by = scores or load_scores()
    left_out = _left_out(answers, outcome, offered, by)
    parts = {
        technique.id: _parts(technique, answers, outcome, by)
        for technique in by.techniques.by_id.values()
        if technique.id not in left_out
    }
    past = {technique: _past(found, by) for technique, found in (helped or {}).items() if technique in parts}
    for technique, (points, said) in past.items():
        parts[technique].insert(0, (points, said))
    totals = {technique: sum(points for points, _ in fits) for technique, fits in parts.items()}
    ranked = sorted(totals, key=lambda technique: (-totals[technique], by.gentler_first.index(technique)))
    close = [each for each in ranked[1:] if totals[ranked[0]] - totals[each] <= by.within]
    also = tuple(close[: by.also_at_most])
    minutes_for = {technique: minutes(technique, answers, outcome, by) for technique in ranked}
    cadence = _cadence(answers, outcome)
    review = _review(answers, helped or {}, by)
    return Recommendation(
        best=ranked[0] if ranked else None,
        also=also,
        rest=tuple(each for each in ranked[1:] if each not in also),
        scores={technique: totals[technique] for technique in ranked},
        left_out=left_out,
        reasons={technique: _reasons(parts[technique]) for technique in ranked},
        minutes=minutes_for[ranked[0]] if ranked else None,
        minutes_for=minutes_for,
        cadence=cadence,
        cadence_text=by.cadences[cadence],
        provisional=outcome.level is Level.CLEARANCE,
        advice=_advice(answers, by),
        against={technique: said for technique, (points, said) in past.items() if points < 0},
        plan=None if review else by.plans.get(cadence),
        review=review,
    )


def _left_out(
    answers: Answers, outcome: Outcome, offered: Mapping[str, str | None] | None, by: Scores
) -> dict[str, str]:
    left_out = {}
    for technique in by.techniques.by_id:
        need = by.needs.get(technique)
        if technique in outcome.excluded:
            left_out[technique] = outcome.restrictions.reasons[technique]
        elif need and answers.picked(need.question).isdisjoint(need.codes):
            left_out[technique] = need.otherwise
        elif offered is not None and technique not in offered:
            left_out[technique] = by.not_offered
        elif offered is not None and offered[technique] is not None:
            left_out[technique] = offered[technique] or by.not_offered
    return left_out


def _parts(technique: Technique, answers: Answers, outcome: Outcome, by: Scores) -> list[tuple[int, str]]:
    """Gives what speaks for and against a technique: points and the reason in words."""
    fits: list[Fit] = []
    for question in ("goal", "pain_feel", "pain_length", "sensitivity"):
        table = by.tables[question]
        fits.extend(fit for code, fit in table.items() if code in answers.picked(question))
    fits.extend(area for area in by.areas if _in_area(area, answers))
    if answers.pain is not None and answers.pain >= by.strong_pain_from:
        fits.append(by.strong_pain)
    if answers.choice("goal") in by.evidence_goals:
        fits.append(by.evidence)
    parts = [(fit.points.get(technique.id, 0), fit.reason) for fit in fits]
    pressure = _pressure(technique, answers, outcome, by)
    return parts if pressure is None else [*parts, pressure]


def _in_area(area: Area, answers: Answers) -> bool:
    chosen = answers.areas_to_work
    return bool(chosen) and (chosen <= area.regions if area.only else bool(chosen & area.regions))


def _pressure(technique: Technique, answers: Answers, outcome: Outcome, by: Scores) -> tuple[int, str] | None:
    if answers.pressure is None:
        return None
    wanted = min(answers.pressure, outcome.pressure_cap or answers.pressure)
    word = by.techniques.pressure_word(wanted)
    outside = max(technique.lightest - wanted, wanted - technique.firmest, 0)
    if outside:
        return by.pressure_outside * outside, ""
    said = f"You like it {word}" if wanted == answers.pressure else f"It can be done {word}"
    return by.pressure_inside, said


def _past(found: Helped, by: Scores) -> tuple[int, str]:
    """Gives what the sessions before count, and in words what and how much: '… (counts +2)'."""
    if by.before is None or found.sessions < by.before.least_sessions:
        return 0, ""
    down = _reached(by.before.falls, -found.mean_change)
    points = down or _reached(by.before.rises, found.mean_change)
    if not points:
        return 0, ""
    said = (by.before.fell if down else by.before.rose).format(
        points=_points_in_words(abs(found.mean_change)), sessions=found.sessions
    )
    return points, f"{said} (counts {'+' if points > 0 else '−'}{abs(points)})"


def _reached(steps: tuple[Step, ...], change: float) -> int:
    return next((step.points for step in steps if change >= step.by), 0)


def _points_in_words(change: float) -> str:
    """Gives '2 points' or '1.5 points', cut and not rounded, so that it never says more than was counted."""
    tenths = int(change * 10 + 1e-9)
    whole, rest = divmod(tenths, 10)
    number = f"{whole}.{rest}" if rest else str(whole)
    return f"{number} point" if number == "1" else f"{number} points"


def _review(answers: Answers, helped: Mapping[str, Helped], by: Scores) -> str:
    """Gives the stop rule's sentence where all sessions together ask for it, else nothing."""
    sessions = sum(found.sessions for found in helped.values())
    if by.review is None or by.before is None or sessions < by.before.least_sessions:
        return ""
    mean = sum(found.mean_change * found.sessions for found in helped.values()) / sessions
    is_for_pain = answers.choice("goal") in _LASTING_GOALS
    is_no_gain = sessions >= by.review.after_sessions and -mean < by.review.least_fall
    return by.review.sentence if (is_for_pain and is_no_gain) or mean >= by.review.rise else ""


def _reasons(parts: list[tuple[int, str]]) -> tuple[str, ...]:
    """Gives the words of what speaks for it, in the order in which it was asked."""
    return tuple(dict.fromkeys(reason for points, reason in parts if points > 0 and reason))


def minutes(technique: str, answers: Answers, outcome: Outcome, scores: Scores | None = None) -> int:
    """Gives the hands-on minutes to suggest for a technique; limits win over wishes."""
    by = scores or load_scores()
    length = _wished_minutes(technique, answers, by)
    caps = [outcome.restrictions.max_minutes] if outcome.restrictions.max_minutes else []
    age = answers.age
    flares = "flare_after_touch" in answers.picked("sensitivity")
    if (
        flares
        or outcome.level is Level.CLEARANCE
        or (age is not None and age >= by.minutes["gentle_from_age"])
    ):
        caps.append(by.minutes["cap_gentle"])
    if answers.choice("pregnancy") == "weeks_28_plus" or (outcome.pressure_cap or 5) <= 2:
        caps.append(by.minutes["cap_light"])
    if age is not None and age < 16:
        caps.append(by.minutes["cap_under_16"])
    return min([length, *caps])


def _wished_minutes(technique: str, answers: Answers, by: Scores) -> int:
    areas = len(answers.areas_to_work)
    if technique == "chair":
        # Never lengthened: a seated session is short by its nature.
        return by.minutes["chair"]
    if technique == "thai":
        return by.minutes["thai" if areas <= 4 else "thai_whole_body"]
    length = by.minutes[_size(areas)]
    if answers.choice("pain_length") == "chronic" and answers.choice("goal") in _LASTING_GOALS:
        length = max(length, by.minutes["long_lasting_least"])
    if technique == "craniosacral":
        length = min(max(length, by.minutes["craniosacral_least"]), by.minutes["craniosacral_most"])
    return length


def _size(areas: int) -> str:
    if areas == 0:
        return "no_area"
    if areas <= 2:
        return "up_to_2_areas"
    return "up_to_4_areas" if areas <= 4 else "more_areas"


def _cadence(answers: Answers, outcome: Outcome) -> str:
    """Gives how often, as a code: what asks for care comes before what is wished."""
    length, goal = answers.choice("pain_length"), answers.choice("goal")
    if outcome.level is Level.CLEARANCE:
        return "after_clearance"
    if answers.choice("pregnancy") in _PREGNANT:
        return "pregnancy"
    if length == "acute":
        return "one_then_review"
    if length == "subacute":
        return "two_weekly"
    if length == "chronic" and goal in _LASTING_GOALS:
        return "weekly_course"
    return {"relax": "monthly", "sport_recovery": "in_training"}.get(goal or "", "as_it_helps")


def _advice(answers: Answers, by: Scores) -> tuple[str, ...]:
    lasting = answers.choice("pain_length") in ("subacute", "chronic")
    return (*by.advice_always, *((by.advice_over_6_weeks,) if lasting else ()), by.advice_stop_rule)
