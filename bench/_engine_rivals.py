"""What the engine is measured against: a plain interval sweep in Python, and a bit set in numpy as the floor.

Both find for each therapist the starts at which a session of `LENGTH` minutes and a rest of `AFTER` fit in.
Each gets its input in the form that suits it, made outside the clock: lists of spans for the sweep, arrays of
squares of `GRID` minutes for numpy (it can do so because every time of the made-up clinics lies on that grid,
which the engine may not count on).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench._engine_clinics import AFTER, GRID, LENGTH, Clinic
from clinic.kernel.spans import Span


def sweep(clinic: Clinic) -> list[list[int]]:
    """Every therapist's starts, by one walk along hours and diary."""
    return [_sweep_one(each.working, each.busy) for each in clinic.therapists]


def _sweep_one(working: list[Span], busy: list[Span]) -> list[int]:
    found: list[int] = []
    need, index, count = LENGTH + AFTER, 0, len(busy)
    for opens, closes in working:
        while index < count and busy[index][1] <= opens:
            index += 1
        at, position = opens, index
        while True:
            if position < count and busy[position][0] < closes:
                low, high = busy[position]
                position += 1
                is_last = False
            else:
                low = high = closes
                is_last = True
            if low - at >= need:
                found.extend(range(-(-at // GRID) * GRID, low - need + 1, GRID))
            if high > at:
                at = high
            if is_last:
                break
    return found


def numpy_bit_set(clinic: Clinic) -> tuple[Callable[[], np.ndarray], Callable[[np.ndarray], list[list[int]]]]:
    """The search over all therapists at once, and what turns its answer into starts, to compare."""
    base = clinic.grid[0]
    # Room between two therapists, so that no session reaches from one's last square into another's first.
    width = len(clinic.grid) + (LENGTH + AFTER) // GRID
    squares = len(clinic.therapists) * width

    def placed(spans: list[tuple[int, Span]]) -> tuple[np.ndarray, np.ndarray]:
        ends = np.array([[(low - base) // GRID, (high - base) // GRID] for _, (low, high) in spans])
        rows = np.array([row for row, _ in spans]) * width
        return ends[:, 0] + rows, ends[:, 1] + rows

    opens, closes = placed([(n, span) for n, each in enumerate(clinic.therapists) for span in each.working])
    lows, highs = placed([(n, span) for n, each in enumerate(clinic.therapists) for span in each.busy])

    def search() -> np.ndarray:
        steps = np.zeros(squares + 1, np.int8)
        steps[opens] += 1
        steps[closes] -= 1
        steps[lows] -= 1
        back = np.zeros(squares + 1, np.int8)
        back[highs] += 1
        free = np.cumsum(steps + back, dtype=np.int8)[:squares] > 0
        have, need = 1, (LENGTH + AFTER) // GRID
        while have < need:  # a run of n free squares, by doubling
            step = min(have, need - have)
            free[:-step] &= free[step:]
            have += step
        return np.flatnonzero(free)

    def as_starts(answer: np.ndarray) -> list[list[int]]:
        rows, columns = np.divmod(answer, width)
        found: list[list[int]] = [[] for _ in clinic.therapists]
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            found[row].append(base + column * GRID)
        return found

    return search, as_starts


def exponent(sizes: list[int], times: list[float]) -> float:
    """How cost grows with size, fitted through all that was measured: 1 is in step, 2 is with the square."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
