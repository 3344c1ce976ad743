"""Every rule by itself: a case it alone decides, a near miss it lets pass; and what may make it milder.

"Alone" is meant strictly: with the rule taken out of the file the same answers end otherwise.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.intake.answers import clean
from clinic.intake.conditions import AtLeast, Condition, Not, Picked
from clinic.intake.level import Level
from clinic.intake.questionnaire import NONE, Kind
from clinic.intake.rules import Rules, load_rules
from clinic.intake.triage import Outcome, assess
from tests.rules.made_answers import ANSWERS

RULES = load_rules()
QUESTIONNAIRE = RULES.questionnaire
CASES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "rule_cases.json").read_text())

# The smallest case of a rule may be decided together with another one; these are decided by it alone.
_LOW_BACK = {"hurts": ["B07_low_back"]}
ALONE: dict[str, dict[str, Any]] = {
    "C03": {"age_years": 15, "guardian_ok": "attend"},
    "C04": {
        "age_years": 17, "guardian_ok": "attend", "body_map": _LOW_BACK,
        "pain_length": "chronic", "pain_start": "sport",
    },
}  # fmt: skip
# Two-leg signs with a known cause always come with the rule about that cause; this one alone sets the cap.
ONLY_LIMITS = {
    "A39": {"nerve_signs": ["both_legs_checked"], "nerves_brain": ["other_numb"]},
}


def judged(answers: dict[str, Any], rules: Rules = RULES) -> Outcome:
    return assess(rules, clean(answers, rules.questionnaire))


@cache
def without(rule_id: str) -> Rules:
    return replace(RULES, rules=tuple(rule for rule in RULES.rules if rule.id != rule_id))


@pytest.mark.parametrize("rule_id", [rule.id for rule in RULES.rules])
def test_a_rule_decides_a_case_alone(rule_id: str) -> None:
    answers = ONLY_LIMITS.get(rule_id) or ALONE.get(rule_id) or CASES[rule_id]
    outcome, other = judged(answers), judged(answers, without(rule_id))
    if rule_id in ONLY_LIMITS:
        assert outcome.restrictions != other.restrictions
        return
    assert [rule.id for rule in outcome.deciding] == [rule_id]
    assert outcome.messages != other.messages
    assert outcome.level is Level.CLEAR or other.level.severity < outcome.level.severity


_TURNED = {"hurts": "leave", "leave": "work", "work": "hurts"}


def near(answers: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same answers with one of them told a little otherwise: a neighbouring option, number or region."""
    for key, value in answers.items():
        questions = [question for question in QUESTIONNAIRE.questions if question.id == key]
        if not questions:
            continue
        question = questions[0]
        if question.kind in (Kind.SCALE, Kind.BIRTH_DATE):
            yield from ({**answers, key: value + step} for step in (-1, 1) if 0 <= value + step <= 120)
        elif question.kind is Kind.ANY:
            yield {**answers, key: [NONE] if question.has_none else []}
            for gone in value:
                for other in sorted(question.codes - set(value) - {NONE}):
                    yield {**answers, key: [other if each == gone else each for each in value]}
        elif question.kind in (Kind.ONE, Kind.YES_NO):
            yield from ({**answers, key: other} for other in sorted(question.codes - {value}))
        elif question.kind is Kind.BODY_MAP:
            yield {**answers, key: {other: value.get(mark, []) for mark, other in _TURNED.items()}}
            for mark, regions in value.items():
                for region in sorted(QUESTIONNAIRE.region_ids - set(regions)):
                    yield {**answers, key: {**value, mark: [region]}}
        else:
            yield {**answers, key: {"doctor_said_no": False, "text": ""}}


def fits(answers: dict[str, Any]) -> bool:
    """Whether numbers stayed on their scales."""
    return answers.get("pain_score", 0) <= 10 and 1 <= answers.get("pressure_pref", 1) <= 5


@pytest.mark.parametrize("rule_id", [rule.id for rule in RULES.rules])
def test_a_rule_lets_a_near_miss_pass(rule_id: str) -> None:
    answers = CASES[rule_id]
    misses = [each for each in near(answers) if fits(each) and rule_id not in judged(each).matched]
    assert misses, "nothing nearby lets it pass"


@pytest.mark.parametrize(
    ("rule_id", "question", "in_reach", "out_of_reach"),
    [
        ("C02", "age_years", 17, 18),
        ("C03", "age_years", 15, 16),
        ("C30", "age_years", 50, 49),
        ("U08", "age_years", 65, 64),
        ("U11", "age_years", 50, 49),
        ("A23", "age_years", 44, 45),
        ("A29", "age_years", 75, 74),
        ("C33", "pain_score", 8, 7),
        ("U19", "pain_score", 7, 6),
        ("E15", "pain_score", 7, 6),
    ],
)
def test_a_number_is_taken_at_its_edge(rule_id: str, question: str, in_reach: int, out_of_reach: int) -> None:
    edges = {
        "C30": {**CASES["C30"]},
        "U08": {"body_map": _LOW_BACK, "pain_start": "minor_knock"},
        "U11": {"head_neck_signs": ["jaw_scalp_vision"]},
        "A23": {**CASES["A23"]},
        "C33": {"body_map": _LOW_BACK},
        "U19": {"body_map": _LOW_BACK, "recent_injury": "within_72h"},
        "E15": {"body_map": _LOW_BACK, "feeling_ill": ["tummy_pulse"]},
    }  # fmt: skip
    others = edges.get(rule_id, {})
    assert rule_id in judged({**others, question: in_reach}).matched
    assert rule_id not in judged({**others, question: out_of_reach}).matched


# --- what may make it milder -------------------------------------------------------------------------


def negated(condition: Condition, is_negated: bool = False) -> Iterator[tuple[str, str]]:
    """The options that a condition names in the negative: with one of them it holds no longer."""
    if isinstance(condition, Not):
        yield from negated(condition.part, not is_negated)
    elif isinstance(condition, AtLeast):
        for part in condition.parts:
            yield from negated(part, is_negated)
    elif isinstance(condition, Picked) and is_negated:
        yield from ((condition.question, code) for code in condition.codes)


# With which other answers an option that the rules name makes the outcome milder: before and after it.
_CHILD = {"age_years": 16}
_TEEN_BACK = {
    "age_years": 17, "guardian_ok": "attend", "body_map": _LOW_BACK, "pain_start": "sport",
}  # fmt: skip
_CRASH = {"body_map": _LOW_BACK, "pain_start": "big_accident"}
_COUGH = {"body_map": _LOW_BACK, "pain_pattern": ["cough_strain"]}
_OLDER = {
    "age_years": 60, "body_map": {"hurts": ["B05_upper_back"]}, "pain_length": "acute",
    "pain_start": "slow_no_reason",
}  # fmt: skip
_LEGS = {"nerve_signs": ["both_legs_checked"]}
MILDER: dict[tuple[str, str], tuple[dict[str, Any], Level, Level]] = {
    ("guardian_ok", "attend"): (_CHILD, Level.CLEARANCE, Level.ADAPT),
    ("guardian_ok", "agree"): (_CHILD, Level.CLEARANCE, Level.ADAPT),
    ("recent_injury", "big_checked"): (_CRASH, Level.EMERGENCY, Level.ADAPT),
    ("pain_trend", "better"): (_COUGH, Level.CLEARANCE, Level.ADAPT),
    ("pain_length", "acute"): (_TEEN_BACK, Level.CLEARANCE, Level.ADAPT),
    ("pain_pattern", "eases_moving"): (_OLDER, Level.CLEARANCE, Level.CLEAR),
    ("pain_pattern", "eases_rest"): (_OLDER, Level.CLEARANCE, Level.CLEAR),
    ("nerves_brain", "diabetes_numb_feet"): (_LEGS, Level.CLEARANCE, Level.ADAPT),
    ("nerves_brain", "other_numb"): (_LEGS, Level.CLEARANCE, Level.ADAPT),
    ("nerves_brain", "ms_pd"): (_LEGS, Level.CLEARANCE, Level.ADAPT),
    **{
        ("pain_start", code): (
            {"age_years": 17, "guardian_ok": "attend", "body_map": _LOW_BACK, "pain_length": "acute"},
            Level.CLEARANCE,
            Level.ADAPT,
        )
        for code in ("sport", "lift_twist", "desk_posture")
    },
}


def with_option(answers: dict[str, Any], question: str, code: str) -> dict[str, Any]:
    """The answers with one option more; a choice is only made where none was."""
    if QUESTIONNAIRE.question(question).kind is Kind.ANY:
        return {**answers, question: [*answers.get(question, []), code]}
    return {**answers, question: code}


def test_the_options_that_rules_name_in_the_negative_are_marked_and_have_a_case_each() -> None:
    named = {pair for rule in RULES.rules for pair in negated(rule.when)}
    marked = {
        (question.id, option.code)
        for question in QUESTIONNAIRE.questions
        for option in question.options
        if option.mitigates
    }
    # These say "no back or leg signs" or "not getting worse": otherwise another, graver rule holds instead.
    graver = {
        pair for rule_id in ("N02", "N07", "U12", "U21", "A38") for pair in negated(RULES.rule(rule_id).when)
    }
    assert named - graver == set(MILDER)
    assert set(MILDER) <= marked


@pytest.mark.parametrize("pair", list(MILDER), ids=lambda pair: "=".join(pair))
def test_an_option_that_mitigates_does_so(pair: tuple[str, str]) -> None:
    answers, before, after = MILDER[pair]
    assert judged(answers).level is before
    assert judged(with_option(answers, *pair)).level is after


OTHERS = [
    (question.id, option.code)
    for question in QUESTIONNAIRE.questions
    for option in question.options
    if question.kind in (Kind.ANY, Kind.ONE) and (question.id, option.code) not in MILDER
]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(ANSWERS, st.sampled_from(OTHERS))
def test_no_other_option_ever_makes_it_milder_marked_or_not(
    answers: dict[str, Any], pair: tuple[str, str]
) -> None:
    before = {key: value for key, value in answers.items() if key != pair[0] or isinstance(value, list)}
    if pair[1] in before.get(pair[0], []):
        return
    was, becomes = judged(before), judged(with_option(before, *pair))
    assert becomes.level.severity >= was.level.severity
    assert set(becomes.restrictions.excluded) >= set(was.restrictions.excluded)
    assert (becomes.pressure_cap or 5) <= (was.pressure_cap or 5)
    assert set(becomes.avoid) >= set(was.avoid)


# --- many ---------------------------------------------------------------------------------------------

MANY = int(os.environ.get("CLINIC_ANSWER_SETS", "20000"))  # every rule has been met after 7,122 of these


def test_thousands_of_random_answer_sets_have_an_outcome() -> None:
    """Seeded, so that a failure comes back; drawn with plain chance, as Hypothesis would take minutes."""
    dice = random.Random(20261121)
    drawn = [_drawer(question) for question in QUESTIONNAIRE.questions]
    seen: set[str] = set()
    levels: set[Level] = set()
    for _ in range(MANY):
        share = dice.choice((0.05, 0.3, 0.7))
        answers = dict(pair for draw in drawn if dice.random() < share for pair in [draw(dice)])
        outcome = judged(answers)
        seen.update(outcome.matched)
        levels.add(outcome.level)
        assert (outcome.release_by is not None) == (outcome.level is Level.CLEARANCE)
        assert outcome.restrictions.excluded.keys() == outcome.restrictions.reasons.keys()
    assert levels == set(Level)
    assert seen == {rule.id for rule in RULES.rules}


def _drawer(question: Any) -> Any:
    codes, regions = sorted(question.codes - {NONE}), sorted(QUESTIONNAIRE.region_ids)

    def draw(dice: random.Random) -> tuple[str, Any]:
        match question.kind:
            case Kind.ANY:
                return question.id, dice.sample(codes, dice.choice((0, 1, 1, 2, 3)))
            case Kind.ONE | Kind.YES_NO:
                return question.id, dice.choice(codes)
            case Kind.SCALE:
                return question.id, dice.randint(question.low, question.high)
            case Kind.BIRTH_DATE:
                return question.id, dice.randint(0, 100)
            case Kind.BODY_MAP:
                marks = {mark: dice.sample(regions, dice.choice((0, 1, 2, 4))) for mark in ("hurts", "leave")}
                return question.id, {**marks, "work": []}
            case _:
                said = dice.choice(("", "", "Mind my hearing aid"))
                return question.id, {"doctor_said_no": dice.random() < 0.1, "text": said}

    return draw
