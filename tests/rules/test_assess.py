"""`flask clinic assess`: plain data in, plain data out, and one sentence where it cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given

from clinic.cli.assess import assess, assess_text
from clinic.intake.questionnaire import load_questionnaire
from tests.rules.made_answers import ANSWERS


def run(text: str | bytes, *arguments: str) -> Result:
    return CliRunner().invoke(assess, [*(arguments or ("-",))], input=text)


def outcome(**answers: Any) -> dict[str, Any]:
    found = json.loads(run(json.dumps({"answers": answers})).stdout)
    assert isinstance(found, dict)
    return found


def test_it_prints_the_whole_outcome() -> None:
    found = outcome(blood=["blood_thinner"], goal="relax", body_map={"leave": ["F05_chest"]})
    assert set(found) == {
        *("level", "rules", "excluded", "pressure_cap", "avoid", "client_messages", "therapist_notes"),
        *("send", "release_by", "recommendation"),
    }
    assert (found["level"], found["rules"], found["pressure_cap"]) == ("ADAPT", ["A01", "N04"], 2)
    assert found["excluded"]["deep_tissue"] == ["A01"]
    assert found["avoid"] == ["F05_chest"]
    assert found["release_by"] is None
    best = found["recommendation"]
    assert best["best"] == "swedish"
    assert {"best", "also", "scores", "reasons", "minutes", "cadence", "provisional"} <= set(best)


def test_at_an_emergency_nothing_is_recommended() -> None:
    found = outcome(now_signs=["chest_pain"])
    assert (found["level"], found["recommendation"]) == ("EMERGENCY", None)
    assert len(found["excluded"]) == 10
    assert all(rules == ["E01"] for rules in found["excluded"].values())


def test_pregnancy_massage_is_ruled_out_by_no_rule_but_not_recommended_either() -> None:
    found = outcome(goal="relax", pregnancy="no")
    assert "pregnancy" not in found["excluded"]
    assert "pregnancy" not in found["recommendation"]["scores"]


def test_a_list_gives_a_list() -> None:
    found = assess_text('[{"answers": {}}, {"answers": {"saddle_numb": "yes"}}]')
    assert isinstance(found, list)
    assert [each["level"] for each in found] == ["CLEAR", "EMERGENCY"]
    assert assess_text("[]") == []


def test_other_countries_have_their_own_numbers() -> None:
    said = run('{"answers": {"now_signs": ["chest_pain"]}}', "-", "--locale", "US").stdout
    assert "911" in said
    assert "999" not in said


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        ("5", "answers"),
        ("{}", "answers"),
        ('{"answers": []}', "object"),
        ('{"answers": {"hair": "red"}}', "'hair'"),
        ('{"answers": {"goal": "sleep"}}', "'sleep'"),
        ('{"answers": {"now_signs": ["none", "chest_pain"]}}', "'none'"),
        ('{"answers": {"anything_changed": ["the weather"]}}', "'the weather'"),
        ('{"answers": {"injury_areas": ["Z99_wing"]}}', "'Z99_wing'"),
        ('{"answers": {"age_years": "40"}}', "age_years"),
        ('{"answers": {"age_years": 3.0}}', "age_years"),
        ('{"answers": {"age_years": true}}', "age_years"),
        (f'{{"answers": {{"age_years": {"9" * 5000}}}}}', "age_years"),
        ('[[{"answers": {}}]]', "Entry 1"),
        ('{"answers": {"now_signs": [["chest_pain"]]}}', "now_signs"),
        (b"\xff\xfa\x00", "not UTF-8"),
        ("[" * 100_000, "not JSON"),
        ('[{"answers": {}}, {"answers": {"body_map": {"hurts": ["knee"]}}}]', "Entry 2"),
    ],
)
def test_what_cannot_be_read_ends_with_2_and_one_sentence(text: str | bytes, named: str) -> None:
    result = run(text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert named in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_text_that_no_terminal_can_print_is_printed_all_the_same() -> None:
    result = run('{"answers": {"anything_else": {"text": "half \\ud83d a sign"}}}')
    assert result.exit_code == 0
    assert "half" in json.loads(result.stdout)["therapist_notes"][0]


@pytest.mark.parametrize("name", ["no-such-file.json", "."], ids=["missing", "a folder"])
def test_a_file_that_cannot_be_read_ends_with_2_and_one_sentence(tmp_path: Path, name: str) -> None:
    result = run("", str(tmp_path / name))
    assert result.exit_code == 2
    assert str(tmp_path) in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_bytes(b"\xef\xbb\xbf" + b'{"answers": {}}')
    assert json.loads(run("", str(file)).stdout)["level"] == "CLEAR"


@given(ANSWERS)
def test_any_answers_can_be_assessed(answers: dict[str, Any]) -> None:
    found = assess_text(json.dumps({"answers": answers}))
    assert json.loads(json.dumps(found)) == found


def test_the_codes_of_the_questionnaire_are_the_ones_it_reads() -> None:
    for question in load_questionnaire().questions:
        for option in question.options:
            value = [option.code] if question.kind == "any" else option.code
            assess_text(json.dumps({"answers": {question.id: value}}))
