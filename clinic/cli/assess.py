"""`flask clinic assess FILE`: judges answers given as JSON and prints the outcome. Needs no database.

Reads `{"answers": {question id: value}}` (see `clinic.intake.answers`), or a list of these, from a file
or from standard input ('-'), and prints one JSON object, or a list of them:

    level, rules            the outcome and the ids of the matched rules
    excluded                technique -> rule ids, those whose pressure cap rules it out included;
                            at EMERGENCY and URGENT every technique. Pregnancy massage is listed only
                            where a rule rules it out: for people who are not pregnant no rule does,
                            and it is merely not recommended
    pressure_cap, avoid     1 to 5 or null; region ids
    client_messages, therapist_notes, send     texts in the words of the country
    release_by              reception, therapist or clinician at CLEARANCE, otherwise null
    recommendation          null at EMERGENCY and URGENT; otherwise best, also, scores, reasons,
                            minutes, cadence, provisional

Broken JSON, a wrong id, code or type ends with code 2 and one sentence that names it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from clinic.catalog.recommendation import Recommendation, recommend
from clinic.cli.files import parse_json, read_bytes
from clinic.intake.answers import BadAnswer, clean
from clinic.intake.locales import DEFAULT, Locale, load_locale, locales
from clinic.intake.rules import load_rules
from clinic.intake.triage import assess as judge
from clinic.kernel.errors import BadInput


def assess_text(text: str | bytes, locale: str = DEFAULT) -> object:
    """Gives plain data for JSON text: an object for an object, a list for a list; may raise BadInput."""
    data = parse_json(text)
    country = load_locale(locale)
    if not isinstance(data, list):
        return _assess_one(data, country)
    found = []
    for number, each in enumerate(data, start=1):
        try:
            found.append(_assess_one(each, country))
        except BadAnswer as error:
            raise BadAnswer(f"Entry {number}: {error.sentence}", error.field) from error
    return found


def _assess_one(data: object, country: Locale) -> dict[str, Any]:
    if not isinstance(data, dict) or "answers" not in data:
        raise BadAnswer("Each input must be an object with the key 'answers'.")
    rules = load_rules()
    answers = clean(data["answers"], rules.questionnaire)
    outcome = judge(rules, answers, country.tokens)
    return {
        "level": outcome.level.value,
        "rules": list(outcome.matched),
        "excluded": {technique: list(ids) for technique, ids in outcome.excluded.items()},
        "pressure_cap": outcome.pressure_cap,
        "avoid": list(outcome.avoid),
        "client_messages": list(outcome.client_messages),
        "therapist_notes": list(outcome.therapist_notes),
        "send": list(outcome.send),
        "release_by": outcome.release_by.value if outcome.release_by else None,
        "recommendation": _plain(recommend(answers, outcome)),
    }


def _plain(found: Recommendation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "best": found.best,
        "also": list(found.also),
        "rest": list(found.rest),
        "scores": dict(found.scores),
        "reasons": {technique: list(reasons) for technique, reasons in found.reasons.items()},
        "left_out": dict(found.left_out),
        "minutes": found.minutes,
        "cadence": found.cadence,
        "cadence_text": found.cadence_text,
        "provisional": found.provisional,
        "advice": list(found.advice),
    }


@click.command("assess")
@click.argument("file")
@click.option("--locale", type=click.Choice(sorted(locales())), default=DEFAULT, help="The country's words.")
def assess(file: str, locale: str) -> None:
    """Judge the answers in FILE ('-' for standard input) and print the outcome as JSON."""
    try:
        found = assess_text(read_bytes(file), locale)
    except BadInput as error:
        click.echo(error.sentence, err=True)
        sys.exit(2)
    click.echo(json.dumps(found, indent=2))
