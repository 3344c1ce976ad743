"""The recommendation: the sums, the order, the lengths, and what it never offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from clinic.catalog.recommendation import Recommendation, minutes, recommend
from clinic.catalog.scoring import CONTENT, load_scores, read_scores
from clinic.intake.answers import clean
from clinic.intake.loading import ContentError
from clinic.intake.rules import load_rules
from clinic.intake.triage import assess
from tests.rules.made_answers import ANSWERS
from tests.rules.readability import grade

RULES = load_rules()
SCORES = load_scores()
LIFTER = {
    **{"age_years": 24, "goal": "move_better", "pressure_pref": 5, "pain_score": 4, "pain_length": "chronic"},
    **{"pain_feel": ["stiff", "tight_achy"], "pain_start": "sport", "pain_trend": "same"},
    "body_map": {"hurts": ["B07_low_back"], "work": ["B07_low_back"]},
}


def suited(offered: dict[str, str | None] | None = None, **answers: Any) -> Recommendation:
    cleaned = clean(answers)
    found = recommend(cleaned, assess(RULES, cleaned), offered)
    assert found is not None
    return found


def test_the_worked_example_adds_up() -> None:
    found = suited(**LIFTER)
    assert found.scores["deep_tissue"] == 11
    assert (found.scores["thai"], found.scores["myofascial"], found.scores["trigger_point"]) == (8, 7, 5)
    assert (found.best, found.also, found.minutes, found.cadence) == (
        "deep_tissue",
        ("thai",),
        60,
        "weekly_course",
    )
    assert found.reasons["deep_tissue"] == (
        "You want to move better",
        "It feels tight or achy",
        "It feels stiff",
        "You have had it over 12 weeks",
        "Good for the low back",
        "You like it deep",
    )
    assert found.left_out == {"pregnancy": "This is for people who are 13 weeks pregnant or more"}
    assert SCORES.advice_over_6_weeks in found.advice


def test_a_tie_goes_to_the_gentler() -> None:
    found = suited()
    assert set(found.scores.values()) == {0}
    assert found.best == "swedish"
    assert found.also == ("chair", "craniosacral", "myofascial")
    assert found.rest == ("shiatsu", "trigger_point", "sports", "deep_tissue", "thai")


def test_the_wanted_pressure_is_lowered_to_the_cap() -> None:
    found = suited(pressure_pref=5, sensitivity=["bruise_easily"])
    assert found.scores["swedish"] == 2
    assert found.reasons["swedish"] == ("It can be done medium",)
    assert found.left_out["deep_tissue"].startswith("As you bruise easily")


def test_each_step_outside_the_range_counts() -> None:
    assert suited(pressure_pref=5).scores["craniosacral"] == -8


@pytest.mark.parametrize(
    ("regions", "technique", "points"),
    [
        (["B02_neck_back", "B05_upper_back"], "chair", 2),
        (["B02_neck_back", "B06_mid_back"], "chair", 0),
        (["B07_low_back", "B06_mid_back"], "myofascial", 1),
        (["B13_calf_l", "B07_low_back"], "chair", -3),
        (["B13_calf_l", "B07_low_back"], "swedish", 2),
    ],
)
def test_areas_count(regions: list[str], technique: str, points: int) -> None:
    assert suited(body_map={"work": regions}).scores[technique] == points
    assert suited(body_map={"hurts": regions}).scores[technique] == points


def test_areas_chosen_for_work_count_before_sore_ones() -> None:
    found = suited(body_map={"hurts": ["B13_calf_l"], "work": ["B02_neck_back"]})
    assert found.scores["chair"] == 2


def test_craniosacral_is_not_chosen_for_what_research_does_not_bear() -> None:
    assert suited(goal="ease_pain").scores["craniosacral"] == -1
    assert suited(goal="move_better").scores["craniosacral"] == -2
    assert suited(goal="relax").scores["craniosacral"] == 3


@pytest.mark.parametrize(
    ("pregnancy", "best", "provisional"),
    [
        ("weeks_28_plus", "pregnancy", False),
        ("weeks_1_12", "pregnancy", True),
        ("maybe", "craniosacral", True),
    ],
)
def test_pregnancy_massage_is_for_those_it_is_made_for(pregnancy: str, best: str, provisional: bool) -> None:
    found = suited(pregnancy=pregnancy, goal="relax")
    assert (found.best, found.provisional) == (best, provisional)


def test_what_the_clinic_does_not_offer_is_left_out_with_its_reason() -> None:
    offered = {"swedish": "No one is free for it this month", "deep_tissue": None, "thai": None}
    found = suited(offered, **LIFTER)
    assert set(found.scores) == {"deep_tissue", "thai"}
    assert found.left_out["swedish"] == "No one is free for it this month"
    assert found.left_out["shiatsu"] == SCORES.not_offered


def test_nothing_left_is_said_and_not_an_error() -> None:
    found = suited({}, **LIFTER)
    assert (found.best, found.also, found.minutes, found.scores) == (None, (), None, {})


def lasting(technique: str, **answers: Any) -> int:
    cleaned = clean(answers)
    return minutes(technique, cleaned, assess(RULES, cleaned))


FIVE = ["B01_head_back", "B02_neck_back", "B05_upper_back", "B06_mid_back", "B07_low_back"]


@pytest.mark.parametrize(
    ("technique", "answers", "expected"),
    [
        ("swedish", {}, 60),
        ("swedish", {"body_map": {"work": FIVE[:2]}}, 45),
        ("swedish", {"body_map": {"work": FIVE[:3]}}, 60),
        ("swedish", {"body_map": {"work": FIVE}}, 75),
        ("chair", {"body_map": {"work": FIVE}}, 30),
        ("thai", {"body_map": {"work": FIVE[:4]}}, 75),
        ("thai", {"body_map": {"work": FIVE}}, 90),
        ("craniosacral", {"body_map": {"work": FIVE}}, 60),
        ("swedish", {"pain_length": "chronic", "goal": "ease_pain", "body_map": {"work": FIVE[:1]}}, 60),
        ("swedish", {"pain_length": "chronic", "goal": "relax", "body_map": {"work": FIVE[:1]}}, 45),
        ("chair", {"pain_length": "chronic", "goal": "ease_pain"}, 30),
        ("swedish", {"age_years": 75}, 45),
        ("swedish", {"age_years": 74}, 60),
        ("swedish", {"sensitivity": ["flare_after_touch"]}, 45),
        ("swedish", {"skin": ["shingles"]}, 45),
        ("pregnancy", {"pregnancy": "weeks_28_plus", "body_map": {"hurts": FIVE}}, 60),
        ("swedish", {"blood": ["blood_thinner"], "body_map": {"work": FIVE}}, 60),
        ("swedish", {"age_years": 15, "body_map": {"work": FIVE}}, 30),
    ],
)
def test_lengths_follow_areas_and_limits_win(technique: str, answers: dict[str, Any], expected: int) -> None:
    assert lasting(technique, **answers) == expected


@pytest.mark.parametrize(
    ("answers", "cadence"),
    [
        ({"skin": ["shingles"], "goal": "relax"}, "after_clearance"),
        ({"pregnancy": "weeks_13_27", "pain_length": "acute"}, "pregnancy"),
        ({"pain_length": "acute", "goal": "ease_pain"}, "one_then_review"),
        ({"pain_length": "subacute", "goal": "ease_pain"}, "two_weekly"),
        ({"pain_length": "chronic", "goal": "ease_pain"}, "weekly_course"),
        ({"pain_length": "chronic", "goal": "relax"}, "monthly"),
        ({"goal": "sport_recovery"}, "in_training"),
        ({"goal": "move_better"}, "as_it_helps"),
    ],
)
def test_how_often(answers: dict[str, Any], cadence: str) -> None:
    found = suited(**answers)
    assert (found.cadence, found.cadence_text) == (cadence, SCORES.cadences[cadence])


@given(ANSWERS)
def test_it_never_offers_what_is_ruled_out_and_says_nothing_where_it_stops(answers: dict[str, Any]) -> None:
    cleaned = clean(answers)
    outcome = assess(RULES, cleaned)
    found = recommend(cleaned, outcome)
    if outcome.level.stops:
        assert found is None
        return
    assert found is not None
    ranked = [*([found.best] if found.best else []), *found.also, *found.rest]
    assert set(ranked) == set(found.scores) == set(found.reasons) == set(found.minutes_for)
    assert not set(ranked) & set(outcome.excluded)
    assert set(ranked) | set(found.left_out) == set(RULES.techniques.by_id)
    assert list(found.scores.values()) == sorted(found.scores.values(), reverse=True)
    assert len(found.also) <= 3
    assert all(found.scores[ranked[0]] - found.scores[each] <= 3 for each in found.also)
    assert set(found.minutes_for.values()) <= set(SCORES.minutes_choices)
    assert all(found.left_out.values())


def test_its_words_are_plain_and_claim_nothing() -> None:
    words = [
        *(fit.reason for table in SCORES.tables.values() for fit in table.values() if fit.reason),
        *(area.reason for area in SCORES.areas),
        *SCORES.cadences.values(),
        *SCORES.advice_always,
        *(SCORES.advice_over_6_weeks, SCORES.advice_stop_rule, SCORES.honest),
    ]
    assert sum(grade(text) for text in words) / len(words) <= 5
    for claim in ("cure", "fix", "heal", "toxin", "detox", "prevent", "boost"):
        assert not [text for text in words if claim in text.lower()]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[goal.relax]", "[goal.unwind]", "unwind"),
        ("points = { swedish = 4,", "points = { sweedish = 4,", "'sweedish'"),
        ('regions = ["B07_low_back"]', 'regions = ["B99"]', "low_back"),
        ('gentler_first = ["swedish", ', "gentler_first = [", "gentler_first"),
        ('question = "pregnancy"', 'question = "expecting"', "expecting"),
        ("[needs.pregnancy]", "[needs.reiki]", "reiki"),
        ("chair = 30\n", "", "chair"),
        ("[pain_length.subacute]\npoints = {}\n", "", "pain_length"),
    ],
)
def test_scores_that_name_what_does_not_exist_are_refused(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    text = (CONTENT / "2026-11.toml").read_text()
    if old.startswith("gentler"):
        text = text.replace('gentler_first = [\n    "swedish",\n    ', 'gentler_first = ["swedish", ')
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ContentError, match=named):
        read_scores(path)
