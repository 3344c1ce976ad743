"""The rule sheet as Markdown: docs/clinical-rules.md is this, word for word. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clinic.intake.rule_sheet import STATUS, Part, RuleInWords, RuleSheet

PURPOSE = (
    "Deciding whether and how a massage can be booked. It finds no illness, shows no diagnosis and no score, "
    "and recommends no treatment."
)
_MADE = (
    "Made from the rules themselves by [a command](operations.md#the-rules); an edit of this page would be "
    "lost."
)
COMBINING = (
    "The highest level of all rules that match decides. Every limit of the others still counts.",
    "What any rule leaves out is left out. Of several limits on pressure or length the lowest counts, of "
    "several on added minutes the highest. Areas add up, with those that the client wants left alone.",
    "A technique that starts firmer than the pressure allowed is left out too.",
    "A question that was not answered, or not asked, counts as 'none of these'. So 'not' and 'none of' hold "
    "for it.",
    "Page one is judged by itself at once, as far as no later answer can change what was found.",
    "A hold is lifted by a person, who gives a reason, limits and the last day it counts. Limits of other "
    "rules stay.",
    "An EMERGENCY is never lifted. A therapist may always decline.",
)
_SIGNING = """\
I have read this version of the rules. It may be used for deciding whether and how a massage can be \
booked, with the changes and decisions that are written here or on a page of their own.

| | |
|---|---|
| Version | {version} |
| Name | |
| Profession | |
| Registered with, number | |
| Decisions taken (D1, D2 …) | |
| What is to be changed | |
| To be looked at again by | |
| Date | |
| Signature | |
"""


def as_markdown(sheet: RuleSheet) -> str:
    """Gives the whole page, ending with a line break."""
    return "\n".join(_lines(sheet)) + "\n"


def _lines(sheet: RuleSheet) -> Iterator[str]:
    yield f"# The clinical rules, version {sheet.version}"
    yield ""
    yield f"{_MADE} **No clinician has reviewed this version yet.**"
    yield ""
    yield f"**What it is for.** {PURPOSE} See [intended purpose](intended-purpose.md)."
    yield ""
    yield from _table(
        ("", "version", "SHA-256 of the file"),
        [
            (f"{sheet.number} rules", sheet.version, sheet.digest),
            ("questions", sheet.questionnaire_version, sheet.questionnaire_digest),
        ],
    )
    yield "## How a level is found"
    yield ""
    yield from _table(
        ("level", "what it means", "rules"),
        [(part.level.value, part.meaning, str(len(part.rules))) for part in sheet.parts],
    )
    yield from (f"- {sentence}" for sentence in COMBINING)
    yield ""
    yield "## Names used below"
    yield ""
    yield "Words in capitals stand for these answers. “Question” → “answer” is what the client chose."
    yield ""
    yield from _table(("name", "means"), sheet.names)
    for part in sheet.parts:
        yield from _part(part)
    yield from _settings(sheet)
    yield "## Open decisions"
    yield ""
    yield "What a registered clinician is asked to decide, and what is done until then."
    yield ""
    yield from _table(
        ("", "question", "now", "why it is open", "rules"),
        [(each.id, each.question, each.now, each.open, ", ".join(each.rules)) for each in sheet.decisions],
    )
    yield "## Sources"
    yield ""
    yield from _table(
        ("key", "source", "where it was seen", "used for", "status"),
        [(each.id, each.citation, each.seen, each.used_for, each.status) for each in sheet.sources],
    )
    yield "; ".join(f"{key}: {words}" for key, words in STATUS.items()) + "."
    yield ""
    yield "## Signature"
    yield ""
    yield _SIGNING.format(version=sheet.version).rstrip()


def _part(part: Part) -> Iterator[str]:
    yield f"## {part.level.value}"
    yield ""
    yield part.meaning
    yield ""
    yield from _table(
        ("rule", "holds when", "what follows", "what is said"),
        [(f"**{rule.id}**", _when(rule), _effects(rule), _texts(rule)) for rule in part.rules],
    )


def _when(rule: RuleInWords) -> str:
    if not rule.head:
        return rule.lines[0]
    return "<br>".join([f"*{rule.head}*", *(f"• {line}" for line in rule.lines)])


def _effects(rule: RuleInWords) -> str:
    send = [f"Send to: {rule.send}"] if rule.send else []
    return "<br>".join([*rule.effects, *send]) or "–"


def _texts(rule: RuleInWords) -> str:
    said = [
        ("Client", rule.client),
        ("Reason", rule.reason),
        ("Therapist", rule.therapist),
        ("Sources", ", ".join(rule.sources)),
    ]
    return "<br>".join(f"*{who}:* {text}" for who, text in said if text)


def _settings(sheet: RuleSheet) -> Iterator[str]:
    yield "## Techniques and pressure"
    yield ""
    yield from _table(("technique", "lightest", "firmest"), sheet.techniques)
    yield "## Ages, figures and lengths of time"
    yield ""
    yield "Set by custom; none of them rests on a trial."
    yield ""
    yield from _table(("what", "rules"), sheet.windows)
    if sheet.lives:
        yield "## How long answers hold"
        yield ""
        yield "After that a returning client is asked again. They too are custom."
        yield ""
        yield from _table(("question", "its answers hold"), sheet.lives)
    yield "## Words of a country"
    yield ""
    yield from _table(
        ("country", "emergency number", "emergency department", "urgent line"),
        [(c.name, c.emergency_number, c.emergency_department, c.urgent_line) for c in sheet.countries],
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = tuple(head)
    yield _row(head)
    yield "|" + "---|" * len(head)
    for row in rows:
        yield _row(row)
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
