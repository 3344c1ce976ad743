"""The questionnaire: what it holds, who is asked what, and what a posted page says."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from werkzeug.datastructures import MultiDict

from clinic.intake.answers import BadAnswer, answers_digest, clean
from clinic.intake.loading import CONTENT, ContentError
from clinic.intake.pages import (
    REST_IS_NONE,
    Asking,
    Reading,
    age_on,
    as_typed,
    drop_hidden,
    next_page,
    pages_shown,
    previous_page,
    read_page,
    shown,
)
from clinic.intake.questionnaire import CURRENT, Kind, load_questionnaire, read_questionnaire
from clinic.kernel.signs import UNKEEPABLE
from tests.rules.made_answers import ANSWERS
from tests.rules.readability import grade, syllables

Q = load_questionnaire()
VERSIONS = sorted(path.stem for path in (CONTENT / "questionnaire").glob("*.toml"))
TODAY = date(2026, 11, 23)
SAFE = {"now_signs": [], "saddle_numb": "no", "bladder_bowel": [], "nerve_signs": []}
ABOUT = {"health_consent": "yes", "age_years": 40, "born_on": "1986-05-01", "pregnancy": "no"}
WISHES = {"goal": "relax", "pressure_pref": 3, "sensitivity": [], "body_map": {}}


def posted(slug: str, fields: dict[str, Any], answers: dict[str, Any] | None = None) -> Reading:
    form: MultiDict[str, str] = MultiDict()
    for name, value in fields.items():
        form.setlist(name, value if isinstance(value, list) else [value])
    return read_page(Q, slug, form, answers or {}, TODAY)


# --- what it holds -----------------------------------------------------------------------------------


def test_it_has_36_questions_on_eight_pages_and_26_regions() -> None:
    assert len(Q.questions) == 36
    assert [page.slug for page in Q.pages] == [
        *("safety", "changes", "about-you", "wishes", "comfort", "lately", "background", "last"),
    ]
    assert len(Q.regions) == 26


ASKED = [(version, question) for version in VERSIONS for question in load_questionnaire(version).questions]


@pytest.mark.parametrize(("version", "question"), ASKED, ids=lambda each: getattr(each, "id", each))
def test_a_question_is_plain_enough_for_a_ten_year_old(version: str, question: Any) -> None:
    assert grade(question.title) <= 6
    assert question.why.endswith(".")
    assert not question.missing.endswith(".")


@pytest.mark.parametrize("version", [version for version in VERSIONS if version >= "2026-12"])
def test_everything_that_is_read_on_the_way_is_plain(version: str) -> None:
    asked = load_questionnaire(version)
    texts = [*asked.errors.values(), asked.none_label]
    texts += [text for page in asked.pages for text in (page.none_button, page.none_hint) if text]
    texts += [
        text for q in asked.questions for text in (q.title, q.hint, q.why, q.missing, q.none_label) if text
    ]
    texts += [q.picker.title for q in asked.questions if q.picker]
    too_hard = [text for text in texts if grade(text) > 6]
    assert too_hard == []
    labels = [grade(option.label) for question in asked.questions for option in question.options]
    assert sum(labels) / len(labels) <= 4  # a name that is needed may be long


def test_syllables_are_counted() -> None:
    words = {"pain": 1, "massage": 2, "area": 2, "doctor": 2, "osteoporosis": 6, "hurts": 1, "checked": 1}
    assert {word: abs(syllables(word) - count) <= 1 for word, count in words.items()} == dict.fromkeys(
        words, True
    )
    assert grade("The cat sat on the mat.") < 1


def test_every_list_but_the_two_open_ones_ends_with_none_of_these() -> None:
    open_lists = [q.id for q in Q.questions if q.kind is Kind.ANY and not q.has_none]
    assert open_lists == ["pain_feel", "pain_pattern"]


def test_it_cannot_be_changed_once_read() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Q.questions[0].title = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        Q.errors["unknown"] = "x"  # type: ignore[index]
    assert load_questionnaire() is Q


# --- who is asked what -------------------------------------------------------------------------------


def asked(answers: dict[str, Any]) -> set[str]:
    return {question.id for question in shown(Q, answers)}


def test_without_pain_25_are_asked_and_with_pain_31() -> None:
    assert len(shown(Q, {})) == 25
    assert len(shown(Q, {"body_map": {"hurts": ["B07_low_back"]}})) == 31
    assert "anything_changed" in {question.id for question in shown(Q, {}, Asking(is_returning=True))}
    assert "fit_today" in {question.id for question in shown(Q, {}, Asking(on_the_day=True))}


@pytest.mark.parametrize(
    ("answers", "question"),
    [
        ({"age_years": 17}, "guardian_ok"),
        ({"pregnancy": "birth_6w"}, "pregnancy_signs"),
        ({"cancer_history": "waiting"}, "cancer_care"),
        ({"body_map": {"hurts": ["F05_chest"]}}, "pain_score"),
    ],
)
def test_a_follow_up_is_asked_only_where_it_applies(answers: dict[str, Any], question: str) -> None:
    assert question in asked(answers)
    assert question not in asked({})
    assert question not in asked({"age_years": 18, "pregnancy": "no", "cancer_history": "never"})


def test_the_page_on_pain_is_passed_over_where_nothing_hurts() -> None:
    assert "comfort" not in [page.slug for page in pages_shown(Q, {})]
    sore = {"body_map": {"hurts": ["B07_low_back"]}}
    assert "comfort" in [page.slug for page in pages_shown(Q, sore)]
    assert previous_page(Q, "lately", {}) == "wishes"
    assert previous_page(Q, "lately", sore) == "comfort"
    assert previous_page(Q, "safety", {}) is None


def test_the_next_page_is_the_first_with_something_left_to_answer() -> None:
    assert next_page(Q, {}) == "safety"
    assert next_page(Q, SAFE) == "about-you"
    assert next_page(Q, SAFE | ABOUT) == "wishes"
    assert next_page(Q, SAFE | ABOUT | WISHES) == "lately"
    assert next_page(Q, SAFE | ABOUT | WISHES | {"body_map": {"hurts": ["F05_chest"]}}) == "comfort"
    assert next_page(Q, SAFE | ABOUT | {"age_years": 15}) == "about-you"


def test_an_open_picker_without_areas_keeps_its_page_open() -> None:
    lately = {"feeling_ill": [], "leg_swelling": "none", "head_neck_signs": [], "recent_injury": "within_72h"}
    so_far = SAFE | ABOUT | WISHES | lately
    assert next_page(Q, so_far) == "lately"
    assert next_page(Q, so_far | {"injury_areas": ["F05_chest"]}) == "background"


def test_answers_to_questions_no_longer_asked_are_forgotten() -> None:
    answers = {
        **{"age_years": 30, "guardian_ok": "agree", "pain_score": 8, "body_map": {"work": ["F05_chest"]}},
        **{"skin": [], "skin_areas": ["F05_chest"], "fit_today": ["changed"], "born_on": "1996-01-01"},
    }
    kept = drop_hidden(Q, answers)
    assert set(answers) - set(kept) == {"guardian_ok", "pain_score", "skin_areas"}


@given(ANSWERS)
def test_dropping_twice_drops_no_more(answers: dict[str, Any]) -> None:
    once = drop_hidden(Q, answers)
    assert drop_hidden(Q, once) == once
    assert clean(once)


# --- what a posted page says -------------------------------------------------------------------------

SAFETY_FORM = {"now_signs": "none", "saddle_numb": "no", "bladder_bowel": "none", "nerve_signs": "none"}


def test_a_good_page_adds_its_answers() -> None:
    reading = posted("safety", {**SAFETY_FORM, "nerve_signs": ["clumsy_hands", "unsteady_walking"]})
    assert reading.errors == {}
    assert reading.answers == SAFE | {"nerve_signs": ["unsteady_walking", "clumsy_hands"]}


def test_an_empty_page_has_one_sentence_for_each_question_and_none_is_not_the_same_as_nothing() -> None:
    reading = posted("safety", {})
    assert reading.errors == {q.id: q.missing for q in Q.page("safety").questions}
    assert reading.answers == {}


@pytest.mark.parametrize(
    ("fields", "field", "error"),
    [
        ({"now_signs": ["none", "chest_pain"]}, "now_signs", "none_with_others"),
        ({"now_signs": "tired"}, "now_signs", "unknown"),
        ({"saddle_numb": "perhaps"}, "saddle_numb", "unknown"),
        ({"saddle_numb": ["yes", "no"]}, "saddle_numb", "unknown"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field_and_shown_again(
    fields: dict[str, Any], field: str, error: str
) -> None:
    reading = posted("safety", SAFETY_FORM | fields)
    assert reading.errors == {field: Q.errors[error]}
    assert field not in reading.answers
    value = fields[field]
    assert reading.typed[field] == tuple(value if isinstance(value, list) else [value])


def born(day: str, month: str, year: str) -> dict[str, str]:
    return {"age_years-day": day, "age_years-month": month, "age_years-year": year}


CONSENT = {"health_consent": "yes", "pregnancy": "no"}


def test_a_birth_date_gives_the_age_and_is_kept() -> None:
    reading = posted("about-you", CONSENT | born("23", "11", "1986"))
    assert reading.errors == {}
    assert (reading.answers["age_years"], reading.answers["born_on"]) == (40, "1986-11-23")


@pytest.mark.parametrize(
    ("day", "month", "year", "error"),
    [
        ("31", "2", "1990", "not_a_date"),
        ("1", "", "1990", "not_a_date"),
        ("one", "May", "1990", "not_a_date"),
        ("24", "11", "2026", "future_date"),
        ("1", "1", "86", "too_old"),
        ("1", "1", "1905", "too_old"),
    ],
)
def test_a_birth_date_that_cannot_be_is_refused(day: str, month: str, year: str, error: str) -> None:
    reading = posted("about-you", CONSENT | born(day, month, year))
    assert reading.errors == {"age_years": Q.errors[error]}
    assert reading.typed["age_years-year"] == (year,)


@pytest.mark.parametrize(
    ("on", "day", "age"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2010, 11, 23), date(2026, 11, 22), 15),
        (date(2026, 11, 23), date(2026, 11, 23), 0),
    ],
)
def test_age_is_counted_in_whole_years(on: date, day: date, age: int) -> None:
    assert age_on(on, day) == age


def test_a_follow_up_opened_by_the_same_page_is_asked_for_at_once() -> None:
    reading = posted("about-you", born("1", "1", "2012") | CONSENT | {"pregnancy": "maybe"})
    assert set(reading.errors) == {"guardian_ok", "pregnancy_signs"}


def test_a_follow_up_that_does_not_apply_is_not_read() -> None:
    reading = posted("about-you", born("1", "1", "1990") | CONSENT | {"guardian_ok": "nonsense"})
    assert reading.errors == {}
    assert "guardian_ok" not in reading.answers


def test_the_body_map_is_read_region_by_region_and_leave_alone_wins() -> None:
    marks = {"B07_low_back": ["hurts", "work"], "F08_tummy": ["work", "leave"], "F05_chest": "leave"}
    fields = {"goal": "relax", "pressure_pref": "3", "sensitivity": "none", **marks}
    reading = posted("wishes", fields)
    assert reading.errors == {}
    assert reading.answers["body_map"] == {
        **{"hurts": ["B07_low_back"], "work": ["B07_low_back"], "leave": ["F05_chest", "F08_tummy"]},
    }
    assert posted("wishes", fields | {"F05_chest": "kick"}).errors == {"body_map": Q.errors["unknown_mark"]}


def test_a_scale_takes_its_steps_only() -> None:
    fields = {"goal": "relax", "sensitivity": "none"}
    assert posted("wishes", fields | {"pressure_pref": "5"}).answers["pressure_pref"] == 5
    for wrong in ("6", "0", "2.5", "x"):
        assert posted("wishes", fields | {"pressure_pref": wrong}).errors == {
            "pressure_pref": Q.errors["unknown"]
        }


LATELY = {"feeling_ill": "none", "leg_swelling": "none", "head_neck_signs": "none"}


def test_an_open_picker_wants_areas() -> None:
    hurt = LATELY | {"recent_injury": "within_72h"}
    assert posted("lately", hurt).errors == {"injury_areas": Q.errors["areas_missing"]}
    reading = posted("lately", hurt | {"injury_areas": ["B07_low_back", "F05_chest"]})
    assert reading.answers["injury_areas"] == ["B07_low_back", "F05_chest"]
    assert posted("lately", hurt | {"injury_areas": "knee"}).errors == {"injury_areas": Q.errors["unknown"]}
    assert "injury_areas" not in posted("lately", LATELY | {"recent_injury": "none"}, reading.answers).answers


def test_a_broken_bone_asks_where_unless_that_was_said_before() -> None:
    fields = {q.id: "none" for q in Q.page("background").questions if q.kind is Kind.ANY}
    fields |= {"cancer_history": "never", "bones": "fracture_12w"}
    assert set(posted("background", fields).errors) == {"injury_areas"}
    before = {"recent_injury": "days3_weeks6", "injury_areas": ["F05_chest"]}
    reading = posted("background", fields, before)
    assert reading.errors == {}
    assert reading.answers["injury_areas"] == ["F05_chest"]


def test_a_note_of_2000_characters_is_taken_and_no_longer_one() -> None:
    last = {"anything_else": "no", "anything_else-text": "a" * 2_000}
    assert posted("last", last).answers["anything_else"] == {"doctor_said_no": False, "text": "a" * 2_000}
    longer = posted("last", last | {"anything_else-text": "a" * 2_001})
    assert longer.errors == {"anything_else-text": Q.errors["text_too_long"]}
    assert longer.typed["anything_else-text"] == ("a" * 2_001,)
    assert set(posted("last", {"anything_else-text": "hello"}).errors) == {"anything_else"}
    odd = posted("last", last | {"anything_else-text": "a\x00b"})
    assert odd.errors == {"anything_else-text": UNKEEPABLE}


@given(ANSWERS)
def test_answers_shown_again_and_posted_again_stay_the_same(answers: dict[str, Any]) -> None:
    answers = drop_hidden(Q, answers | {"age_years": 40, "born_on": "1986-05-01"})
    for page in pages_shown(Q, answers):
        fields = as_typed(Q, page.slug, answers)
        form = MultiDict((name, value) for name, values in fields.items() for value in values)
        again = read_page(Q, page.slug, form, answers, TODAY, Asking(is_returning=True, on_the_day=True))
        if not again.errors:
            assert clean(again.answers) == clean(drop_hidden(Q, answers | again.answers))


# --- one button for all that is left -----------------------------------------------------------------

REST = {REST_IS_NONE: "yes"}
LISTS = {question.id for question in Q.page("background").questions if question.kind is Kind.ANY} - {
    "cancer_care"
}


def test_the_button_answers_every_empty_list_with_none_and_leaves_the_others() -> None:
    reading = posted("background", {"cancer_history": "never", "blood": "past_clot", **REST})
    assert reading.errors == {}
    assert reading.answers == {name: [] for name in LISTS} | {
        "blood": ["past_clot"],
        "cancer_history": "never",
    }


def test_the_button_answers_no_question_that_is_not_a_list() -> None:
    reading = posted("background", REST)
    assert set(reading.errors) == {"cancer_history"}
    assert {reading.typed[name] for name in LISTS} == {("none",)}
    opened = posted("background", {"cancer_history": "never", "ops": "op_6w", **REST})
    assert opened.errors == {"op_areas": Q.errors["areas_missing"]}
    follow_up = posted("background", {"cancer_history": "now", **REST})
    assert (follow_up.errors, follow_up.answers["cancer_care"]) == ({}, [])


def test_what_is_wrong_in_a_list_stays_wrong_with_the_button() -> None:
    fields = {"cancer_history": "never", "blood": ["none", "past_clot"], "heart": "tired", **REST}
    assert set(posted("background", fields).errors) == {"blood", "heart"}


def test_without_the_button_an_empty_list_is_an_error() -> None:
    assert set(posted("background", {"cancer_history": "never"}).errors) == LISTS


@pytest.mark.parametrize("slug", [page.slug for page in Q.pages if not page.none_button])
def test_a_page_that_does_not_offer_the_button_does_not_take_it(slug: str) -> None:
    assert posted(slug, REST).errors.keys() == posted(slug, {}).errors.keys()


def test_page_one_never_offers_the_button() -> None:
    assert [page.slug for page in Q.pages if page.none_button] == ["background"]


def test_no_such_page_is_refused() -> None:
    with pytest.raises(KeyError):
        posted("payment", {})


# --- plain data, strictly ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ([], "object"),
        ({"hair": "red"}, "'hair'"),
        ({"saddle_numb": "perhaps"}, "'perhaps'"),
        ({"saddle_numb": ["yes"]}, "saddle_numb"),
        ({"saddle_numb": None}, "saddle_numb"),
        ({"now_signs": "chest_pain"}, "now_signs"),
        ({"now_signs": ["cough"]}, "'cough'"),
        ({"now_signs": [1]}, "now_signs"),
        ({"now_signs": ["none", "chest_pain"]}, "now_signs"),
        ({"pain_feel": ["none"]}, "'none'"),
        ({"age_years": "40"}, "age_years"),
        ({"age_years": 40.0}, "age_years"),
        ({"age_years": True}, "age_years"),
        ({"age_years": -1}, "age_years"),
        ({"pressure_pref": 0}, "pressure_pref"),
        ({"pain_score": 11}, "pain_score"),
        ({"body_map": ["B07_low_back"]}, "body_map"),
        ({"body_map": {"aches": []}}, "'aches'"),
        ({"body_map": {"hurts": ["B07"]}}, "'B07'"),
        ({"injury_areas": ["knee"]}, "'knee'"),
        ({"op_areas": "F05_chest"}, "op_areas"),
        ({"anything_else": "no"}, "anything_else"),
        ({"anything_else": {"text": 5}}, "text"),
        ({"anything_else": {"text": "a" * 2_001}}, "text"),
        ({"anything_else": {"doctor_said_no": "yes"}}, "doctor_said_no"),
        ({"anything_else": {"mood": "good"}}, "anything_else"),
        ({"born_on": "yesterday"}, "born_on"),
    ],
)
def test_a_wrong_id_code_or_type_is_named_in_one_sentence(raw: Any, named: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        clean(raw)
    assert named in refused.value.sentence
    assert refused.value.sentence.endswith(".")


def test_leave_alone_wins_over_work_here() -> None:
    answers = clean({"body_map": {"hurts": ["F05_chest"], "work": ["F08_tummy"], "leave": ["F08_tummy"]}})
    assert answers.work == frozenset()
    assert answers.areas_to_work == {"F05_chest"}


def test_the_digest_of_answers_does_not_depend_on_their_order() -> None:
    one = {"now_signs": ["chest_pain", "cough_blood"], "goal": "relax"}
    other = {"goal": "relax", "now_signs": ["cough_blood", "chest_pain"]}
    assert answers_digest(one) == answers_digest(other) != answers_digest({"goal": "relax"})


# --- what the loader refuses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('shown_if = "age < 18"', 'shown_if = "years < 18"', "guardian_ok"),
        ('shown_if = "hurts anywhere"', 'shown_if = "hurts B99"', "pain_score"),
        ('areas_if = "skin has (hot_red', 'areas_if = "skin has (cold_blue', "skin"),
        ('page = "wishes"', 'page = "hopes"', "goal"),
        ('kind = "scale"', 'kind = "slider"', "pressure_pref"),
        ("low = 1\n", "", "pressure_pref"),
        ("low = 1\n", "low = 9\n", "pressure_pref"),
        ('id = "saddle_numb"', 'id = "now_signs"', "'now_signs'"),
        ('code = "chest_pain"', 'code = "cough_blood"', "now_signs"),
        ('id = "body_map"', 'id = "map"', "'body_map'"),
        ('regions = ["F02_front_neck", "B02_neck_back"]', 'regions = ["F99"]', "region_group"),
        ('not_a_date = "', 'no_date = "', "not_a_date"),
        ('title = "Safety first"', 'heading = "Safety first"', "title"),
        ('title = "Safety first"', 'title = "Safety first"\nnone_button = "None"\nnone_hint = "N"', "safety"),
        ('none_hint = "', 'none_note = "', "none_"),
        ('reopens = ["body_map"]', 'reopens = ["body"]', "anything_changed"),
        ('reopens = ["body_map"]', 'reopens = ["fit_today"]', "anything_changed"),
        ('label = "To relax"', 'label = "To relax", reopens = ["skin"]', "goal"),
    ],
)
def test_content_that_does_not_hold_together_is_refused(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    text = (CONTENT / "questionnaire" / f"{CURRENT}.toml").read_text()
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ContentError) as refused:
        read_questionnaire(path)
    assert "changed.toml" in str(refused.value)
    assert named in str(refused.value)
