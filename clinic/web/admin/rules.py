"""The rules that judge: which version is in force, what is open about it, and all of it ready for paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue

from clinic.intake import checking, publishing
from clinic.intake.loading import ContentError
from clinic.intake.models import Publication
from clinic.intake.open_decisions import OpenDecision, open_decisions
from clinic.intake.printing import COMBINING, PURPOSE
from clinic.intake.rule_sheet import STATUS, rule_sheet
from clinic.intake.rules import CURRENT, Rules
from clinic.kernel.errors import NotFound
from clinic.people import accounts
from clinic.web import access, context, database
from clinic.web.admin.blueprint import blueprint


@dataclass(frozen=True, slots=True)
class Version:
    """One version on disk; `number` of its rules is None where the file cannot be read."""

    name: str
    number: int | None
    published: Sequence[Publication]
    is_in_force: bool


@blueprint.get("/rules")
@access.allow(access.OWNER)
def rules() -> ResponseReturnValue:
    """What is in force since when, the versions there are, and what a clinician still has to decide."""
    session = database.session()
    published = publishing.publications(session)
    in_force = published[0].rules_version if published else CURRENT
    return render_template(
        "admin/rules.html",
        versions=[_version(name, published, in_force) for name in publishing.versions()],
        in_force=in_force,
        newest=published[0] if published else None,
        names=_names(published),
        faults=checking.faults(published),
        decisions=_open(in_force),
        zone=_zone(),
    )


@blueprint.get("/rules/print")
@access.allow(access.OWNER)
def printed_rules() -> ResponseReturnValue:
    """All rules of a version in words, with a place to sign; of the one in force unless `version` says."""
    published = publishing.publications(database.session())
    in_force = published[0].rules_version if published else CURRENT
    version = request.args.get("version", in_force)
    found = _read(version) if version in publishing.versions() else None
    if found is None:
        raise NotFound("There is no such version that can be read.")
    sheet = rule_sheet(found)
    return render_template(
        "admin/rules_print.html",
        sheet=sheet,
        levels=[(part.level.capitalize(), part.meaning, len(part.rules)) for part in sheet.parts],
        countries=[
            (each.name, each.emergency_number, each.emergency_department, each.urgent_line)
            for each in sheet.countries
        ],
        sources=[(each.id, each.citation, each.seen, each.used_for, each.status) for each in sheet.sources],
        is_in_force=version == in_force,
        since=published[0] if published and version == in_force else None,
        combining=COMBINING,
        purpose=PURPOSE,
        status_words=STATUS,
        zone=_zone(),
    )


def _version(name: str, published: Sequence[Publication], in_force: str) -> Version:
    found = _read(name)
    own = [each for each in published if each.rules_version == name]
    return Version(name, len(found.rules) if found else None, own, name == in_force)


def _read(version: str) -> Rules | None:
    try:
        return publishing.version_on_disk(version)
    except ContentError:
        return None


def _open(version: str) -> tuple[OpenDecision, ...]:
    found = _read(version)
    try:
        return open_decisions(found) if found else ()
    except ContentError:
        return ()  # the page says what is wrong with the file


def _names(published: Sequence[Publication]) -> Mapping[str, str]:
    """Who published, by actor: the name of a sign-in, or whoever runs the server."""
    users = {f"user:{user.id}": user.name for user in accounts.all_users(database.session())}
    return {each.actor: users.get(each.actor, "Whoever runs the server") for each in published}


def _zone() -> str:
    site = context.main_site()
    return site.tz if site else "UTC"
