"""Spans: half-open stretches [start, end) of whole numbers, and the arithmetic of sets of them.

A tidy list of spans is sorted, holds no empty span, and no two of its spans overlap or touch.
The functions take spans in any order, overlapping or empty, and give tidy lists.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]


def merge(spans: Iterable[Span]) -> list[Span]:
    """Give the tidy list that covers exactly the same numbers."""
    merged: list[Span] = []
    last_start = last_end = 0
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= last_end:
            if end > last_end:
                last_end = end
                merged[-1] = (last_start, end)
        else:
            last_start, last_end = start, end
            merged.append((start, end))
    return merged


def subtract(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Give what is left of `spans` without `taken`."""
    left: list[Span] = []
    away = merge(taken)
    for start, end in merge(spans):
        at = start
        for low, high in away[bisect_right(away, start, key=_end) :]:
            if low >= end:
                break
            if low > at:
                left.append((at, low))
            at = high
        if at < end:
            left.append((at, end))
    return left


def intersect(one: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """Give what lies in both."""
    a, b = merge(one), merge(other)
    shared: list[Span] = []
    i = j = 0
    while i < len(a) and j < len(b):
        start, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if start < end:
            shared.append((start, end))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return shared


def contains(spans: Sequence[Span], start: int, end: int) -> bool:
    """Tell whether the whole of [start, end) lies inside one of the spans, given as a tidy list."""
    index = bisect_right(spans, start, key=_start) - 1
    return index >= 0 and end <= spans[index][1]


def _start(span: Span) -> int:
    return span[0]


def _end(span: Span) -> int:
    return span[1]
