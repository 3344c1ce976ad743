"""Publishing a version of the rules, and finding the one in force."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.intake import publishing
from clinic.intake.loading import ContentError
from clinic.intake.models import Publication
from clinic.intake.rules import CURRENT, load_rules
from clinic.kernel.errors import WrongState

pytestmark = pytest.mark.database
FIRST = "2026-11"


def publication(now: datetime, **changes: str) -> Publication:
    rules = load_rules(FIRST)
    values = {
        "rules_version": FIRST,
        "rules_digest": rules.digest,
        "questionnaire_version": rules.questionnaire.version,
        "questionnaire_digest": rules.questionnaire.digest,
        "actor": "test",
    }
    return Publication(published_at=now, **{**values, **changes})


def test_before_anything_is_published_the_shipped_version_counts(session: Session) -> None:
    assert publishing.current_rules(session) is load_rules(CURRENT)


def test_the_version_published_last_is_in_force(session: Session, now: datetime) -> None:
    session.add(publication(now))
    session.flush()
    assert publishing.current_rules(session) is load_rules(FIRST)


def test_the_rules_in_force_take_one_statement(
    session: Session, shared_engine: Engine, now: datetime
) -> None:
    publishing.publish(session, now, FIRST, "user:1")
    session.flush()
    asked: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(shared_engine, "before_cursor_execute", note)
    try:
        publishing.current_rules(session)
    finally:
        event.remove(shared_engine, "before_cursor_execute", note)
    assert len(asked) == 1


def test_publishing_is_written_down_with_digests_and_in_the_ledger(session: Session, now: datetime) -> None:
    made = publishing.publish(session, now, FIRST, "user:1", "Signed on paper.")
    rules = load_rules(FIRST)
    assert (made.rules_digest, made.questionnaire_digest) == (rules.digest, rules.questionnaire.digest)
    assert (made.published_at, made.note) == (now, "Signed on paper.")
    (seen,) = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "published_rules"))
    assert (seen.actor, seen.subject_kind, seen.subject_id) == ("user:1", "publication", made.id)


def test_the_version_in_force_is_not_published_again(session: Session, now: datetime) -> None:
    publishing.publish(session, now, FIRST, "user:1")
    with pytest.raises(WrongState, match="in force already"):
        publishing.publish(session, now, FIRST, "user:1")


@pytest.mark.parametrize("version", ["2099-01", "../sources/2026-11", "", "2026-11.toml"])
def test_a_version_that_is_none_is_not_published(session: Session, now: datetime, version: str) -> None:
    with pytest.raises(ContentError, match=r"there is no such file|is no version"):
        publishing.publish(session, now, version, "user:1")
    assert publishing.publications(session) == []


@pytest.mark.parametrize(
    ("column", "file"),
    [("rules_digest", "rules/2026-11"), ("questionnaire_digest", "questionnaire/2026-11")],
)
def test_a_file_changed_after_it_was_published_judges_nobody(
    session: Session, now: datetime, column: str, file: str
) -> None:
    session.add(publication(now, **{column: "0" * 64}))
    session.flush()
    with pytest.raises(ContentError, match=f"{file}: was changed after it was published"):
        publishing.current_rules(session)
    with pytest.raises(ContentError, match="was changed"):
        publishing.publish(session, now, FIRST, "user:1")


def test_the_shipped_version_is_published_once(session: Session, now: datetime) -> None:
    made = publishing.publish_shipped(session, now)
    assert made is not None
    assert made.rules_version == CURRENT
    assert publishing.publish_shipped(session, now + timedelta(days=1)) is None
    assert len(publishing.publications(session)) == 1


def test_the_versions_on_disk_are_listed_newest_first() -> None:
    assert {CURRENT, FIRST} <= set(publishing.versions())
    assert list(publishing.versions()) == sorted(publishing.versions(), reverse=True)
