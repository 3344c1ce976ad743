"""The recommendation: the sums, the order, the lengths, and what it never offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.catalog.recommendation import Helped, Recommendation, minutes, recommend
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


TECHNIQUES = sorted(RULES.techniques.by_id)
PASTS = st.dictionaries(
    st.sampled_from(TECHNIQUES), st.builds(Helped, st.integers(1, 12), st.floats(-10, 10)), max_size=10
)


def suited(offered: dict[str, str | None] | None = None, **answers: Any) -> Recommendation:
    return suited_with(None, offered, **answers)


def suited_with(
    helped: dict[str, Helped] | None, offered: dict[str, str | None] | None = None, **answers: Any
) -> Recommendation:
    cleaned = clean(answers)
    found = recommend(cleaned, assess(RULES, cleaned), offered, helped=helped)
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


@pytest.mark.parametrize(
    ("sessions", "change", "counts", "said"),
    [
        (3, -2.0, 2, "It helped you before: pain down 2 points over 3 sessions (counts +2)"),
        (2, -1.99, 1, "It helped you before: pain down 1.9 points over 2 sessions (counts +1)"),
        (2, -1.0, 1, "It helped you before: pain down 1 point over 2 sessions (counts +1)"),
        (9, -4.25, 2, "It helped you before: pain down 4.2 points over 9 sessions (counts +2)"),
        (9, -0.99, 0, ""),
        (1, -8.0, 0, ""),
        (9, 0.99, 0, ""),
    ],
)
def test_what_helped_before_counts_and_says_how_much(
    sessions: int, change: float, counts: int, said: str
) -> None:
    found = suited_with({"swedish": Helped(sessions, change)}, goal="relax")
    assert found.scores["swedish"] == suited(goal="relax").scores["swedish"] + counts
    assert found.reasons["swedish"] == (*((said,) if said else ()), "You want to relax")
    assert found.against == {}


def test_what_did_not_help_before_is_said_too() -> None:
    found = suited_with({"swedish": Helped(2, 1.5)}, goal="relax")
    assert found.scores["swedish"] == suited(goal="relax").scores["swedish"] - 2
    said = "Your pain was worse after it before: up 1.5 points over 2 sessions (counts −2)"
    assert found.against == {"swedish": said}
    assert said not in found.reasons["swedish"]


def test_the_numbers_of_the_version_before_know_nothing_of_the_past() -> None:
    cleaned = clean({"goal": "relax"})
    found = recommend(
        cleaned,
        assess(RULES, cleaned),
        scores=load_scores("2026-11"),
        helped={"deep_tissue": Helped(9, -9.0)},
    )
    assert found is not None
    assert (found.plan, found.review, found.against) == (None, "", {})
    assert found.scores == suited(goal="relax").scores


@pytest.mark.parametrize(
    ("goal", "sessions", "change", "asks"),
    [
        ("ease_pain", 4, -0.5, True),
        ("ease_pain", 3, -0.5, False),
        ("ease_pain", 4, -1.0, False),
        ("relax", 9, 0.0, False),
        ("relax", 2, 1.0, True),
        ("relax", 1, 5.0, False),
    ],
)
def test_the_stop_rule_looks_at_what_was_measured(
    goal: str, sessions: int, change: float, asks: bool
) -> None:
    found = suited_with({"swedish": Helped(sessions, change)}, goal=goal, pain_length="chronic")
    assert bool(found.review) is asks
    assert (found.plan is None) is asks


@pytest.mark.parametrize(
    ("answers", "rhythms", "count"),
    [
        ({"skin": ["shingles"], "goal": "relax"}, None, 0),
        ({"pain_length": "acute", "goal": "ease_pain"}, None, 0),
        ({"pregnancy": "weeks_13_27"}, {"two_weeks": 6, "month": 6}, 3),
        ({"pain_length": "subacute", "goal": "ease_pain"}, {"two_weeks": 6, "week": 4}, 3),
        ({"pain_length": "chronic", "goal": "ease_pain"}, {"week": 6}, 4),
        ({"goal": "relax"}, {"month": 6, "two_weeks": 6}, 3),
        ({"goal": "sport_recovery"}, {"two_weeks": 6, "week": 6}, 4),
        ({"goal": "move_better"}, {"two_weeks": 6, "month": 6}, 3),
    ],
)
def test_no_more_is_planned_than_up_to_the_review(
    answers: dict[str, Any], rhythms: dict[str, int] | None, count: int
) -> None:
    plan = suited(**answers).plan
    assert (dict(plan.rhythms) if plan else None, plan.count if plan else 0) == (rhythms, count)


@given(ANSWERS, PASTS)
def test_nothing_that_helped_before_brings_back_what_is_ruled_out(
    answers: dict[str, Any], helped: dict[str, Helped]
) -> None:
    cleaned = clean(answers)
    outcome = assess(RULES, cleaned)
    found, without = recommend(cleaned, outcome, helped=helped), recommend(cleaned, outcome)
    if found is None or without is None:
        assert found is without
        return
    assert not set(found.scores) & set(outcome.excluded)
    assert found.left_out == without.left_out
    assert set(found.scores) == set(without.scores)
    assert found == recommend(cleaned, outcome, helped=dict(reversed(helped.items())))
    for technique, points in found.scores.items():
        assert points - without.scores[technique] in ({0} if technique not in helped else {-2, 0, 1, 2})


@given(ANSWERS)
def test_equals_are_ranked_the_gentler_first(answers: dict[str, Any]) -> None:
    cleaned = clean(answers)
    found = recommend(cleaned, assess(RULES, cleaned))
    ranked = list(found.scores.items()) if found else []
    order = SCORES.gentler_first.index
    assert ranked == sorted(ranked, key=lambda each: (-each[1], order(each[0])))


def test_its_words_are_plain_and_claim_nothing() -> None:
    words = [
        *(fit.reason for table in SCORES.tables.values() for fit in table.values() if fit.reason),
        *(area.reason for area in SCORES.areas),
        *SCORES.cadences.values(),
        *SCORES.advice_always,
        *(SCORES.advice_over_6_weeks, SCORES.advice_stop_rule, SCORES.honest),
        *(text for each in SCORES.about.values() for text in (each.expect, each.research, each.sure)),
        *((SCORES.review.sentence,) if SCORES.review else ()),
    ]
    assert sum(grade(text) for text in words) / len(words) <= 5
    for claim in ("cure", "fix", "heal", "toxin", "detox", "prevent", "boost", "sciatic", "disc", "immun"):
        assert not [text for text in words if claim in text.lower()]


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_each_technique_says_what_the_research_bears(technique: str) -> None:
    about = SCORES.about[technique]
    assert about.sure.startswith(("Low.", "Not clear.", "Not known.", "Not graded."))
    assert max(grade(text) for text in (about.expect, about.research)) <= 7


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
        ("falls = [[2, 2], [1, 1]]", "falls = [[1, 1], [2, 2]]", "greatest change first"),
        ("falls = [[2, 2], [1, 1]]", "falls = [[2, 2, 2]]", "pairs"),
        ("rose = ", "arose = ", "rose"),
        ("[plan.monthly]", "[plan.daily]", "daily"),
        ('rhythms = [["week", 6]]', 'rhythms = [["week", 7]]', "week and 7"),
        ("count = 4\nrhythms", "count = 7\nrhythms", "count"),
        ("[about.thai]", "[about.reiki]", "about"),
        ("[review]", "[reviewed]", "both or neither"),
    ],
)
def test_scores_that_name_what_does_not_exist_are_refused(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    text = (CONTENT / "2026-12.toml").read_text()
    if old.startswith("gentler"):
        text = text.replace('gentler_first = [\n    "swedish",\n    ', 'gentler_first = ["swedish", ')
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ContentError, match=named):
        read_scores(path)
