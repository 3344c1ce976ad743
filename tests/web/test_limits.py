"""How often one address may try: counters that begin anew, and never grow with who has long gone."""

from __future__ import annotations

import threading

from clinic.web.limits import Counts


def test_a_key_is_counted_until_its_time_is_over() -> None:
    counts = Counts()
    assert [counts.incr("a", 3600) for _try in range(3)] == [1, 2, 3]
    assert (counts.get("a"), counts.get("b")) == (3, 0)
    assert [counts.incr("over at once", 0) for _try in range(3)] == [1, 1, 1]
    assert counts.get("over at once") == 0
    counts.clear("a")
    assert counts.incr("a", 3600) == 1


def test_what_is_over_is_forgotten_however_many_addresses_come() -> None:
    counts = Counts()
    kept = [f"kept {number}" for number in range(10)]
    for key in kept:
        counts.incr(key, 3600)
    for number in range(20 * Counts.FEWEST):
        counts.incr(f"gone {number}", 0)
    assert all(counts.get(key) == 1 for key in kept)
    assert (counts.reset() or 0) <= Counts.FEWEST + 1
    assert counts.get(kept[0]) == 0


def test_threads_lose_no_count() -> None:
    counts = Counts()
    threads = [
        threading.Thread(target=lambda: [counts.incr("a", 3600) for _try in range(500)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.get("a") == 8 * 500
