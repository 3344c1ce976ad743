"""What the letter to a client's doctor says: what the holding rules rest on, and nothing else. Pure.

A rule holds because of certain options that were ticked, areas marked, or a number. These are quoted in the
words of the questionnaire, as the client chose them; whatever no holding rule asks about stays out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clinic.intake.answers import AGE, Answers, clean
from clinic.intake.conditions import (
    BODY_MAP,
    FLAGS,
    NUMBERS,
    AtLeast,
    Compared,
    Condition,
    Facts,
    Flag,
    Hurts,
    Not,
    Picked,
)
from clinic.intake.questionnaire import Kind, Question
from clinic.intake.restrictions import (
    POSITIONS,
    Restrictions,
    area_names,
    at_most,
    lighter_areas,
    lowest_caps,
)
from clinic.intake.rules import LEAVE_AREAS, Rule, Rules

_LEAVE_WORDS = "Areas to leave alone"
_HURTS_WORDS = "Where it hurts"


@dataclass(frozen=True, slots=True)
class Told:
    """One thing the client told us: what we asked, the answer in the words they chose, and on which page."""

    asked: str
    said: tuple[str, ...]
    slug: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What the letter says of the client, and how the massage is planned if the answer is yes."""

    told: tuple[Told, ...]
    plan: tuple[str, ...]


def write(rules: Rules, raw: Mapping[str, Any], holding: Iterable[str], cap: int | None = None) -> Letter:
    """Gives the letter about plain answers that are held by the rules with the ids `holding`.

    `cap` is the firmest pressure that counts for this client, where it is known to be lower than these
    rules say. KeyError for a rule that is not one of `rules`.
    """
    holds = [rules.rule(rule_id) for rule_id in holding]
    answers = clean(raw, rules.questionnaire)
    facts = answers.facts()
    parts = [part for rule in holds for part in _reasons(rule.when, facts, rules)]
    told = [
        Told(_title(question), said, question.page)
        for question in rules.questionnaire.questions
        if (said := _said(question, parts, answers, rules))
    ]
    return Letter(tuple(told), tuple(_plan(rules, holds, answers, cap)))


# --- why it is held ----------------------------------------------------------------------------------


def _reasons(condition: Condition, facts: Facts, rules: Rules) -> Iterator[Condition]:
    """The parts that make a condition hold. Of what must not be so, only a choice that was made is told."""
    if isinstance(condition, AtLeast):
        for part in condition.parts:
            if part.holds(facts):
                yield from _reasons(part, facts, rules)
    elif isinstance(condition, Not):
        if isinstance(condition.part, Picked) and _is_choice(condition.part, rules):
            question = condition.part.question
            yield Picked(question, facts.picks.get(question, frozenset()))
    elif condition.holds(facts):
        yield condition


def _is_choice(picked: Picked, rules: Rules) -> bool:
    return rules.questionnaire.question(picked.question).kind in (Kind.ONE, Kind.YES_NO)


# --- in the client's words ---------------------------------------------------------------------------


def _title(question: Question) -> str:
    if question.id == AGE:
        return "Age"
    return _HURTS_WORDS if question.id == BODY_MAP else question.title


def _said(question: Question, parts: list[Condition], answers: Answers, rules: Rules) -> tuple[str, ...]:
    """What was answered to a question, as far as the parts ask about it."""
    codes = frozenset[str]().union(
        *(part.codes for part in parts if isinstance(part, Picked) and part.question == question.id)
    )
    wanted = codes & answers.picked(question.id)
    said = [option.label for option in question.options if option.code in wanted]
    said += _areas_of(question, wanted, answers, rules)
    for part in parts:
        if isinstance(part, Hurts) and question.id == BODY_MAP:
            regions = answers.hurts & part.regions if part.regions else answers.hurts
            said.append(_listed(regions, rules))
        elif isinstance(part, Compared) and NUMBERS[part.name] == question.id:
            said.append(_number(question, answers))
        elif isinstance(part, Flag) and FLAGS[part.name] == question.id:
            said += _flagged(part, answers, rules)
    return tuple(dict.fromkeys(said))


def _areas_of(question: Question, wanted: frozenset[str], answers: Answers, rules: Rules) -> list[str]:
    """The areas that were marked under these options."""
    picker = question.picker
    if picker is None or not wanted or not answers.areas.get(picker.id):
        return []
    if not picker.opens_if.holds(Facts(picks={**answers.picks, question.id: wanted})):
        return []
    return [f"Area: {', '.join(area_names(tuple(sorted(answers.areas[picker.id])), rules.questionnaire))}"]


def _number(question: Question, answers: Answers) -> str:
    number = answers.numbers[question.id]
    return f"{number} years" if question.id == AGE else f"{number} of {question.high}"


def _flagged(flag: Flag, answers: Answers, rules: Rules) -> list[str]:
    if flag.name == LEAVE_AREAS:
        return [f"{_LEAVE_WORDS}: {_listed(answers.leave, rules)}"]
    if flag.name == "doctor_said_no":
        return ["Yes", *([answers.text] if answers.text else [])]
    return [answers.text]


def _listed(regions: Iterable[str], rules: Rules) -> str:
    """'Low back, left calf and heel' in the order of the drawing."""
    words = ", ".join(area_names(tuple(sorted(regions)), rules.questionnaire))
    return f"{words[:1].upper()}{words[1:]}"


# --- how the massage is planned ----------------------------------------------------------------------


def _plan(rules: Rules, holds: list[Rule], answers: Answers, cap: int | None) -> Iterator[str]:
    """The limits that we would keep, by the holding rules alone: other limits tell of other answers."""
    caps = [each for each in (cap, *(rule.pressure_cap for rule in holds)) if each is not None]
    if caps:
        words = at_most(min(caps), rules.techniques)
        yield f"Pressure: {words}"
    avoid = {region for rule in holds for region in (*rule.avoid, *_marked(rule.avoid_marked, answers))}
    if avoid:
        yield f"Not worked on: {', '.join(area_names(tuple(sorted(avoid)), rules.questionnaire))}"
    light = [
        (region, rule.light_cap)
        for rule in holds
        if rule.light_cap is not None
        for region in (*rule.light, *_marked(rule.light_marked, answers))
    ]
    limits = Restrictions(pressure_cap=min(caps, default=None), area_caps=lowest_caps(light, avoid))
    for words, areas in lighter_areas(limits, rules.questionnaire, rules.techniques):
        yield f"{words}: {', '.join(areas)}"
    for position in POSITIONS:
        if any(position in rule.positions for rule in holds):
            yield f"Position: {POSITIONS[position][0].lower()}{POSITIONS[position][1:]}"
    minutes = [rule.max_minutes for rule in holds if rule.max_minutes is not None]
    if minutes:
        yield f"Hands on for {min(minutes)} minutes at most"
    left_out = [each.name for each in rules.techniques.by_id.values() if _is_left_out(each.id, holds)]
    if left_out:
        yield f"Left out: {', '.join(left_out)}"


def _marked(tokens: tuple[str, ...], answers: Answers) -> frozenset[str]:
    marked = [answers.leave if token == LEAVE_AREAS else answers.areas.get(token) for token in tokens]
    return frozenset[str]().union(*(regions for regions in marked if regions))


def _is_left_out(technique: str, holds: list[Rule]) -> bool:
    return any(technique in rule.exclude for rule in holds)
