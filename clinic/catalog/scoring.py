"""The numbers and words of the recommendation, one version, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from clinic.intake.loading import ContentError, Entry, read_content
from clinic.intake.questionnaire import Questionnaire, load_questionnaire
from clinic.intake.techniques import Techniques, load_techniques

CURRENT = "2026-12"
CONTENT = Path(__file__).parent / "content" / "recommendation"
QUESTIONS = ("goal", "pain_feel", "pain_length", "sensitivity")
MINUTES = (
    "chair",
    "thai",
    "thai_whole_body",
    "no_area",
    "up_to_2_areas",
    "up_to_4_areas",
    "more_areas",
    "craniosacral_least",
    "craniosacral_most",
    "long_lasting_least",
    "cap_gentle",
    "gentle_from_age",
    "cap_light",
    "cap_under_16",
    "first_visit_extra",
)
CADENCES = (
    "after_clearance",
    "pregnancy",
    "one_then_review",
    "two_weekly",
    "weekly_course",
    "monthly",
    "in_training",
    "as_it_helps",
)

RHYTHMS = ("week", "two_weeks", "month")
MOST_BEFORE_REVIEW = 6


@dataclass(frozen=True, slots=True)
class Fit:
    """Points for techniques, and the reason in the client's words where they are positive."""

    points: Mapping[str, int]
    reason: str


@dataclass(frozen=True, slots=True)
class Area(Fit):
    """A fit that holds where one of the regions is worked on, or with `only`, nothing but these."""

    regions: frozenset[str]
    only: bool


@dataclass(frozen=True, slots=True)
class Need:
    """A technique that asks for one of these answers; `otherwise` is the client's sentence."""

    question: str
    codes: frozenset[str]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Step:
    """A change of pain of at least `by` points counts `points`."""

    by: int
    points: int


@dataclass(frozen=True, slots=True)
class Before:
    """How what helped before counts: steps, the greatest change first, and the words of the reason."""

    least_sessions: int
    falls: tuple[Step, ...]
    rises: tuple[Step, ...]
    fell: str
    rose: str


@dataclass(frozen=True, slots=True)
class Review:
    """When to stop and ask, by what was measured; pain in points, and the client's sentence."""

    after_sessions: int
    least_fall: int
    rise: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What may be planned at once: how many to suggest, the first included, and rhythm: how many at most."""

    count: int
    rhythms: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class About:
    """What a technique is like, what the research says of it and how sure that is, for a client."""

    expect: str
    research: str
    sure: str


@dataclass(frozen=True, slots=True)
class Scores:
    """One published version. `tables` maps a question and a code to a fit; lengths are in minutes.

    `before`, `review`, `plans` (by cadence) and `about` (by technique) came with 2026-12.
    """

    version: str
    digest: str
    techniques: Techniques
    gentler_first: tuple[str, ...]
    within: int
    also_at_most: int
    tables: Mapping[str, Mapping[str, Fit]]
    areas: tuple[Area, ...]
    pressure_inside: int
    pressure_outside: int
    strong_pain_from: int
    strong_pain: Fit
    evidence_goals: frozenset[str]
    evidence: Fit
    needs: Mapping[str, Need]
    minutes: Mapping[str, int]
    minutes_choices: tuple[int, ...]
    cadences: Mapping[str, str]
    advice_always: tuple[str, ...]
    advice_over_6_weeks: str
    advice_stop_rule: str
    honest: str
    not_offered: str
    before: Before | None
    review: Review | None
    plans: Mapping[str, Planned]
    about: Mapping[str, About]


def read_scores(path: Path) -> Scores:
    """Gives the numbers of a file; raises ContentError where it does not hold together."""
    file = read_content(path)
    top = Entry(file.name, file.data)
    asked, techniques = load_questionnaire(), load_techniques(top.text("techniques"))
    known = frozenset(techniques.by_id)
    pressure = Entry(f"{file.name} pressure", top.table("pressure"))
    strong = Entry(f"{file.name} strong_pain", top.table("strong_pain"))
    evidence = Entry(f"{file.name} evidence", top.table("evidence"))
    advice = Entry(f"{file.name} advice", top.table("advice"))
    minutes, choices = _minutes(top)
    scores = Scores(
        version=top.text("version"),
        digest=file.digest,
        techniques=techniques,
        gentler_first=_order(top, known),
        within=top.number("within"),
        also_at_most=top.number("also_at_most"),
        tables=MappingProxyType({q: _table(top, q, asked, known) for q in QUESTIONS}),
        areas=_areas(top, asked, known),
        pressure_inside=pressure.number("inside"),
        pressure_outside=pressure.number("each_step_outside"),
        strong_pain_from=strong.number("from"),
        strong_pain=Fit(_points(strong, known), strong.text("reason")),
        evidence_goals=frozenset(evidence.texts("goals", asked.question("goal").codes)),
        evidence=Fit(_points(evidence, known), ""),
        needs=_needs(top, asked, known),
        minutes=minutes,
        minutes_choices=choices,
        cadences=_cadences(top),
        advice_always=advice.texts("always"),
        advice_over_6_weeks=advice.text("over_6_weeks"),
        advice_stop_rule=advice.text("stop_rule"),
        honest=advice.text("honest"),
        not_offered=top.text("not_offered"),
        before=_before(top),
        review=_review(top),
        plans=_plans(top),
        about=_about(top, known),
    )
    for entry in (top, pressure, strong, evidence, advice):
        entry.finish()
    return scores


def _order(top: Entry, known: frozenset[str]) -> tuple[str, ...]:
    order = top.texts("gentler_first", known)
    if frozenset(order) != known:
        raise ContentError(top.where, "gentler_first must name every technique")
    return order


def _points(entry: Entry, known: frozenset[str]) -> Mapping[str, int]:
    points = entry.table("points")
    for technique, number in points.items():
        if technique not in known or not isinstance(number, int):
            raise ContentError(entry.where, f"points names {technique!r}, which does not exist")
    return MappingProxyType(dict(points))


def _table(top: Entry, question: str, asked: Questionnaire, known: frozenset[str]) -> Mapping[str, Fit]:
    codes = asked.question(question).codes
    found = {}
    for code, row in top.table(question).items():
        entry = Entry(f"{top.where} {question} {code}", row)
        if code not in codes:
            raise ContentError(entry.where, "is no option of that question")
        found[code] = Fit(_points(entry, known), entry.text("reason", ""))
        entry.finish()
    if frozenset(found) != codes:
        raise ContentError(top.where, f"{question} needs a line for every option")
    return MappingProxyType(found)


def _areas(top: Entry, asked: Questionnaire, known: frozenset[str]) -> tuple[Area, ...]:
    found = []
    for name, row in top.table("area").items():
        entry = Entry(f"{top.where} area {name}", row)
        regions = frozenset(entry.texts("regions", asked.region_ids))
        found.append(Area(_points(entry, known), entry.text("reason"), regions, entry.flag("only")))
        entry.finish()
    return tuple(found)


def _needs(top: Entry, asked: Questionnaire, known: frozenset[str]) -> Mapping[str, Need]:
    found = {}
    for technique, row in top.table("needs").items():
        entry = Entry(f"{top.where} needs {technique}", row)
        question = entry.one_of("question", [each.id for each in asked.questions])
        codes = frozenset(entry.texts("codes", asked.question(question).codes))
        found[technique] = Need(question, codes, entry.text("otherwise"))
        entry.finish()
        if technique not in known:
            raise ContentError(entry.where, "is no technique")
    return MappingProxyType(found)


def _minutes(top: Entry) -> tuple[Mapping[str, int], tuple[int, ...]]:
    entry = Entry(f"{top.where} minutes", top.table("minutes"))
    choices: list[Any] = entry.rows("choices")
    found = {key: entry.number(key) for key in MINUTES}
    entry.finish()
    return MappingProxyType(found), tuple(choices)


def _cadences(top: Entry) -> Mapping[str, str]:
    entry = Entry(f"{top.where} cadence", top.table("cadence"))
    found = {key: entry.text(key) for key in CADENCES}
    entry.finish()
    return MappingProxyType(found)


def _before(top: Entry) -> Before | None:
    if not top.table("helped"):
        return None
    entry = Entry(f"{top.where} helped", top.table("helped"))
    found = Before(
        least_sessions=entry.number("least_sessions"),
        falls=_steps(entry, "falls"),
        rises=_steps(entry, "rises"),
        fell=entry.text("fell"),
        rose=entry.text("rose"),
    )
    entry.finish()
    return found


def _steps(entry: Entry, key: str) -> tuple[Step, ...]:
    steps = []
    for row in entry.rows(key):
        if not isinstance(row, list) or len(row) != 2 or not all(type(each) is int for each in row):
            raise ContentError(entry.where, f"{key} needs pairs of whole numbers")
        steps.append(Step(*row))
    if [step.by for step in steps] != sorted({step.by for step in steps}, reverse=True):
        raise ContentError(entry.where, f"{key} must name the greatest change first")
    return tuple(steps)


def _review(top: Entry) -> Review | None:
    if bool(top.table("review")) is not bool(top.table("helped")):
        raise ContentError(top.where, "review rests on helped: a version has both or neither")
    if not top.table("review"):
        return None
    entry = Entry(f"{top.where} review", top.table("review"))
    found = Review(
        after_sessions=entry.number("after_sessions"),
        least_fall=entry.number("least_fall"),
        rise=entry.number("rise"),
        sentence=entry.text("sentence"),
    )
    entry.finish()
    return found


def _plans(top: Entry) -> Mapping[str, Planned]:
    """Refuses a cadence or rhythm nobody knows, and more sessions than come before a review."""
    found = {}
    for cadence, row in top.table("plan").items():
        entry = Entry(f"{top.where} plan {cadence}", row)
        count, rhythms = entry.number("count"), entry.rows("rhythms")
        entry.finish()
        if cadence not in CADENCES:
            raise ContentError(entry.where, "is no cadence")
        for rhythm, most in rhythms:
            if rhythm not in RHYTHMS or not 2 <= most <= MOST_BEFORE_REVIEW:
                raise ContentError(entry.where, f"{rhythm} and {most} cannot be planned")
        if not rhythms or not 2 <= count <= min(most for _rhythm, most in rhythms):
            raise ContentError(entry.where, f"count cannot be {count}")
        found[cadence] = Planned(count, MappingProxyType(dict(rhythms)))
    return MappingProxyType(found)


def _about(top: Entry, known: frozenset[str]) -> Mapping[str, About]:
    found = {}
    for technique, row in top.table("about").items():
        entry = Entry(f"{top.where} about {technique}", row)
        found[technique] = About(entry.text("expect"), entry.text("research"), entry.text("sure"))
        entry.finish()
    if found and frozenset(found) != known:
        raise ContentError(top.where, "about needs a table for every technique")
    return MappingProxyType(found)


@cache
def load_scores(version: str = CURRENT) -> Scores:
    """Gives the numbers of a version, read once."""
    return read_scores(CONTENT / f"{version}.toml")
