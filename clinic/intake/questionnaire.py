"""The questions of one version: what is asked, in which words, on which page, and of whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from clinic.intake.conditions import FLAGS, NUMBERS, Condition, Vocabulary, parse
from clinic.intake.loading import CONTENT, ContentError, Entry, read_content, refuse_doubles

CURRENT = "2026-12"
NONE = "none"
ERRORS = (
    "none_with_others",
    "unknown",
    "not_a_date",
    "future_date",
    "too_old",
    "unknown_mark",
    "areas_missing",
    "text_too_long",
)


class Kind(StrEnum):
    """How a question is answered."""

    ONE = "one"
    ANY = "any"
    YES_NO = "yes_no"
    BIRTH_DATE = "birth_date"
    SCALE = "scale"
    BODY_MAP = "body_map"
    WORDS = "words"


class Mark(StrEnum):
    """What a client may say of a region of the body; 'leave' always wins over 'work'."""

    HURTS = "hurts"
    WORK = "work"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose. `mitigates`: checked, getting better, or with a known cause.

    `reopens` are the ids of the questions that must be answered again once this is ticked.
    """

    code: str
    label: str
    mitigates: bool = False
    reopens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AreaPicker:
    """A list of body regions that opens under a question once `opens_if` holds; answered under `id`."""

    id: str
    title: str
    opens_if: Condition


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `missing` is the sentence when it was left empty; `low` and `high` bound a scale.

    `on_the_day` is asked at check-in alone, `returning` of those alone who have been asked before.
    `none_label` are the words of the explicit none where they are this question's own.
    """

    id: str
    page: str
    kind: Kind
    title: str
    hint: str
    why: str
    missing: str
    options: tuple[Option, ...]
    has_none: bool
    none_label: str
    on_the_day: bool
    returning: bool
    shown_if: Condition | None
    picker: AreaPicker | None
    low: int
    high: int

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(option.code for option in self.options)

    @property
    def may_be_empty(self) -> bool:
        """Whether an empty answer is an answer: only where the list has no 'None of these'."""
        return (self.kind is Kind.ANY and not self.has_none) or self.kind is Kind.BODY_MAP

    def label(self, code: str) -> str:
        """Gives the words of an option; raises KeyError for a code that is not one."""
        for option in self.options:
            if option.code == code:
                return option.label
        raise KeyError(code)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of questions; `slug` goes into the address and holds no health word.

    Where `none_button` has words, the page ends with a button of these words that answers every list left
    empty with its explicit none; `none_hint` says so at the top.
    """

    slug: str
    title: str
    questions: tuple[Question, ...]
    none_button: str = ""
    none_hint: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """One of the areas of the body map; `side` is 'front' or 'back'."""

    id: str
    side: str
    label: str


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """One published version: immutable, read once, told apart by version and digest."""

    version: str
    digest: str
    pages: tuple[Page, ...]
    regions: tuple[Region, ...]
    region_groups: tuple[tuple[str, frozenset[str]], ...]
    errors: Mapping[str, str]
    none_label: str

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for page in self.pages for question in page.questions)

    def question(self, question_id: str) -> Question:
        """Gives the question; raises KeyError for an id that is none."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)

    def page(self, slug: str) -> Page:
        """Gives the page; raises KeyError for a slug that is none."""
        for page in self.pages:
            if page.slug == slug:
                return page
        raise KeyError(slug)

    @property
    def region_ids(self) -> frozenset[str]:
        return frozenset(region.id for region in self.regions)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that rules on this questionnaire may use."""
        return _vocabulary(self.questions, self.region_ids)


def _vocabulary(questions: tuple[Question, ...], regions: frozenset[str]) -> Vocabulary:
    lists = {question.id: question.codes for question in questions if question.kind is Kind.ANY}
    single = (Kind.ONE, Kind.YES_NO)
    choices = {question.id: question.codes for question in questions if question.kind in single}
    return Vocabulary(lists, choices, regions)


def read_questionnaire(path: Path) -> Questionnaire:
    """Gives the questionnaire of a file; raises ContentError where it does not hold together."""
    file = read_content(path)
    top = Entry(file.name, file.data)
    bare_pages = _pages(top)
    slugs = [page.slug for page in bare_pages]
    regions = _regions(top)
    region_ids = frozenset(region.id for region in regions)
    # First without conditions, so that a condition may name a question that stands further down.
    rows = top.rows("question")
    bare = tuple(_question(file.name, row, slugs, None) for row in rows)
    refuse_doubles(file.name, [question.id for question in bare])
    words = _vocabulary(bare, region_ids)
    questions = tuple(_question(file.name, row, slugs, words) for row in rows)
    _refuse_missing_facts(file.name, questions)
    _refuse_odd_reopening(file.name, questions)
    pages = tuple(
        replace(page, questions=tuple(question for question in questions if question.page == page.slug))
        for page in bare_pages
    )
    errors = _errors(top)
    found = Questionnaire(
        top.text("version"),
        file.digest,
        pages,
        regions,
        _region_groups(top, region_ids),
        errors,
        top.text("none_label"),
    )
    top.finish()
    return found


def _pages(top: Entry) -> tuple[Page, ...]:
    """The pages without their questions. The first is read with care, so it has no button for the rest."""
    found: list[Page] = []
    for row in top.rows("page"):
        entry = Entry(f"{top.where} page", row)
        page = Page(
            entry.text("slug"),
            entry.text("title"),
            (),
            entry.text("none_button", ""),
            entry.text("none_hint", ""),
        )
        entry.finish()
        if bool(page.none_button) != bool(page.none_hint) or (page.none_button and not found):
            raise ContentError(f"{entry.where} {page.slug}", "has a none_button where it cannot be")
        found.append(page)
    refuse_doubles(top.where, [page.slug for page in found])
    return tuple(found)


def _regions(top: Entry) -> tuple[Region, ...]:
    found = []
    for row in top.rows("region"):
        entry = Entry(f"{top.where} region", row)
        side = entry.one_of("side", ("front", "back"))
        found.append(Region(entry.text("id"), side, entry.text("label")))
        entry.finish()
    refuse_doubles(top.where, [region.id for region in found])
    return tuple(found)


def _region_groups(top: Entry, regions: frozenset[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    found = []
    for row in top.rows("region_group"):
        entry = Entry(f"{top.where} region_group", row)
        found.append((entry.text("label"), frozenset(entry.texts("regions", regions))))
        entry.finish()
    return tuple(found)


def _errors(top: Entry) -> Mapping[str, str]:
    entry = Entry(f"{top.where} errors", top.table("errors"))
    found = {key: entry.text(key) for key in ERRORS}
    entry.finish()
    return MappingProxyType(found)


def _question(file: str, row: Any, slugs: list[str], words: Vocabulary | None) -> Question:
    entry = Entry(f"{file} question", row)
    entry.where = f"{file} {entry.text('id')}"
    kind = Kind(entry.one_of("kind", list(Kind)))
    options = tuple(_option(entry.where, option) for option in entry.rows("options"))
    refuse_doubles(entry.where, [option.code for option in options])
    if bool(options) != (kind in (Kind.ONE, Kind.ANY, Kind.YES_NO)):
        raise ContentError(entry.where, f"options do not go with kind {kind}")
    question = Question(
        id=entry.text("id"),
        page=entry.one_of("page", slugs),
        kind=kind,
        title=entry.text("title"),
        hint=entry.text("hint", ""),
        why=entry.text("why"),
        missing=entry.text("missing"),
        options=options,
        has_none=entry.flag("none"),
        none_label=entry.text("none_label", ""),
        on_the_day=entry.flag("on_the_day"),
        returning=entry.flag("returning"),
        shown_if=_condition(entry, "shown_if", words),
        picker=_picker(entry, words),
        low=entry.number("low") if kind is Kind.SCALE else 0,
        high=entry.number("high") if kind is Kind.SCALE else 0,
    )
    entry.finish()
    if question.low > question.high:
        raise ContentError(entry.where, "has a low above its high")
    return question


def _option(where: str, row: Any) -> Option:
    entry = Entry(f"{where} option", row)
    option = Option(entry.text("code"), entry.text("label"), entry.flag("mitigates"), entry.texts("reopens"))
    entry.finish()
    return option


def _condition(entry: Entry, key: str, words: Vocabulary | None) -> Condition | None:
    text = entry.optional_text(key)
    return parse(text, words, f"{entry.where} {key}") if text and words else None


def _picker(entry: Entry, words: Vocabulary | None) -> AreaPicker | None:
    areas, title = entry.optional_text("areas"), entry.optional_text("areas_title")
    opens_if = _condition(entry, "areas_if", words)
    if words is None or areas is None:
        return None
    if opens_if is None or title is None:
        raise ContentError(entry.where, "areas needs areas_if and areas_title")
    return AreaPicker(areas, title, opens_if)


def _refuse_missing_facts(file: str, questions: tuple[Question, ...]) -> None:
    """The language knows some questions by itself; a questionnaire without them would mislead it."""
    ids = {question.id for question in questions}
    for needed in {*NUMBERS.values(), *FLAGS.values()} - {None}:
        if needed not in ids:
            raise ContentError(file, f"lacks the question {needed!r}, which conditions rely on")


def _refuse_odd_reopening(file: str, questions: tuple[Question, ...]) -> None:
    """Only what asks for changes may reopen, and it may reopen only what is asked of everybody."""
    may_be_reopened = {each.id for each in questions if not (each.on_the_day or each.returning)}
    for question in questions:
        for option in question.options:
            for reopened in option.reopens:
                if reopened not in may_be_reopened or question.id in may_be_reopened:
                    raise ContentError(f"{file} {question.id}", f"{option.code} cannot reopen {reopened!r}")


@cache
def load_questionnaire(version: str = CURRENT) -> Questionnaire:
    """Gives the questionnaire of a version, read once."""
    return read_questionnaire(CONTENT / "questionnaire" / f"{version}.toml")
