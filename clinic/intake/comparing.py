"""What differs: between two versions of the rules, and between two outcomes of the same answers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clinic.intake.conditions import Condition
from clinic.intake.level import Level
from clinic.intake.plain_words import NO_NAMES, Names, condition_in_words, effects_in_words
from clinic.intake.questionnaire import Option, Question, Questionnaire
from clinic.intake.restrictions import POSITIONS, Restrictions
from clinic.intake.rules import Rule, Rules
from clinic.intake.techniques import Technique, Techniques
from clinic.intake.triage import Outcome


class How(StrEnum):
    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is said otherwise, in words; '' where it was not there, or is not any more."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """A rule, question or technique that came, went or changed; `differences` only where it changed."""

    id: str
    how: How
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionsCompared:
    """Everything that differs from `old` to `new`, each part in file order."""

    old: str
    new: str
    rules: tuple[Change, ...]
    questions: tuple[Change, ...]
    techniques: tuple[Change, ...]

    @property
    def is_same(self) -> bool:
        return not (self.rules or self.questions or self.techniques)

    def to_json(self) -> dict[str, Any]:
        """Gives plain data."""
        parts = {"rules": self.rules, "questions": self.questions, "techniques": self.techniques}
        return {"old": self.old, "new": self.new, **{name: _plain(part) for name, part in parts.items()}}


def _plain(changes: tuple[Change, ...]) -> list[dict[str, Any]]:
    return [
        {
            "id": change.id,
            "how": change.how.value,
            "differences": [
                {"what": each.what, "before": each.before, "after": each.after} for each in change.differences
            ],
        }
        for change in changes
    ]


def compare_versions(
    old: Rules, new: Rules, old_names: Names = NO_NAMES, new_names: Names = NO_NAMES
) -> VersionsCompared:
    """Gives what differs; the names are those that the two files define, to tell conditions shortly."""
    rules = _changes(
        {rule.id: _facts_of_rule(rule, old, old_names) for rule in old.rules},
        {rule.id: _facts_of_rule(rule, new, new_names) for rule in new.rules},
    )
    questions = _changes(_facts_of_questions(old.questionnaire), _facts_of_questions(new.questionnaire))
    techniques = _changes(_facts_of_techniques(old.techniques), _facts_of_techniques(new.techniques))
    return VersionsCompared(old.version, new.version, rules, questions, techniques)


# What a thing says, by what it is called; a pair where one text is compared and another one shown.
_Facts = dict[str, tuple[object, str]]


def _changes(old: Mapping[str, _Facts], new: Mapping[str, _Facts]) -> tuple[Change, ...]:
    gone = [Change(each, How.GONE) for each in old if each not in new]
    found = []
    for each, facts in new.items():
        if each not in old:
            found.append(Change(each, How.ADDED))
        elif differences := _differences(old[each], facts):
            found.append(Change(each, How.CHANGED, differences))
    return (*gone, *found)


def _differences(old: _Facts, new: _Facts) -> tuple[Difference, ...]:
    nothing = (None, "")
    found = []
    for what in {**old, **new}:
        (before, told_before), (after, told_after) = old.get(what, nothing), new.get(what, nothing)
        if before != after:
            found.append(Difference(what, told_before, told_after))
    return tuple(found)


def _facts_of_rule(rule: Rule, rules: Rules, names: Names) -> _Facts:
    asked = rules.questionnaire
    effects = effects_in_words(rule, rules)
    return {
        "level": _same(rule.level.value),
        # Compared as it is judged, whatever names it is written with.
        "condition": (rule.when, condition_in_words(rule.when, asked, names)),
        **{effect.partition(":")[0].lower(): _same(effect) for effect in effects},
        "reason": _same(rule.reason),
        "client text": _same(rule.client),
        "therapist text": _same(rule.therapist),
        "where to send": _same(rule.send),
        "sources": _same(", ".join(rule.sources)),
    }


def _facts_of_questions(asked: Questionnaire) -> dict[str, _Facts]:
    return {question.id: _facts_of_question(question, asked) for question in asked.questions}


def _facts_of_question(question: Question, asked: Questionnaire) -> _Facts:
    picker = question.picker
    return {
        "page": _same(question.page),
        "kind": _same(question.kind.value),
        "title": _same(question.title),
        "hint": _same(question.hint),
        "why": _same(question.why),
        "missing": _same(question.missing),
        "shown if": _condition(question.shown_if, asked),
        "scale": _same(f"{question.low} to {question.high}" if question.high else ""),
        "none of these": _same((question.none_label or "yes") if question.has_none else ""),
        "asked of": _same(_asked_of(question)),
        "areas": _same(picker.title if picker else ""),
        "areas if": _condition(picker.opens_if if picker else None, asked),
        **{f"answer {option.code}": _same(_option(option)) for option in question.options},
    }


def _asked_of(question: Question) -> str:
    if question.on_the_day:
        return "everybody, on the day"
    return "who has been asked before" if question.returning else "everybody"


def _option(option: Option) -> str:
    return " ".join(
        [
            f"“{option.label}”",
            *(["(milder)"] if option.mitigates else []),
            *([f"(asks again: {', '.join(option.reopens)})"] if option.reopens else []),
        ]
    )


def _facts_of_techniques(techniques: Techniques) -> dict[str, _Facts]:
    def facts(each: Technique) -> _Facts:
        return {"name": _same(each.name), "pressure": _same(f"{each.lightest} to {each.firmest}")}

    return {technique.id: facts(technique) for technique in techniques.by_id.values()}


def _condition(condition: Condition | None, asked: Questionnaire) -> tuple[object, str]:
    return condition, condition_in_words(condition, asked) if condition else ""


def _same(text: str) -> tuple[object, str]:
    return text, text


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """How the outcome of the same answers differs by two versions; `limits` are sentences without answers."""

    before: Level
    after: Level
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    limits: tuple[str, ...]

    @property
    def is_change(self) -> bool:
        """Whether anything that a client or therapist meets is different."""
        return self.before is not self.after or bool(self.gained or self.lost or self.limits)


def compare_outcomes(before: Outcome, after: Outcome) -> OutcomeChange:
    """Gives level, matched rules and limits before and after; texts are told by comparing the versions."""
    return OutcomeChange(
        before=before.level,
        after=after.level,
        gained=tuple(rule for rule in after.matched if rule not in before.matched),
        lost=tuple(rule for rule in before.matched if rule not in after.matched),
        limits=(
            *_number("released by", before.release_by or "nobody", after.release_by or "nobody"),
            *limit_changes(before.restrictions, after.restrictions),
        ),
    )


def limit_changes(before: Restrictions, after: Restrictions) -> tuple[str, ...]:
    """Gives one short sentence for each limit that differs; areas are counted and not named."""
    return (
        *_set("techniques left out", before.excluded, after.excluded),
        *_number("pressure at most", before.pressure_cap, after.pressure_cap),
        *_count("areas to keep off", before.avoid, after.avoid),
        *_count("areas with a lighter touch", before.area_caps.items(), after.area_caps.items()),
        *_set("position", [POSITIONS[p] for p in before.positions], [POSITIONS[p] for p in after.positions]),
        *_number("minutes at most", before.max_minutes, after.max_minutes),
        *_number("minutes extra", before.extra_minutes, after.extra_minutes),
    )


def _number(what: str, before: object, after: object) -> list[str]:
    told = ["no limit" if each is None else str(each) for each in (before, after)]
    return [f"{what}: {' → '.join(told)}"] if before != after else []


def _set(what: str, before: Iterable[str], after: Iterable[str]) -> list[str]:
    old, new = set(before), set(after)
    signs = [f"+{each}" for each in sorted(new - old)] + [f"−{each}" for each in sorted(old - new)]
    return [f"{what}: {' '.join(signs)}"] if signs else []


def _count(what: str, before: Iterable[object], after: Iterable[object]) -> list[str]:
    old, new = set(before), set(after)
    signs = [f"{sign}{n}" for sign, n in (("+", len(new - old)), ("−", len(old - new))) if n]
    return [f"{what}: {' '.join(signs)}"] if signs else []
