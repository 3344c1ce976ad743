"""The small language in which rules say when they hold, read into data and never into code.

    nerve_signs has (unsteady_walking, clumsy_hands)     a list question with one of these ticked
    saddle_numb is yes                                   a choice; "is not" also holds if it was left out
    hurts (B07_low_back)          hurts anywhere         areas marked as hurting
    age >= 65                     pain < 8               whole numbers; never hold if left out
    at least 3 of (a, b, c)       and  or  not  ( )      as one reads them, "not" binding closest
    spine_pain                                           a name defined in the same file, or one of FLAGS

Every condition can also be judged on part of the answers: it is then True or False only where no later
answer can change that, and None otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from clinic.intake.loading import ContentError

# A number as conditions call it, and the question that asks for it.
NUMBERS: Mapping[str, str] = {"age": "age_years", "pain": "pain_score", "pressure": "pressure_pref"}
# What is simply so or not, and the question that it comes from; `stop` comes from the other rules.
FLAGS: Mapping[str, str | None] = {
    "leave_areas": "body_map",
    "doctor_said_no": "anything_else",
    "free_text": "anything_else",
    "stop": None,
}
BODY_MAP = "body_map"

_TOKEN = re.compile(r"\s*(?:(\w+)|(>=|<=|<|>|=)|([(),]))")
_WORDS_OF_THE_LANGUAGE = frozenset(
    {"and", "or", "not", "has", "is", "hurts", "anywhere", "at", "least", "of"}
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions are judged on. Questions in `unknown` have not been asked yet."""

    picks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    hurts: frozenset[str] = frozenset()
    flags: Mapping[str, bool | None] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


class Condition(Protocol):
    """Something that holds, does not hold, or (None) cannot be told yet."""

    def holds(self, facts: Facts) -> bool | None: ...

    def asks(self) -> frozenset[str]:
        """The ids of the questions whose answers matter, and 'stop' where that does."""
        ...


@dataclass(frozen=True, slots=True)
class Picked:
    question: str
    codes: frozenset[str]

    def holds(self, facts: Facts) -> bool | None:
        if self.question in facts.unknown:
            return None
        return not self.codes.isdisjoint(facts.picks.get(self.question, frozenset()))

    def asks(self) -> frozenset[str]:
        return frozenset({self.question})


@dataclass(frozen=True, slots=True)
class Hurts:
    """Holds where one of the regions hurts; without regions, where any does."""

    regions: frozenset[str]

    def holds(self, facts: Facts) -> bool | None:
        if BODY_MAP in facts.unknown:
            return None
        return bool(facts.hurts & self.regions) if self.regions else bool(facts.hurts)

    def asks(self) -> frozenset[str]:
        return frozenset({BODY_MAP})


@dataclass(frozen=True, slots=True)
class Compared:
    name: str
    sign: str
    value: int

    def holds(self, facts: Facts) -> bool | None:
        question = NUMBERS[self.name]
        if question in facts.unknown:
            return None
        number = facts.numbers.get(question)
        if number is None:
            return False
        match self.sign:
            case "<":
                return number < self.value
            case "<=":
                return number <= self.value
            case ">":
                return number > self.value
            case ">=":
                return number >= self.value
            case _:
                return number == self.value

    def asks(self) -> frozenset[str]:
        return frozenset({NUMBERS[self.name]})


@dataclass(frozen=True, slots=True)
class Flag:
    name: str

    def holds(self, facts: Facts) -> bool | None:
        if FLAGS[self.name] in facts.unknown:
            return None
        return facts.flags.get(self.name, False)

    def asks(self) -> frozenset[str]:
        return frozenset({FLAGS[self.name] or self.name})


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition

    def holds(self, facts: Facts) -> bool | None:
        held = self.part.holds(facts)
        return None if held is None else not held

    def asks(self) -> frozenset[str]:
        return self.part.asks()


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Holds where `count` of the parts do: 1 is "or", all of them is "and"."""

    count: int
    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool | None:
        wanted, possible = self.count, len(self.parts)
        for part in self.parts:
            held = part.holds(facts)
            if held:
                wanted -= 1
                if not wanted:
                    return True
            elif held is False:
                possible -= 1
                if possible < self.count:
                    return False
        return None

    def asks(self) -> frozenset[str]:
        return frozenset().union(*(part.asks() for part in self.parts))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words a condition may use: questions with their codes, regions, and names defined before."""

    lists: Mapping[str, frozenset[str]]
    choices: Mapping[str, frozenset[str]]
    regions: frozenset[str]
    names: Mapping[str, Condition] = field(default_factory=dict)


def parse(text: str, vocabulary: Vocabulary, where: str) -> Condition:
    """Gives the condition that `text` says; raises ContentError, naming `where`, for anything else."""
    return _Parser(_tokens(text, where), vocabulary, where).whole()


def _tokens(text: str, where: str) -> list[str]:
    found: list[str] = []
    at, text = 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ContentError(where, f"cannot be read from {text[at : at + 20]!r}")
        found.append(match.group(1) or match.group(2) or match.group(3))
        at = match.end()
    return found


class _Parser:
    """Reads one condition from left to right, one method to each level of binding."""

    def __init__(self, tokens: list[str], vocabulary: Vocabulary, where: str) -> None:
        self._tokens = tokens
        self._at = 0
        self._words = vocabulary
        self._where = where

    def whole(self) -> Condition:
        condition = self._either()
        if self._at < len(self._tokens):
            self._refuse(f"has {self._tokens[self._at]!r} where it should end")
        return condition

    def _refuse(self, what: str) -> ContentError:
        raise ContentError(self._where, what)

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _accept(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._at += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            self._refuse(f"has {self._peek()!r} where {token!r} should stand")

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._accept("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else AtLeast(1, tuple(parts))

    def _both(self) -> Condition:
        parts = [self._negated()]
        while self._accept("and"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else AtLeast(len(parts), tuple(parts))

    def _negated(self) -> Condition:
        return Not(self._negated()) if self._accept("not") else self._single()

    def _single(self) -> Condition:
        if self._accept("("):
            inner = self._either()
            self._expect(")")
            return inner
        if self._accept("at"):
            return self._at_least()
        if self._accept("hurts"):
            return self._hurts()
        return self._word(self._next())

    def _at_least(self) -> Condition:
        self._expect("least")
        count = self._number()
        self._expect("of")
        self._expect("(")
        parts = [self._either()]
        while self._accept(","):
            parts.append(self._either())
        self._expect(")")
        if not 1 <= count <= len(parts):
            self._refuse(f"wants {count} of {len(parts)}")
        return AtLeast(count, tuple(parts))

    def _hurts(self) -> Condition:
        if self._accept("anywhere"):
            return Hurts(frozenset())
        return Hurts(self._codes(self._words.regions, "region"))

    def _word(self, word: str) -> Condition:
        if word in self._words.names:
            return self._words.names[word]
        if word in FLAGS:
            return Flag(word)
        if word in NUMBERS:
            sign = self._next()
            if sign not in ("<", "<=", ">", ">=", "="):
                self._refuse(f"has {sign!r} after {word}, where a comparison should stand")
            return Compared(word, sign, self._number())
        if word in self._words.lists:
            self._expect("has")
            return Picked(word, self._codes(self._words.lists[word], f"option of {word}"))
        if word in self._words.choices:
            self._expect("is")
            negated = self._accept("not")
            picked = Picked(word, self._codes(self._words.choices[word], f"option of {word}"))
            return Not(picked) if negated else picked
        raise self._refuse(f"uses {word!r}, which is no question and no name")

    def _number(self) -> int:
        token = self._next()
        if not token.isdecimal():
            self._refuse(f"has {token!r} where a whole number should stand")
        return int(token)

    def _codes(self, known: frozenset[str], what: str) -> frozenset[str]:
        if not self._accept("("):
            return frozenset({self._known(self._next(), known, what)})
        codes = {self._known(self._next(), known, what)}
        while self._accept(","):
            codes.add(self._known(self._next(), known, what))
        self._expect(")")
        return frozenset(codes)

    def _known(self, code: str, known: frozenset[str], what: str) -> str:
        if code not in known:
            self._refuse(f"uses {code!r}, which is no {what}")
        return code


def define(names: Mapping[str, str], vocabulary: Vocabulary, where: str) -> Vocabulary:
    """Gives the vocabulary with these names added, in file order; each may use those above it."""
    known = dict(vocabulary.names)
    for name, text in names.items():
        taken = (known, FLAGS, NUMBERS, vocabulary.lists, vocabulary.choices, _WORDS_OF_THE_LANGUAGE)
        if any(name in words for words in taken):
            raise ContentError(f"{where} {name}", "is a name that is taken")
        grown = Vocabulary(vocabulary.lists, vocabulary.choices, vocabulary.regions, known)
        known = {**known, name: parse(text, grown, f"{where} {name}")}
    return Vocabulary(vocabulary.lists, vocabulary.choices, vocabulary.regions, known)
