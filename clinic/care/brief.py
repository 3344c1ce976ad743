"""What a therapist reads before a session: limits as data, marks of the body map, answers in words (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clinic.intake.answers import Answers
from clinic.intake.questionnaire import NONE, Kind, Mark, Question, Questionnaire
from clinic.intake.restrictions import LIGHT, POSITIONS, Restrictions, area_names, one_line
from clinic.intake.techniques import Technique, Techniques

_FIRMEST = 5
_CONSENT = "health_consent"


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One line of the table: where, what to do, how firm at most."""

    area: str
    do: str
    press: str


@dataclass(frozen=True, slots=True)
class TechniqueRow:
    """One technique: how firm it may be, or that it is left out, by a rule or as it does not fit anyway."""

    name: str
    is_left_out: bool
    by_rule: bool
    up_to: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference to last time; `kind` is plus, minus or same."""

    kind: str
    what: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and its answer, in words."""

    question: str
    answer: str


def marks(limits: Restrictions, answers: Answers) -> dict[str, tuple[str, ...]]:
    """Gives the regions by mark, as the body map draws them. What was asked to be left alone says so."""
    avoid = frozenset(limits.avoid)
    return {
        "avoid": tuple(sorted(avoid - answers.leave)),
        "leave": tuple(sorted(answers.leave)),
        "light": tuple(sorted(set(limits.light_areas) - avoid - answers.leave)),
        "hurts": tuple(sorted(answers.hurts)),
        "work": tuple(sorted(answers.work - avoid)),
    }


def area_rows(
    limits: Restrictions, answers: Answers, firmest: int, asked: Questionnaire, known: Techniques
) -> list[AreaRow]:
    """Gives the limits by area: what is left out first, then where to work, then everywhere else.

    `firmest` is the firmest pressure of the option booked (1 to 5).
    """
    shown = marks(limits, answers)
    up_to = _pressure(min(firmest, limits.pressure_cap or _FIRMEST), known)
    rows = [AreaRow(_capital(area), "leave out", "–") for area in area_names(shown["avoid"], asked)]
    rows += [
        AreaRow(_capital(area), "asked to leave alone", "–") for area in area_names(shown["leave"], asked)
    ]
    closed = {*shown["avoid"], *shown["leave"]}
    hurts, work = set(shown["hurts"]) - closed, set(shown["work"]) - closed
    lower = {region: cap for region, cap in limits.lower_caps() if region not in closed and cap < firmest}
    for cap in sorted(set(lower.values())):
        here = {region for region in lower if lower[region] == cap}
        plain = "light only" if cap <= LIGHT else "less firm"
        for regions, words in (
            (here & hurts & work, f"{plain}; work, hurts"), (here & work - hurts, f"{plain}; work"),
            (here & hurts - work, f"{plain}; hurts"), (here - hurts - work, plain),
        ):  # fmt: skip
            rows += _rows(regions, words, _pressure(cap, known), asked)
    hurts, work = hurts - set(lower), work - set(lower)
    for regions, words in ((hurts & work, "work, hurts"), (work - hurts, "work"), (hurts - work, "hurts")):
        rows += _rows(regions, words, up_to, asked)
    wish = f"likes it {known.pressure_word(answers.pressure)}" if answers.pressure else "as you find it"
    return [*rows, AreaRow("Anywhere else" if rows else "Everywhere", wish, up_to)]


def _rows(regions: Iterable[str], words: str, press: str, asked: Questionnaire) -> list[AreaRow]:
    return [AreaRow(_capital(area), words, press) for area in area_names(tuple(sorted(regions)), asked)]


def technique_rows(limits: Restrictions, known: Techniques) -> list[TechniqueRow]:
    """Gives every technique with how firm it may be, or that it is left out."""
    rows = []
    for technique in known.by_id.values():
        is_capped = (limits.pressure_cap or _FIRMEST) < technique.lightest
        is_out = is_capped or technique.id in limits.excluded
        by_rule = is_capped or bool(limits.excluded.get(technique.id))
        name = _capital(technique.name)
        rows.append(TechniqueRow(name, is_out, by_rule, _up_to(technique, limits, known)))
    return rows


def _up_to(technique: Technique, limits: Restrictions, known: Techniques) -> str:
    return _pressure(min(technique.firmest, limits.pressure_cap or _FIRMEST), known)


def _pressure(number: int, known: Techniques) -> str:
    return f"{number} {known.pressure_word(number)}"


def positions(limits: Restrictions) -> list[str]:
    """Gives how to lie and help, in words."""
    return [POSITIONS[position] for position in limits.positions]


def changes(
    before: Restrictions, after: Restrictions, asked: Questionnaire, known: Techniques
) -> list[Change]:
    """Gives what the limits say now and did not last time, and the other way round."""
    rows: list[Change] = []
    if before.pressure_cap != after.pressure_cap:
        if after.pressure_cap is None:
            rows.append(Change("minus", "", "No limit on pressure any more."))
        else:
            was = known.pressure_word(before.pressure_cap) if before.pressure_cap else "no limit"
            rows.append(Change("plus", f"At most {known.pressure_word(after.pressure_cap)},", f"was {was}."))
    for area in area_names(tuple(sorted(set(after.avoid) - set(before.avoid))), asked):
        rows.append(Change("plus", f"{_capital(area)}:", "leave out."))
    for area in area_names(tuple(sorted(set(before.avoid) - set(after.avoid))), asked):
        rows.append(Change("minus", "", f"{_capital(area)} may be worked on again."))
    for area in area_names(tuple(sorted(set(after.light_areas) - set(before.light_areas))), asked):
        rows.append(Change("plus", f"{_capital(area)}:", "light only."))
    for area in area_names(tuple(sorted(set(before.light_areas) - set(after.light_areas))), asked):
        if not set(before.light_areas) & set(after.avoid):
            rows.append(Change("minus", "", f"{_capital(area)}: light only no longer."))
    for name, words in POSITIONS.items():
        if name in after.positions and name not in before.positions:
            rows.append(Change("plus", f"{words}."))
        elif name in before.positions and name not in after.positions:
            rows.append(Change("minus", "", f"{words}: no longer."))
    rows += _technique_changes(before, after, known)
    return rows or [Change("same", "", "The same limits as last time.")]


def _technique_changes(before: Restrictions, after: Restrictions, known: Techniques) -> list[Change]:
    def names(ids: set[str]) -> str:
        return ", ".join(each.name for each in known.by_id.values() if each.id in ids)

    was = {technique for technique, rules in before.excluded.items() if rules}
    is_now = {technique for technique, rules in after.excluded.items() if rules}
    new, gone = is_now - was, was - is_now
    rows = [Change("plus", "Left out now:", f"{names(new)}.")] if new else []
    return rows + ([Change("minus", "", f"Possible again: {names(gone)}.")] if gone else [])


def in_words(plain: Mapping[str, Any], asked: Questionnaire) -> list[tuple[str, list[Answered]]]:
    """Gives the answers page by page: the page's title, then each question that was answered."""
    pages = []
    for page in asked.pages:
        rows = [
            Answered(question.title, _words_of(question, plain, asked))
            for question in page.questions
            if question.id in plain and question.id != _CONSENT
        ]
        if rows:
            pages.append((page.title, rows))
    return pages


def answers_to(plain: Mapping[str, Any], asked: Questionnaire, ids: Collection[str]) -> list[Answered]:
    """Gives the answers to some questions, in the order in which they are asked."""
    return [
        Answered(question.title, _words_of(question, plain, asked))
        for question in asked.questions
        if question.id in ids and question.id in plain and question.id != _CONSENT
    ]


def limits_in_words(limits: Restrictions, asked: Questionnaire, known: Techniques) -> str:
    """Gives what a decision limits in one line: 'Light only. Not: tummy. Without deep tissue.'"""
    line = one_line(limits, asked, known)
    out = [each.name for each in known.by_id.values() if limits.excluded.get(each.id)]
    said = [] if line == one_line(Restrictions()) else [line]
    return " ".join([*said, f"Without {', '.join(out)}."] if out else said)


def _words_of(question: Question, plain: Mapping[str, Any], asked: Questionnaire) -> str:
    value = plain[question.id]
    match question.kind:
        case Kind.ANY:
            words = "; ".join(question.label(code) for code in value if code != NONE) or asked.none_label
        case Kind.SCALE:
            words = f"{value} of {question.high}"
        case Kind.BIRTH_DATE:
            words = f"{value} years"
        case Kind.BODY_MAP:
            words = _marked(value, asked)
        case Kind.WORDS:
            words = "Yes" if value.get("doctor_said_no") else "No"
        case _:
            words = question.label(value)
    where = plain.get(question.picker.id) if question.picker else None
    return f"{words}. Where: {_areas(where, asked)}" if where else words


_MARK_WORDS = {Mark.HURTS: "Hurts", Mark.WORK: "Work here", Mark.LEAVE: "Leave alone"}


def _marked(value: Mapping[str, Any], asked: Questionnaire) -> str:
    parts = [
        f"{words}: {_areas(value[mark], asked)}" for mark, words in _MARK_WORDS.items() if value.get(mark)
    ]
    return ". ".join(parts) or "Nothing marked"


def _areas(regions: Any, asked: Questionnaire) -> str:
    return ", ".join(area_names(tuple(sorted(regions)), asked))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
