"""Rules in words that a clinician can read: when one holds, and what then follows. Pure.

Names that a rules file defines stand in CAPITALS, as in 'BACK PAIN and ...'; what they mean is told once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from clinic.intake.conditions import (
    NUMBERS,
    AtLeast,
    Compared,
    Condition,
    Flag,
    Hurts,
    Not,
    Picked,
    define,
)
from clinic.intake.loading import CONTENT, Entry, read_content
from clinic.intake.questionnaire import Questionnaire
from clinic.intake.restrictions import POSITIONS, area_names, at_most
from clinic.intake.rules import LEAVE_AREAS, Rule, Rules

Names = Mapping[str, Condition]
NO_NAMES: Names = MappingProxyType({})

_TOKEN = re.compile(r"\{(\w+)\}")
_NUMBERS = {"age": "age", "pain": "pain today (0 to 10)", "pressure": "pressure wanted (1 to 5)"}
_FLAGS = {
    "leave_areas": "an area is marked to be left alone",
    "doctor_said_no": "a doctor has said no to massage",
    "free_text": "something is written in the client's own words",
    "stop": "another rule stops",
}
_NOT_FLAGS = {
    "leave_areas": "no area is marked to be left alone",
    "doctor_said_no": "no doctor has said no to massage",
    "free_text": "nothing is written in the client's own words",
    "stop": "no other rule stops",
}


def load_names(rules: Rules) -> Names:
    """Gives the names that the file of these rules defines, in file order."""
    file = read_content(CONTENT / "rules" / f"{rules.version}.toml")
    table = Entry(file.name, file.data).table("names")
    return define(table, rules.questionnaire.vocabulary, f"{file.name} names").names


def in_capitals(name: str) -> str:
    """Gives 'BACK PAIN' for back_pain."""
    return name.replace("_", " ").upper()


def condition_in_words(condition: Condition, asked: Questionnaire, names: Names = NO_NAMES) -> str:
    """Gives the whole condition; a part that has a name is called by it."""
    return _Teller(asked, names).tell(condition)


def condition_in_lines(
    condition: Condition, asked: Questionnaire, names: Names = NO_NAMES
) -> tuple[str, list[str]]:
    """Gives the outermost parts line by line, with what is wanted of them: ('All of these:', [...]).

    What has no parts, or a name of its own, is one line with nothing said about it.
    """
    if not isinstance(condition, AtLeast) or condition in names.values():
        return "", [condition_in_words(condition, asked, names)]
    teller = _Teller(asked, names)
    return _wanted(condition), [teller.tell(part) for part in condition.parts]


def definitions(asked: Questionnaire, names: Names) -> list[tuple[str, str]]:
    """Gives each name in capitals with what it means, in words that use the names above it."""
    found: list[tuple[str, str]] = []
    known: dict[str, Condition] = {}
    for name, condition in names.items():
        found.append((in_capitals(name), condition_in_words(condition, asked, known)))
        known[name] = condition
    return found


def effects_in_words(rule: Rule, rules: Rules) -> list[str]:
    """Gives what a rule limits and asks for, one short sentence each; none where it only says something."""
    asked, techniques = rules.questionnaire, rules.techniques
    found = []
    if rule.release_by:
        found.append(f"Held until released by: {rule.release_by}")
    if rule.exclude:
        names = ", ".join(techniques.by_id[technique].name for technique in rule.exclude)
        found.append(f"Leaves out: {names}")
    if rule.pressure_cap is not None:
        found.append(f"Pressure: {at_most(rule.pressure_cap, techniques)}")
    if areas := _areas(rule.avoid, rule.avoid_marked, asked):
        found.append(f"Keeps off: {areas}")
    if rule.light_cap is not None:
        areas = _areas(rule.light, rule.light_marked, asked)
        found.append(f"Lighter touch: {at_most(rule.light_cap, techniques)} on {areas}")
    found.extend(POSITIONS[position] for position in rule.positions)
    if rule.max_minutes is not None:
        found.append(f"At most {rule.max_minutes} minutes")
    if rule.extra_minutes:
        found.append(f"{rule.extra_minutes} minutes extra")
    return found


def show_tokens(text: str) -> str:
    """Gives a text with its country's words as [emergency number] instead of a code."""
    return _TOKEN.sub(lambda match: f"[{match.group(1).replace('_', ' ')}]", text)


def _areas(fixed: tuple[str, ...], marked: tuple[str, ...], asked: Questionnaire) -> str:
    titles: dict[str, list[str]] = {}
    for each in asked.questions:
        if each.picker:
            titles.setdefault(each.picker.id, []).append(f"“{each.picker.title}”")
    wanted = [
        "areas to be left alone" if token == LEAVE_AREAS else f"areas given at {' or '.join(titles[token])}"
        for token in marked
    ]
    return ", ".join([*area_names(fixed, asked), *wanted])


def _wanted(condition: AtLeast) -> str:
    if condition.count == len(condition.parts):
        return "All of these:"
    return "Any of these:" if condition.count == 1 else f"At least {condition.count} of these:"


class _Teller:
    """Tells one condition; what binds more loosely than its surroundings goes into brackets."""

    def __init__(self, asked: Questionnaire, names: Names) -> None:
        self._asked = asked
        self._names = names

    def tell(self, condition: Condition, *, whole: bool = True, sense: bool = True) -> str:
        """`whole`: nothing stands around it. `sense`: False tells its opposite."""
        for name, meaning in self._names.items():
            if meaning == condition:
                return in_capitals(name) if sense else f"not {in_capitals(name)}"
        match condition:
            case Not():
                return self.tell(condition.part, whole=whole, sense=not sense)
            case AtLeast():
                return self._several(condition, whole, sense)
            case Picked():
                return self._picked(condition, sense)
            case Hurts():
                return self._hurts(condition, sense)
            case Compared():
                return self._compared(condition) if sense else f"not ({self._compared(condition)})"
            case Flag():
                return (_FLAGS if sense else _NOT_FLAGS).get(condition.name, condition.name)
        raise TypeError(f"{type(condition).__name__} has no words yet")

    def _several(self, condition: AtLeast, whole: bool, sense: bool) -> str:
        parts = [self.tell(part, whole=False) for part in condition.parts]
        if condition.count == 1:
            told = " or ".join(parts)
        elif condition.count == len(parts):
            told = " and ".join(parts)
        else:
            told = f"at least {condition.count} of these {len(parts)}: {'; '.join(parts)}"
        if not sense:
            return f"not ({told})"
        return told if whole else f"({told})"

    def _picked(self, condition: Picked, sense: bool) -> str:
        question = self._asked.question(condition.question)
        labels = [f"“{o.label}”" for o in question.options if o.code in condition.codes]
        if len(labels) == 1:
            answer = labels[0] if sense else f"not {labels[0]}"
        else:
            answer = f"{'any' if sense else 'none'} of {', '.join(labels)}"
        return f"“{question.title}” → {answer}"

    def _hurts(self, condition: Hurts, sense: bool) -> str:
        if not condition.regions:
            return "it hurts somewhere" if sense else "it hurts nowhere"
        areas = ", ".join(region.label for region in self._asked.regions if region.id in condition.regions)
        return f"it hurts {'' if sense else 'not '}at {areas}"

    def _compared(self, condition: Compared) -> str:
        name = _NUMBERS.get(condition.name, NUMBERS[condition.name])
        tell: Mapping[str, Callable[[int], str]] = {
            ">=": lambda n: f"{n} or more",
            "<=": lambda n: f"{n} or less",
            "<": lambda n: f"under {n}",
            ">": lambda n: f"over {n}",
            "=": lambda n: f"{n}",
        }
        return f"{name} is {tell[condition.sign](condition.value)}"
