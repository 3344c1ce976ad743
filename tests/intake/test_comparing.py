"""What differs between versions, and between outcomes of the same answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clinic.intake.answers import clean
from clinic.intake.comparing import (
    Difference,
    How,
    OutcomeChange,
    compare_outcomes,
    compare_versions,
    limit_changes,
)
from clinic.intake.level import Level
from clinic.intake.plain_words import load_names
from clinic.intake.restrictions import Restrictions
from clinic.intake.rules import CURRENT, Rules, load_rules
from clinic.intake.triage import assess
from tests.intake.changed_rules import BASE, changed_rules

OLD = load_rules(BASE)
ONE_LEG = 'when = "leg_swelling is one_leg"'
BOTH_LEGS = 'when = "leg_swelling is (one_leg, both_new)"'
OVER_75 = 'when = "age >= 75"\nexclude = ["thai"]\npressure_cap = 3'


def outcomes(new: Rules, **answers: Any) -> OutcomeChange:
    return compare_outcomes(assess(OLD, clean(answers, OLD.questionnaire)), assess(new, clean(answers)))


def test_a_version_differs_from_itself_in_nothing() -> None:
    assert compare_versions(OLD, OLD).is_same


def test_a_changed_rule_says_what_changed_in_words(tmp_path: Path) -> None:
    new = changed_rules(
        tmp_path, (ONE_LEG, BOTH_LEGS), ("One-sided leg swelling. No massage", "Swollen leg. No massage")
    )
    (change,) = compare_versions(OLD, new).rules
    assert (change.id, change.how) == ("U03", How.CHANGED)
    condition, text = change.differences
    asked = "“Is one of your legs swollen, sore, hot or red?” →"
    assert condition == Difference(
        "condition",
        f"{asked} “Yes, one leg”",
        f"{asked} any of “Yes, one leg”, “Both legs, and it is new”",
    )
    assert (text.what, text.after) == ("therapist text", "Swollen leg. No massage of any kind until checked.")


def test_a_changed_limit_says_which(tmp_path: Path) -> None:
    new = changed_rules(tmp_path, (OVER_75, OVER_75.replace("3", "2").replace('"thai"', '"thai", "sports"')))
    (change,) = compare_versions(OLD, new).rules
    assert [each.what for each in change.differences] == ["leaves out", "pressure"]
    assert change.differences[1].after == "Pressure: light"


def test_rules_that_came_and_went_are_told(tmp_path: Path) -> None:
    new = changed_rules(tmp_path, ('id = "N08"', 'id = "N99"'))
    assert {(change.id, change.how) for change in compare_versions(OLD, new).rules} == {
        ("N08", How.GONE),
        ("N99", How.ADDED),
    }


def test_what_is_judged_is_compared_and_not_how_it_is_written(tmp_path: Path) -> None:
    new = changed_rules(tmp_path, (ONE_LEG, 'when = "( leg_swelling is (one_leg) )"'))
    assert compare_versions(OLD, new).is_same


def test_a_name_that_means_something_else_changes_the_rules_that_use_it(tmp_path: Path) -> None:
    new = changed_rules(tmp_path, ('spine_pain = "back_pain or neck_pain"', 'spine_pain = "back_pain"'))
    changed = {change.id: change.differences for change in compare_versions(OLD, new).rules}
    assert "U01" in changed
    assert "U03" not in changed
    (condition,) = changed["U01"]
    assert condition.before != condition.after


def test_questions_that_came_or_changed_are_told() -> None:
    new = load_rules(CURRENT)
    found = compare_versions(OLD, new, load_names(OLD), load_names(new))
    by_id = {change.id: change for change in found.questions}
    assert by_id["anything_changed"].how is How.ADDED
    assert by_id["fit_today"].how is How.CHANGED
    assert json.loads(json.dumps(found.to_json()))["new"] == CURRENT


def test_the_same_answers_may_match_another_rule_and_level(tmp_path: Path) -> None:
    new = changed_rules(tmp_path, (ONE_LEG, BOTH_LEGS))
    found = outcomes(new, leg_swelling="both_new")
    assert (found.after, found.gained, found.is_change) == (Level.URGENT, ("U03",), True)
    assert not outcomes(new, leg_swelling="one_leg").is_change


def test_limits_that_differ_are_told_without_naming_an_area() -> None:
    before = Restrictions(excluded={"thai": ("A29",)}, pressure_cap=3, avoid=("B07_low_back",))
    after = Restrictions(
        excluded={"sports": ("A29",)},
        pressure_cap=2,
        area_caps={"B13_calf_l": 1},
        positions=("side_lying",),
        max_minutes=30,
        extra_minutes=15,
    )
    assert limit_changes(before, after) == (
        "techniques left out: +sports −thai",
        "pressure at most: 3 → 2",
        "areas to keep off: −1",
        "areas with a lighter touch: +1",
        "position: +Side-lying",
        "minutes at most: no limit → 30",
        "minutes extra: 0 → 15",
    )
