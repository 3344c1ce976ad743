"""Showing how far a long command is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

import click

_EVERY_PERCENT = 25


class Progress:
    """What is given to the work as `progress`: `show(done, all)`. Writes to standard error."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Any = None
        self._told = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.__exit__(kind, error, trace)

    def show(self, done: int, all_of_it: int) -> None:
        """Says that `done` of `all_of_it` are done; both count the same things."""
        if sys.stderr.isatty():
            self._draw(done, all_of_it)
        else:
            self._tell(done, all_of_it)

    def _draw(self, done: int, all_of_it: int) -> None:
        if self._bar is None:
            self._bar = click.progressbar(
                length=all_of_it, label=self._label, file=sys.stderr, show_percent=True
            )
            self._bar.__enter__()
        self._bar.update(done - self._bar.pos)

    def _tell(self, done: int, all_of_it: int) -> None:
        percent = 100 * done // all_of_it if all_of_it else 100
        step = percent // _EVERY_PERCENT
        if step > self._told:
            self._told = step
            click.echo(f"{self._label}: {percent} % ({done} of {all_of_it})", err=True)
