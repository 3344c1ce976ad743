"""`flask clinic rules ...` as somebody types it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.intake import publishing
from clinic.intake.models import Publication
from clinic.intake.rules import CURRENT
from clinic.people.models import RoleName
from tests import makers
from tests.conftest import NOW

pytestmark = pytest.mark.database
OTHER = "2026-11"
# A healing injury: 2026-12 has a lighter touch for it, 2026-11 has not.
INJURED = {"recent_injury": "days3_weeks6", "injury_areas": ["B13_calf_l"]}


def rules(app: Flask, *words: str, typed: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=["clinic", "rules", *words], input=typed)


def kept(db: Session) -> int:
    """Two judged intakes; gives the number of the one that the other version limits otherwise."""
    makers.intake(db, NOW)
    changed = makers.intake(db, NOW, INJURED)
    db.commit()
    return changed.id


def acts(db: Session, action: str) -> list[AuditEvent]:
    db.rollback()
    return list(db.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)))


def test_the_list_says_what_is_in_force_before_and_after_publishing(app: Flask, db: Session) -> None:
    before = rules(app, "list").output
    assert f"  {CURRENT}  not published" in before
    assert f"so {CURRENT}, which came with the code, is in force" in before
    publishing.publish(db, NOW, OTHER, "user:1")
    publishing.publish(db, NOW + timedelta(days=1), CURRENT, "user:1")
    db.commit()
    after = rules(app, "list").output
    assert f"* {CURRENT}  published 2026-11-24 09:00 UTC\n" in after
    assert f"  {OTHER}  published 2026-11-23 09:00 UTC\n" in after


def test_check_is_content_with_the_files_as_they_are(app: Flask, db: Session) -> None:
    publishing.publish(db, NOW, CURRENT, "user:1")
    db.commit()
    done = rules(app, "check")
    assert (done.exit_code, done.output) == (0, "Every version can be read and is what was published.\n")


def spoil(db: Session) -> None:
    """As if the file in force had been edited since."""
    made = publishing.publish(db, NOW, CURRENT, "user:1")
    made.rules_digest = "0" * 64
    db.commit()


def test_check_names_what_was_changed_after_it_was_published_and_leaves_with_1(
    app: Flask, db: Session
) -> None:
    spoil(db)
    done = rules(app, "check")
    assert (done.exit_code, done.output) == (1, f"rules/{CURRENT} was changed after it was published.\n")


def test_diff_tells_rules_and_questions(app: Flask) -> None:
    said = rules(app, "diff", OTHER, CURRENT).output
    assert "rule C43: added\n" in said
    assert "question anything_changed: added\n" in said
    assert "    + Lighter touch: medium or lighter on areas given at “Where are you hurt?”" in said


def test_diff_is_plain_data_for_machines(app: Flask) -> None:
    found = json.loads(rules(app, "diff", OTHER, CURRENT, "--json").output)
    assert {"id": "C43", "how": "added", "differences": []} in found["rules"]
    assert found["old"], found["new"] == (OTHER, CURRENT)


def test_a_version_against_itself_is_the_same(app: Flask) -> None:
    assert rules(app, "diff", OTHER, OTHER).output == "2026-11 says and judges the same as 2026-11.\n"


@pytest.mark.parametrize("words", [("diff", "2026-11", "2099-01"), ("replay", "2099-01"), ("print", "nine")])
def test_a_version_that_is_none_is_refused_in_one_sentence(app: Flask, words: tuple[str, ...]) -> None:
    done = rules(app, *words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_replay_tells_who_would_change_by_number(app: Flask, db: Session) -> None:
    number = kept(db)
    done = rules(app, "replay", OTHER)
    assert done.exit_code == 0
    assert "2 intakes judged again by 2026-11: 1 change." in done.stdout
    assert f"intake {number}: ADAPT → ADAPT; areas with a lighter touch: −1\n" in done.stdout
    assert "Judging again: 100 % (2 of 2)" in done.stderr
    (seen,) = acts(db, "replayed_rules")
    assert (seen.actor, seen.subject_id) == ("system", number)


def test_replay_tells_no_more_than_asked_for(app: Flask, db: Session) -> None:
    kept(db)
    done = rules(app, "replay", OTHER, "--limit", "0")
    assert "intake " not in done.stdout
    assert "... and 1 more (--limit)." in done.stdout
    found = json.loads(rules(app, "replay", OTHER, "--json").stdout)
    assert (found["replayed"], found["changed"], found["limits"]) == (2, 1, {"areas with a lighter touch": 1})


def test_publishing_checks_replays_asks_and_writes(app: Flask, db: Session) -> None:
    makers.user(db, NOW, RoleName.OWNER, email="owner@clinic.example")
    kept(db)
    done = rules(
        app,
        "publish",
        OTHER,
        "--by",
        "owner@clinic.example",
        "--note",
        "Signed on paper.",
        typed=f"{OTHER}\n",
    )
    assert done.exit_code == 0
    assert "1 change." in done.stdout
    assert done.stdout.endswith(f"Version {OTHER} is in force.\n")
    (made,) = db.scalars(sa.select(Publication))
    assert (made.rules_version, made.note) == (OTHER, "Signed on paper.")
    assert {made.actor} == {act.actor for act in acts(db, "published_rules") + acts(db, "replayed_rules")}
    assert made.actor.startswith("user:")


def test_nothing_is_published_when_something_else_is_typed(app: Flask, db: Session) -> None:
    done = rules(app, "publish", OTHER, typed="yes\n")
    assert done.exit_code == 1
    assert "Nothing was published." in done.stderr
    assert publishing.publications(db) == []


def test_the_version_in_force_is_refused_without_opening_an_answer(app: Flask, db: Session) -> None:
    publishing.publish(db, NOW, CURRENT, "user:1")
    db.commit()
    done = rules(app, "publish", CURRENT, "--yes")
    assert (done.exit_code, done.stderr) == (2, f"Version {CURRENT} is in force already.\n")
    assert acts(db, "replayed_rules") == []


def test_nothing_is_published_while_a_file_is_not_what_it_was(app: Flask, db: Session) -> None:
    spoil(db)
    assert rules(app, "publish", OTHER, "--yes").exit_code == 1
    assert len(publishing.publications(db)) == 1


def test_only_an_owner_may_vouch(app: Flask, db: Session) -> None:
    makers.user(db, NOW, RoleName.RECEPTION)
    db.commit()
    for email in ("desk@clinic.example", "nobody@clinic.example"):
        done = rules(app, "publish", OTHER, "--yes", "--by", email)
        assert (done.exit_code, done.stderr) == (1, f"Error: No owner signs in with {email}.\n")


@pytest.mark.parametrize("option", ["--by", "--note"])
def test_bytes_that_are_no_signs_publish_nothing(app: Flask, db: Session, option: str) -> None:
    """As a command line gives them that was typed in another encoding."""
    done = rules(app, "publish", OTHER, "--yes", option, "caf\udce9")
    assert done.exit_code in (1, 2)
    assert len(done.stderr.splitlines()) == 1
    assert publishing.publications(db) == []


def test_preparing_publishes_the_version_that_came_with_the_code_once(app: Flask, db: Session) -> None:
    run = app.test_cli_runner()
    first = run.invoke(args=["clinic", "prepare"])
    assert f"Version {CURRENT} of the rules is in force." in first.output
    assert run.invoke(args=["clinic", "prepare"]).output == ""
    assert len(publishing.publications(db)) == 1
