"""How often one address may try. Kept in the memory of each process."""

from __future__ import annotations

import threading

from flask import g
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits.storage import Storage

from clinic.kernel import clock


def _seconds() -> float:
    return clock.now().timestamp()


class Counts(Storage):
    """Counters that start anew when their time is over.

    The library's own look through all of them in a thread of their own for nearly every request, which is
    what somebody who comes from many addresses would like. These are tidied up whenever they have doubled.
    """

    STORAGE_SCHEME = ["counts"]
    FEWEST = 1000

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: str) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._turn = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        self._tidy_at = self.FEWEST

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """One more for a key, whose time (seconds) begins with the first; how many there are."""
        now = _seconds()
        with self._turn:
            count, until = self._counts.get(key, (0, 0.0))
            if until <= now:
                count, until = 0, now + expiry
            self._counts[key] = (count + amount, until)
            if len(self._counts) > self._tidy_at:
                self._counts = {key: each for key, each in self._counts.items() if each[1] > now}
                self._tidy_at = max(self.FEWEST, 2 * len(self._counts))
            return count + amount

    def get(self, key: str) -> int:
        """How many there are, of a key whose time is not over."""
        count, until = self._counts.get(key, (0, 0.0))
        return count if until > _seconds() else 0

    def get_expiry(self, key: str) -> float:
        """When a key's time is over (seconds since the epoch); now for one that has none."""
        return self._counts.get(key, (0, _seconds()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        """Forgets everything; how many keys that were."""
        with self._turn:
            forgotten, self._counts = len(self._counts), {}
        return forgotten

    def clear(self, key: str) -> None:
        with self._turn:
            self._counts.pop(key, None)


limiter = Limiter(get_remote_address, storage_uri="counts://", headers_enabled=False)


@limiter.request_filter
def is_counted_already() -> bool:
    """A request that is asked once more (`once_more`) counts once."""
    return bool(g.get("is_asked_again", False))
