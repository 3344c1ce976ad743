"""Rules as a clinician reads them."""

from __future__ import annotations

import re

import pytest

from clinic.intake.conditions import FLAGS, Vocabulary, parse
from clinic.intake.plain_words import (
    condition_in_lines,
    condition_in_words,
    definitions,
    effects_in_words,
    load_names,
    show_tokens,
)
from clinic.intake.rules import CURRENT, load_rules

RULES = load_rules(CURRENT)
ASKED = RULES.questionnaire
NAMES = load_names(RULES)
WORDS = Vocabulary(ASKED.vocabulary.lists, ASKED.vocabulary.choices, ASKED.vocabulary.regions, NAMES)


def told(condition: str) -> str:
    return condition_in_words(parse(condition, WORDS, "test"), ASKED, NAMES)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("saddle_numb is not_sure", "Is that new?” → “I am not sure”"),
        ("saddle_numb is not not_sure", "→ not “I am not sure”"),
        ("skin has (hot_red, shingles)", "→ any of “Hot, red skin that is spreading”, “Shingles”"),
        ("not saddle_numb is (yes, not_sure)", "→ none of “Yes, it is new or worse”, “I am not sure”"),
        ("age >= 65", "age is 65 or more"),
        ("pain < 8", "pain today (0 to 10) is under 8"),
        ("not age < 16", "not (age is under 16)"),
        ("hurts (B07_low_back, B08_tailbone)", "it hurts at low back, tailbone area"),
        ("not hurts B07_low_back", "it hurts not at low back"),
        ("back_pain and not stop", "BACK PAIN and no other rule stops"),
        ("back_pain and (age > 3 or free_text)", "BACK PAIN and (age is over 3 or something is written"),
        ("not (back_pain or age = 3)", "not (BACK PAIN or age is 3)"),
        ("not back_pain", "not BACK PAIN"),
        ("at least 2 of (age > 1, age > 2, age > 3)", "at least 2 of these 3: age is over 1; age is over 2;"),
    ],
)  # fmt: skip
def test_a_condition_is_told_in_words(condition: str, words: str) -> None:
    assert words in told(condition)


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_has_words_for_yes_and_no(flag: str) -> None:
    assert flag not in told(flag).split()
    assert flag not in told(f"not {flag}").split()


def test_the_outermost_parts_become_lines() -> None:
    condition = parse("neck_pain and (age > 3 or age < 2) and free_text", WORDS, "test")
    head, lines = condition_in_lines(condition, ASKED, NAMES)
    assert head == "All of these:"
    assert lines[:2] == ["NECK PAIN", "age is over 3 or age is under 2"]
    assert condition_in_lines(NAMES["back_pain"], ASKED, NAMES) == ("", ["BACK PAIN"])


def test_no_code_of_a_question_or_answer_is_left_in_the_words() -> None:
    codes = {q.id for q in ASKED.questions} | {o.code for q in ASKED.questions for o in q.options}
    codes = {code for code in codes if "_" in code} | set(NAMES)
    text = " ".join(condition_in_words(rule.when, ASKED, NAMES) for rule in RULES.rules)
    text += " ".join(meaning for _, meaning in definitions(ASKED, NAMES))
    text += " ".join(effect for rule in RULES.rules for effect in effects_in_words(rule, RULES))
    assert not {code for code in codes if re.search(rf"\b{code}\b", text)}


def test_a_name_is_told_with_those_above_it() -> None:
    found = dict(definitions(ASKED, NAMES))
    assert found["SPINE PAIN"] == "BACK PAIN or NECK PAIN"
    assert found["BACK PAIN"].startswith("it hurts at ")


def test_effects_are_told_one_by_one() -> None:
    found = effects_in_words(RULES.rule("C03"), RULES)
    assert found[0] == "Held until released by: therapist"
    assert "At most 30 minutes" in found
    assert "Pressure: medium or lighter" in found


def test_words_of_a_country_are_shown_as_what_they_stand_for() -> None:
    assert show_tokens("Call {emergency_number} now.") == "Call [emergency number] now."
