"""Judges answers by the rules: one outcome, with everything it limits and says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clinic.intake.answers import Answers
from clinic.intake.level import Level, Releaser
from clinic.intake.locales import load_locale, render
from clinic.intake.restrictions import POSITIONS, Restrictions, cap_sentence, exclusion_sentence, lowest_caps
from clinic.intake.rules import LEAVE_AREAS, Rule, Rules

_ALLERGIES = "allergies"


@dataclass(frozen=True, slots=True)
class Message:
    """What one rule says, with the level that it speaks at."""

    rule_id: str
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a screening ends. Findings stand in file order, the most severe first.

    `restrictions` are what the matched rules limit. `release_by` is who may release at CLEARANCE (the
    strictest that any rule wants), otherwise None. `send` says where to go, by the deciding level.
    """

    level: Level
    findings: tuple[Rule, ...]
    restrictions: Restrictions
    messages: tuple[Message, ...]
    notes: tuple[Message, ...]
    release_by: Releaser | None
    send: tuple[str, ...]
    rules_version: str
    techniques: tuple[str, ...]

    @property
    def matched(self) -> tuple[str, ...]:
        """The ids of the matched rules, in file order."""
        return tuple(rule.id for rule in self.findings)

    @property
    def deciding(self) -> tuple[Rule, ...]:
        """The matched rules of the deciding level."""
        return tuple(rule for rule in self.findings if rule.level is self.level)

    @property
    def excluded(self) -> Mapping[str, tuple[str, ...]]:
        """The techniques ruled out, each with the rules that do; when the level stops, all of them."""
        if not self.level.stops:
            return self.restrictions.excluded
        stopping = tuple(rule.id for rule in self.deciding)
        own = self.restrictions.excluded
        return {technique: (*stopping, *own.get(technique, ())) for technique in self.techniques}

    @property
    def pressure_cap(self) -> int | None:
        return self.restrictions.pressure_cap

    @property
    def avoid(self) -> tuple[str, ...]:
        """Sorted ids of the regions not to be worked on."""
        return self.restrictions.avoid

    @property
    def client_messages(self) -> tuple[str, ...]:
        """What the client reads: all that was found, or on a stop page only what decided it."""
        return tuple(m.text for m in self.messages if m.level is self.level or not self.level.stops)

    @property
    def therapist_notes(self) -> tuple[str, ...]:
        return tuple(note.text for note in self.notes)


def assess(rules: Rules, answers: Answers, tokens: Mapping[str, str] | None = None) -> Outcome:
    """Gives the outcome of complete answers; `tokens` are a country's words, the default's if left out."""
    return _judge(rules, answers, tokens, frozenset())


def page_one(rules: Rules, answers: Answers, tokens: Mapping[str, str] | None = None) -> Outcome:
    """Gives what the first page alone decides: only findings that no later answer can take back."""
    later = frozenset(question.id for page in rules.questionnaire.pages[1:] for question in page.questions)
    return _judge(rules, answers, tokens, later)


def _judge(
    rules: Rules, answers: Answers, tokens: Mapping[str, str] | None, unknown: frozenset[str]
) -> Outcome:
    findings = _findings(rules, answers, unknown)
    level = max((rule.level for rule in findings), key=lambda each: each.severity, default=Level.CLEAR)
    words = {**(load_locale().tokens if tokens is None else tokens), **_own_words(rules, answers)}
    held = [rule.release_by for rule in findings if rule.release_by]
    return Outcome(
        level=level,
        findings=findings,
        restrictions=_restrictions(rules, findings, answers),
        messages=tuple(Message(rule.id, rule.level, render(rule.client, words)) for rule in findings),
        notes=tuple(Message(rule.id, rule.level, render(rule.therapist, words)) for rule in findings),
        release_by=max(held, key=lambda each: each.strictness) if level is Level.CLEARANCE else None,
        send=_distinct(render(r.send, words) for r in findings if r.level is level and r.send),
        rules_version=rules.version,
        techniques=tuple(rules.techniques.by_id),
    )


def _findings(rules: Rules, answers: Answers, unknown: frozenset[str]) -> tuple[Rule, ...]:
    """Gives the rules that surely hold; whether the level stops is known only after all others."""
    facts = answers.facts(unknown, stop=None)
    held = {rule.id for rule in rules.rules if rule.when.holds(facts)}
    stop: bool | None = any(rule.level.stops for rule in rules.rules if rule.id in held)
    if not stop and unknown:
        stop = None
    facts = answers.facts(unknown, stop=stop)
    return tuple(rule for rule in rules.rules if rule.id in held or rule.when.holds(facts))


def _own_words(rules: Rules, answers: Answers) -> dict[str, str]:
    """Gives what therapist texts may quote of the answers."""
    question = rules.questionnaire.question(_ALLERGIES)
    picked = answers.picked(_ALLERGIES)
    labels = [option.label.lower() for option in question.options if option.code in picked]
    return {"allergies": ", ".join(labels), "free_text": answers.text}


def _restrictions(rules: Rules, findings: tuple[Rule, ...], answers: Answers) -> Restrictions:
    excluded, reasons = _exclusions(rules, findings)
    caps = [rule.pressure_cap for rule in findings if rule.pressure_cap is not None]
    minutes = [rule.max_minutes for rule in findings if rule.max_minutes is not None]
    positions = {position for rule in findings for position in rule.positions}
    avoid = {region for rule in findings for region in (*rule.avoid, *_marked(rule.avoid_marked, answers))}
    light = [
        (region, rule.light_cap)
        for rule in findings
        if rule.light_cap is not None
        for region in (*rule.light, *_marked(rule.light_marked, answers))
    ]
    return Restrictions(
        excluded=excluded,
        reasons=reasons,
        pressure_cap=min(caps, default=None),
        avoid=tuple(sorted(avoid)),
        area_caps=lowest_caps(light, avoid),
        positions=tuple(position for position in POSITIONS if position in positions),
        max_minutes=min(minutes, default=None),
        extra_minutes=max((rule.extra_minutes for rule in findings), default=0),
    )


def _marked(tokens: tuple[str, ...], answers: Answers) -> frozenset[str]:
    """The regions that the client marked under these tokens."""
    marked = [answers.leave if token == LEAVE_AREAS else answers.areas.get(token) for token in tokens]
    return frozenset().union(*(regions for regions in marked if regions))


def _exclusions(
    rules: Rules, findings: tuple[Rule, ...]
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Gives for each technique ruled out the rules that name or cap it out, and the client's sentence."""
    excluded: dict[str, tuple[str, ...]] = {}
    reasons: dict[str, str] = {}
    for technique in rules.techniques.by_id.values():
        naming = [rule for rule in findings if technique.id in rule.exclude]
        capping = [rule for rule in findings if (rule.pressure_cap or 5) < technique.lightest]
        if not naming and not capping:
            continue
        ids = {rule.id for rule in (*naming, *capping)}
        excluded[technique.id] = tuple(rule.id for rule in findings if rule.id in ids)
        if naming:
            reasons[technique.id] = exclusion_sentence(naming[0].reason)
        else:
            first = capping[0]
            cap = first.pressure_cap or 5
            reasons[technique.id] = cap_sentence(first.reason, cap, technique.id, rules.techniques)
    return excluded, reasons


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
