"""The language of conditions: what it says, what it refuses, and what it knows from part of the answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.intake.conditions import Facts, Vocabulary, define, parse
from clinic.intake.loading import ContentError

WORDS = Vocabulary(
    lists={"signs": frozenset({"a", "b", "c"})},
    choices={"start": frozenset({"slow", "fast"})},
    regions=frozenset({"neck", "back"}),
)


def holds(text: str, facts: Facts) -> bool | None:
    return parse(text, WORDS, "here").holds(facts)


FACTS = Facts(
    picks={"signs": frozenset({"a"}), "start": frozenset({"slow"})},
    numbers={"age_years": 50},
    hurts=frozenset({"neck"}),
    flags={"free_text": True},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("signs has a", True),
        ("signs has (b, c)", False),
        ("start is slow", True),
        ("start is not slow", False),
        ("start is not (slow, fast)", False),
        ("age >= 50", True),
        ("age > 50", False),
        ("age < 51", True),
        ("age <= 49", False),
        ("age = 50", True),
        ("pain < 9", False),
        ("pressure >= 1", False),
        ("hurts neck", True),
        ("hurts (back)", False),
        ("hurts anywhere", True),
        ("free_text", True),
        ("doctor_said_no", False),
        ("not hurts back", True),
        ("signs has b or hurts neck and age < 18", False),
        ("(signs has b or hurts neck) and not age < 18", True),
        ("at least 2 of (signs has a, hurts back, age = 50)", True),
        ("at least 3 of (signs has a, hurts back, age = 50)", False),
    ],
)
def test_a_condition_says_what_it_reads_like(text: str, expected: bool) -> None:
    assert holds(text, FACTS) is expected


def test_is_not_holds_for_a_choice_that_was_left_out() -> None:
    assert holds("start is not slow", Facts()) is True


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("signs has d", "'d'"),
        ("signs has (a, d)", "'d'"),
        ("omens has a", "'omens'"),
        ("start is later", "'later'"),
        ("signs is a", "'is'"),
        ("start has slow", "'has'"),
        ("hurts knee", "'knee'"),
        ("hurts", "''"),
        ("age >= old", "'old'"),
        ("age is 5", "'is'"),
        ("spine_pain", "'spine_pain'"),
        ("signs has a signs has b", "'signs'"),
        ("(signs has a", "')'"),
        ("signs has a and", "''"),
        ("at least 3 of (signs has a, hurts back)", "3 of 2"),
        ("at least 0 of (signs has a)", "0 of 1"),
        ("__import__('os')", "os"),
        ("signs has a; 1", "'; 1'"),
        ("", "''"),
    ],
)
def test_a_condition_that_names_what_does_not_exist_is_refused(text: str, named: str) -> None:
    with pytest.raises(ContentError) as refused:
        parse(text, WORDS, "rules.toml rule X1")
    assert "rules.toml rule X1" in str(refused.value)
    assert named in str(refused.value)


def test_a_name_may_use_those_above_it_only() -> None:
    words = define({"sore": "hurts neck", "sore_and_slow": "sore and start is slow"}, WORDS, "names")
    assert parse("sore_and_slow", words, "here").holds(FACTS)
    with pytest.raises(ContentError, match="'later'"):
        define({"first": "later", "later": "hurts neck"}, WORDS, "names")


@pytest.mark.parametrize("name", ["age", "stop", "signs", "start", "and", "hurts"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(ContentError, match="taken"):
        define({name: "hurts neck"}, WORDS, "names")


ATOMS = ["signs has a", "signs has (b, c)", "start is slow", "hurts neck", "age < 50", "start is not fast"]
CONDITIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) and ({two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) or ({two[1]})"),
        st.tuples(inner, inner, inner).map(lambda few: f"at least 2 of ({', '.join(few)})"),
    ),
    max_leaves=8,
)
QUESTIONS = ["signs", "start", "age_years", "body_map"]


@given(
    text=CONDITIONS,
    signs=st.sets(st.sampled_from("abc")),
    start=st.sampled_from(["slow", "fast"]),
    age=st.integers(48, 52),
    sore=st.booleans(),
    unknown=st.sets(st.sampled_from(QUESTIONS)),
)
def test_what_part_of_the_answers_decides_no_later_answer_changes(
    text: str, signs: set[str], start: str, age: int, sore: bool, unknown: set[str]
) -> None:
    hurts = frozenset({"neck"}) if sore else frozenset()
    picks = {"signs": frozenset(signs), "start": frozenset({start})}
    condition = parse(text, WORDS, "here")
    whole = condition.holds(Facts(picks, {"age_years": age}, hurts))
    part = condition.holds(Facts(picks, {"age_years": age}, hurts, {}, frozenset(unknown)))
    assert whole is not None
    assert part in (whole, None)
    assert condition.asks() <= set(QUESTIONS)
