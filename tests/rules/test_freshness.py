"""How long answers hold: what is asked again of whom, and what is carried over."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from clinic.intake.answers import clean
from clinic.intake.freshness import (
    carry_over,
    dates_after,
    load_freshness,
    read_freshness,
    readable,
    stale,
    to_ask,
)
from clinic.intake.loading import CONTENT, ContentError
from clinic.intake.pages import (
    EVERYTHING,
    Asking,
    Reading,
    drop_hidden,
    next_page,
    pages_shown,
    previous_page,
    read_page,
    reopened,
    shown,
)
from clinic.intake.questionnaire import Kind, load_questionnaire
from tests.rules.made_answers import ANSWERS, value_of

F = load_freshness()
Q = load_questionnaire()
TODAY = date(2026, 12, 1)
ALL = Asking(is_returning=True)
PAGE_ONE = {question.id for question in Q.pages[0].questions}
PAIN = {"pain_score", "pain_length", "pain_start", "pain_feel", "pain_pattern", "pain_trend"}
EVERY_TIME = PAGE_ONE | {"anything_changed", "body_map"}
NO: dict[str, Any] = {
    **{question.id: [] for question in Q.questions if question.kind is Kind.ANY and not question.shown_if},
    **{"saddle_numb": "no", "health_consent": "yes", "age_years": 40, "born_on": "1986-05-01"},
    **{"pregnancy": "no", "goal": "relax", "pressure_pref": 3, "body_map": {}},
    **{"leg_swelling": "none", "recent_injury": "none", "cancer_history": "never"},
    **{"anything_else": {"doctor_said_no": False, "text": ""}},
}
del NO["fit_today"], NO["anything_changed"]


def days_ago(days: int, answers: dict[str, Any] = NO) -> dict[str, date]:
    return dict.fromkeys(answers, TODAY - timedelta(days=days))


def asked_after(days: int, **more: Any) -> frozenset[str]:
    answers = NO | more
    return stale(F, Q, answers, days_ago(days, answers), TODAY)


# --- what is stale -----------------------------------------------------------------------------------


def test_with_everything_fresh_only_page_one_the_changes_and_the_body_map_are_asked() -> None:
    assert asked_after(0) == EVERY_TIME
    asking = to_ask(F, Q, NO, days_ago(1), TODAY)
    kept = carry_over(Q, NO, asking, TODAY)
    assert [page.slug for page in pages_shown(Q, kept, asking)] == ["safety", "changes", "wishes"]
    assert {question.id for question in shown(Q, kept, asking)} == EVERY_TIME


def test_with_pain_the_page_on_pain_comes_too() -> None:
    asking = to_ask(F, Q, NO, days_ago(1), TODAY)
    sore = carry_over(Q, NO, asking, TODAY) | {"body_map": {"hurts": ["B07_low_back"]}}
    assert {question.id for question in shown(Q, sore, asking)} == EVERY_TIME | PAIN
    assert [page.slug for page in pages_shown(Q, sore, asking)] == ["safety", "changes", "wishes", "comfort"]


def test_after_twelve_months_the_whole_form_is_asked_but_for_the_day_of_birth() -> None:
    everything = {question.id for question in shown(Q, NO, ALL)}
    assert asked_after(365) == everything - {"age_years"}
    assert "blood" not in asked_after(364)


@pytest.mark.parametrize(
    ("more", "question", "days"),
    [
        ({"ops": ["op_6w"]}, "ops", 42),
        ({"ops": ["op_6w", "old_scar"]}, "ops", 42),
        ({"ops": ["old_scar"]}, "ops", 365),
        ({"blood": ["past_clot"]}, "blood", 365),
        ({"feeling_ill": ["fever_now"]}, "feeling_ill", 2),
        ({"feeling_ill": []}, "feeling_ill", 3),
        ({"heart": ["pacemaker_8w", "pacemaker"]}, "heart", 56),
        ({"pregnancy": "weeks_13_27"}, "pregnancy", 14),
        ({"recent_injury": "within_72h"}, "recent_injury", 3),
    ],
)
def test_an_answer_holds_for_its_life_and_not_a_day_longer(
    more: dict[str, Any], question: str, days: int
) -> None:
    assert question not in asked_after(days - 1, **more)
    assert question in asked_after(days, **more)


def test_what_is_for_life_is_never_asked_again() -> None:
    assert "cancer_history" not in asked_after(3650, cancer_history="past_over_5y")
    assert "age_years" not in asked_after(3650)


def test_what_was_never_answered_or_never_dated_is_asked() -> None:
    fewer = {key: value for key, value in NO.items() if key != "skin"}
    assert "skin" in stale(F, Q, fewer, days_ago(0), TODAY)
    undated = {key: on for key, on in days_ago(0).items() if key != "heart"}
    assert "heart" in stale(F, Q, NO, undated, TODAY)


def test_a_code_that_is_known_no_more_is_asked_again_and_the_rest_is_carried_over() -> None:
    old = NO | {"skin": ["scales"], "goal": "sleep", "left_handed": "yes"}
    asking = to_ask(F, Q, old, days_ago(1, old), TODAY)
    assert asking.only == EVERY_TIME | {"skin", "goal"}
    kept = carry_over(Q, old, asking, TODAY)
    assert not {"skin", "goal", "left_handed"} & set(kept)
    assert clean(kept)


def test_answers_to_the_version_before_can_be_carried_over() -> None:
    before = load_questionnaire("2026-11")
    old = {key: value for key, value in NO.items() if key in {q.id for q in before.questions} | {"born_on"}}
    assert readable(Q, old) == old
    assert to_ask(F, Q, old, days_ago(1, old), TODAY).only == EVERY_TIME


# --- what is carried over ----------------------------------------------------------------------------


def test_nothing_that_is_asked_again_is_preselected() -> None:
    pregnant = NO | {
        "pregnancy": "weeks_13_27",
        "pregnancy_signs": [],
        "cancer_history": "now",
        "cancer_care": [],
    }
    asking = to_ask(F, Q, pregnant, days_ago(91, pregnant), TODAY)
    kept = carry_over(Q, pregnant, asking, TODAY)
    assert not {"pregnancy", "pregnancy_signs", "cancer_history", "cancer_care"} & set(kept)
    assert kept["blood"] == []


def test_the_age_is_that_of_the_day() -> None:
    young = NO | {"age_years": 17, "born_on": "2008-12-01", "guardian_ok": "attend"}
    kept = carry_over(Q, young, to_ask(F, Q, young, days_ago(1, young), TODAY), TODAY)
    assert kept["age_years"] == 18
    assert "guardian_ok" not in kept


def test_areas_go_with_the_question_they_belong_to() -> None:
    hurt = NO | {"recent_injury": "within_72h", "injury_areas": ["F05_chest"]}
    kept = carry_over(Q, hurt, to_ask(F, Q, hurt, days_ago(3, hurt), TODAY), TODAY)
    assert "injury_areas" not in kept


# --- a visit -----------------------------------------------------------------------------------------

VISIT: dict[str, dict[str, Any]] = {
    "safety": {"now_signs": "none", "saddle_numb": "no", "bladder_bowel": "none", "nerve_signs": "none"},
    "changes": {"anything_changed": "none"},
    "wishes": {},
}


def posted(slug: str, answers: Any, asking: Asking, fields: dict[str, Any] | None = None) -> Reading:
    form: MultiDict[str, str] = MultiDict()
    for name, value in (VISIT[slug] if fields is None else fields).items():
        form.setlist(name, value if isinstance(value, list) else [value])
    return read_page(Q, slug, form, answers, TODAY, asking)


def test_the_short_form_is_three_pages_and_keeps_what_was_carried_over() -> None:
    asking = to_ask(F, Q, NO | {"goal": "ease_pain"}, days_ago(1), TODAY)
    answers: Any = carry_over(Q, NO | {"goal": "ease_pain"}, asking, TODAY)
    way = []
    while (slug := next_page(Q, answers, asking)) is not None:
        way.append(slug)
        reading = posted(slug, answers, asking)
        assert reading.errors == {}
        answers = reading.answers
    assert way == ["safety", "changes", "wishes"]
    assert answers == NO | {"goal": "ease_pain", "anything_changed": [], "body_map": _nothing_marked()}
    assert previous_page(Q, "wishes", answers, asking) == "changes"


def _nothing_marked() -> dict[str, list[str]]:
    return {"hurts": [], "work": [], "leave": []}


def at_changes() -> tuple[Asking, Any]:
    asking = to_ask(F, Q, NO, days_ago(1), TODAY)
    return asking, posted("safety", carry_over(Q, NO, asking, TODAY), asking).answers


def test_a_ticked_change_reopens_its_questions_and_no_others() -> None:
    asking, answers = at_changes()
    reading = posted("changes", answers, asking, {"anything_changed": "medicine"})
    assert set(answers) - set(reading.answers) == {"blood", "heart", "immune_meds", "allergies"}
    assert [page.slug for page in pages_shown(Q, reading.answers, asking)] == [
        *("safety", "changes", "wishes", "background"),
    ]
    background = [q.id for q in shown(Q, reading.answers, asking) if q.page == "background"]
    assert background == ["blood", "heart", "immune_meds", "allergies"]


def test_what_was_reopened_and_answered_is_not_asked_a_second_time() -> None:
    asking, answers = at_changes()
    answers = posted("changes", answers, asking, {"anything_changed": "medicine"}).answers
    given = {"blood": "blood_thinner", "heart": "none", "immune_meds": "none", "allergies": "none"}
    answers = posted("wishes", answers, asking).answers
    answers = posted("background", answers, asking, given).answers
    assert next_page(Q, answers, asking) is None
    again = posted("changes", answers, asking, {"anything_changed": "medicine"})
    assert again.answers == answers


def test_a_change_taken_back_leaves_nothing_unsaid() -> None:
    asking, answers = at_changes()
    answers = posted("changes", answers, asking, {"anything_changed": "medicine"}).answers
    answers = posted("changes", answers, asking, {"anything_changed": "none"}).answers
    assert {"blood", "heart"} <= {question.id for question in shown(Q, answers, asking)}
    assert next_page(Q, posted("wishes", answers, asking).answers, asking) == "background"


def test_what_page_one_asked_in_this_visit_is_not_reopened() -> None:
    asking = Asking(only=frozenset({*PAGE_ONE, "fit_today"}), on_the_day=True)
    answers = {**NO, "now_signs": [], "nerve_signs": ["one_limb_tingle_checked"]}
    fields = {"anything_else": "no", "fit_today": "nerves"}
    reading = posted("last", answers, asking, fields)
    assert reading.answers["nerve_signs"] == ["one_limb_tingle_checked"]
    assert "head_neck_signs" not in reading.answers


# --- on the day --------------------------------------------------------------------------------------

CHECK = Asking(only=frozenset({"fit_today"}), on_the_day=True)


def test_the_check_on_the_day_is_one_question() -> None:
    assert [question.id for question in shown(Q, NO, CHECK)] == ["fit_today"]
    reading = posted("last", NO, CHECK, {"fit_today": "none"})
    assert reading.answers == NO | {"fit_today": []}
    assert next_page(Q, reading.answers, CHECK) is None


@pytest.mark.parametrize("code", sorted(Q.question("fit_today").codes))
def test_every_tick_on_the_day_asks_again_or_is_judged(code: str) -> None:
    reading = posted("last", NO, CHECK, {"fit_today": code})
    if code == "alcohol_drugs":
        assert next_page(Q, reading.answers, CHECK) is None
    else:
        assert next_page(Q, reading.answers, CHECK) is not None
        assert not reopened(Q, reading.answers) & set(reading.answers) - {"pregnancy_signs"}


@pytest.mark.parametrize("code", sorted(Q.question("anything_changed").codes))
def test_every_change_reopens_something(code: str) -> None:
    assert reopened(Q, {"anything_changed": [code]})


def test_sore_areas_changed_on_the_day_ask_about_the_pain_as_well() -> None:
    sore = NO | {"body_map": {"hurts": ["B07_low_back"]}, "pain_score": 2, "pain_trend": "better"}
    reading = posted("last", sore, CHECK, {"fit_today": "areas"})
    assert not {"body_map", "pain_score", "pain_trend"} & set(reading.answers)
    assert next_page(Q, reading.answers, CHECK) == "wishes"


# --- the days of the answers --------------------------------------------------------------------------


def test_an_answer_keeps_its_day_until_it_is_given_again() -> None:
    before = days_ago(10)
    asking = to_ask(F, Q, NO, before, TODAY)
    after = dates_after(Q, NO | {"anything_changed": ["medicine"]}, asking, before, TODAY)
    assert (after["blood"], after["now_signs"], after["anything_changed"]) == (TODAY, TODAY, TODAY)
    assert after["skin"] == before["skin"]
    assert set(dates_after(Q, NO, EVERYTHING, before, TODAY).values()) == {TODAY}


# --- whatever was answered ----------------------------------------------------------------------------


@settings(deadline=None)
@given(ANSWERS, st.integers(0, 800))
def test_what_is_asked_and_what_is_carried_over_never_overlap_and_leave_no_gap(
    answers: dict[str, Any], days: int
) -> None:
    answers = drop_hidden(Q, answers)
    asking = to_ask(F, Q, answers, days_ago(days, answers), TODAY)
    kept = carry_over(Q, answers, asking, TODAY)
    asked = {question.id for question in shown(Q, kept, asking)}
    assert not asked & set(kept)
    assert PAGE_ONE | {"anything_changed", "body_map"} <= asked
    assert {question.id for question in shown(Q, kept, ALL)} <= asked | set(kept)
    assert all(kept[key] == answers[key] for key in kept)


@settings(deadline=None)
@given(ANSWERS, st.integers(0, 800), st.data())
def test_a_returning_client_always_comes_to_the_end(
    answers: dict[str, Any], days: int, data: st.DataObject
) -> None:
    answers = drop_hidden(Q, answers | {"age_years": 40, "born_on": "1986-12-01"})
    asking = to_ask(F, Q, answers, days_ago(days, answers), TODAY)
    kept: Any = carry_over(Q, answers, asking, TODAY)
    way: list[str] = []
    while (slug := next_page(Q, kept, asking)) is not None:
        way.append(slug)
        for question in shown(Q, kept, asking):
            if question.page == slug and question.id not in kept:
                kept = kept | {question.id: data.draw(value_of(question), label=question.id)}
        kept = {"injury_areas": ["F05_chest"], "skin_areas": [], "op_areas": []} | kept
        newly = reopened(Q, kept) - (asking.only or set()) if slug == "changes" else set()
        kept = drop_hidden(Q, {key: value for key, value in kept.items() if key not in newly})
        assert len(way) <= 2 * len(Q.pages)  # a page may come once more for the follow-ups it opened
    assert clean(kept)


# --- what the loader refuses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("[life.goal]\ndays = 365\n", "", "'goal'"),
        ("[life.goal]", "[life.aim]", "'"),
        ("op_6w = 42", "op_9w = 42", "'op_9w'"),
        ("op_6w = 42", "op_6w = -1", "ops"),
        ("op_6w = 42", 'op_6w = "a while"', "ops"),
        ("days = 180", "days = true", "anything_else"),
        ("days = 180", "", "anything_else"),
        ('questionnaire = "2026-12"', 'questionnaire = "2026-11"', "'anything_changed'"),
    ],
)
def test_lives_that_do_not_fit_the_questions_are_refused(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    text = (CONTENT / "freshness" / "2026-12.toml").read_text()
    assert old in text
    (tmp_path / "changed.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(ContentError) as refused:
        read_freshness(tmp_path / "changed.toml")
    assert named in str(refused.value)
