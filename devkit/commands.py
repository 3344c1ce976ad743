"""The command line of dev.py."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from devkit import mutating, serving, testing
from devkit.setup import set_up
from devkit.steps import Problem

COMMANDS = ("run", "setup", "test", "check", "bench", "mutate")


def main(words: Sequence[str]) -> int:
    """The exit code of the command; a Problem becomes one sentence on standard error."""
    options = _parse(words)
    try:
        return _carry_out(options)
    except Problem as problem:
        print(f"dev.py: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _carry_out(options: argparse.Namespace) -> int:
    if options.command == "run":
        serving.refuse_taken_port(options.host, options.port)
        set_up(for_tests=False)
        return serving.run(options.host, options.port)
    if options.command == "setup":
        set_up(for_tests=False)
        return 0
    if options.command == "test":
        browser = testing.find_browser_or_refuse()
        set_up(for_tests=True)
        return testing.test(options.db, browser, options.rest)
    if options.command == "bench":
        programs = testing.bench_programs()
        if programs:
            set_up(for_tests=True)
        return testing.bench(programs, options.rest)
    if options.command == "mutate":
        set_up(for_tests=True)
        return mutating.mutate()
    set_up(for_tests=True)
    return testing.check()


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py", description="Set up, start and check the clinic.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="|".join(COMMANDS))
    running = commands.add_parser("run", help="set up on first use, then serve the clinic")
    running.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    running.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
    commands.add_parser("setup", help="only bring what is needed to serve, for a server of its own")
    test = commands.add_parser("test", help="all tests; further words go to pytest")
    test.add_argument("--db", choices=("sqlite", "postgres"), help="everything on this one alone")
    commands.add_parser("check", help="lint, layout, types, import rule, templates")
    commands.add_parser("bench", help="the measurements in bench/; further words go to each")
    commands.add_parser("mutate", help="change the rules' code bit by bit and see that the tests notice")
    options, rest = parser.parse_known_args(words)
    if rest and options.command in ("run", "setup", "check", "mutate"):
        parser.error(f"{options.command} does not know {' '.join(rest)}")
    options.rest = rest
    return options
