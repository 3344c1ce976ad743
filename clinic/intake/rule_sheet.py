"""One version of the rules as it is laid before a clinician: everything that decides, in words. Pure.

The page to print and docs/clinical-rules.md are both made from a `RuleSheet`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clinic.intake.conditions import AtLeast, Compared, Condition, Not, Picked
from clinic.intake.freshness import FOR_LIFE, Life, load_freshness
from clinic.intake.level import Level
from clinic.intake.loading import Source, load_sources
from clinic.intake.locales import Locale, locales
from clinic.intake.open_decisions import OpenDecision, open_decisions
from clinic.intake.plain_words import (
    Names,
    condition_in_lines,
    condition_in_words,
    definitions,
    effects_in_words,
    load_names,
    show_tokens,
)
from clinic.intake.questionnaire import Question, Questionnaire
from clinic.intake.rules import Rule, Rules

MEANINGS: Mapping[Level, str] = {
    Level.EMERGENCY: "Stops. The client is told whom to call now. No session is shown and nothing is booked.",
    Level.URGENT: "Stops. The client is told to get medical advice today. No session is shown or booked.",
    Level.CLEARANCE: "Held. A time is at most provisional until the person named has said yes.",
    Level.ADAPT: "Can be booked, with limits on technique, pressure, areas, position or length.",
    Level.CLEAR: "Can be booked. These rules only say something.",
}
STATUS: Mapping[str, str] = {
    "V": "seen on the publisher's own page",
    "C": "seen only as a copy or summary",
    "G": "general knowledge, not looked up",
}
_LENGTH = re.compile(r"\b(?:\d+(?:st|nd|rd|th)? (?:to \d+ )?(?:minute|hour|day|week|month|year)s?)\b")


@dataclass(frozen=True, slots=True)
class RuleInWords:
    """One rule; of its condition, `head` says what is wanted of the `lines` ('All of these:', or '').

    `reason` is what clients read beside a technique that is left out.
    """

    id: str
    head: str
    lines: tuple[str, ...]
    effects: tuple[str, ...]
    reason: str
    client: str
    therapist: str
    send: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The rules of one level."""

    level: Level
    meaning: str
    rules: tuple[RuleInWords, ...]


@dataclass(frozen=True, slots=True)
class RuleSheet:
    """Everything that a clinician signs for.

    `techniques` are (name, lightest, firmest) in words, `windows` (a length of time, an age or a figure;
    the rules that use it), `lives` (question, how long its answers hold).
    """

    version: str
    digest: str
    questionnaire_version: str
    questionnaire_digest: str
    names: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    techniques: tuple[tuple[str, str, str], ...]
    windows: tuple[tuple[str, str], ...]
    lives: tuple[tuple[str, str], ...]
    countries: tuple[Locale, ...]
    decisions: tuple[OpenDecision, ...]
    sources: tuple[Source, ...]
    rule_ids: frozenset[str]

    @property
    def number(self) -> int:
        """How many rules there are."""
        return sum(len(part.rules) for part in self.parts)


def rule_sheet(rules: Rules) -> RuleSheet:
    """Gives the sheet of a version; the same for the same files, in the same order."""
    asked, names = rules.questionnaire, load_names(rules)
    words = rules.techniques.pressure_word
    sources = load_sources(rules.sources_version)
    used = {source for rule in rules.rules for source in rule.sources}
    return RuleSheet(
        version=rules.version,
        digest=rules.digest,
        questionnaire_version=asked.version,
        questionnaire_digest=asked.digest,
        names=tuple(definitions(asked, names)),
        parts=tuple(_part(level, rules, names) for level in reversed(Level)),
        techniques=tuple(
            (each.name, words(each.lightest), words(each.firmest)) for each in rules.techniques.by_id.values()
        ),
        windows=_windows(rules),
        lives=_lives(asked),
        countries=tuple(locales().values()),
        decisions=open_decisions(rules),
        sources=tuple(source for key, source in sources.items() if key in used),
        rule_ids=frozenset(rule.id for rule in rules.rules),
    )


def _part(level: Level, rules: Rules, names: Names) -> Part:
    found = tuple(_in_words(rule, rules, names) for rule in rules.rules if rule.level is level)
    return Part(level, MEANINGS[level], found)


def _in_words(rule: Rule, rules: Rules, names: Names) -> RuleInWords:
    head, lines = condition_in_lines(rule.when, rules.questionnaire, names)
    return RuleInWords(
        id=rule.id,
        head=head,
        lines=tuple(lines),
        effects=tuple(effects_in_words(rule, rules)),
        reason=f"… as {rule.reason}." if rule.reason else "",
        client=show_tokens(rule.client),
        therapist=show_tokens(rule.therapist),
        send=show_tokens(rule.send),
        sources=rule.sources,
    )


def _windows(rules: Rules) -> tuple[tuple[str, str], ...]:
    """Every age, figure and answer with a length of time that a rule rests on, with those rules."""
    found: dict[tuple[str, int, str], list[str]] = {}
    for rule in rules.rules:
        for key in dict.fromkeys(_windows_of(rule.when, rules.questionnaire)):
            found.setdefault(key, []).append(rule.id)
    return tuple((key[-1], ", ".join(found[key])) for key in sorted(found))


def _windows_of(condition: Condition, asked: Questionnaire) -> list[tuple[str, int, str]]:
    """The windows of one condition, each with what it is sorted by before its words."""
    match condition:
        case Compared():
            return [(condition.name, condition.value, condition_in_words(condition, asked))]
        case Not():
            return _windows_of(condition.part, asked)
        case AtLeast():
            return [window for part in condition.parts for window in _windows_of(part, asked)]
        case Picked():
            options = asked.question(condition.question).options
            chosen = [option.label for option in options if option.code in condition.codes]
            return [("~", 0, f"“{label}”") for label in chosen if _LENGTH.search(label)]
    return []


def _lives(asked: Questionnaire) -> tuple[tuple[str, str], ...]:
    freshness = load_freshness()
    if freshness.questionnaire_version != asked.version:
        return ()
    return tuple((each.title, _life(each, freshness.lives[each.id])) for each in asked.questions)


def _life(question: Question, life: Life) -> str:
    others: dict[str, list[str]] = {}
    for option in question.options:
        if option.code in life.options:
            others.setdefault(_days(life.options[option.code]), []).append(f"“{option.label}”")
    return "; ".join([_days(life.days), *(f"{', '.join(labels)}: {days}" for days, labels in others.items())])


def _days(days: int | None) -> str:
    if days is None:
        return FOR_LIFE
    return f"{days} day{'' if days == 1 else 's'}" if days else "asked every time"
