"""The rules on answers: every rule, how they combine, and what may never happen."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.intake.answers import clean
from clinic.intake.level import Level, Releaser
from clinic.intake.loading import CONTENT, ContentError, load_sources
from clinic.intake.locales import load_locale, locales, render
from clinic.intake.questionnaire import Kind
from clinic.intake.restrictions import Restrictions, combine, desk_line, exclusion_sentence, one_line
from clinic.intake.rules import CURRENT, load_rules, read_rules
from clinic.intake.triage import Outcome, assess, page_one
from tests.rules.made_answers import ANSWERS, QUESTIONNAIRE, with_one_part_less
from tests.rules.readability import grade

RULES = load_rules()
CASES: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "rule_cases.json").read_text())
LEGS = {
    *("F09_hip_thigh_l", "F10_hip_thigh_r", "F11_knee_shin_foot_l", "F12_knee_shin_foot_r"),
    *("B11_thigh_back_l", "B12_thigh_back_r", "B13_calf_l", "B14_calf_r"),
}


def judged(**answers: Any) -> Outcome:
    return assess(RULES, clean(answers))


# --- every rule --------------------------------------------------------------------------------------


def test_there_are_129_rules_and_each_has_a_case() -> None:
    assert [rule.id for rule in RULES.rules] == list(CASES)
    counts = [sum(rule.level is level for rule in RULES.rules) for level in Level]
    assert counts == [8, 39, 43, 24, 15]


@pytest.mark.parametrize("rule_id", list(CASES))
def test_a_rule_matches_its_case_and_no_smaller_one(rule_id: str) -> None:
    answers = CASES[rule_id]
    assert rule_id in judged(**answers).matched
    for smaller in with_one_part_less(answers):
        assert rule_id not in judged(**smaller).matched, smaller


def test_nothing_answered_is_clear_and_limits_nothing() -> None:
    outcome = judged()
    assert outcome.level is Level.CLEAR
    assert outcome.matched == ()
    assert outcome.restrictions == Restrictions()


# --- combining ---------------------------------------------------------------------------------------


def test_the_highest_level_wins_and_the_limits_of_lower_rules_still_apply() -> None:
    outcome = judged(
        blood=["blood_thinner"], heart=["bp_not_controlled"], skin=["ecz_pso"], skin_areas=["F05_chest"]
    )
    assert outcome.level is Level.CLEARANCE
    assert outcome.matched == ("C13", "A01", "A15")
    assert outcome.pressure_cap == 2
    assert outcome.avoid == ("F05_chest",)
    assert outcome.excluded["deep_tissue"] == ("C13", "A01")


def test_a_technique_that_starts_above_the_cap_is_ruled_out_by_the_capping_rule() -> None:
    outcome = judged(sensitivity=["bruise_easily"])
    assert outcome.excluded == {"deep_tissue": ("A31",)}
    reason = outcome.restrictions.reasons["deep_tissue"]
    assert reason == "As you bruise easily, we keep it medium or lighter. Deep tissue starts at firm."


def test_when_it_stops_every_technique_is_ruled_out_and_only_the_deciding_texts_are_shown() -> None:
    outcome = judged(leg_swelling="one_leg", allergies=["nuts"], heart=["bp_not_controlled"])
    assert outcome.level is Level.URGENT
    assert set(outcome.excluded) == set(RULES.techniques.by_id)
    assert len(outcome.client_messages) == 1
    assert [message.rule_id for message in outcome.messages] == ["U03", "C13", "A28"]
    assert outcome.release_by is None


@pytest.mark.parametrize(
    ("answers", "who"),
    [
        ({"skin": ["shingles"]}, Releaser.RECEPTION),
        ({"skin": ["shingles"], "pregnancy": "maybe"}, Releaser.THERAPIST),
        ({"skin": ["shingles"], "pregnancy": "maybe", "ops": ["op_6w"]}, Releaser.CLINICIAN),
        ({"blood": ["blood_thinner"]}, None),
    ],
)
def test_the_strictest_releases(answers: dict[str, Any], who: Releaser | None) -> None:
    assert judged(**answers).release_by is who


def test_areas_to_leave_alone_and_fixed_areas_are_avoided() -> None:
    outcome = judged(
        nerves_brain=["diabetes_numb_feet"], body_map={"work": ["F08_tummy"], "leave": ["F08_tummy"]}
    )
    lower_legs = {"F11_knee_shin_foot_l", "F12_knee_shin_foot_r", "B13_calf_l", "B14_calf_r"}
    assert set(outcome.avoid) == lower_legs | {"F08_tummy"}
    assert one_line(outcome.restrictions) == "Not: lower legs, tummy."


def test_notes_carry_allergies_and_the_clients_own_words_unread() -> None:
    own = "I have {emergency_number} on a {card}"
    outcome = judged(allergies=["latex", "nuts"], anything_else={"text": own})
    assert any("nuts, latex (rubber)" in note for note in outcome.therapist_notes)
    assert any(own in note for note in outcome.therapist_notes)
    assert not any(own in message for message in outcome.client_messages)


@pytest.mark.parametrize("country", sorted(locales()))
def test_texts_are_in_the_words_of_the_country(country: str) -> None:
    locale = load_locale(country)
    outcome = assess(RULES, clean({"saddle_numb": "yes"}), locale.tokens)
    assert locale.emergency_number in outcome.client_messages[0]
    assert outcome.send == ("Emergency now",)


def test_filling_in_a_token_is_done_once() -> None:
    assert render("{a} and {b}", {"a": "{b}", "b": "x"}) == "{b} and x"


# --- restrictions ------------------------------------------------------------------------------------


def test_the_lines_for_therapist_and_desk() -> None:
    outcome = judged(pregnancy="weeks_28_plus", body_map={"leave": ["B13_calf_l"]})
    assert one_line(outcome.restrictions) == (
        "Medium at most. Not: tummy, left calf and heel. Light only: left hip and front of thigh, "
        "right hip and front of thigh, left knee, shin and foot, right knee, shin and foot, "
        "back of left thigh, back of right thigh, right calf and heel. Side-lying. Never flat on the back."
    )
    assert desk_line(outcome.restrictions, outcome.level) == "Side-lying, 15 minutes extra"
    assert desk_line(Restrictions(), Level.CLEAR) == "Ready"
    assert desk_line(outcome.restrictions, Level.CLEARANCE) == (
        "Needs clearance, side-lying, 15 minutes extra"
    )
    assert desk_line(Restrictions(), Level.URGENT) == "Not to be booked"
    assert one_line(Restrictions()) == "No limits."
    assert one_line(Restrictions(pressure_cap=1, max_minutes=30)) == "Feather-light only. At most 30 minutes."


def test_legs_have_one_short_name() -> None:
    assert one_line(Restrictions(avoid=tuple(sorted(LEGS)))) == "Not: legs."


@given(ANSWERS, ANSWERS)
def test_combined_restrictions_keep_every_limit_of_both(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    a, b = judged(**first).restrictions, judged(**second).restrictions
    both = combine(a, b)
    assert set(both.excluded) == set(a.excluded) | set(b.excluded)
    assert set(both.avoid) == {*a.avoid, *b.avoid}
    assert set(both.area_caps) == {*a.area_caps, *b.area_caps} - set(both.avoid)
    for region, cap in both.area_caps.items():
        assert cap == min(each.area_caps[region] for each in (a, b) if region in each.area_caps)
    assert both.pressure_cap == min((c for c in (a.pressure_cap, b.pressure_cap) if c), default=None)
    assert both == dataclasses.replace(combine(b, a), excluded=both.excluded, reasons=both.reasons)
    assert set(both.reasons) == set(both.excluded)
    assert combine(a, a) == a
    assert Restrictions.from_json(json.loads(json.dumps(both.to_json()))) == both


def test_legs_are_light_only_in_pregnancy_and_after_a_birth() -> None:
    for stage in ("weeks_13_27", "weeks_28_plus", "birth_6w"):
        limits = judged(pregnancy=stage).restrictions
        assert limits.area_caps == dict.fromkeys(LEGS, 2)
        assert set(limits.light_areas) == LEGS
        assert (limits.cap_on("B13_calf_l"), limits.cap_on("B05_upper_back")) == (2, 3)
        assert "Light only: legs." in one_line(limits)


def test_a_healing_injury_has_a_cap_of_its_own_where_it_was_marked() -> None:
    limits = judged(recent_injury="days3_weeks6", injury_areas=["B13_calf_l"]).restrictions
    assert (limits.area_caps, limits.pressure_cap, limits.light_areas) == ({"B13_calf_l": 3}, 3, ())
    assert one_line(limits) == "Medium at most."
    assert one_line(Restrictions(area_caps={"B13_calf_l": 3})) == "Medium at most: left calf and heel."


def test_to_avoid_wins_over_to_be_light_and_no_limit_on_the_whole_is_lost() -> None:
    clot = judged(pregnancy="birth_6w", blood=["past_clot"]).restrictions
    assert set(clot.avoid) >= LEGS
    assert (clot.area_caps, clot.cap_on("B13_calf_l"), clot.cap_on("F05_chest")) == ({}, 0, 3)
    light = judged(pregnancy="birth_6w", blood=["blood_thinner"]).restrictions
    assert (light.light_areas, one_line(light)) == ((), "Light at most. Not: tummy.")


def test_the_lower_cap_of_an_area_wins_and_what_either_avoids_has_none() -> None:
    one = Restrictions(area_caps={"B13_calf_l": 2, "B14_calf_r": 3, "F05_chest": 2})
    other = Restrictions(area_caps={"B13_calf_l": 3, "B14_calf_r": 1}, avoid=("F05_chest",))
    both = combine(one, other)
    assert both.area_caps == {"B13_calf_l": 2, "B14_calf_r": 1}
    assert (
        one_line(both)
        == "Not: chest. Feather-light only: right calf and heel. Light only: left calf and heel."
    )


def test_restrictions_kept_before_areas_had_caps_still_read() -> None:
    kept = Restrictions(pressure_cap=3, avoid=("F05_chest",)).to_json()
    del kept["area_caps"]
    assert Restrictions.from_json(kept) == Restrictions(pressure_cap=3, avoid=("F05_chest",))


def test_every_version_says_on_which_sources_it_rests() -> None:
    assert (RULES.version, RULES.sources_version, RULES.questionnaire.version) == (
        *("2026-12", "2026-11", "2026-12"),
    )
    sources = load_sources(RULES.sources_version)
    assert {key for rule in RULES.rules for key in rule.sources} <= set(sources)


@given(ANSWERS)
def test_the_new_rules_are_nowhere_milder_than_the_ones_before(answers: dict[str, Any]) -> None:
    answers.pop("anything_changed", None)
    answers["fit_today"] = [code for code in answers.get("fit_today", []) if code == "alcohol_drugs"]
    before, now = assess(load_rules("2026-11"), clean(answers)), judged(**answers)
    assert now.level is before.level
    assert now.matched == before.matched
    assert now.avoid == before.avoid
    assert now.excluded == before.excluded
    assert now.pressure_cap == before.pressure_cap


def test_a_lower_cap_from_elsewhere_rules_out_what_starts_above_it() -> None:
    limited = combine(Restrictions(), Restrictions(pressure_cap=2))
    assert set(limited.excluded) == {"deep_tissue", "trigger_point", "thai", "sports"}
    assert limited.reasons["sports"] == "We keep it light. Sports starts at medium."


# --- what may never happen ---------------------------------------------------------------------------


@given(ANSWERS)
def test_any_answers_have_an_outcome_that_holds_together(answers: dict[str, Any]) -> None:
    outcome = judged(**answers)
    assert outcome.level.severity == max((rule.level.severity for rule in outcome.findings), default=0)
    assert list(outcome.matched) == [rule.id for rule in RULES.rules if rule.id in outcome.matched]
    assert (outcome.release_by is None) == (outcome.level is not Level.CLEARANCE)
    assert set(outcome.restrictions.reasons) == set(outcome.restrictions.excluded)
    assert list(outcome.avoid) == sorted(set(outcome.avoid))
    assert set(answers.get("body_map", {}).get("leave", ())) <= set(outcome.avoid)


@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_the_answers_does_not_matter(answers: dict[str, Any], chance: Any) -> None:
    keys = list(answers)
    chance.shuffle(keys)
    turned = {k: answers[k][::-1] if isinstance(answers[k], list) else answers[k] for k in keys}
    assert judged(**turned) == judged(**answers)


WORRYING = [
    (question.id, question.kind, option.code)
    for question in QUESTIONNAIRE.questions
    for option in question.options
    if not option.mitigates and question.kind in (Kind.ANY, Kind.ONE)
]


@given(ANSWERS, st.sampled_from(WORRYING))
def test_one_more_answer_never_makes_it_milder_unless_marked_as_mitigating(
    answers: dict[str, Any], more: tuple[str, Kind, str]
) -> None:
    question, kind, code = more
    if kind is Kind.ONE:  # a choice is added where there was none, not put in the place of another
        before = {key: value for key, value in answers.items() if key != question}
        after = {**before, question: code}
    else:
        before, after = answers, {**answers, question: [*answers.get(question, []), code]}
    assert judged(**after).level.severity >= judged(**before).level.severity


@given(ANSWERS, st.sampled_from(sorted(QUESTIONNAIRE.region_ids)))
def test_one_more_sore_area_never_makes_it_milder(answers: dict[str, Any], region: str) -> None:
    marks = answers.get("body_map", {})
    sorer = {**answers, "body_map": {**marks, "hurts": [*marks.get("hurts", []), region]}}
    assert judged(**sorer).level.severity >= judged(**answers).level.severity


@given(ANSWERS)
def test_page_one_alone_finds_only_what_no_later_answer_takes_back(answers: dict[str, Any]) -> None:
    own = {question.id for question in QUESTIONNAIRE.pages[0].questions}
    first = page_one(RULES, clean({key: value for key, value in answers.items() if key in own}))
    whole = judged(**answers)
    assert set(first.matched) <= set(whole.matched)
    assert first.level.severity <= whole.level.severity
    assert page_one(RULES, clean(answers)) == first


@pytest.mark.parametrize(
    ("answers", "matched"),
    [
        ({"now_signs": ["chest_pain"]}, ("E01",)),
        ({"nerve_signs": ["both_legs_weak_new"]}, ("E09",)),
        ({"bladder_bowel": ["leak_pee_new"], "nerve_signs": ["one_limb_tingle_checked"]}, ("E07", "A33")),
        # Without the body map it is not known yet whether this is E07 or U12, E09 or U21.
        ({"bladder_bowel": ["leak_pee_new"]}, ()),
        ({"nerve_signs": ["both_legs_new"]}, ()),
        ({"saddle_numb": "not_sure"}, ("U13",)),
    ],
)
def test_what_page_one_decides(answers: dict[str, Any], matched: tuple[str, ...]) -> None:
    assert page_one(RULES, clean(answers)).matched == matched


# --- the texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", sorted(path.stem for path in (CONTENT / "rules").glob("*.toml")))
def test_client_messages_are_plain(version: str) -> None:
    rules = load_rules(version).rules
    grades = [grade(render(rule.client, load_locale("EU").tokens)) for rule in rules]
    assert sum(grades) / len(grades) <= 5
    reasons = [grade(exclusion_sentence(rule.reason)) for rule in rules if rule.reason]
    assert sum(reasons) / len(reasons) <= 5


def test_client_messages_promise_nothing_and_name_one_number_at_a_time() -> None:
    for rule in RULES.rules:
        text = rule.client.lower()
        assert "do not worry" not in text, rule.id
        assert "%" not in text, rule.id
        assert "!" not in text, rule.id


UNNAMED = ("cauda equina", "tumour", "embolism", "dissection", "infection of the spine", "sepsis")


def test_no_message_names_a_disease_that_the_client_did_not() -> None:
    for rule in RULES.rules:
        assert not [word for word in UNNAMED if word in rule.client.lower()], rule.id


def test_every_emergency_says_where_to_go() -> None:
    for rule in RULES.rules:
        if rule.level is Level.EMERGENCY:
            assert "{emergency_" in rule.client, rule.id
            assert rule.send, rule.id


# --- what the loader refuses -------------------------------------------------------------------------


def rules_with(tmp_path: Path, old: str, new: str) -> Path:
    """The rules file with one thing changed."""
    text = (CONTENT / "rules" / f"{CURRENT}.toml").read_text()
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('when = "now_signs has stroke_signs"', 'when = "now_sings has stroke_signs"', "rule E02"),
        ('when = "now_signs has stroke_signs"', 'when = "now_signs has stroke"', "rule E02"),
        ('when = "saddle_numb is yes"', 'when = "saddle_numb is maybe"', "rule E06"),
        ('when = "blood has phlebitis"', 'when = "spinal_pain"', "rule C09"),
        ("hurts (B05_upper_back, B06_mid_back)", "hurts (B05_upper_back, B99)", "rule C30"),
        ('exclude = ["thai", "craniosacral"]', 'exclude = ["thai", "cranial"]', "rule C20"),
        ('avoid = ["@injury_areas"]', 'avoid = ["@wound_areas"]', "rule C18"),
        ('avoid = ["F08_tummy"]', 'avoid = ["F08_belly"]', "rule C10"),
        ('level = "URGENT"', 'level = "SOON"', "rule U01"),
        ('release_by = "reception"', 'release_by = "owner"', "rule C01"),
        ('release_by = "reception"\n', "", "rule C01"),
        ('sources = ["STROKE", "CASE-VAD"]', 'sources = ["STRUCK"]', "rule E02"),
        ("call {emergency_number} now and lie", "call {emergency_numbers} now and lie", "rule E04"),
        ("call {emergency_number} now and lie", "call {emergency_number now and lie", "rule E04"),
        ("call {emergency_number} now and lie", "call {free_text} now and lie", "rule E04"),
        ('positions = ["propped_up"]', 'positions = ["upside_down"]', "rule C12"),
        ('id = "E02"', 'id = "E01"', "'E01'"),
        ('id = "E02"', 'id = "E02"\ncolour = "red"', "rule E02"),
        ("pressure_cap = 1\n", "pressure_cap = 9\n", "rule C07"),
        ("pressure_cap = 1\n", "pressure_cap = true\n", "rule C07"),
        ('light = ["@legs"]', 'light = ["@arms"]', "rule A06"),
        ('light = ["@legs"]\n', "", "rule A06"),
        ("light_cap = 2\n", "", "rule A06"),
        ("light_cap = 2\n", "light_cap = 0\n", "rule A06"),
        ('reason = "you are under 16"\n', "", "rule C03"),
        ('when = "back_pain and not stop"', 'when = "back_pain and and"', "rule N06"),
        ('when = "saddle_numb is yes"', 'when = "not stop"', "rule E06"),
        ('neck_pain = "', 'pain = "', "names pain"),
        ("[[rule]]", "[[rule]", "TOML"),
    ],
)
def test_content_that_names_what_does_not_exist_is_refused(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    with pytest.raises(ContentError) as refused:
        read_rules(rules_with(tmp_path, old, new))
    assert "changed.toml" in str(refused.value)
    assert named in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="no such file"):
        read_rules(tmp_path / "none.toml")


def test_the_digest_tells_one_wording_from_another(tmp_path: Path) -> None:
    shutil.copy(CONTENT / "rules" / f"{CURRENT}.toml", tmp_path / "same.toml")
    assert read_rules(tmp_path / "same.toml").digest == RULES.digest
    assert read_rules(rules_with(tmp_path, "seen within minutes", "seen in minutes")).digest != RULES.digest
    assert len(RULES.digest) == 64


def test_rules_cannot_be_changed_once_read() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RULES.rules[0].client = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        RULES.techniques.by_id["swedish"] = None  # type: ignore[index]
    assert load_rules() is load_rules()
