"""Which version of the rules is in force: the one published last, as it was when it was published.

A version is a file that never changes; publishing writes down its digest and that of its questions. While
the file still has that digest its rules count; once it has another, nothing is judged by it any more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit import services as audit
from clinic.intake.loading import CONTENT, ContentError
from clinic.intake.models import Publication
from clinic.intake.rules import CURRENT, Rules, load_rules
from clinic.kernel import signs
from clinic.kernel.errors import WrongState

_VERSION = re.compile(r"\d{4}-\d{2}(?:-\w+)?", re.ASCII)


def current_rules(session: Session) -> Rules:
    """The rules in force, by one statement; the version that comes with the code while none is published.

    Raises ContentError where the file in force, or its questions, are not what was published.
    """
    newest = session.scalar(_newest_first().limit(1))
    if newest is None:
        return load_rules(CURRENT)
    rules = load_rules(newest.rules_version)
    _refuse_changed(newest, rules)
    return rules


def publications(session: Session) -> Sequence[Publication]:
    """Everything that was ever published, the version in force first."""
    return session.scalars(_newest_first()).all()


def versions() -> tuple[str, ...]:
    """The versions that there are files of, the newest first; whether they can be read is not asked."""
    return tuple(sorted((path.stem for path in (CONTENT / "rules").glob("*.toml")), reverse=True))


def version_on_disk(version: str) -> Rules:
    """The rules of a version; raises ContentError where it is missing or does not hold together."""
    if not _VERSION.fullmatch(version):
        raise ContentError(f"rules/{version}", "is no version: one is written 2026-12")
    rules = load_rules(version)
    if rules.version != version:
        raise ContentError(f"rules/{version}", f"says inside that it is {rules.version}")
    return rules


def publish(session: Session, now: datetime, version: str, actor: str, note: str = "") -> Publication:
    """Brings a version into force and says so in the ledger; an older one may come back.

    Raises what `version_on_disk` and `refuse_to_publish` do, BadInput for a note that cannot be kept.
    """
    signs.check(note, "note")
    rules = version_on_disk(version)
    refuse_to_publish(session, rules)
    made = Publication(
        rules_version=rules.version,
        rules_digest=rules.digest,
        questionnaire_version=rules.questionnaire.version,
        questionnaire_digest=rules.questionnaire.digest,
        published_at=now,
        actor=actor,
        note=note,
    )
    session.add(made)
    session.flush()
    audit.record(session, now, actor, "published_rules", "publication", made.id)
    return made


def refuse_to_publish(session: Session, rules: Rules) -> None:
    """Raises WrongState for the version in force, ContentError for one changed since it was published."""
    earlier = publications(session)
    for each in earlier:
        if each.rules_version == rules.version:
            _refuse_changed(each, rules)
    if earlier and earlier[0].rules_version == rules.version:
        raise WrongState(f"Version {rules.version} is in force already.")


def publish_shipped(session: Session, now: datetime) -> Publication | None:
    """Publishes the version that comes with the code, where none has been; otherwise None."""
    if session.scalar(_newest_first().limit(1)) is not None:
        return None
    return publish(session, now, CURRENT, "system", "Came with the installation.")


def changed_since(publication: Publication, rules: Rules) -> str | None:
    """The file that is not what was published, such as 'rules/2026-12'; None where both still are."""
    if rules.digest != publication.rules_digest:
        return f"rules/{publication.rules_version}"
    questions = rules.questionnaire
    if (questions.version, questions.digest) != (
        publication.questionnaire_version,
        publication.questionnaire_digest,
    ):
        return f"questionnaire/{publication.questionnaire_version}"
    return None


def _refuse_changed(publication: Publication, rules: Rules) -> None:
    if changed := changed_since(publication, rules):
        raise ContentError(changed, "was changed after it was published")


def _newest_first() -> sa.Select[Publication]:
    return sa.select(Publication).order_by(Publication.id.desc())
