"""The letter for a client's doctor: the answers that the holding rules rest on, in the client's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.intake import letter, triage
from clinic.intake.answers import clean
from clinic.intake.letter import Letter, Told
from clinic.intake.level import Level
from clinic.intake.questionnaire import Kind
from clinic.intake.rules import load_rules

RULES = load_rules()
FULL: dict[str, Any] = {
    "age_years": 58, "born_on": "1968-02-01", "pregnancy": "no", "goal": "ease_pain", "pressure_pref": 5,
    "sensitivity": ["bruise_easily", "touch_worry"],
    "body_map": {"hurts": ["B07_low_back"], "leave": ["F08_tummy"]},
    "pain_score": 6, "pain_length": "acute", "pain_start": "sport", "pain_feel": ["tight_achy"],
    "heart": ["bp_controlled", "pacemaker"], "allergies": ["nuts"], "skin": ["ecz_pso"],
    "immune_meds": ["strong_painkillers"], "anything_else": {"doctor_said_no": False, "text": "My secret"},
}  # fmt: skip


def written(**answers: Any) -> Letter:
    """The letter about answers, by whichever rules hold them."""
    raw = {**FULL, **answers}
    outcome = triage.assess(RULES, clean(raw, RULES.questionnaire))
    held = [rule.id for rule in outcome.findings if rule.level is Level.CLEARANCE]
    return letter.write(RULES, raw, held)


def told(found: Letter) -> dict[str, tuple[str, ...]]:
    return {each.asked: each.said for each in found.told}


def test_it_quotes_what_was_ticked_and_only_what_the_rule_names() -> None:
    assert told(written(bones=["fragility_fracture", "hypermobile"])) == {
        "Bones and joints: do any of these fit you?": ("I broke a bone from a small fall",)
    }


def test_what_no_holding_rule_asks_about_never_appears() -> None:
    letter_ = written(bones=["fragility_fracture"], heart=["bp_controlled", "pacemaker"])
    found = " ".join([*letter_.plan, *(f"{each.asked} {each.said}" for each in letter_.told)])
    for other in ("pressure", "secret", "nuts", "eczema", "painkiller", "bruise", "back", "58", "blood"):
        assert other not in found.replace("Pressure: light", "").lower()


def test_several_rules_are_told_in_the_order_of_the_questions() -> None:
    found = written(bones=["fragility_fracture"], cancer_history="past_under_5y")
    assert [each.said[0] for each in found.told] == [
        "Yes, in the last 5 years. Treatment has ended",
        "I broke a bone from a small fall",
    ]
    assert [each.slug for each in found.told] == ["background", "background"]


def test_a_rule_about_pain_tells_where_it_hurts_and_for_how_long() -> None:
    assert told(written(cancer_history="past_over_5y")) == {
        "Where it hurts": ("Low back",),
        "How long have you had it?": ("Less than 6 weeks",),
        "Have you ever had cancer?": ("Yes, over 5 years ago. I have the all clear",),
    }


def test_a_rule_about_somebody_young_tells_the_age_and_what_was_chosen_instead() -> None:
    found = told(
        written(age_years=16, born_on="2010-02-01", guardian_ok="attend", pain_length="chronic", pain_score=8)
    )
    assert found["Age"] == ("16 years",)
    assert found["How bad is the pain today?"] == ("8 of 10",)
    assert found["How long have you had it?"] == ("More than 12 weeks",)
    assert "How did it start?" not in found  # that a sport began it is not what holds it


def test_the_areas_marked_under_an_answer_go_with_it() -> None:
    found = written(ops=["op_6w"], op_areas=["B07_low_back"])
    (line,) = found.told
    assert line.said == (
        "An operation in the last 6 weeks",
        "Area: low back",
    )
    assert found.plan[1] == "Not worked on: calves, low back"


def test_the_plan_names_the_limits_of_the_holding_rules_alone() -> None:
    found = written(heart=["heart_event_3m"], body_map={"hurts": [], "leave": ["F08_tummy"]})
    assert found.plan == (
        "Pressure: light",
        "Position: propped up",
        "Hands on for 45 minutes at most",
        "Left out: deep tissue, trigger point, Thai, sports",
    )


def test_a_lower_limit_that_counts_already_is_the_one_that_is_planned() -> None:
    raw = {**FULL, "nerves_brain": ["fit_6m"]}
    assert letter.write(RULES, raw, ["C20"]).plan[0] == "Pressure: medium or lighter"
    assert letter.write(RULES, raw, ["C20"], 2).plan[0] == "Pressure: light"


def test_a_rule_of_another_version_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(KeyError):
        letter.write(RULES, FULL, ["C99"])


LISTS = [q for q in RULES.questionnaire.questions if q.kind is Kind.ANY and q.page == "background"]


@given(
    st.fixed_dictionaries(
        {q.id: st.lists(st.sampled_from(sorted(q.codes)), max_size=3, unique=True) for q in LISTS}
    )
)
def test_every_line_is_an_answer_that_a_holding_rule_names(ticked: dict[str, list[str]]) -> None:
    raw = {**FULL, **ticked}
    outcome = triage.assess(RULES, clean(raw, RULES.questionnaire))
    held = [rule for rule in outcome.findings if rule.level is Level.CLEARANCE]
    found = letter.write(RULES, raw, [rule.id for rule in held])
    asked = frozenset[str]().union(*(rule.when.asks() for rule in held))
    titles = {RULES.questionnaire.question(each).title for each in asked - {"stop"}}
    assert {each.asked for each in found.told} <= titles | {"Age", "Where it hurts"}
    assert bool(found.told) == bool(held)
    assert all(isinstance(each, Told) and each.said for each in found.told)
