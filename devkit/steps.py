"""Steps of a set-up: one line each, with its time, alive while it works."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Problem(Exception):
    """Why dev.py cannot go on, as one sentence for whoever started it."""


class ToolFailed(Exception):
    """A program that a step ran ended badly; carries what it printed."""

    def __init__(self, output: str) -> None:
        super().__init__(output)
        self.output = output


@contextlib.contextmanager
def step(words: str, otherwise: str = "did not work") -> Iterator[None]:
    """Prints one line for a piece of work: a dot every two seconds while it lasts, then its time.

    Where the work raises, the line ends with `otherwise` instead.
    """
    began = time.monotonic()
    done = threading.Event()

    def show_life() -> None:
        while not done.wait(2):
            print(".", end="", flush=True)

    print(f"  {words} ", end="", flush=True)
    life = threading.Thread(target=show_life, daemon=True)
    life.start()
    ending = otherwise
    try:
        yield
        ending = f"{time.monotonic() - began:.1f} s"
    finally:
        done.set()
        life.join()
        print(f" {ending}", flush=True)


def tool(command: Sequence[str], **environment: str) -> str:
    """What the program printed; raises ToolFailed with it where the program ends badly."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise ToolFailed(done.stdout)
    return done.stdout
