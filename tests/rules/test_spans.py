"""Spans behave as the sets of whole numbers they stand for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clinic.kernel.spans import Span, contains, intersect, merge, subtract

untidy = st.lists(st.tuples(st.integers(-20, 40), st.integers(-20, 40)), max_size=8)


def numbers(spans: list[Span]) -> set[int]:
    return {number for start, end in spans for number in range(start, end)}


def is_tidy(spans: list[Span]) -> bool:
    apart = all(a[1] < b[0] for a, b in pairwise(spans))
    return apart and all(start < end for start, end in spans)


@given(untidy)
def test_merging_keeps_every_number_and_tidies(spans: list[Span]) -> None:
    merged = merge(spans)
    assert is_tidy(merged)
    assert numbers(merged) == numbers(spans)


@given(untidy, untidy)
def test_subtracting_leaves_what_the_other_does_not_hold(spans: list[Span], taken: list[Span]) -> None:
    left = subtract(spans, taken)
    assert is_tidy(left)
    assert numbers(left) == numbers(spans) - numbers(taken)


@given(untidy, untidy)
def test_intersecting_keeps_what_both_hold(one: list[Span], other: list[Span]) -> None:
    shared = intersect(one, other)
    assert is_tidy(shared)
    assert numbers(shared) == numbers(one) & numbers(other)


@given(untidy, st.integers(-20, 40), st.integers(1, 20))
def test_containing_means_every_number(spans: list[Span], start: int, length: int) -> None:
    whole = set(range(start, start + length))
    assert contains(merge(spans), start, start + length) == (whole <= numbers(spans))
