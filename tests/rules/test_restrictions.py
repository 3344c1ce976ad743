"""Restrictions to the letter, and corners of triage and recommendation that random answers seldom reach."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from clinic.catalog.recommendation import Helped, Recommendation, recommend
from clinic.catalog.scoring import Scores, load_scores
from clinic.intake.answers import clean
from clinic.intake.conditions import parse
from clinic.intake.level import Level
from clinic.intake.locales import load_locale
from clinic.intake.restrictions import Restrictions, combine, desk_line, lighter_areas, one_line
from clinic.intake.rules import Rule, Rules, load_rules
from clinic.intake.triage import Message, Outcome, assess, page_one

RULES = load_rules()
QUESTIONNAIRE, TECHNIQUES = RULES.questionnaire, RULES.techniques
SCORES = load_scores()
LOW_BACK = {"hurts": ["B07_low_back"]}


def judged(rules: Rules = RULES, **answers: Any) -> Outcome:
    return assess(rules, clean(answers))


def only(rule_id: str, when: str, **changes: Any) -> Rules:
    """A version with one rule, which holds when `when` does."""
    rule: Rule = replace(RULES.rule(rule_id), when=parse(when, QUESTIONNAIRE.vocabulary, "a test"), **changes)
    return replace(RULES, rules=(rule,))


# --- restrictions ------------------------------------------------------------------------------------


def test_nothing_kept_limits_nothing() -> None:
    assert Restrictions.from_json({}) == Restrictions()


def test_what_both_rule_out_keeps_the_rules_of_both_once() -> None:
    a = Restrictions(excluded={"thai": ("A01", "A05")}, reasons={"thai": "One."})
    b = Restrictions(excluded={"thai": ("A05", "A29")}, reasons={"thai": "Two."}, pressure_cap=3)
    both = combine(a, b)
    assert both.excluded["thai"] == ("A01", "A05", "A29")
    assert both.reasons["thai"] == "One."
    assert (both.excluded["deep_tissue"], "trigger_point" in both.excluded) == ((), False)
    assert both.reasons["deep_tissue"] == "We keep it medium or lighter. Deep tissue starts at firm."


def test_the_longer_extra_and_the_shorter_length_win() -> None:
    a = Restrictions(extra_minutes=15, max_minutes=60)
    b = Restrictions(extra_minutes=5, max_minutes=45)
    assert combine(a, b) == combine(b, a) == Restrictions(extra_minutes=15, max_minutes=45)


def test_areas_and_pressures_are_named_in_the_words_of_the_version_given() -> None:
    renamed = replace(
        QUESTIONNAIRE,
        regions=tuple(replace(each, label=f"the {each.label}") for each in QUESTIONNAIRE.regions),
        region_groups=(),
    )
    words = replace(TECHNIQUES, pressure_words=tuple(f"very {word}" for word in TECHNIQUES.pressure_words))
    limits = Restrictions(avoid=("F08_tummy",), area_caps={"B13_calf_l": 2, "F05_chest": 3})
    assert lighter_areas(limits) == [
        ("Light only", ("left calf and heel",)), ("Medium at most", ("chest",)),
    ]  # fmt: skip
    assert lighter_areas(limits, renamed, words) == [
        ("Very light only", ("the left calf and heel",)), ("Very medium at most", ("the chest",)),
    ]  # fmt: skip
    assert one_line(limits) == "Not: tummy. Light only: left calf and heel. Medium at most: chest."
    assert one_line(limits, renamed, words) == (
        "Not: the tummy. Very light only: the left calf and heel. Very medium at most: the chest."
    )


def test_the_lines_name_every_limit() -> None:
    limits = Restrictions(
        pressure_cap=1, positions=("side_lying", "not_on_front"), max_minutes=30, extra_minutes=15
    )
    assert one_line(limits) == "Feather-light only. Side-lying. Not on the front. At most 30 minutes."
    assert desk_line(limits, Level.ADAPT) == "Side-lying, 15 minutes extra"
    assert desk_line(limits, Level.CLEARANCE) == "Needs clearance, side-lying, 15 minutes extra"
    assert desk_line(limits, Level.URGENT) == "Not to be booked"
    assert one_line(Restrictions()) == "No limits."


# --- triage ------------------------------------------------------------------------------------------


def test_page_one_knows_nothing_of_page_two_and_speaks_the_words_of_the_country() -> None:
    assert page_one(RULES, clean({"health_consent": "no", "age_years": 15})).matched == ()
    first = page_one(RULES, clean({"now_signs": ["chest_pain"]}), load_locale("US").tokens)
    assert "911" in first.client_messages[0]


def test_what_needs_that_nothing_stops_waits_for_the_last_page() -> None:
    rules = only("N06", "not stop")
    assert page_one(rules, clean({})).matched == ()
    assert judged(rules).matched == ("N06",)


def test_no_safety_net_is_read_where_it_stops() -> None:
    assert "N06" in judged(body_map=LOW_BACK).matched
    assert "N06" not in judged(body_map=LOW_BACK, saddle_numb="yes").matched


def test_notes_and_messages_carry_their_rule_and_level() -> None:
    outcome = judged(bones=["disc_known"])
    rule = RULES.rule("A20")
    assert outcome.notes == (Message("A20", Level.ADAPT, rule.therapist),)
    assert outcome.messages == (Message("A20", Level.ADAPT, rule.client),)
    assert outcome.rules_version == RULES.version


def test_where_to_go_is_said_by_the_deciding_level_alone() -> None:
    outcome = judged(now_signs=["chest_pain"], leg_swelling="one_leg")
    assert {"E01", "U03"} <= set(outcome.matched)
    assert outcome.send == ("Emergency now",)
    assert judged(leg_swelling="one_leg").send != ()
    assert judged(bones=["disc_known"]).send == ()


def test_a_rule_may_shorten_a_session() -> None:
    assert judged(only("A20", "bones has disc_known", max_minutes=30), bones=["disc_known"]).restrictions == (
        replace(judged(bones=["disc_known"]).restrictions, max_minutes=30)
    )


def test_the_reason_of_the_first_rule_that_names_a_technique_is_told() -> None:
    outcome = judged(blood=["blood_thinner"], bones=["osteoporosis"])
    reason = RULES.rule("A01").reason
    assert outcome.restrictions.reasons["thai"] == f"We leave this out for now, as {reason}."
    assert outcome.excluded["thai"] == ("A01", "A04")


# --- recommendation ----------------------------------------------------------------------------------


def suited(
    scores: Scores | None = None, helped: dict[str, Helped] | None = None, **answers: Any
) -> Recommendation:
    cleaned = clean(answers)
    found = recommend(cleaned, assess(RULES, cleaned), scores=scores, helped=helped)
    assert found is not None
    return found


def limited(max_minutes: int, **answers: Any) -> Recommendation:
    cleaned = clean(answers)
    outcome = assess(RULES, cleaned)
    tight = replace(outcome, restrictions=replace(outcome.restrictions, max_minutes=max_minutes))
    found = recommend(cleaned, tight)
    assert found is not None
    return found


def test_each_technique_has_a_length_of_its_own_by_the_numbers_given() -> None:
    assert suited().minutes_for["chair"] == 30
    assert suited().minutes_for["thai"] == 75
    longer = replace(SCORES, minutes=MappingProxyType({**SCORES.minutes, "chair": 15, "no_area": 90}))
    found = suited(longer)
    assert (found.minutes_for["chair"], found.minutes_for["swedish"]) == (15, 90)


def test_a_limit_on_the_length_wins() -> None:
    assert suited().minutes_for["swedish"] == 60
    assert limited(30).minutes_for["swedish"] == 30


@pytest.mark.parametrize(("pain", "counts"), [(6, 0), (7, 1), (10, 1)])
def test_strong_pain_counts_from_seven(pain: int, counts: int) -> None:
    found, without = suited(pain_score=pain), suited()
    gain = {each: found.scores[each] - without.scores[each] for each in found.scores}
    expected = {
        "deep_tissue": -3,
        "thai": -2,
        "sports": -2,
        "trigger_point": -1,
        "swedish": 1,
        "craniosacral": 1,
    }
    assert gain == {each: counts * expected.get(each, 0) for each in gain}


def test_an_area_counts_where_exactly_its_regions_are_worked_on() -> None:
    area = next(each for each in SCORES.areas if each.only)
    found = suited(body_map={"work": sorted(area.regions)})
    assert area.reason in found.reasons["chair"]
    wider = suited(body_map={"work": [*sorted(area.regions), "F08_tummy"]})
    assert area.reason not in wider.reasons["chair"]


@pytest.mark.parametrize(
    ("technique", "wanted", "points"),
    [
        ("deep_tissue", 2, -4),
        ("deep_tissue", 4, 2),
        ("craniosacral", 3, -4),
        ("sports", 1, -4),
        ("swedish", 5, -2),
    ],
)
def test_each_step_outside_counts_below_and_above(technique: str, wanted: int, points: int) -> None:
    assert suited(pressure_pref=wanted).scores[technique] == points


def test_only_what_speaks_for_it_is_a_reason() -> None:
    found = suited(goal="relax")
    assert found.scores["deep_tissue"] == -1
    assert found.reasons["deep_tissue"] == ()
    assert suited(goal="ease_pain").scores["chair"] == 1
    assert SCORES.tables["goal"]["ease_pain"].points.get("craniosacral", 0) == 0
    assert suited(goal="ease_pain").reasons["craniosacral"] == ()


@pytest.mark.parametrize(
    ("answers", "minutes"),
    [
        ({"immune_meds": ["strong_painkillers"]}, 75),  # a cap of medium does not shorten
        ({"blood": ["blood_thinner"]}, 60),  # a cap of light does
        ({"age_years": 16, "guardian_ok": "attend"}, 75),
    ],
)
def test_a_long_session_stays_long_unless_a_limit_says_so(answers: dict[str, Any], minutes: int) -> None:
    regions = [
        "B03_shoulder_blade_l",
        "B04_shoulder_blade_r",
        "B05_upper_back",
        "B06_mid_back",
        "B07_low_back",
    ]
    assert suited(body_map={"work": regions}, **answers).minutes_for["swedish"] == minutes
    assert suited(body_map={"work": regions[:4]}, **answers).minutes_for["swedish"] == 60


def test_a_child_has_half_an_hour() -> None:
    assert suited(age_years=15, guardian_ok="attend").minutes_for["swedish"] == 30


@pytest.mark.parametrize(
    ("length", "is_lasting"), [("acute", False), ("subacute", True), ("chronic", True), (None, False)]
)
def test_an_exercise_plan_is_advised_for_pain_of_over_six_weeks(length: str | None, is_lasting: bool) -> None:
    advice = suited(**({"pain_length": length} if length else {})).advice
    assert (SCORES.advice_over_6_weeks in advice) is is_lasting
    assert advice[-1] == SCORES.advice_stop_rule


def test_page_one_waits_for_every_page_that_may_come_after_it() -> None:
    """Also for the one that only somebody who is back is shown."""
    came_back = {"anything_changed": ["medicine"]}
    assert set(came_back["anything_changed"]) <= QUESTIONNAIRE.question("anything_changed").codes
    rules = only("N06", "anything_changed has medicine")
    assert judged(rules, **came_back).matched == ("N06",)
    assert page_one(rules, clean(came_back)).matched == ()
