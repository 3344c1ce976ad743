"""The pictures of the pages' speed and of growth: bars from nought, readable on light and on dark paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, BAR, HEAD, GAP = 720, 200, 190, 20, 34, 18
# The colours of the picture of the engine, and a dashed stroke for what is aimed for.
STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2a26 }
  .small { font-size: 12px; fill: #5a6660 } .head { font-weight: 600 }
  .ours { fill: #1f6b4f } .plain { fill: #8b97a8 }
  .spread { stroke: #1f2a26; stroke-width: 1.5 } .aim { stroke: #c07a4a; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e8ece9 } .small { fill: #a9b3ad }
    .ours { fill: #5fbf97 } .plain { fill: #9aa7b8 } .spread { stroke: #e8ece9 } .aim { stroke: #d99a6c }
  }
"""
DATABASES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
KINDS = {
    "select": "one select", "day": "a day's times", "week": "a week's times",
    "insert": "one insert", "hold": "holding a time", "confirm": "booking it",
}  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """A value with its spread; `is_plain` for what is there to compare with, `aim` where it should reach."""

    label: str
    middle: float
    low: float
    high: float
    words: str
    is_plain: bool = False
    aim: float | None = None

    @property
    def end(self) -> float:
        return max(self.middle, self.high, self.aim or 0)


def draw(title: str, groups: Sequence[tuple[str, Sequence[Bar]]], note: str) -> str:
    """Give groups of bars as SVG, each group on a scale of its own that begins at nought."""
    parts, y = [], 8
    for heading, bars in groups:
        parts.append(f'<text class="head" x="8" y="{y + 20}">{escape(heading)}</text>')
        y += HEAD
        scale = (WIDTH - LEFT - RIGHT) / max(bar.end for bar in bars)
        for bar in bars:
            parts += _bar(bar, y, scale)
            y += BAR
        y += GAP
    parts.append(f'<text class="small" x="8" y="{y + 8}">{escape(note)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 24}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _bar(bar: Bar, y: int, scale: float) -> list[str]:
    def x(value: float) -> float:
        return round(LEFT + value * scale, 1)

    middle = y + BAR / 2 - 2
    kind, width = "plain" if bar.is_plain else "ours", max(1.0, x(bar.middle) - LEFT)
    parts = [
        f'<text x="24" y="{y + 13}">{escape(bar.label)}</text>',
        f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 4}"/>',
        f'<line class="spread" x1="{x(bar.low)}" x2="{x(bar.high)}" y1="{middle}" y2="{middle}"/>',
    ]
    if bar.aim is not None:
        parts.append(
            f'<line class="aim" x1="{x(bar.aim)}" x2="{x(bar.aim)}" y1="{y - 2}" y2="{y + BAR - 2}"/>'
        )
    parts.append(f'<text class="small" x="{x(bar.end) + 6}" y="{middle + 4}">{escape(bar.words)}</text>')
    return parts


def pages(found: dict[str, Any], against: dict[str, str], goals: dict[str, float]) -> str:
    """Give the picture of `bench/pages.py`: requests a second, beside the plain select and insert."""
    groups = []
    for name, sizes in found["databases"].items():
        for size, told in sizes.items():
            for clients, kinds in told["clients"].items():
                heading = f"{DATABASES[name]}, {told['therapists']} therapists, {clients} at once"
                groups.append((heading, [_rate(kind, kinds, against, goals, size) for kind in kinds]))
    title = "Requests a second: times of a day and a week, holding, booking, beside one select and one insert"
    return draw(
        title, groups, "Requests a second. Thin line: slowest to quickest round. Dashed: what is aimed for."
    )


def _rate(
    kind: str, kinds: dict[str, Any], against: dict[str, str], goals: dict[str, float], size: str
) -> Bar:
    rate, plain = kinds[kind]["per_second"], against.get(kind)
    aim = (
        kinds[plain]["per_second"]["median"] * goals[kind]
        if plain and kind in goals and size == "M"
        else None
    )
    words = f"{rate['median']:,.0f}, p95 {kinds[kind]['p95_ms']['median']:,.0f} ms"
    return Bar(KINDS[kind], rate["median"], rate["low"], rate["high"], words, plain is None, aim)


def growth(found: dict[str, Any]) -> str:
    """Give the picture of `bench/growth.py`: milliseconds of a page in clinics of many sizes."""
    groups = []
    for name, rows in found["databases"].items():
        for which, clinics in rows.items():
            for kind in ("day", "week"):
                heading = f"{DATABASES[name]}, {KINDS[kind]}, growing {which}"
                groups.append((heading, [_size(which, kind, each) for each in clinics]))
    title = (
        "Milliseconds for the times of a day and of a week, with ever more past appointments and therapists"
    )
    return draw(title, groups, "Milliseconds of one client. Thin line: quickest to slowest round.")


def _size(which: str, kind: str, told: dict[str, Any]) -> Bar:
    time = told[kind]["p50_ms"]
    label = f"{told['past']:,} past" if which == "past" else f"{told['therapists']:,} therapists"
    words = f"{time['median']:,.1f} ms, {told[kind]['statements']} statements"
    return Bar(label, time["median"], time["low"], time["high"], words)
