"""Twenty stories in plain English, with what should come of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clinic.catalog.recommendation import recommend
from clinic.intake.answers import clean
from clinic.intake.rules import load_rules
from clinic.intake.triage import assess

HERE = Path(__file__).parent
STORIES = json.loads((HERE / "vignettes.json").read_text())
WORDS = json.loads((HERE / "plain_words.json").read_text())
RULES = load_rules()
REGIONS = {region.label: region.id for region in RULES.questionnaire.regions}
TECHNIQUES = {technique.name: technique.id for technique in RULES.techniques.by_id.values()}
NOTHING = "no technique is recommended at this level"


def plain(told: dict[str, Any]) -> dict[str, Any]:
    """Gives the answers of a story in codes."""
    answers: dict[str, Any] = {}
    for field, value in told.items():
        if field in WORDS["numbers"]:
            answers[WORDS["numbers"][field]] = value
        elif field in WORDS["marks"]:
            regions = [REGIONS[label] for label in value]
            answers.setdefault("body_map", {})[WORDS["marks"][field]] = regions
        elif field in WORDS["pickers"]:
            answers[WORDS["pickers"][field]] = [REGIONS[label] for label in value]
        elif field == "anything else":
            answers["anything_else"] = {"text": value}
        else:
            codes = WORDS["fields"][field]["values"]
            code = [codes[word] for word in value] if isinstance(value, list) else codes[value]
            answers[WORDS["fields"][field]["question"]] = code
    return answers


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["id"])
def test_a_story_comes_out_as_expected(story: dict[str, Any]) -> None:
    answers = clean(plain(story["answers"]))
    outcome = assess(RULES, answers)
    assert outcome.level == story["level"]
    assert outcome.level in story["levels"]
    ruled_out = TECHNIQUES if story["excluded"] == "all techniques" else story["excluded"]
    assert {TECHNIQUES[name] for name in ruled_out} <= set(outcome.excluded)
    assert not {TECHNIQUES[name] for name in story["kept"]} & set(outcome.excluded)
    if story["cap"] is not None:
        assert outcome.pressure_cap is not None
        assert outcome.pressure_cap <= story["cap"]
    assert {REGIONS[label] for label in story["avoided"]} <= set(outcome.avoid)
    notes, said = " ".join(outcome.therapist_notes).lower(), " ".join(outcome.client_messages).lower()
    assert not [word for word in story["note_mentions"] if word.lower() not in notes]
    assert not [word for word in story["never_said"] if word in said]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["id"])
def test_a_story_is_recommended_what_suits(story: dict[str, Any]) -> None:
    answers = clean(plain(story["answers"]))
    outcome = assess(RULES, answers)
    found = recommend(answers, outcome)
    if outcome.level.stops:
        assert found is None
        return
    assert found is not None
    if NOTHING in story["top"]:  # held: only "if your doctor says yes"
        assert found.provisional
    else:
        assert not found.provisional
        assert found.best in {TECHNIQUES[name] for name in story["top"]}
    if story["minutes"]:
        assert found.minutes in story["minutes"]
