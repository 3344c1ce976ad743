"""What a clinician still has to decide about a version of the rules, and what the rules do meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clinic.intake.loading import CONTENT, ContentError, Entry, read_content, refuse_doubles
from clinic.intake.rules import Rules, load_rules


@dataclass(frozen=True, slots=True)
class OpenDecision:
    """One question to a clinician: `now` is what is done until it is answered, `open` why it is not plain."""

    id: str
    question: str
    now: str
    open: str
    rules: tuple[str, ...]


def read_open_decisions(path: Path, rules: Rules | None = None) -> tuple[OpenDecision, ...]:
    """Gives the decisions of a file; raises ContentError for one that names a rule that does not exist.

    The rules are those of the version that the file names, unless they are given.
    """
    file = read_content(path)
    top = Entry(file.name, file.data)
    version, rules_version = top.text("version"), top.text("rules")
    if version != path.stem:
        raise ContentError(file.name, f"says inside that it is {version}")
    known = frozenset(rule.id for rule in (rules or load_rules(rules_version)).rules)
    found = []
    for row in top.rows("decision"):
        entry = Entry(f"{file.name} decision", row)
        entry.where = f"{file.name} {entry.text('id')}"
        found.append(
            OpenDecision(
                entry.text("id"),
                entry.text("question"),
                entry.text("now"),
                entry.text("open"),
                entry.texts("rules", known),
            )
        )
        entry.finish()
    top.finish()
    refuse_doubles(file.name, [each.id for each in found])
    return tuple(found)


def open_decisions(rules: Rules) -> tuple[OpenDecision, ...]:
    """Gives what is open about these rules; nothing where no file says anything about their version."""
    path = CONTENT / "open_decisions" / f"{rules.version}.toml"
    return read_open_decisions(path, rules) if path.exists() else ()
