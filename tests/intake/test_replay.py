"""Judging stored intakes again by another version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.intake import replay as replaying
from clinic.intake import services as intakes
from clinic.intake.level import Level
from clinic.intake.loading import CONTENT
from clinic.intake.models import Intake
from clinic.intake.questionnaire import read_questionnaire
from clinic.intake.rules import Rules, load_rules
from tests import makers
from tests.intake.changed_rules import BASE, NEW, changed_rules

pytestmark = pytest.mark.database
OLD = load_rules(BASE)
ONE_LEG = 'when = "leg_swelling is one_leg"'
BOTH_LEGS = 'when = "leg_swelling is (one_leg, both_new)"'


@pytest.fixture
def new(tmp_path: Path) -> Rules:
    return changed_rules(tmp_path, (ONE_LEG, BOTH_LEGS))


def kept(session: Session, now: datetime, **answers: object) -> Intake:
    """An intake judged by the older version."""
    made = makers.intake(session, now, answers)
    made.questionnaire_version, made.rules_version, made.rules_digest = BASE, BASE, OLD.digest
    session.flush()
    return made


@pytest.fixture
def small_batches() -> Iterator[None]:
    size = replaying.BATCH
    replaying.BATCH = 2
    yield
    replaying.BATCH = size


def test_the_changed_ones_are_told_by_number_and_the_others_counted(
    session: Session, now: datetime, new: Rules
) -> None:
    kept(session, now)
    changed = kept(session, now, leg_swelling="both_new")
    found = replaying.replay(session, new, OLD)
    assert (found.number, found.number_changed) == (2, 1)
    assert found.levels[Level.CLEAR, Level.CLEAR] == 1
    ((number, change),) = found.changed
    assert number == changed.id
    assert (change.after, change.gained) == (Level.URGENT, ("U03",))
    assert found.gained == {"U03": 1}


def test_drafts_are_left_alone(session: Session, now: datetime, new: Rules) -> None:
    intakes.begin(session, now, makers.WELL, clinic="Test Rooms")
    assert replaying.replay(session, new, OLD).number == 0


@pytest.mark.usefixtures("small_batches")
def test_every_intake_is_read_once_whatever_the_batches(session: Session, now: datetime, new: Rules) -> None:
    for _each in range(5):
        kept(session, now, leg_swelling="both_new")
    told: list[tuple[int, int]] = []
    found = replaying.replay(session, new, OLD, limit=3, progress=lambda *done: told.append(done))
    assert (found.number, found.number_changed, len(found.changed)) == (5, 5, 3)
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_answers_that_the_new_version_does_not_know_are_counted_with_why(
    session: Session, now: datetime, tmp_path: Path, new: Rules
) -> None:
    text = (CONTENT / "questionnaire" / f"{BASE}.toml").read_text(encoding="utf-8")
    path = tmp_path / "questions.toml"
    path.write_text(text.replace('{ code = "both_new", label = "Both legs, and it is new" },', ""))
    smaller = Rules(
        new.version, new.digest, new.sources_version, OLD.rules, read_questionnaire(path), new.techniques
    )
    kept(session, now, leg_swelling="both_new")
    kept(session, now)
    found = replaying.replay(session, smaller, OLD)
    assert found.number == 1
    assert found.not_replayed == {f"Version {NEW} cannot read an answer to leg_swelling.": 1}


def test_an_intake_judged_by_rules_that_are_gone_or_changed_is_not_guessed_at(
    session: Session, now: datetime, new: Rules
) -> None:
    kept(session, now).rules_version = "2001-01"
    kept(session, now).rules_digest = "0" * 64
    session.flush()
    found = replaying.replay(session, new, OLD)
    assert found.number == 0
    assert sorted(found.not_replayed) == [
        "rules/2001-01, which judged it, cannot be read.",
        "rules/2026-11, which judged it, was changed since.",
    ]


def test_an_intake_that_no_key_opens_is_counted_and_the_others_are_judged(
    session: Session, now: datetime, new: Rules
) -> None:
    lost, _other = kept(session, now), kept(session, now)
    spoilt = sa.type_coerce(sa.bindparam("spoilt"), sa.LargeBinary)
    session.execute(
        sa.update(Intake).where(Intake.id == lost.id).values(answers=spoilt),
        {"spoilt": b"\x01\x04gone" + bytes(40)},
    )
    found = replaying.replay(session, new, OLD)
    assert found.number == 1
    assert found.not_replayed == {"The keys of this installation do not open it.": 1}


def test_neither_names_nor_answers_leave(session: Session, now: datetime, new: Rules) -> None:
    secret = "my aunt Petronella knows"
    kept(session, now, leg_swelling="both_new", anything_else={"doctor_said_no": False, "text": secret})
    text = json.dumps(replaying.replay(session, new, OLD).to_json())
    assert "Petronella" not in text
    assert "both_new" not in text


def test_nothing_is_changed_by_it(session: Session, now: datetime, new: Rules) -> None:
    made = kept(session, now, leg_swelling="both_new")
    before = (made.level, made.restrictions, made.rules_version, made.version)
    replaying.replay(session, new, OLD)
    session.refresh(made)
    assert (made.level, made.restrictions, made.rules_version, made.version) == before


def test_that_it_was_done_is_in_the_ledger_once(session: Session, now: datetime) -> None:
    made = kept(session, now)
    replaying.record(session, now, "user:1")
    session.flush()
    (seen,) = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "replayed_rules"))
    assert (seen.actor, seen.subject_kind, seen.subject_id) == ("user:1", "intakes_up_to", made.id)
