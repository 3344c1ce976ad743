"""What a session must keep to: techniques left out, pressure, areas, positions, length. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clinic.intake.level import Level
from clinic.intake.questionnaire import Questionnaire, load_questionnaire
from clinic.intake.techniques import Techniques, load_techniques

# The positions and help a rule may ask for, in the words that therapist and desk read.
POSITIONS: Mapping[str, str] = {
    "side_lying": "Side-lying",
    "not_flat_on_back": "Never flat on the back",
    "not_on_front": "Not on the front",
    "chair_or_side_lying": "Chair or side-lying",
    "propped_up": "Propped up",
    "help_on_and_off": "Help on and off the couch",
}
# What reception has to prepare for; the rest is for the therapist alone.
_FOR_THE_DESK = ("side_lying", "chair_or_side_lying", "propped_up", "help_on_and_off")


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The limits on a session.

    `excluded` gives for each technique the ids of the rules that rule it out, `reasons` the sentence for
    the client; `pressure_cap` is 1 to 5, `avoid` sorted region ids, `positions` keys of POSITIONS.
    """

    excluded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    pressure_cap: int | None = None
    avoid: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    max_minutes: int | None = None
    extra_minutes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Gives plain data for keeping; `from_json` reads it back equal."""
        return {
            "excluded": {technique: list(rules) for technique, rules in self.excluded.items()},
            "reasons": dict(self.reasons),
            "pressure_cap": self.pressure_cap,
            "avoid": list(self.avoid),
            "positions": list(self.positions),
            "max_minutes": self.max_minutes,
            "extra_minutes": self.extra_minutes,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Restrictions:
        """Gives the restrictions that were kept; what is missing does not limit."""
        return cls(
            excluded={technique: tuple(rules) for technique, rules in data.get("excluded", {}).items()},
            reasons=dict(data.get("reasons", {})),
            pressure_cap=data.get("pressure_cap"),
            avoid=tuple(sorted(data.get("avoid", ()))),
            positions=tuple(data.get("positions", ())),
            max_minutes=data.get("max_minutes"),
            extra_minutes=data.get("extra_minutes", 0),
        )


def combine(a: Restrictions, b: Restrictions, techniques: Techniques | None = None) -> Restrictions:
    """Gives both at once: nothing that either rules out, the lower cap, all areas of both.

    A technique that starts above the resulting cap is ruled out too, also where neither says so yet.
    """
    excluded = dict(a.excluded)
    for technique, rules in b.excluded.items():
        excluded[technique] = tuple(dict.fromkeys((*excluded.get(technique, ()), *rules)))
    reasons = {**b.reasons, **a.reasons}
    cap = _lower(a.pressure_cap, b.pressure_cap)
    known = techniques or load_techniques()
    for each in known.by_id.values():
        if cap is not None and each.lightest > cap and each.id not in excluded:
            excluded[each.id] = ()
            reasons[each.id] = cap_sentence("", cap, each.id, known)
    return Restrictions(
        excluded=excluded,
        reasons=reasons,
        pressure_cap=cap,
        avoid=tuple(sorted({*a.avoid, *b.avoid})),
        positions=tuple(position for position in POSITIONS if position in {*a.positions, *b.positions}),
        max_minutes=_lower(a.max_minutes, b.max_minutes),
        extra_minutes=max(a.extra_minutes, b.extra_minutes),
    )


def _lower(a: int | None, b: int | None) -> int | None:
    given = [number for number in (a, b) if number is not None]
    return min(given, default=None)


def at_most(cap: int, techniques: Techniques) -> str:
    """Gives 'medium or lighter' for 3, and 'light' for 2."""
    word = techniques.pressure_word(cap)
    return word if cap <= 2 else f"{word} or lighter"


def exclusion_sentence(reason: str) -> str:
    """Gives the client's sentence for a technique that a rule names."""
    return f"We leave this out for now, as {reason}."


def cap_sentence(reason: str, cap: int, technique_id: str, techniques: Techniques) -> str:
    """Gives the client's sentence for a technique that starts above the pressure cap."""
    technique = techniques.by_id[technique_id]
    name = f"{technique.name[0].upper()}{technique.name[1:]}"
    start = f"{name} starts at {techniques.pressure_word(technique.lightest)}."
    keep = f"we keep it {at_most(cap, techniques)}. {start}"
    return f"As {reason}, {keep}" if reason else f"W{keep[1:]}"


def one_line(
    restrictions: Restrictions,
    questionnaire: Questionnaire | None = None,
    techniques: Techniques | None = None,
) -> str:
    """Gives the therapist's line: 'Medium at most. Not: left calf and heel. Side-lying.'"""
    parts = []
    if restrictions.pressure_cap is not None:
        word = (techniques or load_techniques()).pressure_word(restrictions.pressure_cap)
        parts.append(
            f"{word.capitalize()} at most." if restrictions.pressure_cap > 1 else f"{word.capitalize()} only."
        )
    if restrictions.avoid:
        parts.append(f"Not: {', '.join(area_names(restrictions.avoid, questionnaire))}.")
    parts.extend(f"{POSITIONS[position]}." for position in restrictions.positions)
    if restrictions.max_minutes is not None:
        parts.append(f"At most {restrictions.max_minutes} minutes.")
    return " ".join(parts) or "No limits."


def desk_line(restrictions: Restrictions, level: Level) -> str:
    """Gives what reception needs to know, without a health word."""
    if level.stops:
        return "Not to be booked"
    parts = [POSITIONS[position] for position in restrictions.positions if position in _FOR_THE_DESK]
    if restrictions.extra_minutes:
        parts.append(f"{restrictions.extra_minutes} minutes extra")
    if level is Level.CLEARANCE:
        parts.insert(0, "Needs clearance")
    first, *rest = parts or ["Ready"]
    return ", ".join([first, *(part[0].lower() + part[1:] for part in rest)])


def area_names(regions: tuple[str, ...], questionnaire: Questionnaire | None = None) -> tuple[str, ...]:
    """Gives short names for areas, several regions in one where they have one: 'lower legs'."""
    asked = questionnaire or load_questionnaire()
    left = set(regions)
    names = []
    for label, group in asked.region_groups:
        if group <= left:
            names.append(label)
            left -= group
    names.extend(region.label for region in asked.regions if region.id in left)
    return tuple(names)
