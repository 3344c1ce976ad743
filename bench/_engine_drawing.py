"""The picture of a run: bars of milliseconds on a logarithmic scale, readable on light and on dark paper."""

from __future__ import annotations

import math
from typing import Any
from xml.sax.saxutils import escape

NAMES = {"ours": "this engine", "sweep": "plain sweep in Python", "numpy": "bit set in numpy"}
WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 720, 196, 84, 18, 26, 56
# Colours with enough contrast on white and on near-black; the shades of bars differ in lightness too.
STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2a26 }
  .small { font-size: 12px; fill: #5a6660 }
  .rule { stroke: #c9d0cb }
  .ours { fill: #1f6b4f } .sweep { fill: #c07a4a } .numpy { fill: #8b97a8 }
  .spread { stroke: #1f2a26; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e8ece9 } .small { fill: #a9b3ad } .rule { stroke: #45504a }
    .ours { fill: #5fbf97 } .sweep { fill: #d99a6c } .numpy { fill: #9aa7b8 } .spread { stroke: #e8ece9 }
  }
"""


def draw(results: dict[str, Any]) -> str:
    """Give the picture of what `bench/engine.py` measured, as SVG."""
    sizes = results["sizes"]
    figures = [sizes[size][name] for size in sizes for name in NAMES]
    low = 10 ** math.floor(math.log10(min(each["best"] for each in figures)))
    high = 10 ** math.ceil(math.log10(max(each["worst"] for each in figures)))
    height = TOP + len(sizes) * (len(NAMES) * BAR + GAP) + 34

    def x(value: float) -> float:
        part = math.log10(value / low) / math.log10(high / low)
        return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)

    parts = [_legend(), _scale(low, high, x, height)]
    y = TOP
    for size, row in sizes.items():
        parts.append(f'<text x="8" y="{y + 24}">{size}: {row["therapists"]} therapists</text>')
        what = f"{row['days']} days, {row['starts']:,} starts"
        parts.append(f'<text class="small" x="8" y="{y + 42}">{what}</text>')
        for name in NAMES:
            parts.append(_bar(name, row[name], x, y))
            y += BAR
        y += GAP
    title = (
        "CPU milliseconds to find every free start of a clinic, by size: this engine, a plain sweep, numpy"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _legend() -> str:
    parts, at = [], LEFT
    for name, words in NAMES.items():
        parts.append(f'<rect class="{name}" x="{at}" y="12" width="12" height="12"/>')
        parts.append(f'<text class="small" x="{at + 18}" y="23">{words}</text>')
        at += 40 + 7 * len(words)
    return "".join(parts)


def _scale(low: float, high: float, x: Any, height: int) -> str:
    parts, value = [], low
    while value <= high * 1.001:
        at = x(value)
        parts.append(f'<line class="rule" x1="{at}" x2="{at}" y1="{TOP - 14}" y2="{height - 30}"/>')
        words = f"{value:g} ms"
        parts.append(f'<text class="small" x="{at}" y="{height - 12}" text-anchor="middle">{words}</text>')
        value *= 10
    return "".join(parts)


def _bar(name: str, figure: dict[str, float], x: Any, y: int) -> str:
    end, middle = x(figure["middle"]), y + BAR / 2 - 2
    best, worst = x(figure["best"]), x(figure["worst"])
    width = max(1, round(end - LEFT, 1))
    return (
        f'<rect class="{name}" x="{LEFT}" y="{y}" width="{width}" height="{BAR - 4}"/>'
        f'<line class="spread" x1="{best}" x2="{worst}" y1="{middle}" y2="{middle}"/>'
        f'<text class="small" x="{max(end, worst) + 6}" y="{middle + 4}">{figure["middle"]:.3g}</text>'
    )
