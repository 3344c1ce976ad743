"""`flask clinic rules ...`: which version judges, what another would change, and bringing it into force.

    list               the versions, which one is in force and since when
    check              are the files what was published? leaves with 1 when not
    diff OLD NEW       what is said otherwise, rule by rule and question by question
    replay NEW         whose outcome would change, over all intakes that are kept
    publish NEW        check, replay, then bring into force
    print [VERSION]    the rules in words, for a clinician to sign: docs/clinical-rules.md

`diff` and `print` need no database. A replay opens health answers: that is written into the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from clinic.cli.context import engine
from clinic.cli.progress import Progress
from clinic.db import transaction
from clinic.intake import checking, publishing, replay
from clinic.intake.comparing import Change, How, VersionsCompared, compare_versions
from clinic.intake.loading import ContentError
from clinic.intake.plain_words import load_names
from clinic.intake.printing import as_markdown
from clinic.intake.replay import Replayed
from clinic.intake.rule_sheet import rule_sheet
from clinic.intake.rules import CURRENT, Rules
from clinic.kernel import clock, signs
from clinic.kernel.errors import BadInput, WrongState
from clinic.people.models import RoleName, User

_ACTOR = "system"


@click.group("rules")
def rules() -> None:
    """The versions of the rules: look, compare, replay, publish, print."""


def _told(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose refusals are told in one sentence, with code 2."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except ContentError as error:
            _refuse(f"{error}.")
        except (BadInput, WrongState) as refusal:
            _refuse(refusal.sentence)

    return told


def _refuse(sentence: str) -> None:
    click.echo(sentence, err=True)
    raise click.exceptions.Exit(2)


@rules.command("list")
@with_appcontext
def list_versions() -> None:
    """List the versions, the newest first, and say which is in force since when."""
    with Session(engine()) as session:
        published = publishing.publications(session)
    in_force = published[0] if published else None
    for version in publishing.versions():
        said = [f"published {each.published_at:%Y-%m-%d %H:%M} UTC" for each in published
                if each.rules_version == version]  # fmt: skip
        words = "; ".join(reversed(said)) or "not published"
        mark = "*" if in_force and in_force.rules_version == version else " "
        click.echo(f"{mark} {version}  {words}")
    if in_force is None:
        click.echo(f"Nothing is published yet, so {CURRENT}, which came with the code, is in force.")


@rules.command("check")
@with_appcontext
def check() -> None:
    """Read every version and compare it with what was listed and published; leaves with 1 on any fault."""
    with Session(engine()) as session:
        _check(session)
    click.echo("Every version can be read and is what was published.")


def _check(session: Session) -> None:
    faults = checking.faults(publishing.publications(session))
    for fault in faults:
        click.echo(fault)
    if faults:
        raise click.exceptions.Exit(1)


@rules.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@_told
def diff(old: str, new: str, as_json: bool) -> None:
    """Say what version NEW says otherwise than OLD."""
    before, after = publishing.version_on_disk(old), publishing.version_on_disk(new)
    found = compare_versions(before, after, load_names(before), load_names(after))
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        _print_diff(found)


def _print_diff(found: VersionsCompared) -> None:
    if found.is_same:
        click.echo(f"{found.new} says and judges the same as {found.old}.")
    for what, changes in (
        ("rule", found.rules), ("question", found.questions), ("technique", found.techniques),
    ):  # fmt: skip
        for change in changes:
            _print_change(what, change)


def _print_change(what: str, change: Change) -> None:
    click.echo(f"{what} {change.id}: {change.how.value}")
    if change.how is How.CHANGED:
        for each in change.differences:
            click.echo(f"  {each.what}")
            click.echo(f"    - {each.before or '(nothing)'}")
            click.echo(f"    + {each.after or '(nothing)'}")


@rules.command("replay")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--limit", type=click.IntRange(min=0), default=replay.LISTED, show_default=True,
              help="How many changed intakes to tell one by one.")  # fmt: skip
@with_appcontext
@_told
def replay_versions(new: str, as_json: bool, limit: int) -> None:
    """Judge all kept intakes again by version NEW and say whose outcome would change."""
    with Session(engine(), expire_on_commit=False) as session:
        found = _replay(session, publishing.version_on_disk(new), _ACTOR, limit)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        _print_replay(found)


def _replay(session: Session, new: Rules, actor: str, limit: int) -> Replayed:
    with transaction(session):
        replay.record(session, clock.now(), actor)
    in_force = publishing.current_rules(session)
    with Progress("Judging again") as bar:
        return replay.replay(session, new, in_force, limit=limit, progress=bar.show)


def _print_replay(found: Replayed) -> None:
    click.echo(f"{found.number} intakes judged again by {found.version}: {found.number_changed} change.")
    if found.new_questions:
        click.echo(f"Not asked so far, so counted as none: {', '.join(found.new_questions)}.")
    if found.levels:
        click.echo("\nlevel before   after         intakes")
    for (before, after), number in found.by_level():
        mark = " " if before is after else "*"
        click.echo(f"{before:<12} → {after:<12}{number:>9} {mark}")
    for words, counted in (("newly matches", found.gained), ("no longer matches", found.lost)):
        for rule, number in counted.most_common():
            click.echo(f"{rule} {words}: {number}")
    for limit, number in found.limits.most_common():
        click.echo(f"{limit}, other than before: {number}")
    for why, number in sorted(found.not_replayed.items()):
        click.echo(f"{number} cannot be replayed. {why}")
    for number, change in found.changed:
        told = [f"+{rule}" for rule in change.gained] + [f"−{rule}" for rule in change.lost]
        words = "; ".join([*([" ".join(told)] if told else []), *change.limits])
        click.echo(f"intake {number}: {change.before} → {change.after}; {words}")
    if left := found.number_changed - len(found.changed):
        click.echo(f"... and {left} more (--limit).")


@rules.command("publish")
@click.argument("new")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--by", "email", help="E-mail of the sign-in on whose word it is published.")
@click.option("--note", default="", help="Who signed, and what was decided; no names of clients.")
@with_appcontext
@_told
def publish(new: str, yes: bool, email: str | None, note: str) -> None:
    """Bring version NEW into force, after a check, a replay and a question."""
    signs.check(note)
    with Session(engine(), expire_on_commit=False) as session:
        _check(session)
        actor = _actor(session, email)
        version = publishing.version_on_disk(new)
        publishing.refuse_to_publish(session, version)
        _print_replay(_replay(session, version, actor, replay.LISTED))
        if not yes and _typed(f"Type {new} to bring it into force") != new:
            raise click.ClickException("Nothing was published.")
        with transaction(session):
            publishing.publish(session, clock.now(), new, actor, note)
    click.echo(f"Version {new} is in force.")


def _typed(words: str) -> str:
    typed: str = click.prompt(words, default="", show_default=False)
    return typed.strip()


def _actor(session: Session, email: str | None) -> str:
    if email is None:
        return _ACTOR
    is_mine = sa.and_(User.email == email.strip().lower(), User.is_active)
    user = session.scalar(sa.select(User).where(is_mine)) if signs.is_keepable(email) else None
    if user is None or RoleName.OWNER not in user.role_names:
        raise click.ClickException(f"No owner signs in with {email}.")
    return f"user:{user.id}"


@rules.command("print")
@click.argument("version", default=CURRENT)
@_told
def print_rules(version: str) -> None:
    """Print VERSION in words, as Markdown; the one that came with the code when left out."""
    click.echo(as_markdown(rule_sheet(publishing.version_on_disk(version))), nl=False)
