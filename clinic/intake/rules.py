"""The triage rules of one version, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from clinic.intake.conditions import Condition, Vocabulary, define, parse
from clinic.intake.level import Level, Releaser
from clinic.intake.loading import CONTENT, ContentError, Entry, load_sources, read_content, refuse_doubles
from clinic.intake.locales import TOKENS, refuse_unknown_tokens
from clinic.intake.questionnaire import Questionnaire, load_questionnaire
from clinic.intake.restrictions import POSITIONS
from clinic.intake.techniques import Techniques, load_techniques

CURRENT = "2026-12"
# Tokens that stand for areas the client marked; the file adds fixed ones under [area_tokens].
LEAVE_AREAS = "leave_areas"
_THERAPIST_TOKENS = TOKENS | {"allergies", "free_text"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when it holds, how severe that is, what it limits, and what it says to whom.

    `avoid` holds region ids, `avoid_marked` the area pickers (or 'leave_areas') whose marked areas are
    avoided too; `light` and `light_marked` name in the same way where `light_cap` is the firmest pressure.
    `reason` finishes the client's sentence "... as ___".
    """

    id: str
    level: Level
    when: Condition
    release_by: Releaser | None
    exclude: tuple[str, ...]
    pressure_cap: int | None
    avoid: tuple[str, ...]
    avoid_marked: tuple[str, ...]
    light: tuple[str, ...]
    light_marked: tuple[str, ...]
    light_cap: int | None
    positions: tuple[str, ...]
    max_minutes: int | None
    extra_minutes: int
    reason: str
    client: str
    therapist: str
    send: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """One published version of the rules with the questionnaire and techniques they speak of.

    `sources_version` is the version of the sources that the rules name.
    """

    version: str
    digest: str
    sources_version: str
    rules: tuple[Rule, ...]
    questionnaire: Questionnaire
    techniques: Techniques

    def rule(self, rule_id: str) -> Rule:
        """Gives the rule; raises KeyError for an id that is none."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a rule of this file may name."""

    words: Vocabulary
    techniques: frozenset[str]
    pickers: frozenset[str]
    fixed_areas: Mapping[str, tuple[str, ...]]
    sources: frozenset[str]


def read_rules(path: Path) -> Rules:
    """Gives the rules of a file; raises ContentError naming file and rule where it does not hold together."""
    file = read_content(path)
    top = Entry(file.name, file.data)
    questionnaire = load_questionnaire(top.text("questionnaire"))
    techniques = load_techniques(top.text("techniques"))
    sources_version = top.text("sources")
    known = _Known(
        words=define(top.table("names"), questionnaire.vocabulary, f"{file.name} names"),
        techniques=frozenset(techniques.by_id),
        pickers=frozenset(q.picker.id for q in questionnaire.questions if q.picker),
        fixed_areas=_fixed_areas(top, questionnaire.region_ids),
        sources=frozenset(load_sources(sources_version)),
    )
    found = tuple(_rule(file.name, row, known) for row in top.rows("rule"))
    refuse_doubles(file.name, [rule.id for rule in found])
    version = top.text("version")
    top.finish()
    return Rules(version, file.digest, sources_version, found, questionnaire, techniques)


def _fixed_areas(top: Entry, regions: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    table = top.table("area_tokens")
    entry = Entry(f"{top.where} area_tokens", table)
    return MappingProxyType({token: entry.texts(token, regions) for token in table})


def _rule(file: str, row: Any, known: _Known) -> Rule:
    entry = Entry(f"{file} rule", row)
    entry.where = f"{file} rule {entry.text('id')}"
    avoid, avoid_marked = _areas(entry, "avoid", known)
    light, light_marked = _areas(entry, "light", known)
    level = Level(entry.one_of("level", list(Level)))
    rule = Rule(
        id=entry.text("id"),
        level=level,
        when=parse(entry.text("when"), known.words, entry.where),
        release_by=_releaser(entry, level),
        exclude=entry.texts("exclude", known.techniques),
        pressure_cap=entry.optional_number("pressure_cap"),
        avoid=avoid,
        avoid_marked=avoid_marked,
        light=light,
        light_marked=light_marked,
        light_cap=entry.optional_number("light_cap"),
        positions=entry.texts("positions", frozenset(POSITIONS)),
        max_minutes=entry.optional_number("max_minutes"),
        extra_minutes=entry.number("extra_minutes", 0),
        reason=entry.text("reason", ""),
        client=entry.text("client"),
        therapist=entry.text("therapist"),
        send=entry.text("send", ""),
        sources=entry.texts("sources", known.sources),
    )
    entry.finish()
    _check(rule, entry.where)
    return rule


def _areas(entry: Entry, key: str, known: _Known) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fixed: list[str] = []
    marked: list[str] = []
    for area in entry.texts(key):
        token = area.removeprefix("@")
        if area in known.words.regions:
            fixed.append(area)
        elif area.startswith("@") and token in known.fixed_areas:
            fixed.extend(known.fixed_areas[token])
        elif area.startswith("@") and (token in known.pickers or token == LEAVE_AREAS):
            marked.append(token)
        else:
            raise ContentError(entry.where, f"{key} names {area!r}, which does not exist")
    return tuple(fixed), tuple(marked)


def _releaser(entry: Entry, level: Level) -> Releaser | None:
    name = entry.optional_text("release_by")
    if (name is not None) != (level is Level.CLEARANCE):
        raise ContentError(entry.where, "release_by goes with CLEARANCE, and only with it")
    return Releaser(entry.one_of("release_by", list(Releaser))) if name else None


def _check(rule: Rule, where: str) -> None:
    for key, cap in (("pressure_cap", rule.pressure_cap), ("light_cap", rule.light_cap)):
        if cap is not None and not 1 <= cap <= 5:
            raise ContentError(where, f"{key} must be from 1 to 5")
    lighter = rule.light or rule.light_marked
    if bool(lighter) != (rule.light_cap is not None):
        raise ContentError(where, "light goes with light_cap, and only with it")
    limits = rule.exclude or rule.pressure_cap or rule.avoid or rule.avoid_marked or lighter
    if bool(limits) != bool(rule.reason):
        raise ContentError(where, "a reason goes with a limit, and only with it")
    if not rule.sources:
        raise ContentError(where, "needs a source")
    if rule.level.stops and "stop" in rule.when.asks():
        raise ContentError(where, "cannot depend on stop and stop as well")
    refuse_unknown_tokens(rule.client, TOKENS, where)
    refuse_unknown_tokens(rule.send, TOKENS, where)
    refuse_unknown_tokens(rule.therapist, _THERAPIST_TOKENS, where)


@cache
def load_rules(version: str = CURRENT) -> Rules:
    """Gives the rules of a version, read once."""
    return read_rules(CONTENT / "rules" / f"{version}.toml")
