"""The owner's page about the rules, and the one for paper."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.intake import publishing
from clinic.intake.rules import CURRENT, load_rules
from clinic.people.models import User
from tests.conftest import NOW

pytestmark = pytest.mark.database
OLD = "2026-11"


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_before_anything_is_published_the_page_says_what_came_with_it(owner: FlaskClient) -> None:
    page = words(owner.get("/clinic/rules").text)
    assert f"In force {CURRENT} It came with the installation" in page
    assert "Nobody’s yet" in page


def test_the_page_says_what_is_in_force_since_when_and_on_whose_word(owner: FlaskClient, db: Session) -> None:
    user = db.query(User).one()
    publishing.publish(db, NOW - timedelta(days=9), CURRENT, "system")
    publishing.publish(db, NOW, OLD, f"user:{user.id}", "Signed on paper.")
    db.commit()
    page = words(owner.get("/clinic/rules").text)
    assert f"In force {OLD} since Monday 23 November 2026, 09:00" in page
    assert f"On whose word {user.name} Signed on paper." in page
    assert f"{OLD} in force 128 Monday 23 November 2026, 09:00 , {user.name}" in page
    assert "Saturday 14 November 2026, 09:00 , Whoever runs the server" in page
    assert "Nothing is open" in page


def test_the_page_lists_what_a_clinician_has_to_decide(owner: FlaskClient) -> None:
    page = owner.get("/clinic/rules").text
    assert "Does a blood thinner need a letter from a doctor?" in page
    assert 'href="/clinic/rules/print#A01"' in page


def test_a_file_that_was_changed_is_named(owner: FlaskClient, db: Session) -> None:
    publishing.publish(db, NOW, CURRENT, "system").rules_digest = "0" * 64
    db.commit()
    page = owner.get("/clinic/rules")
    assert page.status_code == 200
    assert f"rules/{CURRENT} was changed after it was published." in page.text


def test_the_page_for_paper_has_every_rule_of_the_version_in_force_and_a_place_to_sign(
    owner: FlaskClient, db: Session
) -> None:
    publishing.publish(db, NOW, OLD, "system")
    db.commit()
    rules = load_rules(OLD)
    page = owner.get("/clinic/rules/print").text
    assert re.findall(r'class="rs-rule" id="(\w+)"', page) == [
        rule.id for level in ("E", "U", "C", "A", "N") for rule in rules.rules if rule.id[0] == level
    ]
    assert rules.digest in page
    assert page.index('id="signature"') > page.index('id="sources"')
    assert page.count("<h1") == 1


def test_another_version_can_be_put_on_paper_too(owner: FlaskClient) -> None:
    assert "version 2026-11" in owner.get("/clinic/rules/print?version=2026-11").text
    for version in ("2099-01", "../sources/2026-11", ""):
        assert owner.get(f"/clinic/rules/print?version={version}").status_code == 404


def test_looking_at_the_rules_opens_nobodys_answers_and_changes_nothing(
    owner: FlaskClient, db: Session
) -> None:
    owner.get("/clinic/rules")
    owner.get("/clinic/rules/print")
    assert publishing.publications(db) == []
    assert not db.query(AuditEvent).filter(AuditEvent.action.in_(["read_answers", "replayed_rules"])).count()
