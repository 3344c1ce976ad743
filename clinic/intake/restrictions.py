"""What a session must keep to: techniques left out, pressure, areas, positions, length. Plain data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from clinic.intake.level import Level
from clinic.intake.questionnaire import Questionnaire, load_questionnaire
from clinic.intake.techniques import Techniques, load_techniques

LIGHT, FIRMEST = 2, 5
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
    `area_caps` gives for a region a cap of its own, 1 to 5; a region to avoid has none.
    """

    excluded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    pressure_cap: int | None = None
    avoid: tuple[str, ...] = ()
    area_caps: Mapping[str, int] = field(default_factory=dict)
    positions: tuple[str, ...] = ()
    max_minutes: int | None = None
    extra_minutes: int = 0

    def cap_on(self, region: str) -> int | None:
        """Gives the pressure that a region may have at most, or None; 0 where it is to be avoided."""
        return 0 if region in self.avoid else _lower(self.pressure_cap, self.area_caps.get(region))

    @property
    def light_areas(self) -> tuple[str, ...]:
        """The regions for a light touch only, where the rest may be firmer; sorted."""
        return tuple(region for region, cap in self.lower_caps() if cap <= LIGHT)

    def lower_caps(self) -> list[tuple[str, int]]:
        """The regions whose own cap lies below that of the whole body."""
        whole = self.pressure_cap or FIRMEST
        return [
            (region, self.area_caps[region])
            for region in sorted(self.area_caps)
            if self.area_caps[region] < whole
        ]

    def to_json(self) -> dict[str, Any]:
        """Gives plain data for keeping; `from_json` reads it back equal."""
        return {
            "excluded": {technique: list(rules) for technique, rules in self.excluded.items()},
            "reasons": dict(self.reasons),
            "pressure_cap": self.pressure_cap,
            "avoid": list(self.avoid),
            "area_caps": dict(self.area_caps),
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
            area_caps=dict(sorted(data.get("area_caps", {}).items())),
            positions=tuple(data.get("positions", ())),
            max_minutes=data.get("max_minutes"),
            extra_minutes=data.get("extra_minutes", 0),
        )


def combine(a: Restrictions, b: Restrictions, techniques: Techniques | None = None) -> Restrictions:
    """Gives both at once: nothing that either rules out, the lower cap, also of each area, all areas of both.

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
    avoid = {*a.avoid, *b.avoid}
    return Restrictions(
        excluded=excluded,
        reasons=reasons,
        pressure_cap=cap,
        avoid=tuple(sorted(avoid)),
        area_caps=lowest_caps([*a.area_caps.items(), *b.area_caps.items()], avoid),
        positions=tuple(position for position in POSITIONS if position in {*a.positions, *b.positions}),
        max_minutes=_lower(a.max_minutes, b.max_minutes),
        extra_minutes=max(a.extra_minutes, b.extra_minutes),
    )


def lowest_caps(caps: Iterable[tuple[str, int]], avoid: Collection[str]) -> dict[str, int]:
    """Gives the lowest cap of each region, sorted; what is to be avoided needs none."""
    lowest: dict[str, int] = {}
    for region, cap in sorted(caps):
        if region not in avoid:
            lowest.setdefault(region, cap)
    return lowest


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
    """Gives the therapist's line: 'Medium at most. Not: tummy. Light only: lower legs. Side-lying.'"""
    known = techniques or load_techniques()
    parts = []
    if restrictions.pressure_cap is not None:
        word = known.pressure_word(restrictions.pressure_cap).capitalize()
        parts.append(f"{word} at most." if restrictions.pressure_cap > 1 else f"{word} only.")
    if restrictions.avoid:
        parts.append(f"Not: {', '.join(area_names(restrictions.avoid, questionnaire))}.")
    for words, areas in lighter_areas(restrictions, questionnaire, known):
        parts.append(f"{words}: {', '.join(areas)}.")
    parts.extend(f"{POSITIONS[position]}." for position in restrictions.positions)
    if restrictions.max_minutes is not None:
        parts.append(f"At most {restrictions.max_minutes} minutes.")
    return " ".join(parts) or "No limits."


def lighter_areas(
    restrictions: Restrictions,
    questionnaire: Questionnaire | None = None,
    techniques: Techniques | None = None,
) -> list[tuple[str, tuple[str, ...]]]:
    """Gives where hands must be lighter than elsewhere, lightest first: ('Light only', ('lower legs',))."""
    known = techniques or load_techniques()
    by_cap: dict[int, list[str]] = {}
    for region, cap in restrictions.lower_caps():
        by_cap.setdefault(cap, []).append(region)
    return [
        (
            f"{known.pressure_word(cap).capitalize()} {'only' if cap <= LIGHT else 'at most'}",
            area_names(tuple(by_cap[cap]), questionnaire),
        )
        for cap in sorted(by_cap)
    ]


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
